#include "engine/trouble.h"

bool wg_trouble_note(struct wg_trouble *trouble, uint64_t n, wg_time now)
{
	if (!trouble->pause || now - trouble->last > trouble->pause)
		*trouble = (struct wg_trouble){.due = now, .pause = WG_TROUBLE_PAUSE};
	trouble->n += n;
	trouble->last = now;
	if (now < trouble->due)
		return false;
	trouble->due = now + trouble->pause;
	if (trouble->pause < WG_TROUBLE_MAX_PAUSE)
		trouble->pause *= 2;
	return true;
}
