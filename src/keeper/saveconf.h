/* SaveConfig: the configuration file written anew from the running tunnel. */
#ifndef WG_KEEPER_SAVECONF_H
#define WG_KEEPER_SAVECONF_H

#include "base/error.h"
#include "conf/conf.h"
#include "core/config.h"

/* Puts conf, with the peers and keys of running, in the place of the file at path. It is
 * written and synced beside it first, readable for its owner alone: whatever happens,
 * one of the two is there whole. 0, or -errno and a reason. */
int wg_saveconf_write(const char *path, const struct wg_conf *conf, const struct wg_config *running,
		      struct wg_error *error);

#endif
