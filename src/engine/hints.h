/* What the network reported of the ways to peers, the last of it for each endpoint. A
 * report can be forged, so nothing but show and doctor reads it; and the table has a
 * bound, in which a new report may take another's place. */
#ifndef WG_ENGINE_HINTS_H
#define WG_ENGINE_HINTS_H

#include "base/report.h"
#include "base/time.h"
#include "core/config.h"

#define WG_HINTS 256u

struct wg_hint {
	struct wg_report report; /* WG_REPORT_NONE: the entry is free */
	wg_time at;
};

struct wg_hints {
	struct wg_hint entries[WG_HINTS];
};

void wg_hints_note(struct wg_hints *hints, const struct wg_report *report, wg_time now);

/* Adds what is known of the way to it to the health of a peer that does not answer,
 * unless that was before its last handshake. */
void wg_hints_apply(const struct wg_hints *hints, struct wg_config_peer *peer, struct wg_now now);

#endif
