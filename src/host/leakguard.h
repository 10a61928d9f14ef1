/* The firewall rules of a default route by rule and mark, in nftables tables of our
 * own (one a family, "tuff-NAME"), as wg-quick has them:
 *
 *   - what comes for the tunnel's addresses by another link is dropped, unless this
 *     host itself sent it: nobody on the uplink can probe which address is inside;
 *   - the mark of our outer datagrams is saved in connection tracking and given to
 *     the answers, so that reverse path filters find the way they came. */
#ifndef WG_HOST_LEAKGUARD_H
#define WG_HOST_LEAKGUARD_H

#include <stdbool.h>

#include "base/error.h"
#include "host/plan.h"
#include "host/spawn.h"
#include "host/undo.h"

/* From one plan's rules to another's, of the same tunnel. */
struct wg_leakguard {
	const struct wg_plan *from; /* NULL: there are none */
	const struct wg_plan *to;
};

/* Whether a plan needs any. */
bool wg_leakguard_guards(const struct wg_plan *plan);

/* Changes them in one transaction, from the loop; what is new is journalled first. Those of
 * a plan that stays are laid anew, since other programs empty the whole firewall. done as for
 * wg_spawn_run, and it has to call wg_leakguard_changed with the same change and with what it
 * is told. 0, or -errno and a reason, and then done is not called. */
int wg_leakguard_change(struct wg_spawner *spawner, const struct wg_leakguard *change,
			struct wg_undo *undo, wg_spawn_done *done, void *ctx,
			struct wg_error *error);

/* Notes in the journal what has become of it. Missing protection (the kernel has no
 * nftables, or the library is not there) is logged and no failure. 0, or -errno and a
 * reason: the journal could not be written. */
int wg_leakguard_changed(const struct wg_spawner *spawner, const struct wg_leakguard *change,
			 struct wg_undo *undo, const struct wg_error *result,
			 struct wg_error *error);

/* Takes back a change whose kind is this file's (ops of the journal), and waits for that, for
 * 10 s at most a family; -ENOSYS when it is another's. */
int wg_leakguard_take_back(const char *kind, const char *text);

#endif
