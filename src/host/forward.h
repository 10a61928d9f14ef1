/* Making this host route for its peers, without losing what it learnt from routers.
 *
 * A host that forwards IPv6 is a router, and a router ignores router advertisements (RFC
 * 4861 6.2.7): once net.ipv6.conf.all.forwarding is 1, Linux forgets the default route
 * that it got from one, at once, and takes no other. accept_ra=2 on the interface is the
 * exception; it has to be there before forwarding is on, and until after it is off again.
 * Only this folder includes it. */
#ifndef WG_HOST_FORWARD_H
#define WG_HOST_FORWARD_H

#include "base/error.h"
#include "host/undo.h"
#include "route/netlink.h"

/* Turns forwarding on, all through undo, which turns it off again in the right order.
 * uplink is where the peers' packets go to and come from; NULL: anywhere. tunnel is the
 * other side; its own values go with its link.
 *
 * accept_ra goes from 1 to 2 on the uplink and wherever else a route from an
 * advertisement is; 0 stays: something else than the kernel listens there. */
int wg_forward_ipv6(struct wg_undo *undo, struct wg_netlink *nl, const char *uplink,
		    const char *tunnel, struct wg_error *error);
int wg_forward_ipv4(struct wg_undo *undo, struct wg_netlink *nl, const char *uplink,
		    const char *tunnel, struct wg_error *error);

/* Takes it back while the tunnel goes on. -ENOENT when there was nothing to do. */
int wg_forward_ipv6_end(struct wg_undo *undo);
int wg_forward_ipv4_end(struct wg_undo *undo);

#endif
