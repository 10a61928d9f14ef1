/* A datagram's way in:
 *
 *   from_udp   what is it? handshakes are copied to their queue; transport data of
 *              one session in a row becomes a job
 *   (job)      opened in place
 *   opened     authentic? new? Then it moves the endpoint, confirms the session and
 *              feeds timers and statistics, once a vector; then the inner packets
 *              are checked, and those that are the peer's go to the link */
#include "core/inbound.h"

#include "base/bytes.h"
#include "core/admission.h"
#include "core/handshakes.h"
#include "core/initiative.h"
#include "core/inner.h"
#include "core/mss.h"
#include "core/out.h"
#include "core/outbound.h"

static void plan_open(struct wg_device *device, struct wg_keypair *keypair, struct wg_batch *batch,
		      const struct wg_run *run, struct wg_out *out)
{
	struct wg_job *job;

	if (wg_batch_empty(batch))
		return;
	/* Making room may finish other jobs, and the session with them. */
	keypair->session.refs++;
	job = wg_out_job(device, out, WG_JOB_OPEN);
	if (!job || !keypair->index.peer) {
		if (job)
			wg_job_put(&device->jobs, job);
		wg_out_drop_batch(device, batch,
				  job ? WG_DROP_IN_UNKNOWN_INDEX : WG_DROP_IN_NO_MEMORY);
		wg_keypair_put(keypair);
		return;
	}
	job->peer = keypair->index.peer->handle;
	job->path = run->path;
	job->ds = run->ds;
	job->keypair = keypair; /* with the reference */
	wg_batch_append(&job->batch, batch);
	wg_job_push(&out->jobs, job);
}

static bool used_up(const struct wg_packet *packet)
{
	const struct wg_wire_transport *header = (const void *)packet->data;

	return wg_load_le64(header->counter) >= WG_REJECT_AFTER_MESSAGES;
}

/* The session that a transport message is for, if it may still receive. */
static struct wg_keypair *find_keypair(struct wg_device *device, const struct wg_packet *packet,
				       wg_time now, enum wg_drop *reason)
{
	const struct wg_wire_transport *header = (const void *)packet->data;
	const struct wg_index_entry *entry =
		wg_index_find(&device->indices, wg_load_le32(header->receiver));

	if (!entry || !entry->keypair) {
		*reason = WG_DROP_IN_UNKNOWN_INDEX;
		return NULL;
	}
	if (wg_session_expired(&entry->keypair->session, now)) {
		*reason = WG_DROP_IN_EXPIRED;
		return NULL;
	}
	return entry->keypair;
}

static void take_handshake(struct wg_device *device, struct wg_packet *packet, enum wg_message kind,
			   const struct wg_run *run, wg_time now)
{
	if (kind == WG_MESSAGE_COOKIE_REPLY)
		wg_handshakes_cookie(device, packet, now);
	else
		wg_admission_receive(device, packet, kind, &run->path, now);
	wg_packet_put(packet);
}

void wg_inbound_run(struct wg_device *device, struct wg_run *run, struct wg_now now,
		    struct wg_out *out)
{
	struct wg_keypair *keypair = NULL;
	struct wg_batch batch;
	struct wg_packet *packet;
	uint32_t receiver = 0;

	wg_batch_init(&batch);
	while ((packet = wg_batch_pop(&run->batch))) {
		enum wg_message kind = wg_wire_classify(packet->data, packet->len);
		enum wg_drop reason = WG_DROP_IN_MALFORMED;
		uint32_t index;

		if (kind == WG_MESSAGE_INVALID) {
			wg_out_drop(device, packet, reason);
			continue;
		}
		if (kind != WG_MESSAGE_TRANSPORT) {
			take_handshake(device, packet, kind, run, now.boot);
			continue;
		}
		index = wg_load_le32(
			((const struct wg_wire_transport *)(const void *)packet->data)->receiver);
		if (!keypair || index != receiver) {
			if (keypair)
				plan_open(device, keypair, &batch, run, out);
			receiver = index;
			keypair = find_keypair(device, packet, now.boot, &reason);
		}
		if (keypair && used_up(packet))
			wg_out_drop(device, packet, WG_DROP_IN_EXPIRED);
		else if (keypair)
			wg_batch_push(&batch, packet);
		else
			wg_out_drop(device, packet, reason);
	}
	if (keypair)
		plan_open(device, keypair, &batch, run, out);
}

/* Keeps messages that are authentic and new; the rest is dropped. Returns the bytes of the
 * messages that were kept. */
static uint64_t keep_authentic(struct wg_device *device, struct wg_keypair *keypair,
			       struct wg_batch *batch, bool *data)
{
	struct wg_batch opened = *batch;
	struct wg_packet *packet;
	uint64_t bytes = 0;

	wg_batch_init(batch);
	while ((packet = wg_batch_pop(&opened))) {
		if (!(packet->flags & WG_PACKET_AUTHENTIC)) {
			wg_out_drop(device, packet, WG_DROP_IN_DECRYPT);
		} else if (!wg_replay_accept(&keypair->session.replay, packet->counter)) {
			wg_out_drop(device, packet, WG_DROP_IN_REPLAY);
		} else {
			bytes += packet->len + WG_TRANSPORT_OVERHEAD;
			*data |= packet->len > 0;
			wg_batch_push(batch, packet);
		}
	}
	return bytes;
}

/* Renews a session whose initiator we are and which only receives, in time and once. */
static void keep_fresh(struct wg_device *device, struct wg_peer *peer, struct wg_now now)
{
	const struct wg_keypair *keypair = peer->current;

	if (peer->timers.last_minute_done || !keypair || !keypair->session.initiator ||
	    now.boot - keypair->session.birth < WG_REKEY_RECEIVE_TIME)
		return;
	peer->timers.last_minute_done = true;
	wg_initiative_want(device, peer, WG_WISH_RENEW, now);
}

/* Follows up one or more authentic messages of a vector, whatever is inside them. */
static void account(struct wg_device *device, struct wg_peer *peer, const struct wg_job *job,
		    bool data, struct wg_now now, struct wg_out *out)
{
	bool confirmed = wg_peer_confirm_session(device, peer, job->keypair);

	wg_peer_moved(peer, &job->path);
	if (confirmed)
		wg_handshakes_complete(peer, now);
	wg_timers_authenticated_received(&peer->timers, now.boot);
	if (data)
		wg_timers_data_received(&peer->timers, now.boot);
	wg_peer_timers_changed(device, peer);
	keep_fresh(device, peer, now);
	if (confirmed)
		wg_outbound_waiting(device, peer, now, out);
}

static bool source_is(const struct wg_device *device, const struct wg_peer *peer,
		      const struct wg_packet *packet)
{
	const uint8_t *source = wg_inner_source(packet);
	const struct wg_allowedips_owner *owner =
		packet->data[0] >> 4 == 4 ? wg_allowedips_lookup4(device->allowed_ips, source)
					  : wg_allowedips_lookup6(device->allowed_ips, source);

	return owner == &peer->allowed_ips;
}

/* Whether the source's address is that of the packet before, which was the peer's. */
static bool same_source(const struct wg_packet *packet, const struct wg_packet *before)
{
	return before && packet->data[0] >> 4 == before->data[0] >> 4 &&
	       !memcmp(wg_inner_source(packet), wg_inner_source(before),
		       packet->data[0] >> 4 == 4 ? 4 : 16);
}

static void deliver(struct wg_device *device, const struct wg_peer *peer, struct wg_batch *batch,
		    uint8_t ds, struct wg_out *out)
{
	const struct wg_packet *before = NULL;
	struct wg_packet *packet;

	while ((packet = wg_batch_pop(batch))) {
		if (packet->len == 0) {
			wg_packet_put(packet); /* a keepalive */
			continue;
		}
		if (!wg_inner_trim(packet)) {
			wg_out_drop(device, packet, WG_DROP_INNER_MALFORMED);
		} else if (!same_source(packet, before) && !source_is(device, peer, packet)) {
			wg_out_drop(device, packet, WG_DROP_INNER_SOURCE);
		} else {
			device->unmarked += !wg_inner_decapsulate_ecn(packet, ds);
			if (device->clamp_mss)
				wg_mss_clamp(packet, device->mtu);
			wg_batch_push(&out->tun, packet);
			before = packet;
		}
	}
}

void wg_inbound_opened(struct wg_device *device, struct wg_job *job, struct wg_now now,
		       struct wg_out *out)
{
	struct wg_peer *peer = wg_peer_find(device, job->peer);
	bool data = false;
	uint64_t bytes;

	if (!peer || !job->keypair->index.peer) {
		wg_out_drop_batch(device, &job->batch, WG_DROP_IN_UNKNOWN_INDEX);
	} else {
		bytes = keep_authentic(device, job->keypair, &job->batch, &data);
		peer->rx_bytes += bytes;
		if (bytes)
			account(device, peer, job, data, now, out);
		deliver(device, peer, &job->batch, job->ds, out);
	}
	wg_keypair_put(job->keypair);
}
