/* Making this host route for its peers, without losing what it learnt from routers.
 *
 * A host that forwards IPv6 is a router, and a router ignores router advertisements
 * (RFC 4861 6.2.7): once net.ipv6.conf.all.forwarding is 1, Linux forgets the default
 * route that it got from one, at once, and takes no other. accept_ra=2 on the
 * interface is the exception; it has to be there before forwarding is on, and until
 * after it is off again. */
#ifndef WG_ROUTE_FORWARD_H
#define WG_ROUTE_FORWARD_H

#include <stdbool.h>

#include "base/error.h"
#include "route/netlink.h"
#include "route/undo.h"

struct wg_forward {
	bool ipv4;
	bool ipv6;
	const char *uplink; /* where the peers' packets go, and come from */
	const char *tunnel; /* the other side; may be NULL */
};

/* Turns forwarding on, all through undo, which turns it off again in the right order.
 * accept_ra goes from 1 to 2 on the uplink and wherever else a route from an
 * advertisement is; 0 stays: something else than the kernel listens there. */
int wg_forward_enable(struct wg_undo *undo, struct wg_netlink *nl, const struct wg_forward *forward,
		      struct wg_error *error);

#endif
