/* What was counted lately, out of counts that only grow: a burst that was lost last week
 * shall not be told of as if it were lost now.
 *
 * Two older counts are kept, WG_LATELY apart or more; what came since the older of them is
 * lately. They are taken while there is traffic and when somebody asks, so that nothing
 * wakes at rest: then nothing is lost, either. */
#ifndef WG_KEEPER_LATELY_H
#define WG_KEEPER_LATELY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "ctl/tally.h"

#define WG_LATELY (5 * 60 * WG_SECOND)

struct wg_lately {
	wg_time since; /* when older was taken */
	wg_time at;    /* and newer */
	struct wg_tally older;
	struct wg_tally newer;
};

void wg_lately_init(struct wg_lately *lately, const struct wg_tally *tally, wg_time now);

/* Whether a count should be noted: with traffic, each turn that this says so. */
bool wg_lately_due(const struct wg_lately *lately, wg_time now);
void wg_lately_note(struct wg_lately *lately, const struct wg_tally *tally, wg_time now);

/* Fills in what was counted lately, tally being all of it; returns since when. */
wg_time wg_lately_tell(struct wg_lately *lately, const struct wg_tally *tally, wg_time now,
		       struct wg_tally *counted);

#endif
