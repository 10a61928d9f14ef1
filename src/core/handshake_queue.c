#include "core/handshake_queue.h"

#include <errno.h>
#include <stdlib.h>

int wg_handshake_queue_init(struct wg_handshake_queue *queue)
{
	*queue = (struct wg_handshake_queue){0};
	queue->entries = calloc(WG_HANDSHAKE_QUEUE_LEN, sizeof(*queue->entries));
	return queue->entries ? 0 : -ENOMEM;
}

void wg_handshake_queue_deinit(struct wg_handshake_queue *queue)
{
	free(queue->entries);
	*queue = (struct wg_handshake_queue){0};
}

bool wg_handshake_queue_push(struct wg_handshake_queue *queue, const struct wg_path *path,
			     enum wg_message kind, const void *message, size_t len)
{
	struct wg_queued_handshake *entry;

	if (queue->n == WG_HANDSHAKE_QUEUE_LEN)
		return false;
	if (queue->n == 0)
		queue->first = 0;
	entry = &queue->entries[(queue->first + queue->n) % WG_HANDSHAKE_QUEUE_LEN];
	queue->n++;
	entry->path = *path;
	entry->kind = kind;
	entry->len = (uint32_t)len;
	memcpy(entry->message, message, len);
	return true;
}

const struct wg_queued_handshake *wg_handshake_queue_pop(struct wg_handshake_queue *queue)
{
	const struct wg_queued_handshake *entry = &queue->entries[queue->first];

	if (queue->n == 0)
		return NULL;
	queue->first = (queue->first + 1) % WG_HANDSHAKE_QUEUE_LEN;
	queue->n--;
	return entry;
}

void wg_handshake_queue_clear(struct wg_handshake_queue *queue)
{
	queue->first = 0;
	queue->n = 0;
}
