/* What is told of a running tunnel at its control socket, gathered from all of its parts
 * and piece by piece: of 10^6 peers no more than some are held at a time, and other
 * clients and the packets have their turn between two pieces. */
#ifndef WG_KEEPER_DESCRIBE_H
#define WG_KEEPER_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/device.h"
#include "crypto/text.h"
#include "ctl/uapi.h"
#include "keeper/lately.h"

struct wg_loop;
struct wg_loop_owner;
struct wg_tun;

/* How far one answer is; all zero at first. It holds nothing. */
struct wg_description {
	bool begun;
	struct wg_device_cursor cursor;
};

/* The tunnel, as far as it is told of; nothing of it is owned. */
struct wg_described {
	struct wg_loop *loop;
	const struct wg_loop_owner *owner;
	wg_time started;
	uint64_t link_dropped; /* by the link, before it was ours */
	struct wg_lately lately;
};

/* Notes the time, and what is counted already, of a link that is ours from now on. */
void wg_describe_init(struct wg_described *tunnel, const struct wg_tun *tun);

/* Packets came: from time to time, notes what was counted until now. */
void wg_describe_note_traffic(struct wg_described *tunnel, wg_time now);

/* Adds the next piece of the answer to get=1 or show=1 (see ctl/uapi.h, ctl/status.h),
 * without its errno. 1 when there is more, 0 when that was all, or -ENOMEM. */
int wg_describe(struct wg_described *tunnel, enum wg_uapi_kind kind,
		struct wg_description *description, struct wg_text *text);

#endif
