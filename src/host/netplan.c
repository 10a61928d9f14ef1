#include "host/netplan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* wg-quick's, so that people find it where they look. */
#define FIRST_TABLE  51820u
#define USUAL_MTU    1420u
#define IPV6_MIN_MTU 1280u
#define WORST_METRIC UINT32_C(0x7fffffff)

static unsigned int family_slot(uint8_t family)
{
	return family == WG_FAMILY_IPV6;
}

int wg_hostview_read(struct wg_hostview *view, struct wg_netlink *nl)
{
	int err;

	*view = (struct wg_hostview){0};
	err = wg_link_list(nl, &view->links, &view->n_links);
	if (!err)
		err = wg_route_list(nl, WG_FAMILY_NONE, 0, &view->routes, &view->n_routes);
	if (!err)
		err = wg_rule_list(nl, WG_FAMILY_NONE, &view->rules, &view->n_rules);
	if (err)
		wg_hostview_free(view);
	return err;
}

void wg_hostview_free(struct wg_hostview *view)
{
	free(view->links);
	free(view->routes);
	free(view->rules);
	*view = (struct wg_hostview){0};
}

const struct wg_link *wg_hostview_link(const struct wg_hostview *view, const char *name)
{
	for (size_t i = 0; i < view->n_links; i++)
		if (!strcmp(view->links[i].name, name))
			return &view->links[i];
	return NULL;
}

static bool has_default_route(const struct wg_hostview *view, uint8_t family, uint32_t own_link)
{
	for (size_t i = 0; i < view->n_routes; i++) {
		const struct wg_route *route = &view->routes[i];

		if (route->dst.ip.family == family && route->dst.bits == 0 &&
		    route->link != own_link && route->type == WG_ROUTE_UNICAST &&
		    route->table == WG_ROUTE_TABLE_MAIN)
			return true;
	}
	return false;
}

/* Whether some link may learn a default route from router advertisements yet. */
static bool listens_to_routers(const struct wg_hostview *view, uint32_t own_link)
{
	for (size_t i = 0; i < view->n_links; i++) {
		const struct wg_link *link = &view->links[i];
		int least = link->ipv6_forwarding > 0 ? 2 : 1;

		if (link->index != own_link && link->up && link->ipv6_disabled == 0 &&
		    strcmp(link->name, "lo") != 0 && link->ipv6_accept_ra >= least)
			return true;
	}
	return false;
}

/* Whether all endpoints are known, and none is of this family: then what goes to them
 * cannot be caught by this family's default route. */
static bool endpoints_are_apart(const struct wg_conf *conf, uint8_t family)
{
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_config_peer *peer = &conf->config.peers[i];

		if (!peer->has_endpoint || peer->endpoint.ip.family == family)
			return false;
	}
	return conf->n_peers > 0;
}

static enum wg_default_way choose_way(const struct wg_conf *conf, const struct wg_hostview *view,
				      uint8_t family, uint32_t link)
{
	if (endpoints_are_apart(conf, family) && !has_default_route(view, family, link) &&
	    !(family == WG_FAMILY_IPV6 && listens_to_routers(view, link)))
		return WG_DEFAULT_PLAIN;
	return WG_DEFAULT_RULE;
}

static bool table_is_free(const struct wg_hostview *view, uint32_t table)
{
	for (size_t i = 0; i < view->n_routes; i++)
		if (view->routes[i].table == table)
			return false;
	for (size_t i = 0; i < view->n_rules; i++)
		if (view->rules[i].table == table || view->rules[i].fwmark == table)
			return false;
	return true;
}

/* The mark is the table's number, as with wg-quick. */
static void choose_table(struct wg_netplan *plan, const struct wg_conf *conf,
			 const struct wg_hostview *view)
{
	if (plan->table)
		return;
	plan->table = conf->config.fwmark ? conf->config.fwmark : plan->own_table;
	for (uint32_t table = FIRST_TABLE; !plan->table; table++)
		if (table_is_free(view, table))
			plan->table = table;
	plan->fwmark = plan->table;
}

static int add_route(struct wg_netplan *plan, const struct wg_route *route)
{
	struct wg_route *grown = reallocarray(plan->routes, plan->n_routes + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	plan->routes = grown;
	plan->routes[plan->n_routes++] = *route;
	return 0;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* Next hops come after the routes that lead to them, which have none; then the longest
 * prefix is first. */
static int compare_places(const void *one, const void *other)
{
	const struct wg_route *a = one;
	const struct wg_route *b = other;
	int order = (a->via.family != WG_FAMILY_NONE) - (b->via.family != WG_FAMILY_NONE);

	order = order ? order : compare_numbers(b->dst.bits, a->dst.bits);
	order = order ? order : memcmp(&a->dst.ip, &b->dst.ip, sizeof(a->dst.ip));
	order = order ? order : compare_numbers(a->metric, b->metric);
	order = order ? order : compare_numbers(a->table, b->table);
	return order ? order : compare_numbers(a->link, b->link);
}

static int compare_routes(const void *one, const void *other)
{
	const struct wg_route *a = one;
	const struct wg_route *b = other;
	int order = compare_places(a, b);

	order = order ? order : memcmp(&a->via, &b->via, sizeof(a->via));
	return order ? order : compare_numbers(a->type, b->type);
}

static int compare_proxies(const void *one, const void *other)
{
	const struct wg_neigh_proxy *a = one;
	const struct wg_neigh_proxy *b = other;
	int order = compare_numbers(a->link, b->link);

	return order ? order : memcmp(&a->ip, &b->ip, sizeof(a->ip));
}

/* So that two plans of very many peers can be compared. */
static void put_in_order(struct wg_netplan *plan)
{
	if (plan->n_routes)
		qsort(plan->routes, plan->n_routes, sizeof(*plan->routes), compare_routes);
	if (plan->n_proxies)
		qsort(plan->proxies, plan->n_proxies, sizeof(*plan->proxies), compare_proxies);
}

/* Whether a route for this prefix to the tunnel comes with one of its addresses. */
static bool is_covered(const struct wg_conf *conf, const struct wg_prefix *prefix)
{
	for (size_t i = 0; i < conf->addresses.n; i++) {
		struct wg_prefix own = conf->addresses.items[i].prefix;

		wg_prefix_mask(&own);
		if (own.bits <= prefix->bits && wg_prefix_contains(&own, &prefix->ip))
			return true;
	}
	return false;
}

/* Lower numbers are asked first: ours come before all that are there, but for the
 * local table's at 0. */
static uint32_t first_priority(const struct wg_hostview *view, uint8_t family)
{
	uint32_t least = 32766;

	for (size_t i = 0; i < view->n_rules; i++)
		if (view->rules[i].family == family && view->rules[i].priority > 0 &&
		    view->rules[i].priority < least)
			least = view->rules[i].priority;
	return least;
}

static int add_rules(struct wg_netplan *plan, const struct wg_hostview *view, uint8_t family)
{
	uint32_t least = first_priority(view, family);

	if (least < 3)
		return -ENOSPC;
	plan->rules[plan->n_rules++] = (struct wg_rule){
		.family = family,
		.invert = true,
		.fwmark = plan->fwmark,
		.fwmask = UINT32_MAX,
		.table = plan->table,
		.priority = least - 1,
		.suppress_prefixlength = -1,
	};
	plan->rules[plan->n_rules++] = (struct wg_rule){
		.family = family,
		.table = WG_ROUTE_TABLE_MAIN,
		.priority = least - 2,
		.suppress_prefixlength = 0,
	};
	return 0;
}

static int plan_default(struct wg_netplan *plan, const struct wg_conf *conf,
			const struct wg_hostview *view, const struct wg_route *route)
{
	uint8_t family = route->dst.ip.family;
	enum wg_default_way *way = &plan->way[family_slot(family)];
	struct wg_route own = *route;
	int err;

	if (*way != WG_DEFAULT_NONE)
		return 0; /* two peers have it; cryptokey routing knows whose it is */
	*way = choose_way(conf, view, family, plan->link);
	if (*way == WG_DEFAULT_PLAIN)
		return add_route(plan, &own);
	choose_table(plan, conf, view);
	own.table = plan->table;
	err = add_route(plan, &own);
	/* Behind it a wall: when the link dies its route goes, and nothing leaks. */
	own.link = 0;
	own.type = WG_ROUTE_UNREACHABLE;
	own.metric = WORST_METRIC;
	if (!err)
		err = add_route(plan, &own);
	return err ? err : add_rules(plan, view, family);
}

static int plan_allowed_ips(struct wg_netplan *plan, const struct wg_conf *conf,
			    const struct wg_hostview *view)
{
	bool automatic = conf->table_mode == WG_CONF_TABLE_AUTO;
	int err = 0;

	for (size_t i = 0; !err && i < conf->n_peers; i++) {
		for (size_t k = 0; !err && k < conf->config.peers[i].n_allowed_ips; k++) {
			struct wg_route route = {
				.dst = conf->config.peers[i].allowed_ips[k].prefix,
				.link = plan->link,
				.table = automatic ? WG_ROUTE_TABLE_MAIN : conf->table,
				.type = WG_ROUTE_UNICAST,
				.protocol = WG_ROUTE_FROM_STATIC,
			};

			wg_prefix_mask(&route.dst);
			if (automatic && route.dst.bits == 0)
				err = plan_default(plan, conf, view, &route);
			else if (!automatic || !is_covered(conf, &route.dst))
				err = add_route(plan, &route);
		}
	}
	return err;
}

static int plan_extra_routes(struct wg_netplan *plan, const struct wg_conf *conf)
{
	int err = 0;

	for (size_t i = 0; !err && i < conf->n_routes; i++) {
		struct wg_route route = {
			.dst = conf->routes[i].prefix,
			.via = conf->routes[i].via,
			.metric = conf->routes[i].metric,
			.link = plan->link,
			.table = conf->table_mode == WG_CONF_TABLE_NUMBER ? conf->table
									  : WG_ROUTE_TABLE_MAIN,
			.type = WG_ROUTE_UNICAST,
			.protocol = WG_ROUTE_FROM_STATIC,
		};

		wg_prefix_mask(&route.dst);
		err = add_route(plan, &route);
	}
	return err;
}

static int plan_addresses(struct wg_netplan *plan, const struct wg_conf *conf)
{
	plan->addresses = calloc(conf->addresses.n + 1, sizeof(*plan->addresses));
	if (!plan->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < conf->addresses.n; i++)
		plan->addresses[plan->n_addresses++] = (struct wg_address){
			.link = plan->link,
			.prefix = conf->addresses.items[i].prefix,
			.nodad = true,
		};
	return 0;
}

/* Neighbours ask on the uplink for the single addresses of peers. */
static int plan_proxies(struct wg_netplan *plan, const struct wg_conf *conf,
			const struct wg_hostview *view, struct wg_error *error)
{
	const struct wg_link *uplink;
	size_t n = 0;

	if (!*conf->proxy_ndp)
		return 0;
	uplink = wg_hostview_link(view, conf->proxy_ndp);
	if (!uplink)
		return wg_error_set(error, -ENODEV, "%s:%u: ProxyNDP %s: No such interface",
				    conf->file, conf->proxy_ndp_line, conf->proxy_ndp);
	for (size_t i = 0; i < conf->n_peers; i++)
		n += conf->config.peers[i].n_allowed_ips;
	plan->proxies = calloc(n + 1, sizeof(*plan->proxies));
	if (!plan->proxies)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_peers; i++) {
		for (size_t k = 0; k < conf->config.peers[i].n_allowed_ips; k++) {
			const struct wg_prefix *prefix =
				&conf->config.peers[i].allowed_ips[k].prefix;

			if (prefix->ip.family == WG_FAMILY_IPV6 && prefix->bits == 128)
				plan->proxies[plan->n_proxies++] = (struct wg_neigh_proxy){
					.link = uplink->index, .ip = prefix->ip};
		}
	}
	return 0;
}

int wg_netplan_make(struct wg_netplan *plan, const struct wg_conf *conf,
		    const struct wg_hostview *view, uint32_t link, uint32_t own_table,
		    struct wg_error *error)
{
	int err;

	*plan = (struct wg_netplan){.link = link, .fwmark = conf->config.fwmark};
	plan->own_table = own_table;
	wg_error_init(error);
	err = plan_addresses(plan, conf);
	if (!err && conf->table_mode != WG_CONF_TABLE_OFF)
		err = plan_allowed_ips(plan, conf, view);
	if (!err)
		err = plan_extra_routes(plan, conf);
	if (!err)
		err = plan_proxies(plan, conf, view, error);
	if (!err) {
		put_in_order(plan);
		return 0;
	}
	if (!*error->text)
		wg_error_set(error, err, "%s: routes: %s", conf->name, strerror(-err));
	wg_netplan_free(plan);
	return err;
}

void wg_netplan_free(struct wg_netplan *plan)
{
	free(plan->addresses);
	free(plan->routes);
	free(plan->proxies);
	*plan = (struct wg_netplan){0};
}

bool wg_netplan_has_route(const struct wg_netplan *plan, const struct wg_route *route)
{
	return plan->n_routes &&
	       bsearch(route, plan->routes, plan->n_routes, sizeof(*plan->routes), compare_routes);
}

bool wg_netplan_has_proxy(const struct wg_netplan *plan, const struct wg_neigh_proxy *proxy)
{
	return plan->n_proxies && bsearch(proxy, plan->proxies, plan->n_proxies,
					  sizeof(*plan->proxies), compare_proxies);
}

const struct wg_route *wg_netplan_route_in_place(const struct wg_netplan *plan,
						 const struct wg_route *route)
{
	static const uint8_t families[] = {WG_FAMILY_NONE, WG_FAMILY_IPV4}; /* any is the same */
	const struct wg_route *found = NULL;
	struct wg_route place = *route;

	place.link = plan->link;
	for (size_t i = 0; plan->n_routes && !found && i < WG_ARRAY_LEN(families); i++) {
		place.via.family = families[i];
		found = bsearch(&place, plan->routes, plan->n_routes, sizeof(*plan->routes),
				compare_places);
	}
	return found;
}

void wg_netplan_keep_rules(struct wg_netplan *plan, const struct wg_netplan *before)
{
	for (size_t i = 0; i < plan->n_rules; i++)
		for (size_t k = 0; k < before->n_rules; k++)
			if (plan->rules[i].family == before->rules[k].family &&
			    plan->rules[i].table == before->rules[k].table &&
			    plan->rules[i].fwmark == before->rules[k].fwmark)
				plan->rules[i].priority = before->rules[k].priority;
}

bool wg_netplan_uses_rule(const struct wg_netplan *plan, enum wg_family family)
{
	return plan->way[family_slot((uint8_t)family)] == WG_DEFAULT_RULE;
}

static bool has_ipv6_inside(const struct wg_conf *conf)
{
	for (size_t i = 0; i < conf->addresses.n; i++)
		if (conf->addresses.items[i].prefix.ip.family == WG_FAMILY_IPV6)
			return true;
	for (size_t i = 0; i < conf->n_peers; i++)
		for (size_t k = 0; k < conf->config.peers[i].n_allowed_ips; k++)
			if (conf->config.peers[i].allowed_ips[k].prefix.ip.family == WG_FAMILY_IPV6)
				return true;
	return false;
}

uint32_t wg_netplan_mtu(const struct wg_conf *conf, uint32_t ipv4_path_mtu, uint32_t ipv6_path_mtu)
{
	uint32_t mtu = UINT32_MAX;

	if (conf->mtu)
		return conf->mtu;
	if (ipv4_path_mtu > WG_NETPLAN_OUTER_IPV4)
		mtu = ipv4_path_mtu - WG_NETPLAN_OUTER_IPV4;
	if (ipv6_path_mtu > WG_NETPLAN_OUTER_IPV6 && ipv6_path_mtu - WG_NETPLAN_OUTER_IPV6 < mtu)
		mtu = ipv6_path_mtu - WG_NETPLAN_OUTER_IPV6;
	if (mtu == UINT32_MAX)
		mtu = USUAL_MTU;
	if (mtu < IPV6_MIN_MTU && has_ipv6_inside(conf))
		mtu = IPV6_MIN_MTU;
	return mtu < 65535 - WG_NETPLAN_OUTER_IPV6 ? mtu : 65535 - WG_NETPLAN_OUTER_IPV6;
}
