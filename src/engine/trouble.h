/* What goes on failing, and how often that is worth a log line: the first time, and then
 * less and less often, each time with how often it was since. A network that is gone for a
 * day makes some thirty lines and not a hundred thousand. */
#ifndef WG_ENGINE_TROUBLE_H
#define WG_ENGINE_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define WG_TROUBLE_PAUSE     (60 * WG_SECOND) /* after the first line; then doubled */
#define WG_TROUBLE_MAX_PAUSE (3600 * WG_SECOND)

/* All zero: there was none. */
struct wg_trouble {
	uint64_t n;    /* failures since the last line */
	wg_time last;  /* the last failure */
	wg_time due;   /* no line before */
	wg_time pause; /* after the next line */
};

/* n more failures. Whether a line is due; it may tell trouble->n, which is then to be set
 * to 0. What stopped for longer than the pause begins anew. */
bool wg_trouble_note(struct wg_trouble *trouble, uint64_t n, wg_time now);

#endif
