#include "keeper/lately.h"

/* A count that began anew, as with a link that is gone, is none. */
static uint64_t difference(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static void subtract(struct wg_tally *counted, const struct wg_tally *now,
		     const struct wg_tally *then)
{
	counted->out = difference(now->out, then->out);
	counted->in = difference(now->in, then->in);
	for (int i = 0; i < WG_DROP_COUNT; i++)
		counted->drops[i] = difference(now->drops[i], then->drops[i]);
	for (int i = 0; i < WG_LOSS_COUNT; i++)
		counted->losses[i] = difference(now->losses[i], then->losses[i]);
}

void wg_lately_init(struct wg_lately *lately, const struct wg_tally *tally, wg_time now)
{
	*lately = (struct wg_lately){.since = now, .at = now, .older = *tally, .newer = *tally};
}

bool wg_lately_due(const struct wg_lately *lately, wg_time now)
{
	return now - lately->at >= WG_LATELY;
}

void wg_lately_note(struct wg_lately *lately, const struct wg_tally *tally, wg_time now)
{
	if (!wg_lately_due(lately, now))
		return;
	lately->older = lately->newer;
	lately->since = lately->at;
	lately->newer = *tally;
	lately->at = now;
}

wg_time wg_lately_tell(struct wg_lately *lately, const struct wg_tally *tally, wg_time now,
		       struct wg_tally *counted)
{
	/* Traffic would have been noted: there was none, but directly behind the last note. */
	if (now - lately->at >= 2 * WG_LATELY)
		wg_lately_init(lately, tally, now - WG_LATELY);
	wg_lately_note(lately, tally, now);
	subtract(counted, tally, &lately->older);
	return lately->since;
}
