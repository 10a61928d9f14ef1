/* What a packet costs in the engine alone, without a link and without a socket: two
 * engines with a session, packets in memory, and each of the three steps (plan, run,
 * finish) by itself, for vectors of several depths. One JSON object a line:
 *
 *   {"bench":"engine","way":"out","vector":64,"len":1400,"aead":"ipsec-mb",
 *    "plan_ns":…,"run_ns":…,"finish_ns":…}
 *
 * Nanoseconds of a processor per packet; and the way out with workers, as the daemon has
 * it, here also with none:
 *
 *   {"bench":"engine","way":"out","vector":64,"len":1400,"aead":"ipsec-mb","workers":1,
 *    "wall_ns":…,"owner_ns":…}
 *
 * Segments of one vector are of one flow, as
 * they come from a super-packet. TUFF_AEAD picks the cipher. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "core/device.h"
#include "crypto/crypto.h"
#include "engine/workers.h"
#include "pair.h"
#include "wgbench.h"

/* What is measured at a time: enough for the clock, little enough for the cache. */
#define GROUP 64u

enum step { STEP_PLAN, STEP_RUN, STEP_FINISH, STEP_COUNT };

struct cost {
	double ns[STEP_COUNT];
};

static struct wg_pair_end left;
static struct wg_pair_end right;
static double clock_cost; /* of one look at it */

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
			struct wg_packet *packet = wg_pair_packet(&left, &right, len);

			packet->flags = k ? WG_PACKET_SAME_FLOW : 0;
			wg_batch_push(&batches[i], packet);
		}
	}
	start = wg_bench_now();
	for (uint32_t i = 0; i < GROUP / vector; i++)
		wg_device_from_tun(left.device, &batches[i], wg_pair_now, &left.out);
	count(&start, &cost->ns[STEP_PLAN]);
	wg_pair_run(&left);
	count(&start, &cost->ns[STEP_RUN]);
	wg_pair_finish(&left);
	wg_pair_take(&left);
	count(&start, &cost->ns[STEP_FINISH]);
}

static void receive_vectors(struct cost *cost)
{
	double start = wg_bench_now();

	wg_pair_carry(&left, &right);
	count(&start, &cost->ns[STEP_PLAN]);
	wg_pair_run(&right);
	count(&start, &cost->ns[STEP_RUN]);
	wg_pair_finish(&right);
	wg_pair_take(&right);
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

static double wall_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* The counter that the session is at. */
static uint64_t send_one(void)
{
	struct wg_batch batch;
	uint64_t counter;

	wg_batch_init(&batch);
	wg_batch_push(&batch, wg_pair_packet(&left, &right, 64));
	wg_device_from_tun(left.device, &batch, wg_pair_now, &left.out);
	wg_pair_run(&left);
	wg_pair_finish(&left);
	wg_pair_take(&left);
	counter = left.sent[0].batch.head->counter;
	wg_pair_carry(&left, &right);
	wg_pair_run(&right);
	wg_pair_finish(&right);
	wg_pair_take(&right);
	wg_batch_drop(&right.delivered);
	return counter;
}

/* Numbers must be in order, whoever sealed them. */
static void drop_sent(struct wg_pair_end *end, uint64_t *counter)
{
	const struct wg_packet *packet;

	wg_pair_take(end);
	for (size_t i = 0; i < end->n_sent; i++) {
		wg_batch_for_each (packet, &end->sent[i].batch)
			if (packet->counter != ++*counter)
				abort();
		wg_batch_drop(&end->sent[i].batch);
	}
	end->n_sent = 0;
}

static void finish_done(struct wg_workers *workers, uint64_t *counter)
{
	struct wg_job *job;

	while ((job = wg_workers_take(workers)))
		wg_device_finish(left.device, job, wg_pair_now, &left.out);
	drop_sent(&left, counter);
}

static void send_vector(struct wg_workers *workers, uint32_t vector, uint32_t len,
			uint64_t *counter)
{
	struct wg_batch batch;
	struct wg_job *job;

	wg_batch_init(&batch);
	for (uint32_t i = 0; i < vector; i++)
		wg_batch_push(&batch, wg_pair_packet(&left, &right, len));
	wg_device_from_tun(left.device, &batch, wg_pair_now, &left.out);
	while ((job = wg_job_pop(&left.out.jobs)))
		wg_workers_give(workers, job);
	while (wg_workers_full(workers) && wg_workers_wait(workers))
		finish_done(workers, counter);
	finish_done(workers, counter);
}

static void no_need(void *ctx)
{
	(void)ctx; /* the owner never sleeps but in wg_workers_wait */
}

/* Making the packets counts too, as reading them would. */
static void measure_workers(unsigned int n, uint32_t vector, uint32_t len, uint64_t *counter)
{
	const unsigned int vectors = 200000 / vector;
	struct wg_workers *workers;
	double owner;
	double wall;

	if (wg_workers_new(&workers, n, no_need, NULL))
		abort();
	wall = wall_clock();
	owner = wg_bench_now();
	for (unsigned int i = 0; i < vectors; i++)
		send_vector(workers, vector, len, counter);
	while (wg_workers_wait(workers))
		finish_done(workers, counter);
	owner = wg_bench_now() - owner;
	wall = wall_clock() - wall;
	printf("{\"bench\":\"engine\",\"way\":\"out\",\"vector\":%u,\"len\":%u,\"aead\":\"%s\","
	       "\"workers\":%u,\"wall_ns\":%.1f,\"owner_ns\":%.1f}\n",
	       vector, len, wg_crypto_aead_name(), n, wall / (vectors * vector),
	       owner / (vectors * vector));
	fflush(stdout);
	wg_workers_free(workers);
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
	uint64_t counter;

	if (wg_crypto_init(getenv("TUFF_AEAD")))
		return 1;
	clock_cost = wg_bench_ns(look_at_clock, NULL);
	wg_pair_meet(&left, &right);
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		for (size_t k = 0; k < WG_ARRAY_LEN(vectors); k++)
			measure(vectors[k], lens[i]);
	counter = send_one();
	for (unsigned int n = 0; n <= 2; n++)
		for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
			measure_workers(n, 64, lens[i], &counter);
	wg_pair_part(&left, &right);
	return 0;
}
