/* What is told of a running tunnel at its control socket, gathered from all of its parts
 * and piece by piece: of 10^6 peers no more than some are held at a time, and other
 * clients and the packets have their turn between two pieces. */
#ifndef WG_DAEMON_DESCRIBE_H
#define WG_DAEMON_DESCRIBE_H

#include <stdbool.h>

#include "core/device.h"
#include "ctl/text.h"

struct wg_traffic;
struct wg_loop_owner;

/* How far one answer is; all zero at first. It holds nothing. */
struct wg_description {
	bool begun;
	struct wg_device_cursor cursor;
};

/* Adds the next piece of the answer to get=1, without its errno. 1 when there is more, 0
 * when that was all, or -ENOMEM. */
int wg_describe_uapi(const struct wg_traffic *traffic, struct wg_description *description,
		     struct wg_text *text);

/* The same of the answer to show=1 (see ctl/status.h). */
int wg_describe_status(const struct wg_traffic *traffic, bool link_up,
		       const struct wg_loop_owner *owner, struct wg_description *description,
		       struct wg_text *text);

#endif
