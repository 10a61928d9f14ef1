/* What a tunnel's configuration asks of the host's network: addresses, routes, rules,
 * parameters. The plan is made from the configuration and a view of the host, so it
 * can be tested without touching either; netapply.h carries it out. */
#ifndef WG_HOST_NETPLAN_H
#define WG_HOST_NETPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "host/sysctl.h"
#include "route/address.h"
#include "route/link.h"
#include "route/neigh.h"
#include "route/route.h"
#include "route/rule.h"

/* What a datagram needs besides an inner packet: IP, UDP, header and tag. */
#define WG_NETPLAN_OUTER_IPV4 60u
#define WG_NETPLAN_OUTER_IPV6 80u

/* The host as it is before. */
struct wg_hostview {
	struct wg_link *links;
	size_t n_links;
	struct wg_route *routes; /* both families, all tables */
	size_t n_routes;
	struct wg_rule *rules;
	size_t n_rules;
};

/* 0 or -errno. */
int wg_hostview_read(struct wg_hostview *view, struct wg_netlink *nl);
void wg_hostview_free(struct wg_hostview *view);

/* The link of that name, or NULL. */
const struct wg_link *wg_hostview_link(const struct wg_hostview *view, const char *name);

/* How a family's default route is laid. */
enum wg_default_way {
	WG_DEFAULT_NONE,  /* no allowed IP is a /0 of it, or routes are off */
	WG_DEFAULT_PLAIN, /* default dev LINK: nothing else leads there, and the endpoints
			   * are of the other family */
	WG_DEFAULT_RULE   /* in a table of its own, for all that has not the mark */
};

struct wg_netplan {
	uint32_t link; /* the tunnel's own */
	struct wg_address *addresses;
	size_t n_addresses;
	struct wg_route *routes; /* in an order in which they can be added, for bsearch(3) */
	size_t n_routes;
	struct wg_rule rules[4]; /* lowest priority number last */
	size_t n_rules;
	struct wg_neigh_proxy *proxies; /* in order, too */
	size_t n_proxies;

	enum wg_default_way way[2]; /* IPv4, IPv6 */
	uint32_t table;             /* of the rule's way; 0: not used */
	uint32_t own_table;         /* in use by this tunnel already; 0: none */
	uint32_t fwmark;            /* for the sockets; 0: none */
};

/* Makes the plan for a link of that index. own_table is what a running tunnel uses
 * already (0: none): it is not free, but it is ours. 0, or -errno and a reason. */
int wg_netplan_make(struct wg_netplan *plan, const struct wg_conf *conf,
		    const struct wg_hostview *view, uint32_t link, uint32_t own_table,
		    struct wg_error *error);
void wg_netplan_free(struct wg_netplan *plan);

/* Whether the plan has just this route, or answers for this neighbour. */
bool wg_netplan_has_route(const struct wg_netplan *plan, const struct wg_route *route);
bool wg_netplan_has_proxy(const struct wg_netplan *plan, const struct wg_neigh_proxy *proxy);

/* The plan's route through the tunnel that takes the place of this one: with the same
 * destination, metric and table, of which the kernel has one at a time. NULL: none. */
const struct wg_route *wg_netplan_route_in_place(const struct wg_netplan *plan,
						 const struct wg_route *route);

/* Rules that a running tunnel has laid by the plan before keep their place; a plan made
 * while they are there would put them in front of themselves. */
void wg_netplan_keep_rules(struct wg_netplan *plan, const struct wg_netplan *before);

/* Whether the plan needs rules and a mark for a family (WG_FAMILY_IPV4 or _IPV6). */
bool wg_netplan_uses_rule(const struct wg_netplan *plan, enum wg_family family);

/* The MTU for the tunnel, from the MTU of the path to each endpoint that is known (0:
 * none): less the outer headers, and not below what IPv6 inside needs. */
uint32_t wg_netplan_mtu(const struct wg_conf *conf, uint32_t ipv4_path_mtu, uint32_t ipv6_path_mtu);

#endif
