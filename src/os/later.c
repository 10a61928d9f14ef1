#include "os/later.h"

#include <errno.h>
#include <stdlib.h>

struct later {
	uv_timer_t timer;
	void (*step)(void *ctx);
	void *ctx;
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_timer(uv_timer_t *timer)
{
	struct later *later = timer->data;

	uv_close((uv_handle_t *)timer, on_closed);
	later->step(later->ctx);
}

int wg_later(uv_loop_t *loop, void (*step)(void *ctx), void *ctx)
{
	struct later *later = calloc(1, sizeof(*later));

	if (!later)
		return -ENOMEM;
	later->step = step;
	later->ctx = ctx;
	uv_timer_init(loop, &later->timer);
	later->timer.data = later;
	return uv_timer_start(&later->timer, on_timer, 0, 0);
}
