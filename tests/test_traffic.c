/* Turns and order of the packets' way, with an engine, a link and sockets that only do
 * what a test says (the linker puts them in the place of the real ones). */
#include <errno.h>

#include "wgtest.h"

#include "base/log.h"
#include "crypto/crypto.h"
#include "engine/traffic.h"
#include "os/clock.h"

static struct wg_traffic traffic;
static size_t link_holds;   /* packets */
static size_t socket_holds; /* datagrams, or trains of them */
static size_t train_len;    /* datagrams */
static int link_error;
static size_t n_reads;
static size_t n_receives;
static size_t n_sent_runs;
static size_t n_from_engine; /* calls into it */

/* What the engine does with a batch: n jobs, some of which plan another. */
static struct wg_job jobs[16];
static size_t n_planned;
static size_t plan_per_batch;
static uint64_t replan_below; /* finishing a job with such a number plans one more */
static uint64_t order[32];
static size_t n_order;

static size_t errors_waiting; /* on a socket */
static bool reports_wanted;   /* of the sockets */
static bool somebody_is_silent;
static struct wg_tun_stats tun_stats;
static uint64_t failed_receives;
static int send_error;
static char last_line[256];
static unsigned int n_lines;

const struct wg_tun_stats *__wrap_wg_tun_stats(const struct wg_tun *tun);
uint64_t __wrap_wg_udp_failures(const struct wg_udp *udp, int *error);
size_t __wrap_wg_udp_read_errors(struct wg_udp *udp, unsigned int i, struct wg_report *reports,
				 size_t max);
void __wrap_wg_udp_want_reports(struct wg_udp *udp, bool wanted);
bool __wrap_wg_device_wants_reports(const struct wg_device *device, wg_time now);
int __wrap_wg_tun_read(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch,
		       size_t max);
int __wrap_wg_tun_write(struct wg_tun *tun, struct wg_batch *batch);
int __wrap_wg_udp_receive(struct wg_udp *udp, unsigned int i, struct wg_pool *pool,
			  struct wg_run *runs, size_t max_runs);
void __wrap_wg_udp_send(struct wg_udp *udp, struct wg_run *runs, size_t n);
void __wrap_wg_device_from_tun(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			       struct wg_out *out);
void __wrap_wg_device_from_udp(struct wg_device *device, struct wg_run *run, struct wg_now now,
			       struct wg_out *out);
void __wrap_wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			     struct wg_out *out);
void __wrap_wg_device_sent(struct wg_device *device, const struct wg_run *run);
void __wrap_wg_job_run(struct wg_job *job);

int __wrap_wg_tun_read(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch, size_t max)
{
	size_t n = link_holds < max ? link_holds : max;

	(void)tun;
	n_reads++;
	if (link_error)
		return link_error;
	for (size_t i = 0; i < n; i++)
		wg_batch_push(batch, wg_pool_get(pool, WG_SLOT_ROOM));
	link_holds -= n;
	return (int)n;
}

int __wrap_wg_tun_write(struct wg_tun *tun, struct wg_batch *batch)
{
	(void)tun;
	wg_batch_drop(batch);
	return 0;
}

int __wrap_wg_udp_receive(struct wg_udp *udp, unsigned int i, struct wg_pool *pool,
			  struct wg_run *runs, size_t max_runs)
{
	size_t n = socket_holds < max_runs ? socket_holds : max_runs;

	(void)udp;
	(void)i;
	n_receives++;
	for (size_t k = 0; k < n; k++) {
		runs[k] = (struct wg_run){0};
		for (size_t datagram = 0; datagram < train_len; datagram++)
			wg_batch_push(&runs[k].batch, wg_pool_get(pool, WG_SLOT_ROOM));
	}
	socket_holds -= n;
	return (int)n;
}

void __wrap_wg_udp_send(struct wg_udp *udp, struct wg_run *runs, size_t n)
{
	(void)udp;
	for (size_t i = 0; i < n; i++) {
		runs[i].error = send_error;
		runs[i].failed = send_error ? runs[i].batch.n : 0;
		wg_batch_drop(&runs[i].batch);
	}
	n_sent_runs += n;
}

void __wrap_wg_device_sent(struct wg_device *device, const struct wg_run *run)
{
	(void)device;
	(void)run;
}

size_t __wrap_wg_udp_read_errors(struct wg_udp *udp, unsigned int i, struct wg_report *reports,
				 size_t max)
{
	size_t n = errors_waiting < max ? errors_waiting : max;

	(void)udp;
	(void)i;
	for (size_t k = 0; k < n; k++)
		reports[k] = (struct wg_report){.kind = WG_REPORT_PORT_CLOSED};
	errors_waiting -= n;
	return n;
}

const struct wg_tun_stats *__wrap_wg_tun_stats(const struct wg_tun *tun)
{
	(void)tun;
	return &tun_stats;
}

uint64_t __wrap_wg_udp_failures(const struct wg_udp *udp, int *error)
{
	(void)udp;
	*error = -ENOMEM;
	return failed_receives;
}

void __wrap_wg_udp_want_reports(struct wg_udp *udp, bool wanted)
{
	(void)udp;
	reports_wanted = wanted;
}

bool __wrap_wg_device_wants_reports(const struct wg_device *device, wg_time now)
{
	(void)device;
	(void)now;
	return somebody_is_silent;
}

static void plan(struct wg_out *out)
{
	struct wg_job *job = &jobs[n_planned];

	job->peer = ++n_planned;
	wg_job_push(&out->jobs, job);
}

void __wrap_wg_device_from_tun(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			       struct wg_out *out)
{
	(void)device;
	(void)now;
	n_from_engine++;
	wg_batch_drop(batch);
	for (size_t i = 0; i < plan_per_batch; i++) {
		plan(out);
		if (i % 2)
			out->flush(out); /* as when there is no more room */
	}
}

void __wrap_wg_device_from_udp(struct wg_device *device, struct wg_run *run, struct wg_now now,
			       struct wg_out *out)
{
	(void)device;
	(void)now;
	n_from_engine++;
	/* Back to where it came from. */
	out->runs[out->n_runs++] = *run;
	if (out->n_runs == WG_OUT_RUNS)
		out->flush(out);
}

void __wrap_wg_job_run(struct wg_job *job)
{
	order[n_order++] = job->peer;
}

void __wrap_wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			     struct wg_out *out)
{
	(void)device;
	(void)now;
	assert_int_equal(order[n_order - 1], job->peer);
	if (job->peer < replan_below) {
		plan(out);
		out->flush(out);
	}
	out->runs[out->n_runs++] = (struct wg_run){0};
}

static void keep_line(enum wg_log_level level, const char *text)
{
	(void)level;
	n_lines++;
	snprintf(last_line, sizeof(last_line), "%s", text);
}

static int set_up(void **state)
{
	(void)state;
	link_holds = socket_holds = 0;
	train_len = 1;
	link_error = 0;
	n_reads = n_receives = n_sent_runs = n_from_engine = 0;
	n_planned = plan_per_batch = n_order = 0;
	replan_below = 0;
	errors_waiting = 0;
	reports_wanted = somebody_is_silent = false;
	tun_stats = (struct wg_tun_stats){0};
	failed_receives = 0;
	n_lines = 0;
	wg_log_init(keep_line, WG_LOG_WARNING);
	return wg_traffic_init(&traffic, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(wg_pool_bytes_used(traffic.tun_pool), 0);
	assert_int_equal(wg_pool_bytes_used(traffic.udp_pool), 0);
	wg_traffic_deinit(&traffic);
	return 0;
}

static void test_a_busy_link_yields_after_its_budget(void **state)
{
	(void)state;
	link_holds = 1000;
	assert_int_equal(wg_traffic_from_tun(&traffic), 0);
	assert_in_range(link_holds, 1000 - 256, 1000 - 64);
}

static void test_a_busy_socket_yields_after_its_budget(void **state)
{
	(void)state;
	traffic.udp = (struct wg_udp *)&traffic; /* never looked at */
	socket_holds = 1000;
	assert_int_equal(wg_traffic_from_udp(&traffic, 0), 0);
	assert_in_range(socket_holds, 1000 - 256, 1000 - 64);
	assert_int_equal(n_sent_runs, 1000 - socket_holds);
}

/* Else a peer at line rate would keep the other direction waiting for milliseconds. */
static void test_trains_count_by_their_datagrams(void **state)
{
	(void)state;
	traffic.udp = (struct wg_udp *)&traffic; /* never looked at */
	socket_holds = 1000;
	train_len = 4;
	assert_int_equal(wg_traffic_from_udp(&traffic, 0), 0);
	assert_int_equal(n_receives, 1);
	train_len = 2;
	assert_int_equal(wg_traffic_from_udp(&traffic, 0), 0);
	assert_int_equal(n_receives, 1 + 2);
}

static void test_what_is_nearly_dry_is_not_asked_twice(void **state)
{
	(void)state;
	link_holds = 63;
	socket_holds = 1;
	assert_int_equal(wg_traffic_from_tun(&traffic), 0);
	assert_int_equal(wg_traffic_from_udp(&traffic, 0), 0);
	assert_int_equal(n_reads, 1);
	assert_int_equal(n_receives, 1);
	assert_int_equal(n_from_engine, 2);
}

static void test_jobs_run_in_the_order_in_which_they_were_planned(void **state)
{
	(void)state;
	link_holds = 1;
	plan_per_batch = 5;
	replan_below = 8; /* 1 to 5, then those that 1 to 7 plan */
	assert_int_equal(wg_traffic_from_tun(&traffic), 0);
	assert_int_equal(n_order, 12);
	for (size_t i = 0; i < n_order; i++)
		assert_int_equal(order[i], i + 1);
}

static void test_what_finishing_gives_is_sent(void **state)
{
	(void)state;
	traffic.udp = (struct wg_udp *)&traffic;
	link_holds = 1;
	plan_per_batch = 1;
	assert_int_equal(wg_traffic_from_tun(&traffic), 0);
	assert_int_equal(n_sent_runs, 1);
}

static void test_without_sockets_what_would_be_sent_is_dropped(void **state)
{
	(void)state;
	socket_holds = 100;
	assert_int_equal(wg_traffic_from_udp(&traffic, 0), 0);
	assert_int_equal(n_sent_runs, 0);
	assert_int_equal(traffic.out.n_runs, 0);
}

static void test_a_link_that_is_gone_is_said(void **state)
{
	(void)state;
	link_error = -EBADFD;
	assert_int_equal(wg_traffic_from_tun(&traffic), -EBADFD);
}

static void test_memory_of_a_burst_can_be_given_back(void **state)
{
	size_t held;

	(void)state;
	link_holds = 256;
	assert_int_equal(wg_traffic_from_tun(&traffic), 0);
	held = wg_traffic_bytes_held(&traffic);
	wg_traffic_trim(&traffic);
	assert_true(wg_traffic_bytes_held(&traffic) <= held);
}

static void test_what_fails_is_logged_once_with_its_reason(void **state)
{
	(void)state;
	traffic.udp = (struct wg_udp *)&traffic;
	failed_receives = 16;
	assert_int_equal(wg_traffic_from_udp(&traffic, 0), 0);
	assert_string_equal(last_line, "receive: Cannot allocate memory; times: 16");
	tun_stats.failed_reads = 2;
	tun_stats.read_error = -ENOBUFS;
	assert_int_equal(wg_traffic_from_tun(&traffic), 0);
	assert_string_equal(last_line, "read from the link: No buffer space available; times: 2");
	tun_stats.dropped_write = 3;
	tun_stats.write_error = -EIO;
	wg_batch_push(&traffic.out.tun, wg_pool_get(traffic.own_pool, WG_SLOT_ROOM));
	wg_traffic_settle(&traffic);
	assert_string_equal(last_line, "write to the link: Input/output error; times: 3");
	send_error = -EPERM;
	socket_holds = 100;
	assert_int_equal(wg_traffic_from_udp(&traffic, 0), 0);
	send_error = 0;
	assert_string_equal(last_line,
			    "send to (none): Operation not permitted; datagrams dropped: 1");
	assert_int_equal(n_lines, 4);
	tun_stats.dropped_write = 4;
	tun_stats.failed_reads = failed_receives = 99;
	wg_traffic_from_udp(&traffic, 0);
	wg_traffic_from_tun(&traffic);
	assert_int_equal(n_lines, 4);
}

static void test_reports_are_wanted_while_somebody_is_silent(void **state)
{
	(void)state;
	traffic.udp = (struct wg_udp *)&traffic;
	wg_traffic_tick(&traffic, (struct wg_now){.boot = 10 * WG_SECOND});
	assert_false(reports_wanted);
	somebody_is_silent = true;
	wg_traffic_tick(&traffic, (struct wg_now){.boot = 11 * WG_SECOND});
	assert_true(reports_wanted);
	somebody_is_silent = false;
	wg_traffic_tick(&traffic, (struct wg_now){.boot = 12 * WG_SECOND});
	assert_false(reports_wanted);
}

static void test_a_flood_of_reports_is_not_listened_to_for_a_second(void **state)
{
	struct wg_now now = wg_clock_now();

	(void)state;
	traffic.udp = (struct wg_udp *)&traffic;
	somebody_is_silent = true;
	wg_traffic_tick(&traffic, now);
	errors_waiting = 63;
	wg_traffic_read_errors(&traffic, 0);
	assert_true(reports_wanted);
	errors_waiting = 1000;
	wg_traffic_read_errors(&traffic, 1);
	assert_int_equal(errors_waiting, 1000 - 64);
	assert_false(reports_wanted);
	wg_traffic_tick(&traffic, now);
	assert_false(reports_wanted);
	now.boot += 2 * WG_SECOND;
	wg_traffic_tick(&traffic, now);
	assert_true(reports_wanted);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_busy_link_yields_after_its_budget),
		TEST(test_a_busy_socket_yields_after_its_budget),
		TEST(test_trains_count_by_their_datagrams),
		TEST(test_what_is_nearly_dry_is_not_asked_twice),
		TEST(test_jobs_run_in_the_order_in_which_they_were_planned),
		TEST(test_what_finishing_gives_is_sent),
		TEST(test_without_sockets_what_would_be_sent_is_dropped),
		TEST(test_a_link_that_is_gone_is_said),
		TEST(test_memory_of_a_burst_can_be_given_back),
		TEST(test_what_fails_is_logged_once_with_its_reason),
		TEST(test_reports_are_wanted_while_somebody_is_silent),
		TEST(test_a_flood_of_reports_is_not_listened_to_for_a_second),
	};

	assert_int_equal(wg_crypto_init(NULL), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
