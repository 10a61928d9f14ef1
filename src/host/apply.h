/* Carrying out a plan, and the difference between two of them; the keeper's. What dies with
 * the tunnel's link is only done; everything else goes through the undo journal, which takes
 * it back (wg_undo_run). With struct wg_error: 0, or -errno and the reason in it. */
#ifndef WG_HOST_APPLY_H
#define WG_HOST_APPLY_H

#include "base/error.h"
#include "host/plan.h"
#include "host/undo.h"

/* The link's MTU and addresses; then it is brought up. */
int wg_apply_link(const struct wg_plan *plan, struct wg_netlink *nl, struct wg_error *error);

/* Forwarding, parameters, proxies, routes and rules, in the order in which nothing leaks and
 * nothing is cut off; the firewall's (host/leakguard.h) come before. What was done until a
 * failure is in the journal. */
int wg_apply_host(const struct wg_plan *plan, struct wg_netlink *nl, struct wg_undo *undo,
		  struct wg_error *error);

/* From one plan to another while the tunnel runs: what is new is added first, and then
 * what is no longer wanted goes. When adding fails, removing the other way around
 * takes back what was added. */
int wg_apply_add(const struct wg_plan *from, const struct wg_plan *to, struct wg_netlink *nl,
		 struct wg_undo *undo, struct wg_error *error);
void wg_apply_remove(const struct wg_plan *from, const struct wg_plan *to, struct wg_netlink *nl,
		     struct wg_undo *undo);

#endif
