#include "core/staged.h"

#include <assert.h>
#include <errno.h>

#include "base/bytes.h"
#include "core/out.h"

/* The room that sealing takes behind a packet: padding and tag. */
#define SEAL_ROOM 32u

/* Slots lie in slabs that a large buffer cannot use, and the other way round, so the
 * pool's own bound is wider than the store's. */
#define POOL_BYTES (2 * WG_STAGED_BYTES)

/* No packet takes less than a slot, so no more peers than that can have any. */
#define MAX_PACKETS (WG_STAGED_BYTES / WG_SLOT_ROOM)

static uint32_t cost(const struct wg_packet *packet)
{
	return (uint32_t)wg_pool_cost(packet->len + SEAL_ROOM);
}

static struct wg_peer *who_has_most(const struct wg_staged_store *store)
{
	struct wg_heap_entry *entry = wg_heap_first(&store->most);

	return entry ? WG_CONTAINER_OF(entry, struct wg_peer, staged.most) : NULL;
}

/* Where the peer belongs among those that wait. Of two with as much, the one that has
 * had it for longer comes first. */
static void place(struct wg_staged_store *store, struct wg_staged *staged)
{
	wg_time due = WG_NEVER;

	if (!wg_staged_empty(staged))
		due = -((wg_time)staged->bytes << 32) + store->changes++;
	wg_heap_set(&store->most, &staged->most, due);
}

/* Takes out the peer's oldest packet; its place in the heap is left to the caller. */
static struct wg_packet *pop(struct wg_staged *staged)
{
	struct wg_packet *packet = wg_batch_pop(&staged->packets);

	staged->bytes -= cost(packet);
	return packet;
}

/* Makes room in the whole store for one more packet of peer's. False: all of it is in
 * use by packets that are on their way out. */
static bool make_room(struct wg_device *device, const struct wg_packet *packet)
{
	struct wg_staged_store *store = &device->staged;

	while (wg_pool_bytes_used(store->pool) + cost(packet) > WG_STAGED_BYTES) {
		struct wg_peer *peer = who_has_most(store);

		if (!peer)
			return false;
		wg_out_drop(device, pop(&peer->staged), WG_DROP_OUT_STAGED_EVICTED);
		place(store, &peer->staged);
	}
	return true;
}

static struct wg_packet *copy(struct wg_pool *pool, const struct wg_packet *packet)
{
	struct wg_packet *copied = wg_pool_get(pool, packet->len + SEAL_ROOM);

	if (!copied)
		return NULL;
	memcpy(copied->data, packet->data, packet->len);
	copied->len = packet->len;
	copied->ds = packet->ds;
	return copied;
}

static void add(struct wg_device *device, struct wg_peer *peer, const struct wg_packet *packet,
		wg_time now)
{
	struct wg_staged_store *store = &device->staged;
	struct wg_staged *staged = &peer->staged;
	struct wg_packet *copied;

	if (staged->packets.n == WG_MAX_STAGED)
		wg_out_drop(device, pop(staged), WG_DROP_OUT_STAGED_FULL);
	copied = make_room(device, packet) ? copy(store->pool, packet) : NULL;
	if (!copied) {
		wg_device_count_drops(device, WG_DROP_OUT_NO_MEMORY, 1);
	} else {
		copied->counter = (uint64_t)now;
		staged->bytes += cost(copied);
		wg_batch_push(&staged->packets, copied);
	}
	place(store, staged);
}

int wg_staged_store_init(struct wg_staged_store *store)
{
	*store = (struct wg_staged_store){.pool = wg_pool_new(POOL_BYTES)};
	wg_heap_init(&store->most);
	if (store->pool && !wg_heap_reserve(&store->most, MAX_PACKETS))
		return 0;
	wg_staged_store_deinit(store);
	return -ENOMEM;
}

void wg_staged_store_deinit(struct wg_staged_store *store)
{
	wg_pool_free(store->pool);
	wg_heap_deinit(&store->most);
	store->pool = NULL;
}

void wg_staged_init(struct wg_staged *staged)
{
	*staged = (struct wg_staged){.most.due = WG_NEVER};
	wg_batch_init(&staged->packets);
}

void wg_staged_add(struct wg_device *device, struct wg_peer *peer, struct wg_batch *batch,
		   wg_time now)
{
	struct wg_packet *packet;

	/* A packet that would be dropped at once is not copied first. */
	while (batch->n > WG_MAX_STAGED)
		wg_out_drop(device, wg_batch_pop(batch), WG_DROP_OUT_STAGED_FULL);
	while ((packet = wg_batch_pop(batch))) {
		add(device, peer, packet, now);
		wg_packet_put(packet);
	}
}

void wg_staged_take(struct wg_device *device, struct wg_peer *peer, struct wg_batch *batch)
{
	struct wg_batch later = *batch;

	*batch = peer->staged.packets;
	wg_batch_append(batch, &later);
	wg_batch_init(&peer->staged.packets);
	peer->staged.bytes = 0;
	place(&device->staged, &peer->staged);
}

void wg_staged_drop(struct wg_device *device, struct wg_peer *peer, enum wg_drop reason)
{
	struct wg_batch batch;

	wg_batch_init(&batch);
	wg_staged_take(device, peer, &batch);
	wg_out_drop_batch(device, &batch, reason);
}

void wg_staged_drop_until(struct wg_device *device, struct wg_peer *peer, wg_time time,
			  enum wg_drop reason)
{
	while (!wg_staged_empty(&peer->staged) && wg_staged_since(&peer->staged) <= time)
		wg_out_drop(device, pop(&peer->staged), reason);
	place(&device->staged, &peer->staged);
}

wg_time wg_staged_since(const struct wg_staged *staged)
{
	assert(!wg_staged_empty(staged));
	return (wg_time)staged->packets.head->counter;
}
