#include "fuzz/engines/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "fuzz/engines/invariants.h"

#define POOL_BYTES (2u << 20)
/* More jobs than this wait only where the engine asked for room. */
#define CROWD      64u
/* Longer than any handshake is tried for. */
#define MAX_TURNS  5000u
#define LEFT_ALONE (400 * WG_SECOND)

void *__real_wg_secret_new(size_t len);
void *__wrap_wg_secret_new(size_t len);
void __real_wg_secret_free(void *secret, size_t len);
void __wrap_wg_secret_free(void *secret, size_t len);

struct wg_world wg_world;

void wg_world_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

void *__wrap_wg_secret_new(size_t len)
{
	void *secret = wg_world.refuse_secrets ? NULL : __real_wg_secret_new(len);

	wg_world.n_secrets += secret != NULL;
	return secret;
}

void __wrap_wg_secret_free(void *secret, size_t len)
{
	wg_world.n_secrets -= secret != NULL;
	__real_wg_secret_free(secret, len);
}

struct wg_now wg_world_now(void)
{
	return (struct wg_now){.boot = wg_world.now_boot,
			       .wall_sec = 1700000000 + wg_world.now_boot / WG_SECOND,
			       .wall_nsec = (int32_t)(wg_world.now_boot % WG_SECOND)};
}

void wg_world_random(void *ctx, void *dst, size_t len)
{
	struct wg_side *side = ctx;

	wg_test_fill(&side->random, dst, len);
	if (wg_world.few_numbers && len == sizeof(uint32_t))
		wg_store_le32(dst, wg_load_le32(dst) & 15);
}

struct wg_side *wg_world_other(const struct wg_side *side)
{
	return &wg_world.sides[side == &wg_world.sides[0]];
}

bool wg_world_holds(const struct wg_side *side)
{
	return wg_pool_bytes_used(side->pool) > 0 ||
	       wg_pool_bytes_used(side->device->staged.pool) > 0 ||
	       wg_pool_bytes_used(side->device->handshake_pool) > 0;
}

static void send_datagram(const struct wg_side *from, const struct wg_run *run,
			  const struct wg_packet *packet)
{
	struct wg_flying *datagram = &wg_world.flight[wg_world.n_flight];

	must(wg_wire_classify(packet->data, packet->len) != WG_MESSAGE_INVALID);
	if (wg_world.network_is_cut || wg_world.n_flight == MAX_FLIGHT ||
	    packet->len > sizeof(datagram->bytes) ||
	    run->path.remote.port != wg_world_other(from)->endpoint.port)
		return;
	*datagram = (struct wg_flying){
		.to = (unsigned int)(wg_world_other(from) - wg_world.sides),
		.source = from->endpoint,
		.ds = run->ds,
		.len = packet->len,
	};
	memcpy(datagram->bytes, packet->data, packet->len);
	wg_world.old[wg_world.n_old++ % OLD] = *datagram;
	wg_world.n_flight++;
}

static void take_job(struct wg_side *side, struct wg_job *job)
{
	if (job->kind == WG_JOB_SEAL)
		wg_invariants_seal(job);
	if (job->kind == WG_JOB_OPEN)
		must(wg_world.now_boot - job->keypair->session.birth < WG_REJECT_AFTER_TIME);
	must(side->n_jobs < MAX_JOBS);
	side->jobs[side->n_jobs++] = job;
}

void wg_world_take(struct wg_side *side)
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
		wg_invariants_delivered(side, packet);
		wg_packet_put(packet);
	}
	while ((job = wg_job_pop(&out->jobs)))
		take_job(side, job);
}

static bool is_same_lane(const struct wg_job *a, const struct wg_job *b)
{
	return a->peer == b->peer && (a->kind < WG_JOB_INITIATE) == (b->kind < WG_JOB_INITIATE);
}

void wg_world_finish(struct wg_side *side, size_t i)
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
		wg_invariants_opened(job);
	wg_device_finish(side->device, job, wg_world_now(), &side->out);
	wg_world_take(side);
}

void wg_world_finish_all(struct wg_side *side)
{
	while (side->n_jobs)
		wg_world_finish(side, 0);
}

/* wg_out's flush: takes all, and finishes some where there are many, as the daemon does
 * when it is given more than its workers hold. */
static void flush(struct wg_out *out)
{
	struct wg_side *side = out->ctx;

	wg_world_take(side);
	if (side->finishing)
		return;
	side->finishing = true;
	while (side->n_jobs > CROWD)
		wg_world_finish(side, 0);
	side->finishing = false;
}

void wg_world_tick(struct wg_side *side)
{
	wg_device_tick(side->device, wg_world_now(), &side->out);
	wg_world_take(side);
}

void wg_world_pass_time(wg_time duration)
{
	wg_time end = wg_world.now_boot + duration;
	unsigned int turns = 0;

	for (unsigned int i = 0; i < 2; i++)
		wg_world_finish_all(&wg_world.sides[i]);
	while (turns++ < MAX_TURNS) {
		wg_time due[2] = {wg_device_due(wg_world.sides[0].device),
				  wg_device_due(wg_world.sides[1].device)};
		unsigned int i = due[1] < due[0];

		if (due[i] > end)
			break;
		wg_world.now_boot = due[i] > wg_world.now_boot ? due[i] : wg_world.now_boot;
		wg_world_tick(&wg_world.sides[i]);
		wg_world_finish_all(&wg_world.sides[i]);
	}
	must(turns <= MAX_TURNS);
	wg_world.now_boot = end;
}

void wg_world_apply(struct wg_side *side, struct wg_config *change)
{
	int err = wg_device_apply(side->device, change, wg_world_now(), &side->out);

	must(!err || (err == -ENOMEM && wg_world.refuse_secrets));
	wg_config_deinit(change);
	wg_world_take(side);
}

struct wg_config_peer *wg_world_change_peer(struct wg_config *change, const struct wg_side *side)
{
	struct wg_config_peer *peer;

	wg_config_init(change);
	peer = wg_config_add_peer(change);
	must(peer);
	memcpy(peer->public_key, wg_world_other(side)->public_key, WG_KEY_LEN);
	return peer;
}

void wg_world_lock(struct wg_lockedkey *to, const uint8_t key[static WG_KEY_LEN])
{
	bool refused = wg_world.refuse_secrets;

	wg_world.refuse_secrets = false;
	must(!wg_lockedkey_set(to, key));
	wg_world.refuse_secrets = refused;
}

void wg_world_add_peer(struct wg_side *side, bool with_endpoint)
{
	const struct wg_prefix prefix = {wg_world_other(side)->inner, 32};
	struct wg_config change;
	struct wg_config_peer *peer = wg_world_change_peer(&change, side);

	peer->replace_allowed_ips = true;
	must(!wg_config_add_allowed_ip(peer, &prefix, false));
	peer->has_preshared_key = true;
	wg_world_lock(&peer->preshared_key, side->psk);
	peer->has_endpoint = with_endpoint;
	peer->endpoint = wg_world_other(side)->endpoint;
	wg_world_apply(side, &change);
}

void wg_world_remove_peer(struct wg_side *side)
{
	struct wg_config change;

	wg_world_change_peer(&change, side)->remove = true;
	wg_world_apply(side, &change);
	must(!wg_peer_find_key(side->device, wg_world_other(side)->public_key));
}

void wg_world_set_key(struct wg_side *side)
{
	struct wg_config change;

	wg_world_random(side, side->private_key, WG_KEY_LEN);
	wg_x25519_clamp(side->private_key);
	wg_x25519_public(side->public_key, side->private_key);
	wg_cookie_jar_init(&side->jar, side->public_key);
	wg_config_init(&change);
	change.has_private_key = true;
	wg_world_lock(&change.private_key, side->private_key);
	wg_world_apply(side, &change);
}

void wg_world_hoard(struct wg_side *side, bool all)
{
	struct wg_packet *packet;

	while (!all && side->n_hoard)
		wg_packet_put(side->hoard[--side->n_hoard]);
	while (all && side->n_hoard < MAX_HOARD && (packet = wg_pool_get(side->pool, INNER_LEN)))
		side->hoard[side->n_hoard++] = packet;
}

static void init_side(struct wg_side *side, uint8_t number)
{
	struct wg_device_options options;

	*side = (struct wg_side){.random = {number}};
	side->pool = wg_pool_new(POOL_BYTES);
	options = (struct wg_device_options){side->pool, {wg_world_random, side}};
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
	wg_world_set_key(side);
	wg_device_up(side->device, wg_world_now());
}

void wg_world_begin(bool few_numbers)
{
	/* Too large for the stack: not as one assignment. */
	memset(&wg_world, 0, sizeof(wg_world));
	wg_world.now_boot = 1000 * WG_SECOND;
	wg_world.few_numbers = few_numbers;
	wg_invariants_begin();
	for (unsigned int i = 0; i < 2; i++)
		init_side(&wg_world.sides[i], (uint8_t)(1 + i));
	wg_world_add_peer(&wg_world.sides[0], true);
	wg_world_add_peer(&wg_world.sides[1], true);
}

static void leave_alone(struct wg_side *side)
{
	struct wg_config change;
	struct wg_config_peer *peer = wg_world_change_peer(&change, side);

	peer->update_only = true;
	peer->has_keepalive = true;
	wg_world_apply(side, &change);
	wg_world_finish_all(side);
	wg_world_hoard(side, false);
}

void wg_world_end(void)
{
	wg_world.refuse_secrets = false;
	wg_world.network_is_cut = true;
	wg_world.n_flight = 0;
	for (unsigned int i = 0; i < 2; i++)
		leave_alone(&wg_world.sides[i]);
	if (wg_world_holds(&wg_world.sides[0]) || wg_world_holds(&wg_world.sides[1]))
		wg_world_pass_time(LEFT_ALONE);
	for (unsigned int i = 0; i < 2; i++) {
		must(!wg_world_holds(&wg_world.sides[i]));
		wg_world_remove_peer(&wg_world.sides[i]);
		wg_invariants_engine(&wg_world.sides[i]);
		wg_world_finish_all(&wg_world.sides[i]);
		must(!wg_world_holds(&wg_world.sides[i]));
		wg_device_free(wg_world.sides[i].device);
		wg_pool_free(wg_world.sides[i].pool);
	}
	must(wg_world.n_secrets == 0);
}
