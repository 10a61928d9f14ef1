#include "core/peer.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "core/engine.h"
#include "crypto/secret.h"

/* Far enough back for any rule of the form "not within so long of the last". */
#define LONG_AGO (-WG_ZERO_KEYS_AFTER)

static uint64_t key_hash(const struct wg_device *device, const uint8_t *public_key)
{
	return wg_shorthash(device->hash_key, public_key, WG_KEY_LEN);
}

/* Takes a keypair out of its slot. */
static void retire(struct wg_device *device, struct wg_keypair **slot)
{
	struct wg_keypair *keypair = *slot;

	*slot = NULL;
	if (!keypair)
		return;
	wg_index_remove(&device->indices, &keypair->index);
	wg_keypair_put(keypair);
}

struct wg_peer *wg_peer_new(const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_peer *peer = wg_secret_new(sizeof(*peer));

	if (!peer)
		return NULL;
	memcpy(peer->remote.public_key, public_key, WG_KEY_LEN);
	wg_cookie_jar_init(&peer->jar, public_key);
	wg_allowedips_owner_init(&peer->allowed_ips);
	wg_list_init(&peer->entry);
	wg_list_init(&peer->wants_handshake);
	wg_staged_init(&peer->staged);
	wg_batch_init(&peer->outgoing);
	wg_timers_stop(&peer->timers);
	peer->deadline.due = WG_NEVER;
	peer->initiation_accepted = LONG_AGO;
	peer->handshake_sent = LONG_AGO;
	peer->handle = WG_NO_HANDLE;
	return peer;
}

void wg_peer_attach(struct wg_device *device, struct wg_peer *peer)
{
	uint32_t slot = device->free_slot;

	if (slot == device->n_slots)
		device->free_slot = ++device->n_slots;
	else
		device->free_slot = device->slots[slot].next_free;
	device->slots[slot].peer = peer;
	peer->handle = ++device->n_joined * WG_MAX_PEERS | slot;
	wg_list_push(&device->peers, &peer->entry);
	wg_hash_insert(&device->peers_by_key, &peer->by_key,
		       key_hash(device, peer->remote.public_key));
	wg_remote_reset(&peer->remote, device->has_identity ? &device->identity : NULL);
}

static void detach(struct wg_device *device, struct wg_peer *peer)
{
	uint32_t slot = wg_peer_slot(peer->handle);

	wg_allowedips_remove_all(device->allowed_ips, &peer->allowed_ips);
	wg_heap_set(&device->deadlines, &peer->deadline, WG_NEVER);
	wg_hash_remove(&device->peers_by_key, &peer->by_key);
	wg_list_remove(&peer->entry);
	device->slots[slot].peer = NULL;
	device->slots[slot].next_free = device->free_slot;
	device->free_slot = slot;
}

void wg_peer_free(struct wg_device *device, struct wg_peer *peer)
{
	if (peer->handle != WG_NO_HANDLE) {
		wg_peer_rest(device, peer, WG_DROP_OUT_NO_PEER);
		detach(device, peer);
	}
	wg_secret_free(peer, sizeof(*peer));
}

struct wg_peer *wg_peer_find_key(const struct wg_device *device,
				 const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_hash_entry *entry =
		wg_hash_first(&device->peers_by_key, key_hash(device, public_key));

	for (; entry; entry = wg_hash_next(entry)) {
		struct wg_peer *peer = WG_CONTAINER_OF(entry, struct wg_peer, by_key);

		if (wg_equal(peer->remote.public_key, public_key, WG_KEY_LEN))
			return peer;
	}
	return NULL;
}

void wg_peer_timers_changed(struct wg_device *device, struct wg_peer *peer)
{
	wg_heap_set(&device->deadlines, &peer->deadline, wg_timers_due(&peer->timers));
}

void wg_peer_keep_alive(struct wg_device *device, struct wg_peer *peer, wg_time now)
{
	if (!peer->timers.persistent || !wg_peer_has_endpoint(peer))
		return;
	wg_timers_persistent_start(&peer->timers, now);
	wg_peer_timers_changed(device, peer);
}

struct wg_attempt *wg_peer_begin_handshake(struct wg_device *device, struct wg_peer *peer)
{
	wg_peer_clear_handshake(device, peer);
	peer->attempt = wg_secret_new(sizeof(*peer->attempt));
	if (peer->attempt)
		wg_index_new(&device->indices, &peer->attempt->index, peer, &device->random);
	return peer->attempt;
}

void wg_peer_clear_handshake(struct wg_device *device, struct wg_peer *peer)
{
	if (!peer->attempt)
		return;
	wg_index_remove(&device->indices, &peer->attempt->index);
	wg_secret_free(peer->attempt, sizeof(*peer->attempt));
	peer->attempt = NULL;
}

void wg_peer_clear_sessions(struct wg_device *device, struct wg_peer *peer)
{
	retire(device, &peer->next);
	retire(device, &peer->current);
	retire(device, &peer->previous);
}

void wg_peer_rest(struct wg_device *device, struct wg_peer *peer, enum wg_drop reason)
{
	wg_peer_clear_handshake(device, peer);
	wg_peer_clear_sessions(device, peer);
	wg_staged_drop(device, peer, reason);
	peer->keepalive_waits = false;
	wg_list_remove(&peer->wants_handshake);
	wg_timers_stop(&peer->timers);
	wg_peer_timers_changed(device, peer);
	peer->handshake_sent = LONG_AGO;
}

void wg_peer_key_changed(struct wg_device *device, struct wg_peer *peer)
{
	wg_remote_reset(&peer->remote, device->has_identity ? &device->identity : NULL);
	wg_peer_clear_handshake(device, peer);
	wg_timers_handshake_dropped(&peer->timers);
	wg_peer_timers_changed(device, peer);
	peer->handshake_sent = LONG_AGO;
	if (peer->current)
		peer->current->session.may_send = false;
	if (peer->next)
		peer->next->session.may_send = false;
}

/* The initiator's new session sends at once. */
static void take_current(struct wg_device *device, struct wg_peer *peer, struct wg_keypair *keypair)
{
	retire(device, &peer->previous);
	if (peer->next) {
		peer->previous = peer->next;
		peer->next = NULL;
		retire(device, &peer->current);
	} else {
		peer->previous = peer->current;
	}
	peer->current = keypair;
}

/* The responder's waits until the initiator has used it. */
static void take_next(struct wg_device *device, struct wg_peer *peer, struct wg_keypair *keypair)
{
	retire(device, &peer->next);
	retire(device, &peer->previous);
	peer->next = keypair;
}

bool wg_peer_begin_session(struct wg_device *device, struct wg_peer *peer, wg_time now)
{
	struct wg_keypair *keypair = wg_secret_new(sizeof(*keypair));

	if (!keypair) {
		wg_peer_clear_handshake(device, peer);
		return false;
	}
	wg_handshake_finish(&peer->attempt->handshake, &keypair->session, now);
	keypair->session.may_send = true;
	keypair->session.refs = 1;
	wg_index_move(&device->indices, &keypair->index, &peer->attempt->index);
	wg_peer_clear_handshake(device, peer);
	keypair->index.keypair = keypair;
	if (keypair->session.initiator)
		take_current(device, peer, keypair);
	else
		take_next(device, peer, keypair);
	return true;
}

bool wg_peer_confirm_session(struct wg_device *device, struct wg_peer *peer,
			     struct wg_keypair *keypair)
{
	if (keypair != peer->next)
		return false;
	retire(device, &peer->previous);
	peer->previous = peer->current;
	peer->current = keypair;
	peer->next = NULL;
	return true;
}
