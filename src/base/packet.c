/* The pool hands out three kinds of memory:
 *
 *   slots    2 KiB each, 128 to a slab; the slab's headers stand beside it
 *   large    64 KiB each, for received trains and for packets above a slot
 *   slices   packet headers alone, for further packets in a large buffer
 *
 * Slabs and large buffers are mapped, so that trimming returns them at once. */
#include "base/packet.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/list.h"

#define SLOT_LEN       (WG_SLOT_ROOM + WG_PACKET_HEADROOM)
#define SLAB_SLOTS     128u
#define SLAB_BYTES     (SLAB_SLOTS * SLOT_LEN)
#define LARGE_BYTES    (WG_LARGE_ROOM + WG_PACKET_HEADROOM)
#define SLICE_GROUP    128u
#define RESERVE_LARGES 1u

struct wg_buffer {
	struct wg_pool *pool;
	struct slab *slab; /* NULL for a large buffer */
	uint8_t *bytes;
	struct wg_buffer *next; /* on the list of free large buffers */
	unsigned int n_packets;
};

struct slot {
	struct wg_packet packet;
	struct wg_buffer buffer;
};

struct slab {
	struct wg_list entry; /* in pool->usable while a slot is free, otherwise in pool->full */
	uint8_t *bytes;
	struct wg_packet *free;
	unsigned int n_used;
	struct slot slots[SLAB_SLOTS];
};

struct slice_group {
	struct slice_group *next;
	struct wg_packet packets[SLICE_GROUP];
};

struct wg_pool {
	size_t max_bytes;
	size_t bytes_held;
	size_t bytes_used;
	struct wg_list usable;
	struct wg_list full;
	struct wg_buffer *free_large;
	struct wg_packet *free_slices;
	struct slice_group *groups;
	size_t n_slices_used;
};

static uint8_t *map(size_t len)
{
	void *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

static struct slab *slab_of(struct wg_list *entry)
{
	return WG_CONTAINER_OF(entry, struct slab, entry);
}

static struct slab *slab_new(struct wg_pool *pool)
{
	struct slab *slab;

	if (pool->bytes_held + SLAB_BYTES > pool->max_bytes)
		return NULL;
	slab = calloc(1, sizeof(*slab));
	if (!slab)
		return NULL;
	slab->bytes = map(SLAB_BYTES);
	if (!slab->bytes) {
		free(slab);
		return NULL;
	}
	for (unsigned int i = SLAB_SLOTS; i-- > 0;) {
		struct slot *slot = &slab->slots[i];

		slot->buffer.pool = pool;
		slot->buffer.slab = slab;
		slot->buffer.bytes = slab->bytes + (size_t)i * SLOT_LEN;
		slot->packet.buffer = &slot->buffer;
		slot->packet.next = slab->free;
		slab->free = &slot->packet;
	}
	wg_list_init(&slab->entry);
	wg_list_push(&pool->usable, &slab->entry);
	pool->bytes_held += SLAB_BYTES;
	return slab;
}

static void slab_free(struct wg_pool *pool, struct slab *slab)
{
	wg_list_remove(&slab->entry);
	munmap(slab->bytes, SLAB_BYTES);
	free(slab);
	pool->bytes_held -= SLAB_BYTES;
}

static struct wg_packet *take_slot(struct wg_pool *pool)
{
	struct slab *slab = wg_list_empty(&pool->usable) ? slab_new(pool)
							 : slab_of(pool->usable.next);
	struct wg_packet *packet;

	if (!slab)
		return NULL;
	packet = slab->free;
	slab->free = packet->next;
	slab->n_used++;
	if (!slab->free) {
		wg_list_remove(&slab->entry);
		wg_list_push(&pool->full, &slab->entry);
	}
	pool->bytes_used += SLOT_LEN;
	packet->room = WG_SLOT_ROOM;
	return packet;
}

static void put_slot(struct wg_pool *pool, struct slab *slab, struct wg_packet *packet)
{
	if (!slab->free) {
		/* To the front: the slabs in use stay few, the others can be trimmed. */
		wg_list_remove(&slab->entry);
		wg_list_push(pool->usable.next, &slab->entry);
	}
	packet->next = slab->free;
	slab->free = packet;
	slab->n_used--;
	pool->bytes_used -= SLOT_LEN;
}

static struct wg_packet *take_slice(struct wg_pool *pool)
{
	struct wg_packet *packet;

	if (!pool->free_slices) {
		struct slice_group *group = calloc(1, sizeof(*group));

		if (!group)
			return NULL;
		group->next = pool->groups;
		pool->groups = group;
		for (unsigned int i = SLICE_GROUP; i-- > 0;) {
			group->packets[i].next = pool->free_slices;
			pool->free_slices = &group->packets[i];
		}
	}
	packet = pool->free_slices;
	pool->free_slices = packet->next;
	pool->n_slices_used++;
	return packet;
}

static struct wg_buffer *large_new(struct wg_pool *pool)
{
	struct wg_buffer *buffer = pool->free_large;

	if (buffer) {
		pool->free_large = buffer->next;
		return buffer;
	}
	if (pool->bytes_held + LARGE_BYTES > pool->max_bytes)
		return NULL;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		return NULL;
	buffer->bytes = map(LARGE_BYTES);
	if (!buffer->bytes) {
		free(buffer);
		return NULL;
	}
	buffer->pool = pool;
	pool->bytes_held += LARGE_BYTES;
	return buffer;
}

static void large_free(struct wg_pool *pool, struct wg_buffer *buffer)
{
	munmap(buffer->bytes, LARGE_BYTES);
	free(buffer);
	pool->bytes_held -= LARGE_BYTES;
}

static struct wg_packet *take_large(struct wg_pool *pool)
{
	struct wg_buffer *buffer = large_new(pool);
	struct wg_packet *packet;

	if (!buffer)
		return NULL;
	packet = take_slice(pool);
	if (!packet) {
		buffer->next = pool->free_large;
		pool->free_large = buffer;
		return NULL;
	}
	buffer->n_packets = 0;
	packet->buffer = buffer;
	packet->room = WG_LARGE_ROOM;
	pool->bytes_used += LARGE_BYTES;
	return packet;
}

static void put_slice(struct wg_pool *pool, struct wg_packet *packet)
{
	struct wg_buffer *buffer = packet->buffer;

	packet->next = pool->free_slices;
	pool->free_slices = packet;
	pool->n_slices_used--;
	if (--buffer->n_packets > 0)
		return;
	buffer->next = pool->free_large;
	pool->free_large = buffer;
	pool->bytes_used -= LARGE_BYTES;
}

struct wg_pool *wg_pool_new(size_t max_bytes)
{
	struct wg_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->max_bytes = max_bytes;
	wg_list_init(&pool->usable);
	wg_list_init(&pool->full);
	return pool;
}

void wg_pool_free(struct wg_pool *pool)
{
	struct slice_group *group;
	struct wg_list *pos;
	struct wg_list *next;

	if (!pool)
		return;
	assert(pool->bytes_used == 0);
	wg_list_for_each_safe (pos, next, &pool->usable)
		slab_free(pool, slab_of(pos));
	while (pool->free_large) {
		struct wg_buffer *buffer = pool->free_large;

		pool->free_large = buffer->next;
		large_free(pool, buffer);
	}
	while ((group = pool->groups)) {
		pool->groups = group->next;
		free(group);
	}
	free(pool);
}

struct wg_packet *wg_pool_get(struct wg_pool *pool, size_t room)
{
	struct wg_packet *packet;

	assert(room <= WG_LARGE_ROOM);
	packet = room <= WG_SLOT_ROOM ? take_slot(pool) : take_large(pool);
	if (!packet)
		return NULL;
	packet->next = NULL;
	packet->data = packet->buffer->bytes + WG_PACKET_HEADROOM;
	packet->len = 0;
	packet->counter = 0;
	packet->flags = 0;
	packet->ds = 0;
	packet->buffer->n_packets++;
	return packet;
}

struct wg_packet *wg_packet_slice(struct wg_packet *whole, uint8_t *data, uint32_t len,
				  uint32_t room)
{
	struct wg_packet *packet;

	/* A slot's packet has its header in the slab, so only large buffers are shared. */
	assert(!whole->buffer->slab && len <= room);
	packet = take_slice(whole->buffer->pool);
	if (!packet)
		return NULL;
	*packet = (struct wg_packet){
		.data = data, .len = len, .room = room, .ds = whole->ds, .buffer = whole->buffer};
	whole->buffer->n_packets++;
	return packet;
}

void wg_packet_put(struct wg_packet *packet)
{
	struct wg_buffer *buffer;

	if (!packet)
		return;
	buffer = packet->buffer;
	if (buffer->slab) {
		buffer->n_packets = 0;
		put_slot(buffer->pool, buffer->slab, packet);
	} else {
		put_slice(buffer->pool, packet);
	}
}

size_t wg_pool_cost(size_t room)
{
	return room <= WG_SLOT_ROOM ? SLOT_LEN : LARGE_BYTES;
}

void wg_pool_trim(struct wg_pool *pool)
{
	struct wg_list *pos;
	struct wg_list *tmp;
	struct wg_buffer **large = &pool->free_large;
	bool spared = false;

	wg_list_for_each_safe (pos, tmp, &pool->usable) {
		if (slab_of(pos)->n_used > 0)
			continue;
		if (spared)
			slab_free(pool, slab_of(pos));
		spared = true;
	}
	for (unsigned int i = 0; *large && i < RESERVE_LARGES; i++)
		large = &(*large)->next;
	while (*large) {
		struct wg_buffer *buffer = *large;

		*large = buffer->next;
		large_free(pool, buffer);
	}
	if (pool->n_slices_used > 0)
		return;
	pool->free_slices = NULL;
	while (pool->groups) {
		struct slice_group *group = pool->groups;

		pool->groups = group->next;
		free(group);
	}
}

size_t wg_pool_bytes_used(const struct wg_pool *pool)
{
	return pool->bytes_used;
}

size_t wg_pool_bytes_held(const struct wg_pool *pool)
{
	return pool->bytes_held;
}

void wg_batch_drop(struct wg_batch *batch)
{
	struct wg_packet *packet;

	while ((packet = wg_batch_pop(batch)))
		wg_packet_put(packet);
}
