/* A loop's workers: how many, and how they call it. */
#ifndef WG_ENGINE_CREW_H
#define WG_ENGINE_CREW_H

#include <uv.h>

#include "engine/traffic.h"

struct wg_crew {
	struct wg_traffic *traffic;
	void (*settled)(void *ctx); /* after traffic was, since workers had done something */
	void *ctx;
	uv_async_t done; /* its data is NULL until there have been workers */
};

/* Has n workers from now on, or, for WG_WORKERS_AUTO, as many as are of use here; what
 * the former ones have under way is finished first. The rest of crew is filled in. 0;
 * -errno, and then there are none. */
int wg_crew_set(struct wg_crew *crew, uv_loop_t *uv, int n);

/* Finishes what is under way and ends the workers, also if there are none.
 * The crew's memory is the caller's again when the loop has run on. */
void wg_crew_stop(struct wg_crew *crew);

#endif
