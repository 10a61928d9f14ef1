/* A packet's way out:
 *
 *   from_tun   destination -> peer, once a flow; sorted by peer
 *   send       a session that may send? reserve counters, pad, plan a seal job for
 *              each stretch of one ECN field; otherwise stage it (staged.h) and ask
 *              for a handshake
 *   (job)      sealed in place
 *   sealed     to the peer's endpoint of that moment, as one run */
#include "core/outbound.h"

#include "base/bytes.h"
#include "core/initiative.h"
#include "core/inner.h"
#include "core/mss.h"
#include "core/out.h"

/* A job is this long at most, so that workers share and buffers return early. */
#define JOB_PACKETS 256u

/* Drops a packet and tells its sender that the destination is unreachable, within limits. */
static void refuse(struct wg_device *device, struct wg_packet *packet, enum wg_drop reason,
		   struct wg_now now, struct wg_out *out)
{
	struct wg_packet *error;

	/* Packets that get no answer, those to groups above all, use up no tokens. */
	if (wg_icmp_answerable(packet) && wg_icmp_allow(&device->icmp_limit, now.boot)) {
		error = wg_icmp_unreachable(device->pool, packet);
		if (error)
			wg_batch_push(&out->tun, error);
	}
	wg_out_drop(device, packet, reason);
}

static struct wg_peer *route(const struct wg_device *device, const struct wg_packet *packet,
			     unsigned int version)
{
	const uint8_t *destination = wg_inner_destination(packet);
	struct wg_allowedips_owner *owner =
		version == 4 ? wg_allowedips_lookup4(device->allowed_ips, destination)
			     : wg_allowedips_lookup6(device->allowed_ips, destination);

	return owner ? WG_CONTAINER_OF(owner, struct wg_peer, allowed_ips) : NULL;
}

/* The peer for a packet; NULL, and the packet taken, when it cannot be sent. */
static struct wg_peer *accept(struct wg_device *device, struct wg_packet *packet, struct wg_now now,
			      struct wg_out *out)
{
	unsigned int version = wg_inner_version(packet);
	struct wg_peer *peer;

	if (!version) {
		wg_out_drop(device, packet, WG_DROP_OUT_MALFORMED);
		return NULL;
	}
	packet->ds = wg_inner_encapsulate_ecn(packet);
	if (device->clamp_mss)
		wg_mss_clamp(packet, device->mtu);
	peer = route(device, packet, version);
	if (!peer) {
		refuse(device, packet, WG_DROP_OUT_NO_PEER, now, out);
		return NULL;
	}
	if (!wg_peer_has_endpoint(peer)) {
		refuse(device, packet, WG_DROP_OUT_NO_ENDPOINT, now, out);
		return NULL;
	}
	if (device->has_identity && !peer->remote.usable) {
		wg_out_drop(device, packet, WG_DROP_OUT_NO_KEY);
		return NULL;
	}
	return peer;
}

bool wg_outbound_may_send(const struct wg_keypair *keypair, wg_time now)
{
	return keypair && keypair->session.may_send && !wg_session_expired(&keypair->session, now);
}

/* Renews a session in time: its initiator by age, both by use. */
static void keep_fresh(struct wg_device *device, struct wg_peer *peer,
		       const struct wg_session *session, struct wg_now now)
{
	if (session->send_counter > WG_REKEY_AFTER_MESSAGES ||
	    (session->initiator && now.boot - session->birth >= WG_REKEY_AFTER_TIME))
		wg_initiative_want(device, peer, WG_WISH_RENEW, now);
}

static void plan_seal(struct wg_device *device, struct wg_peer *peer, struct wg_keypair *keypair,
		      struct wg_batch *batch, uint8_t ds, struct wg_out *out)
{
	struct wg_job *job = wg_out_job(device, out, WG_JOB_SEAL);

	if (!job) {
		wg_out_drop_batch(device, batch, WG_DROP_OUT_NO_MEMORY);
		return;
	}
	job->peer = peer->handle;
	job->ds = ds;
	job->keypair = keypair;
	keypair->session.refs++;
	wg_batch_append(&job->batch, batch);
	wg_job_push(&out->jobs, job);
}

/* Numbers the packets and plans jobs of one ECN field each. Returns whether any of them
 * was data. The keypair is passed, not looked up: jobs may finish on the way, and a
 * counter belongs to the session that gave it. */
static bool plan_batch(struct wg_device *device, struct wg_peer *peer, struct wg_keypair *keypair,
		       struct wg_batch *packets, uint64_t counter, struct wg_out *out)
{
	/* Of our own, so that its links stay in registers. */
	struct wg_batch rest = *packets;
	struct wg_batch batch;
	struct wg_packet *packet;
	uint8_t ds = rest.head->ds;
	bool data = false;

	wg_batch_init(packets);
	wg_batch_init(&batch);
	while ((packet = wg_batch_pop(&rest))) {
		if (!wg_batch_empty(&batch) && (packet->ds != ds || batch.n == JOB_PACKETS))
			plan_seal(device, peer, keypair, &batch, ds, out);
		ds = packet->ds;
		data |= packet->len > 0;
		packet->counter = counter++;
		wg_session_pad(packet, device->mtu);
		wg_batch_push(&batch, packet);
	}
	plan_seal(device, peer, keypair, &batch, ds, out);
	return data;
}

/* Packets that waited come first; a keepalive goes only where nothing waits. */
static void take_waiting(struct wg_device *device, struct wg_peer *peer, struct wg_batch *batch)
{
	struct wg_packet *packet;

	wg_staged_take(device, peer, batch);
	if (wg_batch_empty(batch)) {
		packet = wg_pool_get(device->pool, WG_TAG_LEN);
		if (packet)
			wg_batch_push(batch, packet);
		else
			wg_device_count_drops(device, WG_DROP_OUT_NO_MEMORY, 1);
	}
	peer->keepalive_waits = false;
	wg_timers_nothing_waits(&peer->timers);
}

static void stage(struct wg_device *device, struct wg_peer *peer, struct wg_batch *batch,
		  struct wg_now now)
{
	wg_staged_add(device, peer, batch, now.boot);
	if (wg_staged_empty(&peer->staged)) {
		wg_initiative_want(device, peer, WG_WISH_KEEPALIVE, now);
		return;
	}
	wg_timers_waiting(&peer->timers, wg_staged_since(&peer->staged));
	wg_peer_timers_changed(device, peer);
	wg_initiative_want(device, peer, WG_WISH_DATA, now);
}

/* How many messages there are to send: one keepalive if nothing waits. */
static size_t count(const struct wg_peer *peer, const struct wg_batch *batch)
{
	size_t n = peer->staged.packets.n + batch->n;

	return n ? n : 1;
}

/* Sends the batch, or has it wait behind what waits already. */
static void send(struct wg_device *device, struct wg_peer *peer, struct wg_batch *batch,
		 struct wg_now now, struct wg_out *out)
{
	struct wg_keypair *keypair = peer->current;
	uint64_t counter;
	bool data = false;

	if (!wg_outbound_may_send(keypair, now.boot) ||
	    !wg_session_reserve(&keypair->session, count(peer, batch), &counter)) {
		stage(device, peer, batch, now);
		return;
	}
	keypair->session.refs++;
	if (wg_peer_waits(peer))
		take_waiting(device, peer, batch);
	if (!wg_batch_empty(batch))
		data = plan_batch(device, peer, keypair, batch, counter, out);
	wg_timers_authenticated_sent(&peer->timers, now.boot);
	if (data)
		wg_timers_data_sent(&peer->timers, now.boot, &device->random);
	wg_peer_timers_changed(device, peer);
	keep_fresh(device, peer, &keypair->session, now);
	wg_keypair_put(keypair);
}

void wg_outbound_waiting(struct wg_device *device, struct wg_peer *peer, struct wg_now now,
			 struct wg_out *out)
{
	struct wg_batch nothing;

	if (!wg_peer_waits(peer))
		return;
	wg_batch_init(&nothing);
	send(device, peer, &nothing, now, out);
}

void wg_outbound_keepalive(struct wg_device *device, struct wg_peer *peer, struct wg_now now,
			   struct wg_out *out)
{
	if (!wg_peer_has_endpoint(peer))
		return;
	peer->keepalive_waits = true;
	wg_outbound_waiting(device, peer, now, out);
}

void wg_outbound_packets(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			 struct wg_out *out)
{
	struct wg_peer *touched = NULL;
	struct wg_peer *peer = NULL;
	struct wg_packet *packet;
	uint8_t ds = 0;

	while ((packet = wg_batch_pop(batch))) {
		if (peer && (packet->flags & WG_PACKET_SAME_FLOW))
			packet->ds = ds;
		else
			peer = accept(device, packet, now, out);
		if (!peer)
			continue;
		ds = packet->ds;
		if (wg_batch_empty(&peer->outgoing)) {
			peer->touched_next = touched;
			touched = peer;
		}
		wg_batch_push(&peer->outgoing, packet);
	}
	while (touched) {
		peer = touched;
		touched = peer->touched_next;
		send(device, peer, &peer->outgoing, now, out);
	}
}

void wg_outbound_sealed(struct wg_device *device, struct wg_job *job, struct wg_out *out)
{
	struct wg_peer *peer = wg_peer_find(device, job->peer);
	const struct wg_packet *packet;
	struct wg_run *run;

	if (!peer || !device->up || !job->keypair->index.peer) {
		wg_out_drop_batch(device, &job->batch, WG_DROP_OUT_LINK_DOWN);
	} else {
		wg_batch_for_each (packet, &job->batch)
			peer->tx_bytes += packet->len;
		run = wg_out_run(out, &peer->path, job->ds, job->peer);
		wg_batch_append(&run->batch, &job->batch);
	}
	wg_keypair_put(job->keypair);
}
