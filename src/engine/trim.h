/* Gives memory back that a burst or a large change needed, when it is over. */
#ifndef WG_ENGINE_TRIM_H
#define WG_ENGINE_TRIM_H

#include <stdbool.h>

#include "base/time.h"
#include "core/config.h"
#include "engine/traffic.h"

struct wg_trim {
	wg_time due;  /* WG_NEVER while there is nothing to give back */
	bool busy;    /* packets came since due was set */
	bool changed; /* the configuration did, by much */
};

void wg_trim_init(struct wg_trim *trim);

/* Packets came, or a change was applied. */
void wg_trim_note_traffic(struct wg_trim *trim, const struct wg_traffic *traffic);
void wg_trim_note_change(struct wg_trim *trim, const struct wg_config *change);

/* When it is due. */
void wg_trim_turn(struct wg_trim *trim, struct wg_traffic *traffic, wg_time now);

#endif
