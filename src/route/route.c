#include "route/route.h"

#include <assert.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "route/message.h"

#define IS_KERNELS(ours, kernels) static_assert((int)(ours) == (int)(kernels), #ours)

IS_KERNELS(WG_ROUTE_UNICAST, RTN_UNICAST);
IS_KERNELS(WG_ROUTE_LOCAL, RTN_LOCAL);
IS_KERNELS(WG_ROUTE_BLACKHOLE, RTN_BLACKHOLE);
IS_KERNELS(WG_ROUTE_UNREACHABLE, RTN_UNREACHABLE);
IS_KERNELS(WG_ROUTE_PROHIBIT, RTN_PROHIBIT);
IS_KERNELS(WG_ROUTE_FROM_KERNEL, RTPROT_KERNEL);
IS_KERNELS(WG_ROUTE_FROM_STATIC, RTPROT_STATIC);
IS_KERNELS(WG_ROUTE_FROM_RA, RTPROT_RA);
IS_KERNELS(WG_ROUTE_TABLE_MAIN, RT_TABLE_MAIN);

struct filter {
	uint32_t table;
	uint8_t family;
};

/* rta_expires is in the clock ticks of sysconf(3), and negative once it is over. */
static uint32_t expiry(const struct nlattr *attr)
{
	const struct rta_cacheinfo *info;

	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(*info))
		return 0;
	info = mnl_attr_get_payload(attr);
	return info->rta_expires > 0 ? (uint32_t)(info->rta_expires / sysconf(_SC_CLK_TCK)) : 0;
}

/* The first of several next hops (rtnetlink(7), RTA_MULTIPATH). */
static void read_hops(struct wg_route *route, const struct nlattr *attr, uint8_t af)
{
	const struct rtnexthop *hop;
	struct wg_message msg;

	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(*hop))
		return;
	hop = mnl_attr_get_payload(attr);
	route->link = (uint32_t)hop->rtnh_ifindex;
	if (hop->rtnh_len > mnl_attr_get_payload_len(attr) || hop->rtnh_len < sizeof(*hop))
		return;
	wg_message_parse_span(&msg, hop + 1, hop->rtnh_len - sizeof(*hop));
	route->via = wg_message_ip(msg.attrs[RTA_GATEWAY], af);
}

/* A kernel without strict checks lists more than it was asked for, and one without
 * IPv6 answers for IPv4. */
static bool wanted(const struct filter *filter, const struct rtmsg *info,
		   const struct wg_route *route)
{
	return !(info->rtm_flags & RTM_F_CLONED) &&
	       (!filter->table || filter->table == route->table) &&
	       (filter->family == WG_FAMILY_NONE || filter->family == route->dst.ip.family);
}

static bool read_route(const struct nlmsghdr *nlh, void *item, const void *ctx)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct filter *filter = ctx;
	struct wg_message msg, metrics;
	struct wg_route *route = item;
	uint8_t af;

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return false;
	wg_message_parse(&msg, nlh, sizeof(*info));
	wg_message_parse_nested(&metrics, msg.attrs[RTA_METRICS]);
	af = info->rtm_family;
	route->dst.ip = wg_message_ip(msg.attrs[RTA_DST], af);
	route->dst.ip.family = wg_message_family(af);
	route->dst.bits = info->rtm_dst_len;
	route->via = wg_message_ip(msg.attrs[RTA_GATEWAY], af);
	route->link = wg_message_u32(msg.attrs[RTA_OIF], 0);
	route->metric = wg_message_u32(msg.attrs[RTA_PRIORITY], 0);
	route->table = wg_message_u32(msg.attrs[RTA_TABLE], info->rtm_table);
	route->type = info->rtm_type;
	route->protocol = info->rtm_protocol;
	route->mtu = wg_message_u32(metrics.attrs[RTAX_MTU], 0);
	route->source = wg_message_ip(msg.attrs[RTA_PREFSRC], af);
	route->expires = expiry(msg.attrs[RTA_CACHEINFO]);
	read_hops(route, msg.attrs[RTA_MULTIPATH], af);
	return route->dst.ip.family != WG_FAMILY_NONE &&
	       route->dst.bits <= wg_family_bits(route->dst.ip.family) &&
	       (!filter || wanted(filter, info, route));
}

static void put_metrics(struct nlmsghdr *nlh, const struct wg_route *route)
{
	struct nlattr *nest;

	if (!route->mtu)
		return;
	nest = mnl_attr_nest_start(nlh, RTA_METRICS);
	mnl_attr_put_u32(nlh, RTAX_MTU, route->mtu);
	mnl_attr_nest_end(nlh, nest);
}

static uint8_t scope(const struct wg_route *route)
{
	bool direct = route->type == WG_ROUTE_UNICAST && route->via.family == WG_FAMILY_NONE;

	/* IPv6 has no scopes of routes. */
	return direct && route->dst.ip.family == WG_FAMILY_IPV4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static struct nlmsghdr *begin(struct wg_netlink *nl, int type, int flags,
			      const struct wg_route *route)
{
	struct rtmsg info = {
		.rtm_family = wg_message_af(route->dst.ip.family),
		.rtm_dst_len = route->dst.bits,
		.rtm_table = route->table < 256 ? (uint8_t)route->table : RT_TABLE_UNSPEC,
		.rtm_protocol = route->protocol,
		.rtm_scope = scope(route),
		.rtm_type = route->type,
	};
	struct nlmsghdr *nlh = wg_message_begin(nl, type, flags, &info, sizeof(info));

	wg_message_put_ip(nlh, RTA_DST, &route->dst.ip);
	mnl_attr_put_u32(nlh, RTA_TABLE, route->table);
	if (route->via.family != WG_FAMILY_NONE)
		wg_message_put_ip(nlh, RTA_GATEWAY, &route->via);
	if (route->link)
		mnl_attr_put_u32(nlh, RTA_OIF, route->link);
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
	put_metrics(nlh, route);
	return nlh;
}

int wg_route_add(struct wg_netlink *nl, const struct wg_route *route)
{
	begin(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
	return wg_message_do(nl);
}

int wg_route_replace(struct wg_netlink *nl, const struct wg_route *route)
{
	begin(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
	return wg_message_do(nl);
}

int wg_route_delete(struct wg_netlink *nl, const struct wg_route *route)
{
	begin(nl, RTM_DELROUTE, 0, route);
	return wg_message_do(nl);
}

int wg_route_list(struct wg_netlink *nl, uint8_t family, uint32_t table, struct wg_route **routes,
		  size_t *n)
{
	struct rtmsg info = {
		.rtm_family = wg_message_af(family),
		.rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC,
	};
	struct filter filter = {.table = table, .family = family};
	struct nlmsghdr *nlh;
	void *items;
	int r;

	nlh = wg_message_begin(nl, RTM_GETROUTE, 0, &info, sizeof(info));
	if (table)
		mnl_attr_put_u32(nlh, RTA_TABLE, table);
	r = wg_message_list(nl, read_route, &filter, sizeof(**routes), &items, n);
	*routes = items;
	/* A table that was never used does not exist. */
	return r == -ENOENT ? 0 : r;
}

static bool agree(const struct wg_route *have, const struct wg_route *want)
{
	uint32_t metric = want->metric;

	if (!metric && want->dst.ip.family == WG_FAMILY_IPV6)
		metric = 1024; /* IP6_RT_PRIO_USER */
	return have->dst.bits == want->dst.bits && wg_ip_equal(&have->dst.ip, &want->dst.ip) &&
	       wg_ip_equal(&have->via, &want->via) && have->metric == metric &&
	       have->table == want->table && have->type == want->type &&
	       have->protocol == want->protocol && have->mtu == want->mtu &&
	       (!want->link || have->link == want->link);
}

int wg_route_exists(struct wg_netlink *nl, const struct wg_route *route)
{
	struct wg_route *routes;
	bool found = false;
	size_t n;
	int r;

	r = wg_route_list(nl, route->dst.ip.family, route->table, &routes, &n);
	if (r)
		return r;
	for (size_t i = 0; i < n && !found; i++)
		found = agree(&routes[i], route);
	free(routes);
	return found;
}

int wg_route_lookup(struct wg_netlink *nl, const struct wg_ip *to, uint32_t mark,
		    struct wg_route *route)
{
	struct rtmsg info = {
		.rtm_family = wg_message_af(to->family),
		.rtm_dst_len = wg_family_bits(to->family),
		/* IPv6 tells the table unasked, and refuses the flag. */
		.rtm_flags = to->family == WG_FAMILY_IPV4 ? RTM_F_LOOKUP_TABLE : 0,
	};
	struct nlmsghdr *nlh = wg_message_begin(nl, RTM_GETROUTE, 0, &info, sizeof(info));

	wg_message_put_ip(nlh, RTA_DST, to);
	if (mark)
		mnl_attr_put_u32(nlh, RTA_MARK, mark);
	return wg_message_get(nl, read_route, sizeof(*route), route);
}
