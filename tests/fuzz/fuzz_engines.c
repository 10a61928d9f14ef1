/* Two engines that are each other's peer, and everything that can happen to them. The
 * input is a list of steps of two bytes, an operation and its argument (see take_step):
 * packets are sent, lost, repeated, reordered, forged and replayed; time passes; jobs are
 * run late and in any order; peers, keys and settings change; links go down; packet
 * buffers and memory for secrets are refused; one side is flooded.
 *
 * Whatever happens:
 *
 *   - no index names two handshakes or sessions that are alive
 *   - no counter is used twice under a key
 *   - a responder's session sends nothing before the initiator has used it
 *   - nothing is opened under a session of 180 s or more
 *   - what comes out of a link was sent by the peer whose source it has, once, unchanged
 *   - what waits has a deadline, and left alone it goes
 *   - of a removed peer nothing is left: no index, no deadline, no way to it
 *   - every packet is put back, once, and all memory for secrets is given back */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "wgtest.h"

#define MAX_STEPS  300u
#define MAX_FLIGHT 512u
#define MAX_JOBS   600u
#define MAX_KEYS   512u
#define MAX_IDS    16384u
#define MAX_HOARD  1024u
#define OLD        32u
#define INNER_LEN  60u
#define POOL_BYTES (2u << 20)
#define MTU        1420u
/* More jobs than this wait only where the engine asked for room. */
#define CROWD      64u
/* Longer than any handshake is tried for. */
#define MAX_TURNS  5000u
#define LEFT_ALONE (400 * WG_SECOND)
/* How long a job may be under way: between planning and finishing, time may pass. */
#define JOB_TIME   WG_SECOND

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
void *__real_wg_secret_new(size_t len);
void *__wrap_wg_secret_new(size_t len);
void __real_wg_secret_free(void *secret, size_t len);
void __wrap_wg_secret_free(void *secret, size_t len);

struct datagram {
	unsigned int to; /* the side */
	struct wg_endpoint source;
	uint8_t ds;
	uint32_t len;
	uint8_t bytes[INNER_LEN + 100 + WG_HANDSHAKE_MAX_LEN];
};

struct side {
	struct wg_device *device;
	struct wg_pool *pool;
	struct wg_test_random random;
	struct wg_out out;
	bool finishing; /* inside flush, which finishes jobs: not again */
	uint8_t private_key[WG_KEY_LEN];
	uint8_t public_key[WG_KEY_LEN];
	uint8_t psk[WG_KEY_LEN];  /* as it is set for its peer */
	struct wg_cookie_jar jar; /* of somebody who floods it */
	struct wg_ip inner;
	struct wg_endpoint endpoint;
	struct wg_job *jobs[MAX_JOBS];
	size_t n_jobs;
	struct wg_packet *hoard[MAX_HOARD];
	size_t n_hoard;
};

/* What is known of a session's key: in whose hands it sends, and how far it has come. */
struct key {
	uint8_t bytes[WG_KEY_LEN];
	uint64_t next;
	bool used; /* its receiving twin opened something */
};

static struct side sides[2];
static struct datagram flight[MAX_FLIGHT];
static size_t n_flight;
static struct datagram old[OLD]; /* what an eavesdropper has */
static size_t n_old;
static struct key keys[MAX_KEYS];
static size_t n_keys;
static uint8_t ids[MAX_IDS]; /* 0: not sent; 1 + side: sent by it; 0x80: delivered */
static size_t n_ids;
static wg_time now_boot;
static bool refuse_secrets;
static size_t n_secrets;
static bool few_numbers;
static bool network_is_cut;

static void fail_(const char *what, int line)
{
	fprintf(stderr, "fuzz_engines: line %d: %s\n", line, what);
	abort();
}

#define must(condition) ((condition) ? (void)0 : fail_(#condition, __LINE__))

void *__wrap_wg_secret_new(size_t len)
{
	void *secret = refuse_secrets ? NULL : __real_wg_secret_new(len);

	n_secrets += secret != NULL;
	return secret;
}

void __wrap_wg_secret_free(void *secret, size_t len)
{
	n_secrets -= secret != NULL;
	__real_wg_secret_free(secret, len);
}

static struct wg_now now(void)
{
	return (struct wg_now){.boot = now_boot,
			       .wall_sec = 1700000000 + now_boot / WG_SECOND,
			       .wall_nsec = (int32_t)(now_boot % WG_SECOND)};
}

static void fill(void *ctx, void *dst, size_t len)
{
	struct side *side = ctx;

	wg_test_fill(&side->random, dst, len);
	if (few_numbers && len == sizeof(uint32_t))
		wg_store_le32(dst, wg_load_le32(dst) & 15);
}

static struct side *other(const struct side *side)
{
	return &sides[side == &sides[0]];
}

/* --- What must hold. --- */

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

static void check_seal(const struct wg_job *job)
{
	const struct wg_session *session = &job->keypair->session;
	struct key *key = key_of(session->send_key);
	const struct wg_packet *packet;

	must(session->initiator || key_of(session->receive_key)->used);
	must(now_boot - session->birth < WG_REJECT_AFTER_TIME);
	wg_batch_for_each (packet, &job->batch) {
		must(packet->counter >= key->next);
		key->next = packet->counter + 1;
	}
}

static void check_opened(const struct wg_job *job)
{
	const struct wg_session *session = &job->keypair->session;
	const struct wg_packet *packet;

	must(now_boot - session->birth < WG_REJECT_AFTER_TIME + JOB_TIME);
	wg_batch_for_each (packet, &job->batch)
		if (packet->flags & WG_PACKET_AUTHENTIC)
			key_of(session->receive_key)->used = true;
}

static void make_inner(uint8_t packet[static INNER_LEN], const struct side *from,
		       const struct side *to, uint64_t id)
{
	memset(packet, 0, INNER_LEN);
	packet[0] = 0x45;
	packet[3] = INNER_LEN;
	packet[9] = 17;
	memcpy(packet + 12, from->inner.bytes, 4);
	memcpy(packet + 16, to->inner.bytes, 4);
	wg_store_le64(packet + 24, id);
}

static void check_delivered(const struct side *side, const struct wg_packet *packet)
{
	const struct side *from = other(side);
	const struct wg_allowedips_owner *owner;
	uint8_t expected[INNER_LEN];
	uint64_t id;

	if (packet->len > 9 && packet->data[9] == 1)
		return; /* an error about what it sent itself */
	must(packet->len == INNER_LEN);
	id = wg_load_le64(packet->data + 24);
	must(id < n_ids && ids[id] == 1 + (from - sides));
	ids[id] |= 0x80;
	make_inner(expected, from, side, id);
	must(!memcmp(packet->data, expected, INNER_LEN));
	owner = wg_allowedips_lookup4(side->device->allowed_ips, packet->data + 12);
	must(owner &&
	     !memcmp(WG_CONTAINER_OF(owner, struct wg_peer, allowed_ips)->remote.public_key,
		     from->public_key, WG_KEY_LEN));
}

static size_t add_entry(const struct side *side, const struct wg_index_entry *entry, uint32_t *seen,
			size_t n)
{
	if (!entry->peer)
		return n;
	for (size_t i = 0; i < n; i++)
		must(seen[i] != entry->index);
	must(wg_index_find(&side->device->indices, entry->index) == entry);
	seen[n] = entry->index;
	return n + 1;
}

/* Packets that it holds, of its own memory or of what was given to it. */
static bool holds(const struct side *side)
{
	return wg_pool_bytes_used(side->pool) > 0 ||
	       wg_pool_bytes_used(side->device->staged.pool) > 0 ||
	       wg_pool_bytes_used(side->device->handshake_pool) > 0;
}

/* Between calls, what a peer has to send is in the store or a flag, and nowhere else. */
static void check_waiting(const struct side *side, const struct wg_peer *peer)
{
	must(peer->staged.packets.n <= WG_MAX_STAGED);
	must(wg_batch_empty(&peer->outgoing));
	must(wg_staged_empty(&peer->staged) || peer->deadline.due != WG_NEVER);
	if (!wg_staged_empty(&peer->staged))
		must(now_boot - wg_staged_since(&peer->staged) <= WG_WAIT_TIME);
	must(wg_pool_bytes_used(side->device->staged.pool) <= WG_STAGED_BYTES);
}

static void check_engine(const struct side *side)
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
		must(!wg_allowedips_lookup4(device->allowed_ips, other(side)->inner.bytes));
	}
	if (!side->n_jobs && !side->n_hoard && holds(side))
		must(wg_device_due(side->device) != WG_NEVER);
}

/* --- Driving an engine. --- */

static void send_datagram(const struct side *from, const struct wg_run *run,
			  const struct wg_packet *packet)
{
	struct datagram *datagram = &flight[n_flight];

	must(wg_wire_classify(packet->data, packet->len) != WG_MESSAGE_INVALID);
	if (network_is_cut || n_flight == MAX_FLIGHT || packet->len > sizeof(datagram->bytes) ||
	    run->path.remote.port != other(from)->endpoint.port)
		return;
	*datagram = (struct datagram){
		.to = (unsigned int)(other(from) - sides),
		.source = from->endpoint,
		.ds = run->ds,
		.len = packet->len,
	};
	memcpy(datagram->bytes, packet->data, packet->len);
	old[n_old++ % OLD] = *datagram;
	n_flight++;
}

static void take_job(struct side *side, struct wg_job *job)
{
	if (job->kind == WG_JOB_SEAL)
		check_seal(job);
	if (job->kind == WG_JOB_OPEN)
		must(now_boot - job->keypair->session.birth < WG_REJECT_AFTER_TIME);
	must(side->n_jobs < MAX_JOBS);
	side->jobs[side->n_jobs++] = job;
}

static void take_out(struct side *side)
{
	struct wg_out *out = &side->out;
	size_t n_runs = out->n_runs;
	struct wg_packet *packet;
	struct wg_job *job;

	for (size_t i = 0; i < n_runs; i++) {
		while ((packet = wg_batch_pop(&out->runs[i].batch))) {
			send_datagram(side, &out->runs[i], packet);
			wg_packet_put(packet);
		}
		wg_device_sent(side->device, &out->runs[i]);
	}
	out->n_runs = 0;
	while ((packet = wg_batch_pop(&out->tun))) {
		check_delivered(side, packet);
		wg_packet_put(packet);
	}
	while ((job = wg_job_pop(&out->jobs)))
		take_job(side, job);
}

static bool is_same_lane(const struct wg_job *a, const struct wg_job *b)
{
	return a->peer == b->peer && (a->kind < WG_JOB_INITIATE) == (b->kind < WG_JOB_INITIATE);
}

/* Runs and finishes a job, or the first of its lane. */
static void finish_job(struct side *side, size_t i)
{
	struct wg_job *job;

	for (size_t k = 0; k < i; k++)
		if (side->jobs[k]->peer != WG_NO_HANDLE &&
		    is_same_lane(side->jobs[k], side->jobs[i]))
			i = k;
	job = side->jobs[i];
	memmove(&side->jobs[i], &side->jobs[i + 1], (--side->n_jobs - i) * sizeof(job));
	wg_job_run(job);
	if (job->kind == WG_JOB_OPEN)
		check_opened(job);
	wg_device_finish(side->device, job, now(), &side->out);
	take_out(side);
}

static void finish_jobs(struct side *side)
{
	while (side->n_jobs)
		finish_job(side, 0);
}

/* wg_out's flush: takes all, and finishes some where there are many, as the daemon does
 * when it is given more than its workers hold. */
static void flush(struct wg_out *out)
{
	struct side *side = out->ctx;

	take_out(side);
	if (side->finishing)
		return;
	side->finishing = true;
	while (side->n_jobs > CROWD)
		finish_job(side, 0);
	side->finishing = false;
}

static void tick(struct side *side)
{
	wg_device_tick(side->device, now(), &side->out);
	take_out(side);
}

static void apply(struct side *side, struct wg_config *change)
{
	int err = wg_device_apply(side->device, change, now(), &side->out);

	must(!err || (err == -ENOMEM && refuse_secrets));
	wg_config_deinit(change);
	take_out(side);
}

static struct wg_config_peer *change_peer(struct wg_config *change, const struct side *side)
{
	struct wg_config_peer *peer;

	wg_config_init(change);
	peer = wg_config_add_peer(change);
	must(peer);
	memcpy(peer->public_key, other(side)->public_key, WG_KEY_LEN);
	return peer;
}

static void add_peer(struct side *side, bool with_endpoint)
{
	const struct wg_prefix prefix = {other(side)->inner, 32};
	struct wg_config change;
	struct wg_config_peer *peer = change_peer(&change, side);

	peer->replace_allowed_ips = true;
	must(!wg_config_add_allowed_ip(peer, &prefix, false));
	peer->has_preshared_key = true;
	memcpy(peer->preshared_key, side->psk, WG_KEY_LEN);
	peer->has_endpoint = with_endpoint;
	peer->endpoint = other(side)->endpoint;
	apply(side, &change);
}

static void remove_peer(struct side *side)
{
	struct wg_config change;

	change_peer(&change, side)->remove = true;
	apply(side, &change);
	must(!wg_peer_find_key(side->device, other(side)->public_key));
}

static void set_key(struct side *side)
{
	struct wg_config change;

	fill(side, side->private_key, WG_KEY_LEN);
	wg_x25519_clamp(side->private_key);
	wg_x25519_public(side->public_key, side->private_key);
	wg_cookie_jar_init(&side->jar, side->public_key);
	wg_config_init(&change);
	change.has_private_key = true;
	memcpy(change.private_key, side->private_key, WG_KEY_LEN);
	apply(side, &change);
}

/* --- Steps. --- */

static void send_packets(struct side *side, size_t n)
{
	struct wg_batch batch;

	wg_batch_init(&batch);
	while (n-- > 0 && n_ids < MAX_IDS) {
		struct wg_packet *packet = wg_pool_get(side->pool, INNER_LEN + 32);

		if (!packet)
			break;
		make_inner(packet->data, side, other(side), n_ids);
		packet->len = INNER_LEN;
		ids[n_ids++] = (uint8_t)(1 + (side - sides));
		wg_batch_push(&batch, packet);
	}
	wg_device_from_tun(side->device, &batch, now(), &side->out);
	must(wg_batch_empty(&batch));
	take_out(side);
}

static void arrive(const struct datagram *datagram)
{
	struct side *side = &sides[datagram->to];
	struct wg_run run = {.path = {.remote = datagram->source, .local = side->endpoint.ip},
			     .ds = datagram->ds};
	struct wg_packet *packet = wg_pool_get(side->pool, datagram->len);

	if (!packet)
		return;
	memcpy(packet->data, datagram->bytes, datagram->len);
	packet->len = datagram->len;
	wg_batch_push(&run.batch, packet);
	wg_device_from_udp(side->device, &run, now(), &side->out);
	must(wg_batch_empty(&run.batch));
	take_out(side);
}

static struct datagram take_flight(size_t i)
{
	struct datagram datagram = flight[i];

	memmove(&flight[i], &flight[i + 1], (--n_flight - i) * sizeof(datagram));
	return datagram;
}

/* All that is on its way arrives, and what comes of it. */
static void settle(void)
{
	for (unsigned int turns = 0; turns < 200; turns++) {
		if (n_flight) {
			struct datagram datagram = take_flight(0);

			arrive(&datagram);
		}
		for (unsigned int i = 0; i < 2; i++) {
			finish_jobs(&sides[i]);
			if (wg_device_due(sides[i].device) <= now_boot)
				tick(&sides[i]);
		}
		if (!n_flight && !sides[0].n_jobs && !sides[1].n_jobs)
			break;
	}
}

static void forge(uint8_t argument)
{
	struct datagram datagram;
	size_t bit;

	if (!n_flight)
		return;
	datagram = flight[argument % n_flight];
	bit = wg_test_below(&sides[0].random, 8 * (size_t)datagram.len);
	datagram.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	datagram.source.port = (uint16_t)(datagram.source.port + (argument & 1));
	arrive(&datagram);
}

static void replay(uint8_t argument)
{
	size_t n = n_old < OLD ? n_old : OLD;

	if (n)
		arrive(&old[argument % n]);
}

static void pass_time(wg_time duration)
{
	wg_time end = now_boot + duration;
	unsigned int turns = 0;

	for (unsigned int i = 0; i < 2; i++)
		finish_jobs(&sides[i]);
	while (turns++ < MAX_TURNS) {
		wg_time due[2] = {wg_device_due(sides[0].device), wg_device_due(sides[1].device)};
		unsigned int i = due[1] < due[0];

		if (due[i] > end)
			break;
		now_boot = due[i] > now_boot ? due[i] : now_boot;
		tick(&sides[i]);
		finish_jobs(&sides[i]);
	}
	must(turns <= MAX_TURNS);
	now_boot = end;
}

/* Messages whose mac1 alone is right. */
static void flood(struct side *side, size_t n)
{
	struct wg_wire_initiation message = {.type = {WG_MESSAGE_INITIATION}};
	struct datagram datagram = {.to = (unsigned int)(side - sides), .len = sizeof(message)};

	datagram.source = (struct wg_endpoint){.ip = {.family = WG_FAMILY_IPV4}, .port = 9};
	while (n-- > 0) {
		fill(side, datagram.source.ip.bytes, 4);
		fill(side, message.sender, sizeof(message.sender) + WG_KEY_LEN);
		wg_cookie_sign(&side->jar, &message, sizeof(message), now_boot);
		memcpy(datagram.bytes, &message, sizeof(message));
		arrive(&datagram);
	}
}

/* All of a side's packet buffers are held elsewhere, or given back. */
static void hoard(struct side *side, bool all)
{
	struct wg_packet *packet;

	while (!all && side->n_hoard)
		wg_packet_put(side->hoard[--side->n_hoard]);
	while (all && side->n_hoard < MAX_HOARD && (packet = wg_pool_get(side->pool, INNER_LEN)))
		side->hoard[side->n_hoard++] = packet;
}

static void change_setting(struct side *side, unsigned int what)
{
	const struct wg_prefix prefix = {other(side)->inner, 32};
	struct wg_config change;
	struct wg_config_peer *peer = change_peer(&change, side);

	peer->update_only = true;
	switch (what % 4) {
	case 0:
		peer->has_keepalive = true;
		peer->keepalive = what & 8 ? 0 : 25;
		break;
	case 1:
		must(!wg_config_add_allowed_ip(peer, &prefix, what & 8));
		break;
	case 2:
		side->psk[0] ^= 1;
		peer->has_preshared_key = true;
		memcpy(peer->preshared_key, side->psk, WG_KEY_LEN);
		break;
	case 3:
		peer->has_endpoint = true;
		peer->endpoint = other(side)->endpoint;
		break;
	}
	apply(side, &change);
}

static void change_config(struct side *side, unsigned int what)
{
	switch (what % 8) {
	case 0:
		remove_peer(side);
		break;
	case 1:
	case 2:
		add_peer(side, what % 2);
		break;
	case 3:
		remove_peer(other(side));
		set_key(side);
		add_peer(other(side), what & 8);
		break;
	default:
		change_setting(side, what / 2);
	}
}

static void change_link(struct side *side, unsigned int what)
{
	switch (what % 4) {
	case 0:
		wg_device_down(side->device);
		break;
	case 1:
		wg_device_up(side->device, now());
		break;
	case 2:
		side->endpoint.ip.bytes[3] = (uint8_t)(1 + what);
		break;
	case 3:
		wg_device_set_mtu(side->device, what & 8 ? MTU : 0);
		break;
	}
	take_out(side);
}

static void take_step(uint8_t operation, uint8_t argument)
{
	struct side *side = &sides[argument & 1];
	unsigned int rest = argument >> 1;

	switch (operation % 16) {
	case 0:
		send_packets(side, 1 + rest % 8);
		break;
	case 1:
		send_packets(side, 2 * rest);
		break;
	case 2:
		if (n_flight) {
			struct datagram datagram = take_flight(argument % n_flight);

			arrive(&datagram);
		}
		break;
	case 3:
		settle();
		break;
	case 4:
		if (n_flight)
			take_flight(argument % n_flight);
		break;
	case 5:
		if (n_flight)
			arrive(&flight[argument % n_flight]);
		break;
	case 6:
		forge(argument);
		break;
	case 7:
		pass_time(argument * 20 * WG_MILLISECOND);
		break;
	case 8:
		pass_time(argument * WG_SECOND);
		break;
	case 9:
		if (side->n_jobs)
			finish_job(side, rest % side->n_jobs);
		break;
	case 10:
		tick(side);
		break;
	case 11:
		change_config(side, rest);
		break;
	case 12:
		change_link(side, rest);
		break;
	case 13:
		if (rest & 1)
			hoard(side, rest & 2);
		else
			refuse_secrets = rest & 2;
		break;
	case 14:
		replay(argument);
		break;
	case 15:
		flood(side, 8 * rest);
		break;
	}
}

/* --- A world's beginning and end. --- */

static void init_side(struct side *side, uint8_t number)
{
	struct wg_device_options options;

	*side = (struct side){.random = {number}};
	side->pool = wg_pool_new(POOL_BYTES);
	options = (struct wg_device_options){side->pool, {fill, side}};
	side->device = wg_device_new(&options);
	must(side->pool && side->device);
	side->out.flush = flush;
	side->out.ctx = side;
	side->inner = (struct wg_ip){.family = WG_FAMILY_IPV4, .bytes = {10, 0, 0, number}};
	side->endpoint = (struct wg_endpoint){
		.ip = {.family = WG_FAMILY_IPV4, .bytes = {192, 0, 2, number}},
		.port = (uint16_t)(1000 + number),
	};
	wg_device_set_mtu(side->device, MTU);
	set_key(side);
	wg_device_up(side->device, now());
}

/* Nothing more is said: what waits must go by itself. */
static void leave_alone(struct side *side)
{
	struct wg_config change;
	struct wg_config_peer *peer = change_peer(&change, side);

	peer->update_only = true;
	peer->has_keepalive = true;
	apply(side, &change);
	finish_jobs(side);
	hoard(side, false);
}

static void end_world(void)
{
	refuse_secrets = false;
	network_is_cut = true;
	n_flight = 0;
	for (unsigned int i = 0; i < 2; i++)
		leave_alone(&sides[i]);
	if (holds(&sides[0]) || holds(&sides[1]))
		pass_time(LEFT_ALONE);
	for (unsigned int i = 0; i < 2; i++) {
		must(!holds(&sides[i]));
		remove_peer(&sides[i]);
		check_engine(&sides[i]);
		finish_jobs(&sides[i]);
		must(!holds(&sides[i]));
		wg_device_free(sides[i].device);
		wg_pool_free(sides[i].pool);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool ready;
	size_t n = len / 2 < MAX_STEPS ? len / 2 : MAX_STEPS;

	if (!ready)
		must(wg_crypto_init(NULL) == 0);
	ready = true;
	n_flight = n_old = n_keys = n_ids = 0;
	now_boot = 1000 * WG_SECOND;
	network_is_cut = false;
	few_numbers = len % 2;
	for (unsigned int i = 0; i < 2; i++)
		init_side(&sides[i], (uint8_t)(1 + i));
	add_peer(&sides[0], true);
	add_peer(&sides[1], true);
	for (size_t i = 0; i < n; i++) {
		take_step(data[2 * i], data[2 * i + 1]);
		check_engine(&sides[0]);
		check_engine(&sides[1]);
	}
	end_world();
	must(n_secrets == 0);
	return 0;
}
