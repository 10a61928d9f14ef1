/* The way from a running tunnel to its changed file, as one change of the engine that
 * leaves alone all that both agree on: sessions of peers that stay are not touched, and an
 * endpoint that roamed stays where it is unless the file names another. Only the keeper
 * includes it. */
#ifndef WG_CONF_CONFDIFF_H
#define WG_CONF_CONFDIFF_H

#include "conf/conf.h"
#include "core/config.h"

/* Fills in change, which the caller initialised and will deinitialise. running is a
 * snapshot of the engine; before is the file as it was applied last. 0 or -ENOMEM. */
int wg_confdiff_make(struct wg_config *change, const struct wg_config *running,
		     const struct wg_conf *before, const struct wg_conf *wanted);

/* Keeps the addresses of names that were resolved: where a peer of the file that was
 * applied last got its endpoint by name, and has the same name in wanted, wanted gets that
 * address. 0 or -ENOMEM. */
int wg_confdiff_keep_found(const struct wg_conf *before, struct wg_conf *wanted);

#endif
