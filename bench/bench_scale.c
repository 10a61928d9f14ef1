/* What very many peers take in the engine alone, without a link and without a socket, as
 * one JSON object:
 *
 *   {"bench":"scale","peers":1000000,"engine_bytes":…,"load_ns":…,"describe_ns":…,
 *    "sessions":10000,"session_bytes":…,"tick_ns":…}
 *
 * Of peers that have nothing but a key and a prefix, each: the resident memory; the time of
 * the change that makes all of them; and of being described in pieces. Of those that have a
 * session, each: the resident memory; and the time of the turn of the timers in which its
 * keepalive is sent.
 *
 * Sessions have 10 000 peers unless told otherwise: they are real handshakes, which take
 * half a millisecond for both sides, and each takes the same memory.
 *
 * Usage: bench_scale PEERS [SESSIONS] */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "core/device.h"
#include "crypto/aead.h"
#include "crypto/crypto.h"
#include "noise/cookie.h"
#include "noise/handshake.h"
#include "noise/session.h"
#include "noise/tai64n.h"
#include "noise/wire.h"
#include "wgbench.h"

#define MOST_SESSIONS 10000u
#define KEEPALIVE     25u
/* So that no session is old enough for another handshake. */
#define CALLS_LAST    (60 * WG_SECOND)

struct hub {
	struct wg_device *device;
	struct wg_pool *pool;
	struct wg_out out;
	struct wg_now now;
	struct wg_identity identity;
	uint8_t answer[2048]; /* the datagram that was sent last */
};

/* A peer of the hub's, as the other side has it. */
struct caller {
	struct wg_identity identity;
	struct wg_remote hub;
	struct wg_cookie_jar jar;
	struct wg_handshake handshake;
	struct wg_session session;
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* What malloc keeps for later is no peer's. */
static double resident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	malloc_trim(0);
	require(file && fscanf(file, "%*s %ld", &pages) == 1);
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Keeps the last datagram, forgets the others, and leaves the jobs alone. */
static void take(struct wg_out *out)
{
	struct hub *hub = out->ctx;

	for (size_t i = 0; i < out->n_runs; i++) {
		struct wg_packet *packet = out->runs[i].batch.head;

		if (packet && packet->len <= sizeof(hub->answer))
			memcpy(hub->answer, packet->data, packet->len);
		wg_batch_drop(&out->runs[i].batch);
	}
	out->n_runs = 0;
	wg_batch_drop(&out->tun);
}

static void flush(struct wg_out *out)
{
	struct hub *hub = out->ctx;
	struct wg_job *job;

	take(out);
	while ((job = wg_job_pop(&out->jobs))) {
		wg_job_run(job);
		wg_device_finish(hub->device, job, hub->now, out);
	}
	take(out);
}

static void init_hub(struct hub *hub)
{
	struct wg_device_options options = {.random = wg_crypto_random()};
	uint8_t private_key[WG_KEY_LEN];

	*hub = (struct hub){.pool = wg_pool_new((size_t)16 << 20),
			    .now = {.boot = 1000 * WG_SECOND, .wall_sec = 1790000000}};
	options.pool = hub->pool;
	hub->device = hub->pool ? wg_device_new(&options) : NULL;
	require(hub->device);
	hub->out.flush = flush;
	hub->out.ctx = hub;
	wg_random_fill(&options.random, private_key, sizeof(private_key));
	wg_identity_init(&hub->identity, private_key);
	wg_device_set_mtu(hub->device, 1420);
	wg_device_up(hub->device, hub->now);
}

static void free_hub(struct hub *hub)
{
	wg_device_free(hub->device);
	wg_pool_free(hub->pool);
}

static void add_peer(struct wg_config *config, uint32_t i, const uint8_t *public_key)
{
	struct wg_config_peer *peer = wg_config_add_peer(config);
	struct wg_prefix prefix = {
		.ip = {.family = WG_FAMILY_IPV4,
		       .bytes = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
		.bits = 32};

	require(peer && !wg_config_add_allowed_ip(peer, &prefix, false));
	if (public_key)
		memcpy(peer->public_key, public_key, WG_KEY_LEN);
	else
		memcpy(peer->public_key + 4, &i, sizeof(i));
}

/* Nanoseconds of a processor. The change is gone when memory is looked at. */
static double apply(struct hub *hub, struct wg_config *config)
{
	double start = wg_bench_now();
	double spent;

	require(!wg_device_apply(hub->device, config, hub->now, &hub->out));
	flush(&hub->out);
	spent = wg_bench_now() - start;
	wg_config_deinit(config);
	return spent;
}

static double describe(struct hub *hub, uint32_t peers)
{
	struct wg_device_cursor cursor;
	double start = wg_bench_now();
	struct wg_config config;
	size_t n = 0;
	int more = 1;

	wg_config_init(&config);
	require(!wg_device_describe_begin(hub->device, &config, &cursor, hub->now));
	while (more > 0) {
		more = wg_device_describe_next(hub->device, &cursor, 64, &config, hub->now);
		n += config.n_peers;
		wg_config_clear_peers(&config);
	}
	wg_config_deinit(&config);
	require(more == 0 && n == peers);
	return (wg_bench_now() - start) / peers;
}

static void say(struct hub *hub, uint32_t i, const void *message, size_t len)
{
	struct wg_run run = {.path.remote = {.ip = {.family = WG_FAMILY_IPV4,
						    .bytes = {192, (uint8_t)(i >> 16),
							      (uint8_t)(i >> 8), (uint8_t)i}},
					     .port = 1000}};
	struct wg_packet *packet = wg_pool_get(hub->pool, 2000);

	require(packet);
	memcpy(packet->data, message, len);
	packet->len = (uint32_t)len;
	wg_batch_push(&run.batch, packet);
	wg_device_from_udp(hub->device, &run, hub->now, &hub->out);
	flush(&hub->out);
	wg_device_tick(hub->device, hub->now, &hub->out);
	flush(&hub->out);
}

static void init_caller(struct caller *caller, const struct hub *hub)
{
	struct wg_random random = wg_crypto_random();
	uint8_t private_key[WG_KEY_LEN];

	memset(caller, 0, sizeof(*caller));
	wg_random_fill(&random, private_key, sizeof(private_key));
	wg_identity_init(&caller->identity, private_key);
	memcpy(caller->hub.public_key, hub->identity.public_key, WG_KEY_LEN);
	wg_remote_reset(&caller->hub, &caller->identity);
	require(wg_remote_compute(&caller->hub, &caller->identity));
	wg_cookie_jar_init(&caller->jar, hub->identity.public_key);
}

/* A keepalive, which confirms the session. */
static void confirm(struct hub *hub, const struct caller *caller, uint32_t i)
{
	uint8_t message[WG_TRANSPORT_OVERHEAD] = {0};
	struct wg_aead_item item = {.in = message + WG_TRANSPORT_HEADER_LEN,
				    .out = message + WG_TRANSPORT_HEADER_LEN};

	wg_store_le32(message, WG_MESSAGE_TRANSPORT);
	wg_store_le32(message + 4, caller->session.remote_index);
	wg_aead_seal_vector(caller->session.send_key, &item, 1);
	say(hub, i, message, sizeof(message));
}

static void call(struct hub *hub, struct caller *caller, uint32_t i)
{
	struct wg_random random = wg_crypto_random();
	struct wg_wire_initiation initiation;
	struct wg_tai64n_clock clock = {0};
	uint8_t timestamp[WG_TAI64N_LEN];
	uint8_t ephemeral[WG_KEY_LEN];

	wg_tai64n_next(&clock, timestamp, hub->now);
	wg_random_fill(&random, ephemeral, sizeof(ephemeral));
	require(wg_handshake_create_initiation(&caller->handshake, &initiation, &caller->identity,
					       &caller->hub, timestamp, ephemeral, i));
	wg_cookie_sign(&caller->jar, &initiation, sizeof(initiation), hub->now.boot);
	say(hub, i, &initiation, sizeof(initiation));
	require(wg_handshake_consume_response(&caller->handshake,
					      (const struct wg_wire_response *)hub->answer,
					      &caller->identity, &caller->hub));
	wg_handshake_finish(&caller->handshake, &caller->session, hub->now.boot);
	confirm(hub, caller, i);
}

struct costs {
	double bytes;
	double load_ns;
	double describe_ns;
	double session_bytes;
	double tick_ns;
};

static void measure_peers(uint32_t n, struct costs *costs)
{
	struct wg_config config;
	struct hub hub;
	double before;

	init_hub(&hub);
	before = resident();
	wg_config_init(&config);
	for (uint32_t i = 0; i < n; i++)
		add_peer(&config, i, NULL);
	costs->load_ns = apply(&hub, &config) / n;
	costs->bytes = (resident() - before) / n;
	costs->describe_ns = describe(&hub, n);
	free_hub(&hub);
}

/* Each peer has a session, and a keepalive every so often. */
static double tick(struct hub *hub, const struct caller *callers, uint32_t n)
{
	wg_time end = hub->now.boot + KEEPALIVE * WG_SECOND;
	struct wg_config config;
	double spent = 0;
	wg_time due;

	wg_config_init(&config);
	for (uint32_t i = 0; i < n; i++) {
		add_peer(&config, i, callers[i].identity.public_key);
		config.peers[i].has_keepalive = true;
		config.peers[i].keepalive = KEEPALIVE;
	}
	apply(hub, &config);
	while ((due = wg_device_due(hub->device)) <= end) {
		double start = wg_bench_now();

		if (due > hub->now.boot)
			hub->now.boot = due;
		wg_device_tick(hub->device, hub->now, &hub->out);
		flush(&hub->out);
		spent += wg_bench_now() - start;
	}
	return spent / n;
}

static void measure_sessions(uint32_t n, struct costs *costs)
{
	struct caller *callers = calloc(n, sizeof(*callers));
	struct wg_config config;
	struct hub hub;
	double before;

	require(callers);
	for (uint32_t i = 0; i < n; i++)
		memset(&callers[i], 0xff, sizeof(callers[i])); /* resident from now on */
	init_hub(&hub);
	before = resident();
	wg_config_init(&config);
	config.has_private_key = true;
	require(!wg_lockedkey_set(&config.private_key, hub.identity.private_key));
	for (uint32_t i = 0; i < n; i++) {
		init_caller(&callers[i], &hub);
		add_peer(&config, i, callers[i].identity.public_key);
	}
	apply(&hub, &config);
	for (uint32_t i = 0; i < n; i++) {
		hub.now.boot += CALLS_LAST / n;
		call(&hub, &callers[i], i);
	}
	costs->session_bytes = (resident() - before) / n;
	costs->tick_ns = tick(&hub, callers, n);
	free_hub(&hub);
	free(callers);
}

int main(int argc, char **argv)
{
	uint32_t peers = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	uint32_t sessions = peers < MOST_SESSIONS ? peers : MOST_SESSIONS;
	struct costs costs;

	if (argc == 3)
		sessions = (uint32_t)strtoul(argv[2], NULL, 10);
	if (argc > 3 || !peers || peers > 1u << 20 || !sessions || sessions > 1u << 20) {
		fprintf(stderr, "usage: bench_scale PEERS [SESSIONS], 1 to 1048576\n");
		return 2;
	}
	require(wg_crypto_init(getenv("TUFF_AEAD")) == 0);
	measure_peers(peers, &costs);
	measure_sessions(sessions, &costs);
	printf("{\"bench\":\"scale\",\"peers\":%" PRIu32 ",\"engine_bytes\":%.0f,\"load_ns\":%.1f,"
	       "\"describe_ns\":%.1f,\"sessions\":%" PRIu32 ",\"session_bytes\":%.0f,"
	       "\"tick_ns\":%.1f}\n",
	       peers, costs.bytes, costs.load_ns, costs.describe_ns, sessions, costs.session_bytes,
	       costs.tick_ns);
	return 0;
}
