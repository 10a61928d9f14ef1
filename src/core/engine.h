/* The engine's inside, which device.h keeps opaque. Only this folder includes it. */
#ifndef WG_CORE_ENGINE_H
#define WG_CORE_ENGINE_H

#include "core/caller.h"
#include "core/device.h"
#include "core/handshake_queue.h"
#include "core/icmp.h"
#include "core/job.h"
#include "core/peer.h"
#include "core/ratelimit.h"
#include "core/silence.h"
#include "core/staged.h"
#include "core/wishes.h"
#include "crypto/shorthash.h"
#include "noise/tai64n.h"

/* Where a peer's handle leads. */
struct wg_peer_slot {
	struct wg_peer *peer; /* NULL while it is free */
	uint32_t next_free;
};

/* Lives in wg_secret_new memory. */
struct wg_device {
	struct wg_pool *pool;
	struct wg_pool *handshake_pool; /* for initiations and responses, and nothing else */
	struct wg_staged_store staged;
	struct wg_random random;
	uint8_t hash_key[WG_SHORTHASH_KEY_LEN];

	bool up;
	bool has_identity;
	bool clamp_mss;
	uint32_t mtu;
	uint16_t port;
	uint32_t fwmark;
	uint32_t identity_changes; /* tells jobs of an older key apart */
	struct wg_identity identity;
	struct wg_cookie_checker checker;
	struct wg_tai64n_clock timestamps;

	struct wg_list peers; /* in the order in which they were added */
	uint64_t n_joined;    /* peers that were ever added */
	struct wg_hash peers_by_key;
	struct wg_hash indices;
	struct wg_heap deadlines;
	struct wg_peer_slot *slots;
	uint32_t n_slots; /* in use or free; those behind are reserved */
	uint32_t slots_capacity;
	uint32_t free_slot; /* n_slots: none below it is free */
	struct wg_allowedips *allowed_ips;

	struct wg_handshake_queue handshakes;
	struct wg_ratelimit ratelimit;
	unsigned int handshake_way; /* which way's turn it is, see wg_handshake_turn_plan() */
	struct wg_icmp_limit icmp_limit;

	struct wg_wishes wishes;
	struct wg_job_store jobs;
	struct wg_silence silence;

	uint64_t drops[WG_DROP_COUNT];
	uint64_t unmarked; /* packets that came marked with congestion, but have no ECN inside */
	struct wg_caller callers[WG_N_CALLERS];
	wg_time silence_until; /* until then, some peer leaves initiations unanswered */
};

static inline void wg_device_count_drops(struct wg_device *device, enum wg_drop reason, uint64_t n)
{
	device->drops[reason] += n;
}

/* The peer that a job or a run names; NULL: there is none, or no more. */
static inline struct wg_peer *wg_peer_find(const struct wg_device *device, uint64_t handle)
{
	uint32_t slot = wg_peer_slot(handle);
	struct wg_peer *peer = slot < device->n_slots ? device->slots[slot].peer : NULL;

	return peer && peer->handle == handle ? peer : NULL;
}

#endif
