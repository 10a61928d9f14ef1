/* Threads that run jobs. What a job does here is the test's: it may wait at a gate, and
 * says which thread ran it. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "wgtest.h"

#include "crypto/crypto.h"
#include "engine/traffic.h"
#include "engine/workers.h"

#define N_JOBS 200u

struct work {
	struct wg_job job;
	sem_t *gate; /* waited for, where there is one */
	pthread_t thread;
	unsigned int effort;
	atomic_bool ran;
};

static struct work works[N_JOBS];
static sem_t gate;
static sem_t woken;
static atomic_uint n_deinits;
static atomic_uint n_ran;
static struct wg_workers *workers;
static struct wg_traffic traffic;
static uint64_t finished[N_JOBS];
static size_t n_finished;

void __wrap_wg_job_run(struct wg_job *job);
void __wrap_wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			     struct wg_out *out);
void __wrap_wg_crypto_thread_deinit(void);

void __wrap_wg_job_run(struct wg_job *job)
{
	struct work *work = WG_CONTAINER_OF(job, struct work, job);

	if (work->gate)
		while (sem_wait(work->gate) < 0)
			assert_int_equal(errno, EINTR);
	for (unsigned int i = 0; i < work->effort; i++)
		atomic_fetch_add_explicit(&n_ran, 0, memory_order_relaxed);
	work->thread = pthread_self();
	atomic_store(&work->ran, true);
	atomic_fetch_add(&n_ran, 1);
}

void __wrap_wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			     struct wg_out *out)
{
	(void)device;
	(void)now;
	(void)out;
	assert_true(WG_CONTAINER_OF(job, struct work, job)->ran);
	wg_batch_drop(&job->batch);
	finished[n_finished++] = job->peer;
}

void __wrap_wg_crypto_thread_deinit(void)
{
	atomic_fetch_add(&n_deinits, 1);
}

static void wake(void *ctx)
{
	sem_post(ctx);
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0)
		assert_int_equal(errno, EINTR);
}

static int set_up(void **state)
{
	(void)state;
	memset(works, 0, sizeof(works));
	for (size_t i = 0; i < N_JOBS; i++)
		works[i].job.peer = i;
	sem_init(&gate, 0, 0);
	sem_init(&woken, 0, 0);
	n_deinits = n_ran = 0;
	n_finished = 0;
	workers = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wg_workers_free(workers);
	sem_destroy(&gate);
	sem_destroy(&woken);
	return 0;
}

static void start(unsigned int n)
{
	assert_int_equal(wg_workers_new(&workers, n, wake, &woken), 0);
	assert_int_equal(wg_workers_count(workers), n);
}

static bool ran_here(size_t i)
{
	return works[i].ran && pthread_equal(works[i].thread, pthread_self());
}

static void until_ran(size_t i)
{
	while (!works[i].ran)
		sched_yield();
}

static void assert_next(size_t i)
{
	assert_true(wg_workers_wait(workers));
	assert_ptr_equal(wg_workers_take(workers), &works[i].job);
}

static void test_the_automatic_number_leaves_two_processors(void **state)
{
	static const unsigned int cases[][2] = {
		{1, 0}, {2, 0}, {3, 1}, {4, 2}, {6, 4}, {7, 4}, {256, 4},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++)
		assert_int_equal(wg_workers_auto(cases[i][0]), cases[i][1]);
}

static void test_jobs_come_back_in_the_order_in_which_they_were_given(void **state)
{
	(void)state;
	start(2);
	works[0].gate = &gate;
	wg_workers_give(workers, &works[0].job);
	wg_workers_give(workers, &works[1].job);
	until_ran(1);
	assert_null(wg_workers_take(workers));
	sem_post(&gate);
	assert_next(0);
	assert_next(1);
	assert_false(ran_here(0));
	assert_false(ran_here(1));
}

static void test_a_job_run_here_waits_for_those_before_it(void **state)
{
	(void)state;
	start(1);
	works[0].gate = &gate;
	wg_workers_give(workers, &works[0].job);
	wg_workers_run_here(workers, &works[1].job);
	assert_true(ran_here(1));
	assert_null(wg_workers_take(workers));
	sem_post(&gate);
	assert_next(0);
	assert_next(1);
}

static void test_packets_do_not_wait_for_handshakes(void **state)
{
	(void)state;
	start(2);
	works[0].gate = &gate;
	works[0].job.kind = WG_JOB_IDENTIFY;
	wg_workers_give(workers, &works[0].job);
	assert_false(wg_workers_busy(workers, &works[1].job));
	wg_workers_give(workers, &works[1].job);
	assert_next(1);
	assert_null(wg_workers_take(workers));
	sem_post(&gate);
	assert_next(0);
}

static void test_handshakes_do_not_wait_for_packets(void **state)
{
	(void)state;
	start(2);
	works[0].gate = &gate;
	works[1].job.kind = WG_JOB_IDENTIFY;
	wg_workers_give(workers, &works[0].job);
	wg_workers_give(workers, &works[1].job);
	assert_next(1);
	sem_post(&gate);
	assert_next(0);
}

static void test_the_owner_is_woken_when_it_asked(void **state)
{
	int n;

	(void)state;
	start(1);
	assert_false(wg_workers_listen(workers));
	works[0].gate = &gate;
	wg_workers_give(workers, &works[0].job);
	assert_true(wg_workers_listen(workers));
	sem_getvalue(&woken, &n);
	assert_int_equal(n, 0);
	sem_post(&gate);
	wait_for(&woken);
	assert_ptr_equal(wg_workers_take(workers), &works[0].job);
}

static void test_what_is_done_already_wakes_at_once(void **state)
{
	(void)state;
	start(1);
	wg_workers_give(workers, &works[0].job);
	until_ran(0);
	assert_true(wg_workers_wait(workers));
	assert_true(wg_workers_listen(workers));
	wait_for(&woken);
	assert_next(0);
}

static void test_with_nothing_under_way_there_is_nothing_to_wait_for(void **state)
{
	(void)state;
	start(1);
	assert_false(wg_workers_wait(workers));
	assert_null(wg_workers_take(workers));
}

static void test_the_owner_works_when_all_workers_have_enough(void **state)
{
	size_t n = 0;

	(void)state;
	start(1);
	works[0].gate = &gate;
	do
		wg_workers_give(workers, &works[n].job);
	while (!ran_here(n++));
	assert_in_range(n, 2, 64);
	sem_post(&gate);
	for (size_t i = 0; i < n; i++)
		assert_next(i);
}

static void test_what_is_under_way_has_a_bound(void **state)
{
	size_t n = 0;

	(void)state;
	start(1);
	works[0].gate = &gate;
	while (!wg_workers_full(workers)) {
		works[n].job.batch.n = 64; /* only counted */
		wg_workers_give(workers, &works[n++].job);
	}
	assert_int_equal(n * 64, 2048);
	sem_post(&gate);
	for (size_t i = 0; i < n; i++)
		assert_next(i);
	assert_false(wg_workers_full(workers));
}

static void test_without_threads_all_is_run_here(void **state)
{
	(void)state;
	start(0);
	wg_workers_give(workers, &works[0].job);
	assert_true(ran_here(0));
	assert_next(0);
}

static void test_a_worker_that_ends_gives_its_cipher_back(void **state)
{
	(void)state;
	start(3);
	wg_workers_give(workers, &works[0].job);
	assert_next(0);
	wg_workers_free(workers);
	workers = NULL;
	assert_int_equal(n_deinits, 3);
}

/* Workers fall asleep and are woken, rings fill, and the owner waits, in all orders. */
static void test_no_job_is_lost_or_overtaken_in_a_storm(void **state)
{
	struct wg_test_random random = {4};
	uint64_t given = 0;
	uint64_t taken = 0;

	(void)state;

	start(3);
	while (taken < 20000) {
		struct work *work = &works[given % N_JOBS];
		struct wg_job *job;

		if (given - taken < N_JOBS && !wg_workers_full(workers)) {
			work->ran = false;
			work->effort = (unsigned int)wg_test_below(&random, 2000);
			work->job.batch.n = 40;
			if (wg_test_below(&random, 4))
				wg_workers_give(workers, &work->job);
			else
				wg_workers_run_here(workers, &work->job);
			given++;
		}
		if (!wg_test_below(&random, 50))
			wg_workers_wait(workers);
		if (!wg_test_below(&random, 50) && wg_workers_listen(workers))
			wait_for(&woken);
		while ((job = wg_workers_take(workers))) {
			assert_ptr_equal(job, &works[taken % N_JOBS].job);
			assert_true(works[taken++ % N_JOBS].ran);
		}
	}
	while (wg_workers_wait(workers))
		assert_ptr_equal(wg_workers_take(workers), &works[taken++ % N_JOBS].job);
	assert_int_equal(taken, given);
	assert_int_equal(n_ran, given);
}

static int set_up_traffic(void **state)
{
	int error = set_up(state) ?: wg_traffic_init(&traffic, NULL);

	return error ?: wg_traffic_employ(&traffic, 2, wake, &woken);
}

static int tear_down_traffic(void **state)
{
	assert_int_equal(wg_pool_bytes_used(traffic.tun_pool), 0);
	wg_traffic_deinit(&traffic);
	return tear_down(state);
}

/* Plans a job of n packets, as the engine would. */
static void plan(size_t i, size_t n)
{
	while (works[i].job.batch.n < n) {
		struct wg_packet *packet = wg_pool_get(traffic.tun_pool, WG_SLOT_ROOM);

		assert_non_null(packet);
		packet->len = 1400;
		wg_batch_push(&works[i].job.batch, packet);
	}
	wg_job_push(&traffic.out.jobs, &works[i].job);
}

static void test_light_traffic_is_not_handed_over(void **state)
{
	(void)state;
	plan(0, 1);
	plan(1, 60);
	wg_traffic_settle(&traffic);
	assert_true(ran_here(0));
	assert_true(ran_here(1));
	assert_int_equal(n_finished, 2);
}

static void test_deep_vectors_are_handed_over_when_more_waits(void **state)
{
	(void)state;
	works[0].gate = &gate;
	traffic.behind = true;
	plan(0, 60);
	plan(1, 1);
	wg_traffic_settle(&traffic);
	assert_true(ran_here(1));
	assert_int_equal(n_finished, 0);
	sem_post(&gate);
	wait_for(&woken);
	wg_traffic_settle(&traffic);
	assert_int_equal(n_finished, 2);
	assert_int_equal(finished[0], 0);
	assert_false(ran_here(0));
}

static void test_handshakes_are_always_handed_over(void **state)
{
	static struct wg_exchange exchange;

	(void)state;
	works[0].job.kind = WG_JOB_INITIATE;
	works[0].job.exchange = &exchange;
	works[0].gate = &gate;
	plan(0, 0);
	plan(1, 1);
	wg_traffic_settle(&traffic);
	assert_int_equal(n_finished, 1);
	assert_int_equal(finished[0], 1);
	sem_post(&gate);
	wg_traffic_drain(&traffic);
	assert_int_equal(n_finished, 2);
	assert_false(ran_here(0));
}

static void test_a_shutdown_finishes_what_is_under_way(void **state)
{
	(void)state;
	traffic.behind = true;
	for (size_t i = 0; i < 12; i++) {
		works[i].gate = &gate;
		works[i].effort = 1000;
		sem_post(&gate);
		plan(i, 60);
	}
	wg_traffic_settle(&traffic);
	wg_traffic_dismiss(&traffic);
	assert_int_equal(n_finished, 12);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(finished[i], i);
	assert_int_equal(n_deinits, 2);
	assert_int_equal(wg_traffic_workers(&traffic), 0);
}

static void test_a_slow_worker_makes_the_owner_wait(void **state)
{
	(void)state;
	traffic.behind = true;
	for (size_t i = 0; i < 60; i++) {
		works[i].effort = 500;
		plan(i, 60);
	}
	wg_traffic_settle(&traffic); /* 3600 packets, more than may be under way */
	wg_traffic_drain(&traffic);
	assert_int_equal(n_finished, 60);
	for (size_t i = 0; i < 60; i++)
		assert_int_equal(finished[i], i);
}

int main(void)
{
#define TEST(name)    cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TRAFFIC(name) cmocka_unit_test_setup_teardown(name, set_up_traffic, tear_down_traffic)
	const struct CMUnitTest tests[] = {
		TEST(test_the_automatic_number_leaves_two_processors),
		TEST(test_jobs_come_back_in_the_order_in_which_they_were_given),
		TEST(test_a_job_run_here_waits_for_those_before_it),
		TEST(test_packets_do_not_wait_for_handshakes),
		TEST(test_handshakes_do_not_wait_for_packets),
		TEST(test_the_owner_is_woken_when_it_asked),
		TEST(test_what_is_done_already_wakes_at_once),
		TEST(test_with_nothing_under_way_there_is_nothing_to_wait_for),
		TEST(test_the_owner_works_when_all_workers_have_enough),
		TEST(test_what_is_under_way_has_a_bound),
		TEST(test_without_threads_all_is_run_here),
		TEST(test_a_worker_that_ends_gives_its_cipher_back),
		TEST(test_no_job_is_lost_or_overtaken_in_a_storm),
		TRAFFIC(test_light_traffic_is_not_handed_over),
		TRAFFIC(test_deep_vectors_are_handed_over_when_more_waits),
		TRAFFIC(test_handshakes_are_always_handed_over),
		TRAFFIC(test_a_shutdown_finishes_what_is_under_way),
		TRAFFIC(test_a_slow_worker_makes_the_owner_wait),
	};

	assert_int_equal(wg_crypto_init(NULL), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
