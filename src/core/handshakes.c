/* The ways of the handshake. Its first steps are planned in their turn
 * (core/handshake_turn.c), each is run as a job, and finished here, which plans the next:
 *
 *   initiator   want -> turn -> INITIATE -> initiated (sent, awaiting the response)
 *               receive -> queue -> turn -> COMPLETE -> completed (session, confirm)
 *   responder   receive -> queue -> turn -> IDENTIFY -> identified (known?)
 *                                        -> MEET, the first time
 *                                        -> proven (timestamp)
 *                                        -> RESPOND -> responded (session, sent)
 *
 * The Diffie-Hellman of both static keys takes as long to compute as a message, so no peer
 * costs one before its first handshake: INITIATE or MEET compute it, and it is kept.
 *
 * Jobs work on copies. When one comes back, the peer may have gone, our key may have
 * changed, or another handshake may have taken its place: then it is dropped. */
#include "core/handshakes.h"

#include "base/bytes.h"
#include "core/initiative.h"
#include "core/out.h"
#include "core/outbound.h"
#include "crypto/secret.h"

/* Initiations of one peer are accepted this far apart at least. */
#define INITIATION_GAP (20 * WG_MILLISECOND)
/* DSCP AF41, as other implementations mark handshakes. */
#define HANDSHAKE_DS   0x88

/* Signs a built message, sends it, and sets our timers. */
static void send_message(struct wg_device *device, struct wg_peer *peer, void *message, size_t len,
			 struct wg_now now, struct wg_out *out)
{
	wg_cookie_sign(&peer->jar, message, len, now.boot);
	if (wg_out_handshake(device, out, peer, HANDSHAKE_DS, message, len))
		peer->tx_bytes += len;
	/* Also when memory was out: the timers then send again, as if the message were
	 * lost. */
	wg_timers_authenticated_sent(&peer->timers, now.boot);
}

/* Keeps the static keys' Diffie-Hellman that a job computed for this peer and our present
 * key, so that no job computes it again. */
static void keep_computed(struct wg_peer *peer, const struct wg_exchange *exchange)
{
	if (!exchange->remote.computed || peer->remote.computed)
		return;
	memcpy(peer->remote.static_static, exchange->remote.static_static, WG_KEY_LEN);
	peer->remote.computed = true;
}

/* Whether this is still the handshake that a job was planned for. */
static bool is_under_way(const struct wg_peer *peer, uint32_t index, enum wg_handshake_state state)
{
	return peer->attempt && peer->attempt->index.index == index &&
	       peer->attempt->handshake.state == state;
}

static void initiated(struct wg_device *device, struct wg_peer *peer, struct wg_exchange *exchange,
		      struct wg_now now, struct wg_out *out)
{
	if (!is_under_way(peer, exchange->index, WG_HANDSHAKE_NONE))
		return;
	if (!exchange->ok) {
		wg_peer_clear_handshake(device, peer);
		return;
	}
	peer->attempt->handshake = exchange->handshake;
	send_message(device, peer, &exchange->message.initiation,
		     sizeof(exchange->message.initiation), now, out);
	peer->health.initiations_sent++;
	wg_timers_initiated(&peer->timers, now.boot, &device->random);
}

/* Turns an IDENTIFY job into the MEET job that follows it: there might be no exchange left
 * for another. */
static void plan_meeting(struct wg_peer *peer, struct wg_job *job, struct wg_out *out)
{
	job->kind = WG_JOB_MEET;
	job->peer = peer->handle;
	job->exchange->remote = peer->remote;
	wg_job_push(&out->jobs, job);
}

/* Likewise into the RESPOND job. */
static void plan_response(struct wg_device *device, struct wg_peer *peer, struct wg_job *job,
			  struct wg_now now, struct wg_out *out)
{
	struct wg_exchange *exchange = job->exchange;

	job->kind = WG_JOB_RESPOND;
	job->peer = peer->handle;
	exchange->remote = peer->remote;
	exchange->index = peer->attempt->index.index;
	wg_random_fill(&device->random, exchange->ephemeral, WG_KEY_LEN);
	peer->handshake_sent = now.boot;
	/* If the peer never confirms the session, nothing would ask for another. */
	wg_initiative_make_up(device, peer);
	wg_job_push(&out->jobs, job);
}

/* An old initiation sent again, or a peer whose clock was set back. */
static enum wg_drop refuse_timestamp(struct wg_peer *peer)
{
	peer->health.timestamps_refused++;
	return WG_DROP_IN_OLD_TIMESTAMP;
}

/* Whether this peer sent this initiation, and it is new. */
static bool prove_sender(struct wg_device *device, struct wg_peer *peer,
			 struct wg_exchange *exchange, uint8_t timestamp[static WG_TAI64N_LEN],
			 wg_time now)
{
	enum wg_drop reason;

	if (!wg_handshake_verify_initiation(&exchange->handshake, timestamp,
					    &exchange->message.initiation, &peer->remote))
		reason = WG_DROP_IN_HANDSHAKE;
	else if (!wg_tai64n_after(timestamp, peer->newest_timestamp))
		reason = refuse_timestamp(peer);
	else if (now - peer->initiation_accepted < INITIATION_GAP)
		reason = WG_DROP_IN_FLOOD;
	else
		return true;
	wg_device_count_drops(device, reason, 1);
	return false;
}

/* The static keys' Diffie-Hellman with the sender is computed. Whether the job goes on as a
 * response. */
static bool met(struct wg_device *device, struct wg_peer *peer, struct wg_job *job,
		struct wg_now now, struct wg_out *out)
{
	struct wg_exchange *exchange = job->exchange;
	uint8_t timestamp[WG_TAI64N_LEN];

	if (!prove_sender(device, peer, exchange, timestamp, now.boot))
		return false;
	memcpy(peer->newest_timestamp, timestamp, sizeof(timestamp));
	peer->initiation_accepted = now.boot;
	wg_peer_moved(peer, &job->path);
	peer->rx_bytes += sizeof(exchange->message.initiation);
	wg_timers_authenticated_received(&peer->timers, now.boot);
	wg_peer_timers_changed(device, peer);
	/* The pending handshake of our own, if there is one, is overwritten. */
	if (!wg_peer_begin_handshake(device, peer)) {
		wg_device_count_drops(device, WG_DROP_IN_NO_MEMORY, 1);
		return false;
	}
	peer->attempt->handshake = exchange->handshake;
	plan_response(device, peer, job, now, out);
	return true;
}

/* Whether the job goes on, to meet the sender or as a response. */
static bool identified(struct wg_device *device, struct wg_job *job, struct wg_now now,
		       struct wg_out *out)
{
	struct wg_exchange *exchange = job->exchange;
	struct wg_peer *peer;

	if (!exchange->ok) {
		wg_device_count_drops(device, WG_DROP_IN_HANDSHAKE, 1);
		return false;
	}
	peer = wg_peer_find_key(device, exchange->sender_key);
	if (!peer) {
		wg_device_count_drops(device, WG_DROP_IN_UNKNOWN_PEER, 1);
		wg_caller_note(&device->callers[WG_CALLER_UNKNOWN], &job->path.remote,
			       exchange->sender_key, now.boot);
		return false;
	}
	if (peer->remote.computed || !peer->remote.usable)
		return met(device, peer, job, now, out);
	plan_meeting(peer, job, out);
	return true;
}

static void responded(struct wg_device *device, struct wg_peer *peer, struct wg_exchange *exchange,
		      struct wg_now now, struct wg_out *out)
{
	if (!is_under_way(peer, exchange->index, WG_HANDSHAKE_INITIATION_CONSUMED))
		return;
	if (!exchange->ok) {
		wg_peer_clear_handshake(device, peer);
		wg_device_count_drops(device, WG_DROP_IN_HANDSHAKE, 1);
		return;
	}
	peer->attempt->handshake = exchange->handshake;
	if (!wg_peer_begin_session(device, peer, now.boot)) {
		wg_device_count_drops(device, WG_DROP_IN_NO_MEMORY, 1);
		return;
	}
	wg_timers_session_derived(&peer->timers, now.boot);
	peer->health.responses_sent++;
	send_message(device, peer, &exchange->message.response, sizeof(exchange->message.response),
		     now, out);
}

void wg_handshakes_complete(struct wg_peer *peer, struct wg_now now)
{
	wg_timers_handshake_complete(&peer->timers);
	peer->handshake_sec = now.wall_sec;
	peer->handshake_nsec = now.wall_nsec;
	peer->health = (struct wg_peer_health){0};
}

static void completed(struct wg_device *device, struct wg_peer *peer, struct wg_job *job,
		      struct wg_now now, struct wg_out *out)
{
	struct wg_exchange *exchange = job->exchange;

	if (!is_under_way(peer, exchange->handshake.local_index, WG_HANDSHAKE_INITIATION_SENT)) {
		wg_device_count_drops(device, WG_DROP_IN_NO_HANDSHAKE, 1);
		return;
	}
	if (!exchange->ok) {
		wg_device_count_drops(device, WG_DROP_IN_HANDSHAKE, 1);
		peer->health.responses_refused++;
		return;
	}
	peer->attempt->handshake = exchange->handshake;
	wg_peer_moved(peer, &job->path);
	peer->rx_bytes += sizeof(exchange->message.response);
	if (!wg_peer_begin_session(device, peer, now.boot)) {
		wg_device_count_drops(device, WG_DROP_IN_NO_MEMORY, 1);
		return;
	}
	wg_timers_session_derived(&peer->timers, now.boot);
	wg_timers_authenticated_received(&peer->timers, now.boot);
	wg_handshakes_complete(peer, now);
	wg_outbound_keepalive(device, peer, now, out);
}

bool wg_handshakes_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			  struct wg_out *out)
{
	struct wg_peer *peer = wg_peer_find(device, job->peer);

	if (!device->up || job->exchange->identity_changes != device->identity_changes)
		return false;
	if (job->kind == WG_JOB_IDENTIFY)
		return identified(device, job, now, out);
	if (!peer)
		return false;
	keep_computed(peer, job->exchange);
	if (job->kind == WG_JOB_MEET)
		return met(device, peer, job, now, out);
	if (job->kind == WG_JOB_INITIATE)
		initiated(device, peer, job->exchange, now, out);
	else if (job->kind == WG_JOB_RESPOND)
		responded(device, peer, job->exchange, now, out);
	else
		completed(device, peer, job, now, out);
	wg_peer_timers_changed(device, peer);
	return false;
}

void wg_handshakes_cookie(struct wg_device *device, const struct wg_packet *packet, wg_time now)
{
	const struct wg_wire_cookie_reply *reply = (const void *)packet->data;
	const struct wg_index_entry *entry =
		wg_index_find(&device->indices, wg_load_le32(reply->receiver));

	if (!entry)
		wg_device_count_drops(device, WG_DROP_IN_NO_HANDSHAKE, 1);
	else if (!wg_cookie_consume(&entry->peer->jar, reply, now))
		wg_device_count_drops(device, WG_DROP_IN_COOKIE, 1);
}
