/* What a packet costs in the engine alone, without a link and without a socket: two
 * engines with a session, packets in memory, and each of the three steps (plan, run,
 * finish) by itself, for vectors of several depths. One JSON object a line:
 *
 *   {"bench":"engine","way":"out","vector":64,"len":1400,"aead":"ipsec-mb",
 *    "plan_ns":…,"run_ns":…,"finish_ns":…}
 *
 * Nanoseconds of a processor per packet. Segments of one vector are of one flow, as
 * they come from a super-packet. TUFF_AEAD picks the cipher. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "core/device.h"
#include "crypto/crypto.h"
#include "wgbench.h"

/* What is measured at a time: enough for the clock, little enough for the cache. */
#define GROUP 64u
#define MTU   1420u

enum step { STEP_PLAN, STEP_RUN, STEP_FINISH, STEP_COUNT };

struct engine {
	struct wg_device *device;
	struct wg_pool *pool;
	struct wg_out out;
	struct wg_endpoint endpoint;
	struct wg_prefix inside;
	uint8_t private_key[WG_KEY_LEN];
	uint8_t public_key[WG_KEY_LEN];
	struct wg_run sent[GROUP];
	size_t n_sent;
	struct wg_batch delivered;
};

struct cost {
	double ns[STEP_COUNT];
};

static const struct wg_now now = {.boot = WG_SECOND, .wall_sec = 1};
static struct engine left;
static struct engine right;
static double clock_cost; /* of one look at it */

static void take_results(struct wg_out *out)
{
	struct engine *engine = out->ctx;

	for (size_t i = 0; i < out->n_runs; i++) {
		if (engine->n_sent == GROUP)
			abort();
		engine->sent[engine->n_sent++] = out->runs[i];
	}
	out->n_runs = 0;
	wg_batch_append(&engine->delivered, &out->tun);
	if (out->jobs.n)
		abort(); /* these vectors are no more than an out holds */
}

static void init_engine(struct engine *engine, uint8_t number)
{
	struct wg_device_options options = {.random = wg_crypto_random()};

	engine->pool = wg_pool_new((size_t)16 << 20);
	options.pool = engine->pool;
	engine->device = engine->pool ? wg_device_new(&options) : NULL;
	if (!engine->device)
		abort();
	engine->out.flush = take_results;
	engine->out.ctx = engine;
	engine->endpoint = (struct wg_endpoint){
		.ip = {.family = WG_FAMILY_IPV4, .bytes = {192, 0, 2, number}}, .port = 1000};
	engine->inside = (struct wg_prefix){
		.ip = {.family = WG_FAMILY_IPV4, .bytes = {10, 0, 0, number}}, .bits = 32};
	wg_random_fill(&options.random, engine->private_key, WG_KEY_LEN);
	wg_x25519_clamp(engine->private_key);
	wg_x25519_public(engine->public_key, engine->private_key);
	wg_device_set_mtu(engine->device, MTU);
	wg_device_up(engine->device, now, &engine->out);
}

static void introduce(struct engine *engine, const struct engine *other)
{
	struct wg_config config;
	struct wg_config_peer *peer;

	wg_config_init(&config);
	config.has_private_key = true;
	memcpy(config.private_key, engine->private_key, WG_KEY_LEN);
	peer = wg_config_add_peer(&config);
	if (!peer || wg_config_add_allowed_ip(peer, &other->inside, false))
		abort();
	memcpy(peer->public_key, other->public_key, WG_KEY_LEN);
	peer->has_endpoint = true;
	peer->endpoint = other->endpoint;
	if (wg_device_apply(engine->device, &config, now, &engine->out))
		abort();
	wg_config_deinit(&config);
}

static struct wg_packet *packet_new(struct engine *from, const struct engine *to, uint32_t len)
{
	struct wg_packet *packet = wg_pool_get(from->pool, len + 32);

	if (!packet)
		abort();
	memset(packet->data, 0, len);
	packet->data[0] = 0x45;
	wg_store_be16(packet->data + 2, (uint16_t)len);
	packet->data[8] = 64;
	memcpy(packet->data + 12, from->inside.ip.bytes, 4);
	memcpy(packet->data + 16, to->inside.ip.bytes, 4);
	packet->len = len;
	return packet;
}

static void run_jobs(struct engine *engine)
{
	for (struct wg_job *job = engine->out.jobs.head; job; job = job->next)
		wg_job_run(job);
}

/* Only those that were run: finishing may plan more. */
static void finish_jobs(struct engine *engine)
{
	for (size_t n = engine->out.jobs.n; n > 0; n--)
		wg_device_finish(engine->device, wg_job_pop(&engine->out.jobs), now, &engine->out);
}

static void settle(struct engine *engine)
{
	wg_device_tick(engine->device, now, &engine->out);
	while (engine->out.jobs.n) {
		run_jobs(engine);
		finish_jobs(engine);
	}
	take_results(&engine->out);
}

/* Hands over what one engine has sent, as if it had come from there. */
static void carry(struct engine *from, struct engine *to)
{
	for (size_t i = 0; i < from->n_sent; i++) {
		from->sent[i].path = (struct wg_path){.remote = from->endpoint};
		wg_device_from_udp(to->device, &from->sent[i], now, &to->out);
	}
	from->n_sent = 0;
}

static void meet(void)
{
	struct wg_batch batch;

	init_engine(&left, 1);
	init_engine(&right, 2);
	introduce(&left, &right);
	introduce(&right, &left);
	wg_batch_init(&batch);
	wg_batch_push(&batch, packet_new(&left, &right, 64));
	wg_device_from_tun(left.device, &batch, now, &left.out);
	for (int message = 0; message < 2; message++) {
		settle(&left);
		carry(&left, &right);
		settle(&right);
		carry(&right, &left);
	}
	settle(&left);
	carry(&left, &right);
	settle(&right);
	if (right.delivered.n != 1)
		abort();
	wg_batch_drop(&right.delivered);
}

/* Adds what was spent since start to a step, and looks at the clock anew. */
static void count(double *start, double *ns)
{
	double end = wg_bench_now();

	*ns += end - *start - clock_cost;
	*start = wg_bench_now();
}

static void send_vectors(struct cost *cost, uint32_t vector, uint32_t len)
{
	struct wg_batch batches[GROUP];
	double start;

	for (uint32_t i = 0; i < GROUP / vector; i++) {
		wg_batch_init(&batches[i]);
		for (uint32_t k = 0; k < vector; k++) {
			struct wg_packet *packet = packet_new(&left, &right, len);

			packet->flags = k ? WG_PACKET_SAME_FLOW : 0;
			wg_batch_push(&batches[i], packet);
		}
	}
	start = wg_bench_now();
	for (uint32_t i = 0; i < GROUP / vector; i++)
		wg_device_from_tun(left.device, &batches[i], now, &left.out);
	count(&start, &cost->ns[STEP_PLAN]);
	run_jobs(&left);
	count(&start, &cost->ns[STEP_RUN]);
	finish_jobs(&left);
	take_results(&left.out);
	count(&start, &cost->ns[STEP_FINISH]);
}

static void receive_vectors(struct cost *cost)
{
	double start = wg_bench_now();

	carry(&left, &right);
	count(&start, &cost->ns[STEP_PLAN]);
	run_jobs(&right);
	count(&start, &cost->ns[STEP_RUN]);
	finish_jobs(&right);
	take_results(&right.out);
	count(&start, &cost->ns[STEP_FINISH]);
	if (right.delivered.n != GROUP)
		abort();
	wg_batch_drop(&right.delivered);
}

static void keep_best(struct cost *best, const struct cost *sum, unsigned int n)
{
	for (int step = 0; step < STEP_COUNT; step++) {
		double ns = sum->ns[step] / (n * GROUP);

		if (best->ns[step] == 0 || ns < best->ns[step])
			best->ns[step] = ns;
	}
}

static void print(const char *way, uint32_t vector, uint32_t len, const struct cost *cost)
{
	printf("{\"bench\":\"engine\",\"way\":\"%s\",\"vector\":%u,\"len\":%u,\"aead\":\"%s\","
	       "\"plan_ns\":%.1f,\"run_ns\":%.1f,\"finish_ns\":%.1f}\n",
	       way, vector, len, wg_crypto_aead_name(), cost->ns[STEP_PLAN], cost->ns[STEP_RUN],
	       cost->ns[STEP_FINISH]);
	fflush(stdout);
}

static void measure(uint32_t vector, uint32_t len)
{
	struct cost out = {0};
	struct cost in = {0};
	unsigned int repeat = 500;

	for (int round = 0; round < WG_BENCH_ROUNDS; round++) {
		struct cost out_sum = {0};
		struct cost in_sum = {0};

		for (unsigned int i = 0; i < repeat; i++) {
			send_vectors(&out_sum, vector, len);
			receive_vectors(&in_sum);
		}
		keep_best(&out, &out_sum, repeat);
		keep_best(&in, &in_sum, repeat);
	}
	print("out", vector, len, &out);
	print("in", vector, len, &in);
}

static void look_at_clock(void *ctx)
{
	(void)ctx;
	wg_bench_now();
}

int main(void)
{
	static const uint32_t vectors[] = {1, 16, 64};
	static const uint32_t lens[] = {64, 1400};

	if (wg_crypto_init(getenv("TUFF_AEAD")))
		return 1;
	clock_cost = wg_bench_ns(look_at_clock, NULL);
	meet();
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		for (size_t k = 0; k < WG_ARRAY_LEN(vectors); k++)
			measure(vectors[k], lens[i]);
	wg_device_free(left.device);
	wg_device_free(right.device);
	wg_pool_free(left.pool);
	wg_pool_free(right.pool);
	return 0;
}
