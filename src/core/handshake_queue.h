/* Handshake messages whose mac1 was right and that wait for their turn, in bounded lanes
 * that take no room from each other. A lane's depth says whether the device is under load
 * with that kind of message; one that carries a cookie then changes to a lane of its own,
 * so no number of strangers can keep it out. Only this folder includes it. */
#ifndef WG_CORE_HANDSHAKE_QUEUE_H
#define WG_CORE_HANDSHAKE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/time.h"
#include "noise/wire.h"

enum wg_lane {
	WG_LANE_STRANGERS, /* initiations, of whomever */
	WG_LANE_AWAITED,   /* responses that name a handshake of ours under way */
	WG_LANE_PROVEN,    /* either, with a cookie, under load */
	WG_LANE_COUNT
};

#define WG_LANE_STRANGERS_LEN 4096u
#define WG_LANE_AWAITED_LEN   1024u
#define WG_LANE_PROVEN_LEN    1024u

struct wg_queued_handshake {
	struct wg_path path;
	enum wg_message kind;
	uint32_t len;
	bool without_cookie; /* mac2 was looked at, and is not right */
	uint8_t message[WG_HANDSHAKE_MAX_LEN];
};

/* A ring that starts over whenever it runs empty, so its first pages stay the only
 * ones in use while there is no flood. */
struct wg_handshake_lane {
	struct wg_queued_handshake *entries;
	uint32_t size;
	uint32_t first;
	uint32_t n;
	wg_time loaded_until;
};

struct wg_handshake_queue {
	struct wg_handshake_lane lanes[WG_LANE_COUNT];
};

/* 0 or -ENOMEM. */
int wg_handshake_queue_init(struct wg_handshake_queue *queue);
void wg_handshake_queue_deinit(struct wg_handshake_queue *queue);

/* Room for one more at a lane's end, to be filled in. NULL when the lane is full. */
struct wg_queued_handshake *wg_handshake_queue_push(struct wg_handshake_queue *queue,
						    enum wg_lane which, wg_time now);

/* The oldest, taken out; valid until the next push to that lane. NULL when it is empty. */
const struct wg_queued_handshake *wg_handshake_queue_pop(struct wg_handshake_queue *queue,
							 enum wg_lane which);

bool wg_handshake_queue_empty(const struct wg_handshake_queue *queue);

/* Whether more than an eighth of a lane's room is taken. */
bool wg_handshake_queue_deep(const struct wg_handshake_queue *queue, enum wg_lane which);
/* Whether the lane is so deep, or was within the last second: the device is under load with
 * its kind of message. Never true of WG_LANE_PROVEN, whose messages can be asked for no
 * more. */
bool wg_handshake_queue_loaded(const struct wg_handshake_queue *queue, enum wg_lane which,
			       wg_time now);

void wg_handshake_queue_clear(struct wg_handshake_queue *queue);

#endif
