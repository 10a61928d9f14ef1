/* Readiness of one raw descriptor in a libuv loop, that survives errors pending on it.
 *
 * libuv (1.44, uv__poll_io) answers EPOLLERR with UV_EBADF once and stops the handle,
 * although an error queue, an overrun netlink socket or an ICMP error is nothing that
 * ends a descriptor. A poller tells its owner, who drains what is pending, and starts
 * the handle again. */
#ifndef WG_OS_POLLER_H
#define WG_OS_POLLER_H

#include <stdbool.h>

#include <uv.h>

struct wg_poller;

struct wg_poller_handler {
	/* events are those that came, of UV_READABLE and UV_WRITABLE. */
	void (*ready)(void *ctx, int events);
	/* An error is pending. Drains it; false when the descriptor is of no more
	 * use: then the poller rests. May close the poller, and then returns false. */
	bool (*error)(void *ctx);
	void *ctx;
};

/* Waits for events on fd, which stays the caller's and open until the poller is
 * closed. 0 or -errno. */
int wg_poller_open(struct wg_poller **out, uv_loop_t *loop, int fd, int events,
		   const struct wg_poller_handler *handler);

/* Changes the events waited for. 0 or -errno. */
int wg_poller_want(struct wg_poller *poller, int events);

/* No callback comes after it, and fd may be closed. The memory goes when the loop runs
 * on. NULL is ignored. */
void wg_poller_close(struct wg_poller *poller);

#endif
