#include "route/link.h"

#include <assert.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "route/message.h"

static_assert(WG_LINK_NAME_LEN == IFNAMSIZ, "names fit");

static void read_text(char *dst, size_t len, const struct nlattr *attr)
{
	if (attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(dst, len, "%s", mnl_attr_get_str(attr));
}

static int conf(const struct nlattr *array, unsigned int which)
{
	int32_t value;

	if (!array || mnl_attr_get_payload_len(array) < (which + 1) * sizeof(value))
		return -1;
	memcpy(&value, (const char *)mnl_attr_get_payload(array) + which * sizeof(value),
	       sizeof(value));
	return value;
}

static void read_ipv6(struct wg_link *link, const struct nlattr *families)
{
	struct wg_message family, inet6;
	const struct nlattr *array;

	wg_message_parse_nested(&family, families);
	wg_message_parse_nested(&inet6, family.attrs[AF_INET6]);
	array = inet6.attrs[IFLA_INET6_CONF];
	link->ipv6_forwarding = conf(array, DEVCONF_FORWARDING);
	link->ipv6_accept_ra = conf(array, DEVCONF_ACCEPT_RA);
	link->ipv6_disabled = conf(array, DEVCONF_DISABLE_IPV6);
}

static bool read_link(const struct nlmsghdr *nlh, void *item, const void *ctx)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct wg_message msg, kind;
	struct wg_link *link = item;

	(void)ctx;
	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return false;
	wg_message_parse(&msg, nlh, sizeof(*info));
	wg_message_parse_nested(&kind, msg.attrs[IFLA_LINKINFO]);
	link->index = (uint32_t)info->ifi_index;
	link->mtu = wg_message_u32(msg.attrs[IFLA_MTU], 0);
	link->up = info->ifi_flags & IFF_UP;
	link->running = info->ifi_flags & IFF_RUNNING;
	read_text(link->name, sizeof(link->name), msg.attrs[IFLA_IFNAME]);
	read_text(link->kind, sizeof(link->kind), kind.attrs[IFLA_INFO_KIND]);
	read_ipv6(link, msg.attrs[IFLA_AF_SPEC]);
	return true;
}

static struct nlmsghdr *begin(struct wg_netlink *nl, int type, uint32_t index)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};

	return wg_message_begin(nl, type, 0, &info, sizeof(info));
}

int wg_link_find(struct wg_netlink *nl, const char *name, struct wg_link *link)
{
	struct nlmsghdr *nlh;

	if (!*name || strlen(name) >= WG_LINK_NAME_LEN)
		return -ENODEV;
	nlh = begin(nl, RTM_GETLINK, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return wg_message_get(nl, read_link, sizeof(*link), link);
}

int wg_link_by_index(struct wg_netlink *nl, uint32_t index, struct wg_link *link)
{
	begin(nl, RTM_GETLINK, index);
	return wg_message_get(nl, read_link, sizeof(*link), link);
}

int wg_link_list(struct wg_netlink *nl, struct wg_link **links, size_t *n)
{
	void *items;
	int r;

	begin(nl, RTM_GETLINK, 0);
	r = wg_message_list(nl, read_link, NULL, sizeof(**links), &items, n);
	*links = items;
	return r;
}

int wg_link_set_up(struct wg_netlink *nl, uint32_t index, bool up)
{
	struct ifinfomsg info = {
		.ifi_index = (int)index,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};

	wg_message_begin(nl, RTM_NEWLINK, 0, &info, sizeof(info));
	return wg_message_do(nl);
}

int wg_link_set_mtu(struct wg_netlink *nl, uint32_t index, uint32_t mtu)
{
	mnl_attr_put_u32(begin(nl, RTM_NEWLINK, index), IFLA_MTU, mtu);
	return wg_message_do(nl);
}

int wg_link_set_addressless(struct wg_netlink *nl, uint32_t index)
{
	struct nlmsghdr *nlh = begin(nl, RTM_NEWLINK, index);
	struct nlattr *families = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, families);
	return wg_message_do(nl);
}

int wg_link_delete(struct wg_netlink *nl, uint32_t index)
{
	begin(nl, RTM_DELLINK, index);
	return wg_message_do(nl);
}
