#include "os/poller.h"

#include <errno.h>
#include <stdlib.h>

struct wg_poller {
	uv_poll_t poll;
	int events;
	struct wg_poller_handler handler;
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct wg_poller *poller = poll->data;

	if (status == 0)
		poller->handler.ready(poller->handler.ctx, events);
	else if (poller->handler.error(poller->handler.ctx))
		uv_poll_start(poll, poller->events, on_poll);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int wg_poller_open(struct wg_poller **out, uv_loop_t *loop, int fd, int events,
		   const struct wg_poller_handler *handler)
{
	struct wg_poller *poller = calloc(1, sizeof(*poller));
	int error;

	if (!poller)
		return -ENOMEM;
	error = uv_poll_init(loop, &poller->poll, fd);
	if (error) {
		free(poller);
		return error;
	}
	poller->poll.data = poller;
	poller->events = events;
	poller->handler = *handler;
	error = uv_poll_start(&poller->poll, events, on_poll);
	if (error) {
		wg_poller_close(poller);
		return error;
	}
	*out = poller;
	return 0;
}

int wg_poller_want(struct wg_poller *poller, int events)
{
	poller->events = events;
	return uv_poll_start(&poller->poll, events, on_poll);
}

void wg_poller_close(struct wg_poller *poller)
{
	if (poller)
		uv_close((uv_handle_t *)&poller->poll, on_closed);
}
