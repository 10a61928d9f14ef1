#include "fuzz/engines/invariants.h"

#include <string.h>

#define MAX_KEYS 512u

/* What is known of a session's key: in whose hands it sends, and how far it has come. */
struct key {
	uint8_t bytes[WG_KEY_LEN];
	uint64_t next;
	bool used; /* its receiving twin opened something */
};

static struct key keys[MAX_KEYS];
static size_t n_keys;

static struct key *key_of(const uint8_t bytes[static WG_KEY_LEN])
{
	for (size_t i = 0; i < n_keys; i++)
		if (!memcmp(keys[i].bytes, bytes, WG_KEY_LEN))
			return &keys[i];
	must(n_keys < MAX_KEYS);
	memcpy(keys[n_keys].bytes, bytes, WG_KEY_LEN);
	keys[n_keys].next = 0;
	keys[n_keys].used = false;
	return &keys[n_keys++];
}

void wg_invariants_seal(const struct wg_job *job)
{
	const struct wg_session *session = &job->keypair->session;
	struct key *key = key_of(session->send_key);
	const struct wg_packet *packet;

	must(session->initiator || key_of(session->receive_key)->used);
	must(wg_world.now_boot - session->birth < WG_REJECT_AFTER_TIME);
	wg_batch_for_each (packet, &job->batch) {
		must(packet->counter >= key->next);
		key->next = packet->counter + 1;
	}
}

void wg_invariants_opened(const struct wg_job *job)
{
	const struct wg_session *session = &job->keypair->session;
	const struct wg_packet *packet;

	must(wg_world.now_boot - session->birth < WG_REJECT_AFTER_TIME + JOB_TIME);
	wg_batch_for_each (packet, &job->batch)
		if (packet->flags & WG_PACKET_AUTHENTIC)
			key_of(session->receive_key)->used = true;
}

void wg_invariants_make_inner(uint8_t packet[static INNER_LEN], const struct wg_side *from,
			      const struct wg_side *to, uint64_t id)
{
	memset(packet, 0, INNER_LEN);
	packet[0] = 0x45;
	packet[3] = INNER_LEN;
	packet[9] = 17;
	memcpy(packet + 12, from->inner.bytes, 4);
	memcpy(packet + 16, to->inner.bytes, 4);
	wg_store_le64(packet + 24, id);
}

void wg_invariants_delivered(const struct wg_side *side, const struct wg_packet *packet)
{
	const struct wg_side *from = wg_world_other(side);
	const struct wg_allowedips_owner *owner;
	uint8_t expected[INNER_LEN];
	uint64_t id;

	if (packet->len > 9 && packet->data[9] == 1)
		return; /* an error about what it sent itself */
	must(packet->len == INNER_LEN);
	id = wg_load_le64(packet->data + 24);
	must(id < wg_world.n_ids && wg_world.ids[id] == 1 + (from - wg_world.sides));
	wg_world.ids[id] |= 0x80;
	wg_invariants_make_inner(expected, from, side, id);
	must(!memcmp(packet->data, expected, INNER_LEN));
	owner = wg_allowedips_lookup4(side->device->allowed_ips, packet->data + 12);
	must(owner &&
	     !memcmp(WG_CONTAINER_OF(owner, struct wg_peer, allowed_ips)->remote.public_key,
		     from->public_key, WG_KEY_LEN));
}

static size_t add_entry(const struct wg_side *side, const struct wg_index_entry *entry,
			uint32_t *seen, size_t n)
{
	if (!entry->peer)
		return n;
	for (size_t i = 0; i < n; i++)
		must(seen[i] != entry->index);
	must(wg_index_find(&side->device->indices, entry->index) == entry);
	seen[n] = entry->index;
	return n + 1;
}

/* Between calls, what a peer has to send is in the store or a flag, and nowhere else. */
static void check_waiting(const struct wg_side *side, const struct wg_peer *peer)
{
	must(peer->staged.packets.n <= WG_MAX_STAGED);
	must(wg_batch_empty(&peer->outgoing));
	must(wg_staged_empty(&peer->staged) || peer->deadline.due != WG_NEVER);
	if (!wg_staged_empty(&peer->staged))
		must(wg_world.now_boot - wg_staged_since(&peer->staged) <= WG_WAIT_TIME);
	must(wg_pool_bytes_used(side->device->staged.pool) <= WG_STAGED_BYTES);
}

void wg_invariants_engine(const struct wg_side *side)
{
	const struct wg_device *device = side->device;
	const struct wg_list *entry;
	uint32_t seen[8];
	size_t n = 0;
	size_t n_peers = 0;

	wg_list_for_each (entry, &device->peers) {
		const struct wg_peer *peer = WG_CONTAINER_OF(entry, struct wg_peer, entry);

		if (peer->attempt)
			n = add_entry(side, &peer->attempt->index, seen, n);
		if (peer->next)
			n = add_entry(side, &peer->next->index, seen, n);
		if (peer->current)
			n = add_entry(side, &peer->current->index, seen, n);
		if (peer->previous)
			n = add_entry(side, &peer->previous->index, seen, n);
		check_waiting(side, peer);
		n_peers++;
	}
	must(device->indices.n == n);
	must(device->peers_by_key.n == n_peers);
	if (!n_peers) {
		must(wg_heap_due(&device->deadlines) == WG_NEVER);
		must(!wg_allowedips_lookup4(device->allowed_ips,
					    wg_world_other(side)->inner.bytes));
	}
	if (!side->n_jobs && !side->n_hoard && wg_world_holds(side))
		must(wg_device_due(side->device) != WG_NEVER);
}

void wg_invariants_begin(void)
{
	n_keys = 0;
}
