/* The resolver of the host while the tunnel is up: DNS servers and search domains, by
 * resolvconf(8) or systemd-resolved, whichever is there. */
#ifndef WG_HOST_DNS_H
#define WG_HOST_DNS_H

#include <uv.h>

#include "base/error.h"
#include "host/plan.h"
#include "host/spawn.h"
#include "host/undo.h"

/* Sets what the plan asks for; done is called from the loop, also when that is nothing. 0, or
 * -errno and a reason (neither program is there), and then done is not called. */
int wg_dns_up(struct wg_spawner *spawner, const struct wg_plan *plan, struct wg_undo *undo,
	      wg_spawn_done *done, void *ctx, struct wg_error *error);

/* Takes it back, waiting for it; -ENOSYS when the kind is not this file's. */
int wg_dns_take_back(const char *kind, const char *text);

#endif
