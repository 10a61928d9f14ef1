#include "engine/traffic.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "os/clock.h"

/* Packets of one vector, and of one turn: as soon as there were so many, the other
 * direction, the other socket, the timers and the control socket have theirs. A
 * vector of trains is as many packets as it is; so one of them is a turn. */
#define VECTOR 64
#define TURN   (4 * VECTOR)

/* A job that takes a worker less than this is not worth the way there and back. */
#define WORTH_NS 8000u

/* So many of the network's reports are read in a second: each costs a failed system call,
 * and anybody can send them. */
#define MAX_REPORTS 64

/* 16 MiB in all. */
#define TUN_POOL_BYTES ((size_t)8 << 20)
#define UDP_POOL_BYTES ((size_t)6 << 20)
#define OWN_POOL_BYTES ((size_t)2 << 20)

static void note_send(struct wg_traffic *traffic, const struct wg_run *run)
{
	struct wg_trouble *trouble = &traffic->troubles[WG_TRAFFIC_SEND];
	const char *why = run->error ? strerror(-run->error)
				     : "a queue on the way out is full, its link is too slow";
	uint64_t n = run->failed + run->full;
	char to[WG_ENDPOINT_TEXT_LEN];

	if (!n || !wg_trouble_note(trouble, n, wg_clock_now().boot))
		return;
	wg_log(WG_LOG_WARNING, "send to %s: %s; datagrams dropped: %" PRIu64,
	       wg_endpoint_format(to, &run->path.remote), why, trouble->n);
	trouble->n = 0;
}

/* The link or the sockets have failed so often by now, the last time with error. */
static void note(struct wg_traffic *traffic, enum wg_traffic_trouble which, uint64_t n, int error,
		 const char *what)
{
	struct wg_trouble *trouble = &traffic->troubles[which];
	/* New sockets count from the start. */
	uint64_t more = n < traffic->seen[which] ? n : n - traffic->seen[which];

	traffic->seen[which] = n;
	if (!more || !wg_trouble_note(trouble, more, wg_clock_now().boot))
		return;
	wg_log(WG_LOG_WARNING, "%s: %s; times: %" PRIu64, what, strerror(-error), trouble->n);
	trouble->n = 0;
}

static void write_link(struct wg_traffic *traffic, struct wg_batch *batch)
{
	const struct wg_tun_stats *stats;

	/* A link that is gone is noticed by who polls it. */
	wg_tun_write(traffic->tun, batch);
	stats = wg_tun_stats(traffic->tun);
	note(traffic, WG_TRAFFIC_WRITE, stats->dropped_write, stats->write_error,
	     "write to the link");
}

/* Sends and writes what is there. Jobs are only put aside: they are run when the
 * engine has returned (wg_traffic_settle), in the order in which they were planned. */
static void flush(struct wg_out *out)
{
	struct wg_traffic *traffic = out->ctx;
	struct wg_job *job;

	while ((job = wg_job_pop(&out->jobs)))
		wg_job_push(&traffic->jobs, job);
	if (traffic->udp && out->n_runs) {
		wg_udp_send(traffic->udp, out->runs, out->n_runs);
		for (size_t i = 0; i < out->n_runs; i++) {
			note_send(traffic, &out->runs[i]);
			wg_device_sent(traffic->device, &out->runs[i]);
		}
	} else {
		for (size_t i = 0; i < out->n_runs; i++)
			wg_batch_drop(&out->runs[i].batch);
	}
	out->n_runs = 0;
	if (!wg_batch_empty(&out->tun))
		write_link(traffic, &out->tun);
}

int wg_traffic_init(struct wg_traffic *traffic, struct wg_tun *tun)
{
	struct wg_device_options options = {.random = wg_crypto_random()};

	*traffic = (struct wg_traffic){.tun = tun};
	traffic->out.flush = flush;
	traffic->out.ctx = traffic;
	wg_batch_init(&traffic->out.tun);
	traffic->tun_pool = wg_pool_new(TUN_POOL_BYTES);
	traffic->udp_pool = wg_pool_new(UDP_POOL_BYTES);
	traffic->own_pool = wg_pool_new(OWN_POOL_BYTES);
	options.pool = traffic->own_pool;
	if (traffic->tun_pool && traffic->udp_pool && traffic->own_pool)
		traffic->device = wg_device_new(&options);
	if (traffic->device)
		return 0;
	wg_traffic_deinit(traffic);
	return -ENOMEM;
}

void wg_traffic_deinit(struct wg_traffic *traffic)
{
	wg_traffic_dismiss(traffic);
	if (traffic->device)
		wg_device_free(traffic->device);
	traffic->device = NULL;
	if (traffic->tun_pool)
		wg_pool_free(traffic->tun_pool);
	if (traffic->udp_pool)
		wg_pool_free(traffic->udp_pool);
	if (traffic->own_pool)
		wg_pool_free(traffic->own_pool);
	traffic->tun_pool = traffic->udp_pool = traffic->own_pool = NULL;
}

int wg_traffic_employ(struct wg_traffic *traffic, unsigned int n, void (*wake)(void *ctx),
		      void *ctx)
{
	return wg_workers_new(&traffic->workers, n, wake, ctx);
}

unsigned int wg_traffic_workers(const struct wg_traffic *traffic)
{
	return traffic->workers ? wg_workers_count(traffic->workers) : 0;
}

void wg_traffic_dismiss(struct wg_traffic *traffic)
{
	if (!traffic->workers)
		return;
	wg_traffic_drain(traffic);
	wg_workers_free(traffic->workers);
	traffic->workers = NULL;
}

/* Handshakes always: they would stop the loop for long. Packets only when more of them
 * wait, since the way to a worker and back takes longer than a vector. */
static bool is_worth_handing_over(const struct wg_traffic *traffic, const struct wg_job *job)
{
	if (job->exchange)
		return true;
	/* By the fastest cipher, of packets that are as long as the first one. */
	return traffic->behind && !wg_batch_empty(&job->batch) &&
	       job->batch.n * (140 + job->batch.head->len / 4) >= WORTH_NS;
}

static void finish(struct wg_traffic *traffic, struct wg_job *job)
{
	wg_device_finish(traffic->device, job, wg_clock_now(), &traffic->out);
}

static void take_back(struct wg_traffic *traffic)
{
	struct wg_job *job;

	while ((job = wg_workers_take(traffic->workers)))
		finish(traffic, job);
}

/* Runs a job or has it run. Either way it is finished in its turn. */
static void dispatch(struct wg_traffic *traffic, struct wg_job *job)
{
	struct wg_workers *workers = traffic->workers;

	if (workers && is_worth_handing_over(traffic, job)) {
		wg_workers_give(workers, job);
	} else if (workers && wg_workers_busy(workers, job)) {
		wg_workers_run_here(workers, job);
	} else {
		wg_job_run(job);
		finish(traffic, job);
	}
	while (workers && wg_workers_full(workers) && wg_workers_wait(workers))
		take_back(traffic);
}

void wg_traffic_settle(struct wg_traffic *traffic)
{
	struct wg_job *job;

	flush(&traffic->out);
	do {
		while ((job = wg_job_pop(&traffic->jobs)))
			dispatch(traffic, job);
		if (traffic->workers)
			take_back(traffic);
		flush(&traffic->out);
	} while (traffic->jobs.head);
	if (traffic->workers)
		wg_workers_listen(traffic->workers);
}

void wg_traffic_drain(struct wg_traffic *traffic)
{
	do
		wg_traffic_settle(traffic);
	while (traffic->workers && wg_workers_wait(traffic->workers));
}

int wg_traffic_from_tun(struct wg_traffic *traffic)
{
	const struct wg_tun_stats *stats = wg_tun_stats(traffic->tun);
	int n = VECTOR;

	for (int taken = 0; taken < TURN && n >= VECTOR; taken += n) {
		struct wg_batch batch;

		wg_batch_init(&batch);
		n = wg_tun_read(traffic->tun, traffic->tun_pool, &batch, VECTOR);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		traffic->behind = n >= VECTOR;
		wg_device_from_tun(traffic->device, &batch, wg_clock_now(), &traffic->out);
		wg_traffic_settle(traffic);
		traffic->behind = false;
	}
	note(traffic, WG_TRAFFIC_READ, stats->failed_reads, stats->read_error,
	     "read from the link");
	return 0;
}

/* The number of packets that socket i gave, or -errno. */
static int receive(struct wg_traffic *traffic, unsigned int i)
{
	struct wg_run runs[WG_UDP_RUNS];
	struct wg_now now;
	size_t packets = 0;
	int n = wg_udp_receive(traffic->udp, i, traffic->udp_pool, runs, WG_ARRAY_LEN(runs));

	if (n <= 0)
		return n;
	now = wg_clock_now();
	for (int k = 0; k < n; k++) {
		packets += runs[k].batch.n;
		wg_device_from_udp(traffic->device, &runs[k], now, &traffic->out);
	}
	traffic->behind = packets >= VECTOR;
	wg_traffic_settle(traffic);
	traffic->behind = false;
	return (int)packets;
}

int wg_traffic_from_udp(struct wg_traffic *traffic, unsigned int i)
{
	uint64_t failures;
	int error;
	int n = VECTOR;

	for (int taken = 0; taken < TURN && n >= VECTOR; taken += n)
		n = receive(traffic, i);
	failures = wg_udp_failures(traffic->udp, &error);
	note(traffic, WG_TRAFFIC_RECEIVE, failures, error, "receive");
	return n < 0 ? n : 0;
}

void wg_traffic_read_errors(struct wg_traffic *traffic, unsigned int i)
{
	struct wg_report reports[MAX_REPORTS];
	wg_time now = wg_clock_now().boot;
	size_t n = wg_udp_read_errors(traffic->udp, i, reports, WG_ARRAY_LEN(reports));

	for (size_t k = 0; k < n; k++)
		wg_hints_note(&traffic->hints, &reports[k], now);
	if (now - traffic->reports_since >= WG_SECOND) {
		traffic->reports_since = now;
		traffic->n_reports = 0;
	}
	traffic->n_reports += n;
	if (traffic->n_reports >= MAX_REPORTS)
		wg_udp_want_reports(traffic->udp, false);
}

/* Reports are asked for while a peer is silent, and not when they come in floods. */
static void ask_for_reports(struct wg_traffic *traffic, wg_time now)
{
	bool flooded = now - traffic->reports_since < WG_SECOND &&
		       traffic->n_reports >= MAX_REPORTS;

	if (traffic->udp)
		wg_udp_want_reports(traffic->udp,
				    !flooded && wg_device_wants_reports(traffic->device, now));
}

void wg_traffic_tick(struct wg_traffic *traffic, struct wg_now now)
{
	wg_device_tick(traffic->device, now, &traffic->out);
	ask_for_reports(traffic, now.boot);
	wg_traffic_settle(traffic);
}

size_t wg_traffic_bytes_held(const struct wg_traffic *traffic)
{
	return wg_pool_bytes_held(traffic->tun_pool) + wg_pool_bytes_held(traffic->udp_pool) +
	       wg_pool_bytes_held(traffic->own_pool) + wg_device_bytes_held(traffic->device);
}

void wg_traffic_trim(struct wg_traffic *traffic)
{
	wg_pool_trim(traffic->tun_pool);
	wg_pool_trim(traffic->udp_pool);
	wg_pool_trim(traffic->own_pool);
	wg_device_trim(traffic->device);
}
