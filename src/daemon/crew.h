/* A loop's workers: how many, and how they call it. */
#ifndef WG_DAEMON_CREW_H
#define WG_DAEMON_CREW_H

#include <uv.h>

#include "daemon/traffic.h"

struct wg_crew {
	struct wg_traffic *traffic;
	void (*settled)(void *ctx); /* after traffic was, since workers had done something */
	void *ctx;
	uv_async_t done; /* its data is NULL unless there are workers */
};

/* Starts n workers, or, for WG_WORKERS_AUTO, as many as are of use here; the rest of
 * crew is filled in. 0 or -errno. */
int wg_crew_start(struct wg_crew *crew, uv_loop_t *uv, int n);

/* Finishes what is under way and ends the workers, also if they could not be started.
 * The crew's memory is the caller's again when the loop has run on. */
void wg_crew_stop(struct wg_crew *crew);

#endif
