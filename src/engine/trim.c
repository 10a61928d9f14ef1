#include "engine/trim.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "os/clock.h"

/* Memory that a burst needed is given back when nothing came for this long; what is
 * below the limits is not worth a wake-up. */
#define TRIM_AFTER   (5 * WG_SECOND)
#define TRIM_ABOVE   ((size_t)1 << 20)
#define LARGE_CHANGE 1000 /* peers */

static void schedule(struct wg_trim *trim)
{
	if (trim->due == WG_NEVER)
		trim->due = wg_clock_now().boot + TRIM_AFTER;
}

/* What a large change was read into, and the peers that it removed, leave a heap of which
 * little is in use; glibc keeps it unless it is asked. */
static void trim_heap(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

void wg_trim_init(struct wg_trim *trim)
{
	*trim = (struct wg_trim){.due = WG_NEVER};
}

void wg_trim_note_traffic(struct wg_trim *trim, const struct wg_traffic *traffic)
{
	trim->busy = true;
	if (wg_traffic_bytes_held(traffic) > TRIM_ABOVE)
		schedule(trim);
}

void wg_trim_note_change(struct wg_trim *trim, const struct wg_config *change)
{
	if (change->n_peers < LARGE_CHANGE && !change->replace_peers)
		return;
	trim->changed = true;
	schedule(trim);
}

void wg_trim_turn(struct wg_trim *trim, struct wg_traffic *traffic, wg_time now)
{
	if (now < trim->due)
		return;
	if (trim->changed)
		trim_heap();
	if (!trim->busy)
		wg_traffic_trim(traffic);
	trim->due = trim->busy ? now + TRIM_AFTER : WG_NEVER;
	trim->busy = false;
	trim->changed = false;
}
