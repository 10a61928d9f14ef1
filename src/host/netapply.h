/* Carrying out a network plan, and the difference between two of them. What dies with
 * the tunnel's link is only done; everything else goes through the undo journal. */
#ifndef WG_HOST_NETAPPLY_H
#define WG_HOST_NETAPPLY_H

#include "base/error.h"
#include "conf/conf.h"
#include "host/netplan.h"
#include "host/undo.h"

/* The link's addresses and MTU; then it is brought up. 0, or -errno and a reason. */
int wg_netapply_link(const struct wg_netplan *plan, const struct wg_conf *conf,
		     struct wg_netlink *nl, struct wg_error *error);

/* Parameters, proxies, routes and rules, in the order in which nothing leaks and nothing is
 * cut off; the firewall's (host/leakguard.h) come before. 0, or -errno and a reason; what was
 * done until then is in the journal. */
int wg_netapply_host(const struct wg_netplan *plan, const struct wg_conf *conf,
		     struct wg_netlink *nl, struct wg_undo *undo, struct wg_error *error);

/* From one plan to another while the tunnel runs: what is new is added first, and then
 * what is no longer wanted goes. When adding fails, removing the other way around
 * takes back what was added. */
int wg_netapply_add(const struct wg_netplan *from, const struct wg_conf *from_conf,
		    const struct wg_netplan *to, const struct wg_conf *conf, struct wg_netlink *nl,
		    struct wg_undo *undo, struct wg_error *error);
void wg_netapply_remove(const struct wg_netplan *from, const struct wg_conf *from_conf,
			const struct wg_netplan *to, const struct wg_conf *to_conf,
			struct wg_netlink *nl, struct wg_undo *undo);

#endif
