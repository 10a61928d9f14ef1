/* The bounded queue of handshake messages whose mac1 was right. Its depth says
 * whether the device is under load. */
#ifndef WG_CORE_HANDSHAKE_QUEUE_H
#define WG_CORE_HANDSHAKE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "noise/wire.h"

#define WG_HANDSHAKE_QUEUE_LEN 4096u
/* Deeper than this is under load, for a second. */
#define WG_HANDSHAKE_LOAD_LEN  (WG_HANDSHAKE_QUEUE_LEN / 8)

struct wg_queued_handshake {
	struct wg_path path;
	enum wg_message kind;
	uint32_t len;
	uint8_t message[WG_HANDSHAKE_MAX_LEN];
};

/* A ring that starts over whenever it runs empty, so its first pages stay the only
 * ones in use while there is no flood. */
struct wg_handshake_queue {
	struct wg_queued_handshake *entries;
	uint32_t first;
	uint32_t n;
};

/* 0 or -ENOMEM. */
int wg_handshake_queue_init(struct wg_handshake_queue *queue);
void wg_handshake_queue_deinit(struct wg_handshake_queue *queue);

/* Copies a message in. False when the queue is full. */
bool wg_handshake_queue_push(struct wg_handshake_queue *queue, const struct wg_path *path,
			     enum wg_message kind, const void *message, size_t len);

/* The oldest, taken out; valid until the next push. NULL when empty. */
const struct wg_queued_handshake *wg_handshake_queue_pop(struct wg_handshake_queue *queue);

void wg_handshake_queue_clear(struct wg_handshake_queue *queue);

#endif
