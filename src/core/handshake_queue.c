#include "core/handshake_queue.h"

#include <errno.h>
#include <stdlib.h>

#define LOAD_LASTS WG_SECOND

int wg_handshake_queue_init(struct wg_handshake_queue *queue)
{
	static const uint32_t sizes[WG_LANE_COUNT] = {
		[WG_LANE_STRANGERS] = WG_LANE_STRANGERS_LEN,
		[WG_LANE_AWAITED] = WG_LANE_AWAITED_LEN,
		[WG_LANE_PROVEN] = WG_LANE_PROVEN_LEN,
	};

	*queue = (struct wg_handshake_queue){0};
	for (int i = 0; i < WG_LANE_COUNT; i++) {
		struct wg_handshake_lane *lane = &queue->lanes[i];

		lane->size = sizes[i];
		lane->loaded_until = -WG_NEVER;
		lane->entries = calloc(lane->size, sizeof(*lane->entries));
		if (!lane->entries) {
			wg_handshake_queue_deinit(queue);
			return -ENOMEM;
		}
	}
	return 0;
}

void wg_handshake_queue_deinit(struct wg_handshake_queue *queue)
{
	for (int i = 0; i < WG_LANE_COUNT; i++)
		free(queue->lanes[i].entries);
	*queue = (struct wg_handshake_queue){0};
}

struct wg_queued_handshake *wg_handshake_queue_push(struct wg_handshake_queue *queue,
						    enum wg_lane which, wg_time now)
{
	struct wg_handshake_lane *lane = &queue->lanes[which];
	struct wg_queued_handshake *entry;

	if (lane->n == lane->size)
		return NULL;
	if (lane->n == 0)
		lane->first = 0;
	entry = &lane->entries[(lane->first + lane->n) % lane->size];
	lane->n++;
	if (wg_handshake_queue_deep(queue, which))
		lane->loaded_until = now + LOAD_LASTS;
	return entry;
}

const struct wg_queued_handshake *wg_handshake_queue_pop(struct wg_handshake_queue *queue,
							 enum wg_lane which)
{
	struct wg_handshake_lane *lane = &queue->lanes[which];
	const struct wg_queued_handshake *entry = &lane->entries[lane->first];

	if (lane->n == 0)
		return NULL;
	lane->first = (lane->first + 1) % lane->size;
	lane->n--;
	return entry;
}

bool wg_handshake_queue_empty(const struct wg_handshake_queue *queue)
{
	for (int i = 0; i < WG_LANE_COUNT; i++)
		if (queue->lanes[i].n > 0)
			return false;
	return true;
}

bool wg_handshake_queue_deep(const struct wg_handshake_queue *queue, enum wg_lane which)
{
	const struct wg_handshake_lane *lane = &queue->lanes[which];

	return which != WG_LANE_PROVEN && lane->n > lane->size / 8;
}

bool wg_handshake_queue_loaded(const struct wg_handshake_queue *queue, enum wg_lane which,
			       wg_time now)
{
	return wg_handshake_queue_deep(queue, which) || now < queue->lanes[which].loaded_until;
}

void wg_handshake_queue_clear(struct wg_handshake_queue *queue)
{
	for (int i = 0; i < WG_LANE_COUNT; i++) {
		queue->lanes[i].first = 0;
		queue->lanes[i].n = 0;
	}
}
