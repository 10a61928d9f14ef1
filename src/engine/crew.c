#include "engine/crew.h"

#include "base/log.h"

static void on_done(uv_async_t *handle)
{
	struct wg_crew *crew = handle->data;

	wg_traffic_settle(crew->traffic);
	crew->settled(crew->ctx);
}

/* The one thing that another thread may do with a loop. */
static void call(void *ctx)
{
	struct wg_crew *crew = ctx;

	uv_async_send(&crew->done);
}

static int open_done(struct wg_crew *crew, uv_loop_t *uv)
{
	int error = crew->done.data ? 0 : uv_async_init(uv, &crew->done, on_done);

	if (!error)
		crew->done.data = crew;
	return error;
}

int wg_crew_set(struct wg_crew *crew, uv_loop_t *uv, int n)
{
	unsigned int threads = n == WG_WORKERS_AUTO ? wg_workers_auto(uv_available_parallelism())
						    : (unsigned int)n;
	int error;

	if (threads == wg_traffic_workers(crew->traffic))
		return 0;
	wg_traffic_dismiss(crew->traffic);
	wg_log(WG_LOG_INFO, "workers: %u", threads);
	if (!threads)
		return 0;
	error = open_done(crew, uv);
	return error ? error : wg_traffic_employ(crew->traffic, threads, call, crew);
}

void wg_crew_stop(struct wg_crew *crew)
{
	if (!crew->done.data)
		return;
	wg_traffic_dismiss(crew->traffic);
	uv_close((uv_handle_t *)&crew->done, NULL);
}
