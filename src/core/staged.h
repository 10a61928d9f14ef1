/* Packets that wait: for a session with their peer, or for our own key. They are copied out
 * of the memory that the link reads into, into one store for all peers that is bounded and
 * serves nothing else: no number of peers that are not there can stop those that are.
 *
 *   - at most WG_MAX_STAGED of a peer; the oldest go first
 *   - at most WG_STAGED_BYTES of all: the peer with most loses its oldest first
 *   - none for longer than WG_WAIT_TIME (timers.h, WAITING)
 *
 * Only this folder includes it. */
#ifndef WG_CORE_STAGED_H
#define WG_CORE_STAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/packet.h"
#include "base/time.h"
#include "core/drops.h"

#define WG_MAX_STAGED   128u
/* 2048 packets of an MTU up to 2000: all that 16 peers may have, or the first packets of
 * 2048. Packets that wait longer than a round trip mostly wait for a peer that is not
 * there, so room for more would serve nobody. */
#define WG_STAGED_BYTES ((size_t)4 << 20)

struct wg_device;
struct wg_peer;

/* A peer's. */
struct wg_staged {
	struct wg_batch packets;   /* the oldest first; counter is when each was staged */
	struct wg_heap_entry most; /* in the store's heap while there are any */
	uint32_t bytes;            /* of buffers */
};

struct wg_staged_store {
	struct wg_pool *pool;
	struct wg_heap most; /* the peer that has most is due first */
	uint32_t changes;
};

/* 0 or -ENOMEM. */
int wg_staged_store_init(struct wg_staged_store *store);
/* All packets that were in it must have been put back. */
void wg_staged_store_deinit(struct wg_staged_store *store);

void wg_staged_init(struct wg_staged *staged);

static inline bool wg_staged_empty(const struct wg_staged *staged)
{
	return wg_batch_empty(&staged->packets);
}

/* Copies the packets behind those that wait already, and puts the batch's own back. Packets
 * for which there is no room, of this peer or of others, are dropped and counted. */
void wg_staged_add(struct wg_device *device, struct wg_peer *peer, struct wg_batch *batch,
		   wg_time now);

/* Moves all of the peer's packets to the front of batch. */
void wg_staged_take(struct wg_device *device, struct wg_peer *peer, struct wg_batch *batch);

/* Drops all of the peer's packets, or those that were staged at a time or before, and
 * counts them. */
void wg_staged_drop(struct wg_device *device, struct wg_peer *peer, enum wg_drop reason);
void wg_staged_drop_until(struct wg_device *device, struct wg_peer *peer, wg_time time,
			  enum wg_drop reason);

/* When the oldest was staged; there must be one. */
wg_time wg_staged_since(const struct wg_staged *staged);

#endif
