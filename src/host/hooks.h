/* The hooks of a configuration: PreUp, PostUp, PreDown, PostDown. */
#ifndef WG_HOST_HOOKS_H
#define WG_HOST_HOOKS_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "conf/conf.h"
#include "host/spawn.h"

/* Runs those of one kind in their order, each by a shell and within HookTimeout; done as for
 * wg_spawn_run. 0, or -errno and a report, and then done is not called. */
int wg_hooks_run(struct wg_spawner *spawner, const struct wg_conf *conf, enum wg_conf_hook which,
		 bool keep_going, wg_spawn_done *done, void *ctx, struct wg_error *error);

#endif
