/* Routes of the kernel's tables, and asking which one a packet would take. */
#ifndef WG_ROUTE_ROUTE_H
#define WG_ROUTE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "route/netlink.h"

/* Numbers as in rtnetlink(7): RTN_*, RTPROT_*, RT_TABLE_*. */
enum wg_route_type {
	WG_ROUTE_UNICAST = 1,
	WG_ROUTE_LOCAL = 2,
	WG_ROUTE_BLACKHOLE = 6,
	WG_ROUTE_UNREACHABLE = 7,
	WG_ROUTE_PROHIBIT = 8
};

enum wg_route_protocol {
	WG_ROUTE_FROM_KERNEL = 2,
	WG_ROUTE_FROM_BOOT = 3, /* as ip(8) sets it when told nothing */
	WG_ROUTE_FROM_STATIC = 4,
	WG_ROUTE_FROM_RA = 9 /* a router advertisement */
};

#define WG_ROUTE_TABLE_MAIN 254u

struct wg_route {
	struct wg_prefix dst;
	struct wg_ip via; /* WG_FAMILY_NONE: none */
	uint32_t link;    /* 0: none */
	uint32_t metric;  /* 0 when adding: the kernel's default (IPv6: 1024) */
	uint32_t table;
	uint8_t type;     /* enum wg_route_type */
	uint8_t protocol; /* enum wg_route_protocol, or another */
	uint32_t mtu;     /* 0: the link's */

	/* Listing and looking up only. */
	struct wg_ip source; /* preferred, or chosen */
	uint32_t expires;    /* seconds left of an advertised route; 0: no end */
};

/* -EEXIST when there is one with this destination, metric and table. */
int wg_route_add(struct wg_netlink *nl, const struct wg_route *route);
/* Adds a route, or puts it in the place of the one with its destination, metric and table. */
int wg_route_replace(struct wg_netlink *nl, const struct wg_route *route);
/* Deletes the route that agrees in all that is given. -ESRCH when there is none. */
int wg_route_delete(struct wg_netlink *nl, const struct wg_route *route);

/* Routes of a family (WG_FAMILY_NONE: both) in a table (0: all). Of a route with
 * several next hops, the first. Freed by the caller. */
int wg_route_list(struct wg_netlink *nl, uint8_t family, uint32_t table, struct wg_route **routes,
		  size_t *n);
/* Whether there is a route that agrees with this one in all but expiry and source:
 * 1, 0 or -errno. */
int wg_route_exists(struct wg_netlink *nl, const struct wg_route *route);

/* The route that a packet with this mark to an address takes. -ENETUNREACH and the
 * like where it would not leave. */
int wg_route_lookup(struct wg_netlink *nl, const struct wg_ip *to, uint32_t mark,
		    struct wg_route *route);

#endif
