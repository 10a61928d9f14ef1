/* A peer: its keys, its sessions, where it is, and what waits for it. Only this folder
 * includes it. */
#ifndef WG_CORE_PEER_H
#define WG_CORE_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "allowedips/allowedips.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/packet.h"
#include "core/config.h"
#include "core/drops.h"
#include "core/index.h"
#include "core/staged.h"
#include "core/timers.h"
#include "crypto/secret.h"
#include "noise/cookie.h"
#include "noise/handshake.h"
#include "noise/session.h"

#define WG_MAX_PEERS (1u << 20)

struct wg_device;

/* A session in one of the three slots, and its name in the index table. Freed when
 * it has left its slot and no job holds it. */
struct wg_keypair {
	struct wg_session session;
	struct wg_index_entry index; /* index.peer is NULL once it left its slot */
};

/* A handshake under way. Most peers have none most of the time, so it has memory of its
 * own. */
struct wg_attempt {
	struct wg_handshake handshake;
	struct wg_index_entry index;
};

/* Why a peer has no session, see struct wg_config_health. */
struct wg_peer_health {
	uint32_t initiations_sent;
	uint32_t responses_sent;
	uint32_t responses_refused;
	uint32_t timestamps_refused;
	int send_error;
};

struct wg_peer {
	struct wg_list entry;          /* in device->peers */
	struct wg_hash_entry by_key;   /* in device->peers_by_key */
	struct wg_heap_entry deadline; /* in device->deadlines */
	uint64_t handle;               /* names this peer in jobs and runs, and never another */

	struct wg_remote remote;
	struct wg_cookie_jar jar;
	struct wg_attempt *attempt; /* NULL: none */
	uint8_t newest_timestamp[WG_TAI64N_LEN];
	wg_time initiation_accepted; /* when the last one was accepted; 20 ms must pass until the
					next */
	wg_time handshake_sent;      /* when the last initiation or response was sent; 5 s must pass
					until the next */

	/* Paper, section 6.5, and docs/ARCHITECTURE.md: next waits for the initiator's
	 * first message, current sends, previous still receives. */
	struct wg_keypair *next;
	struct wg_keypair *current;
	struct wg_keypair *previous;

	struct wg_path path; /* remote.ip.family is WG_FAMILY_NONE while it is not known */
	struct wg_allowedips_owner allowed_ips;
	struct wg_timers timers;

	struct wg_staged staged;
	struct wg_batch outgoing;       /* of the vector at hand, not yet sent or staged */
	struct wg_peer *touched_next;   /* those that the vector is for */
	struct wg_list wants_handshake; /* in device->wishes while it waits for its turn */
	uint8_t wish;                   /* enum wg_wish; of the last or present one */
	bool keepalive_waits; /* it waits for a session; its packet is made when there is one */

	int32_t handshake_nsec;
	int64_t handshake_sec; /* wall clock of the last complete handshake; 0: none */
	uint64_t rx_bytes;     /* whole messages, handshakes included */
	uint64_t tx_bytes;
	struct wg_peer_health health;
};

#define WG_NO_HANDLE UINT64_MAX

static inline bool wg_peer_has_endpoint(const struct wg_peer *peer)
{
	return peer->path.remote.ip.family != WG_FAMILY_NONE;
}

/* The handle's place in device->slots, see wg_peer_find(). */
static inline uint32_t wg_peer_slot(uint64_t handle)
{
	return (uint32_t)(handle % WG_MAX_PEERS);
}

/* The handle's number in the order of joining; from 1 on. */
static inline uint64_t wg_peer_joined(const struct wg_peer *peer)
{
	return peer->handle / WG_MAX_PEERS;
}

/* A new peer, not yet in any table. NULL: out of memory. */
struct wg_peer *wg_peer_new(const uint8_t public_key[static WG_KEY_LEN]);

/* Puts a peer in the device's tables, for which room was reserved. */
void wg_peer_attach(struct wg_device *device, struct wg_peer *peer);

/* Takes the peer out of them, and wipes and frees it; also one that never was attached.
 * Packets that waited for it are dropped. */
void wg_peer_free(struct wg_device *device, struct wg_peer *peer);

/* NULL: there is no such peer. */
struct wg_peer *wg_peer_find_key(const struct wg_device *device,
				 const uint8_t public_key[static WG_KEY_LEN]);

/* Whether it has something to send that needs a session. */
static inline bool wg_peer_waits(const struct wg_peer *peer)
{
	return !wg_staged_empty(&peer->staged) || peer->keepalive_waits;
}

/* An authentic message came by this path: answers go back by it. */
static inline void wg_peer_moved(struct wg_peer *peer, const struct wg_path *path)
{
	if (!wg_path_equal(&peer->path, path))
		peer->path = *path;
}

/* The system may choose the source of what is sent next. */
static inline void wg_peer_forget_source(struct wg_peer *peer)
{
	peer->path.local = (struct wg_ip){0};
}

/* The device's deadline of a peer follows its timers; call it after they changed. */
void wg_peer_timers_changed(struct wg_device *device, struct wg_peer *peer);

/* Makes a keepalive due now for a peer with a persistent one and an endpoint; the next then
 * comes sooner than the interval says, at random, so that those of many peers do not keep
 * in step. */
void wg_peer_keep_alive(struct wg_device *device, struct wg_peer *peer, wg_time now);

/* Another handshake, in the place of the one under way, with an index of its own. NULL:
 * out of memory, and none is under way. */
struct wg_attempt *wg_peer_begin_handshake(struct wg_device *device, struct wg_peer *peer);

/* Forgets the handshake under way, or all sessions. */
void wg_peer_clear_handshake(struct wg_device *device, struct wg_peer *peer);
void wg_peer_clear_sessions(struct wg_device *device, struct wg_peer *peer);

/* Drops sessions, handshake, timers and packets that wait, which are counted with the
 * reason; keys and timestamps stay. */
void wg_peer_rest(struct wg_device *device, struct wg_peer *peer, enum wg_drop reason);

/* Our own key changed: handshakes begin anew at once, sessions only receive. */
void wg_peer_key_changed(struct wg_device *device, struct wg_peer *peer);

/* The handshake is finished: its session takes its place (next for a responder,
 * current for an initiator) and its index. False: out of memory. */
bool wg_peer_begin_session(struct wg_device *device, struct wg_peer *peer, wg_time now);

/* An authentic message came for this keypair: if it is next, it becomes current.
 * Whether it was. */
bool wg_peer_confirm_session(struct wg_device *device, struct wg_peer *peer,
			     struct wg_keypair *keypair);

/* Drops a job's hold of a keypair. */
static inline void wg_keypair_put(struct wg_keypair *keypair)
{
	if (--keypair->session.refs == 0)
		wg_secret_free(keypair, sizeof(*keypair));
}

#endif
