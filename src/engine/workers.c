#include "engine/workers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

#define CACHE_LINE 64

/* Jobs that wait at one worker, at most: some 300 us of work. */
#define RING_LEN 8u

/* Packets under way, at most: what they hold stays well below a pool's bound. And
 * jobs: of those that there can be, some are left to be planned. */
#define MAX_PACKETS 2048u
#define MAX_JOBS    (WG_MAX_JOBS / 2)

/* What keeps an owner busy (docs/PERFORMANCE.md). */
#define MAX_AUTO 4u

/* What the owner asked of a worker for when it has done its next job. */
enum call { CALL_NONE, CALL_WAKE, CALL_POST };

struct worker {
	struct wg_workers *workers;
	pthread_t thread;
	sem_t bed; /* posted by who takes asleep back */
	struct wg_job *ring[RING_LEN];

	/* Written by the owner. */
	_Alignas(CACHE_LINE) atomic_uint given;
	atomic_bool end;

	/* Written by the worker; the owner takes them back. */
	_Alignas(CACHE_LINE) atomic_uint done;
	atomic_bool asleep;
	atomic_int call;
};

struct ticket {
	struct wg_job *job;
	struct worker *worker; /* NULL: it has been run */
	unsigned int number;   /* of the worker's jobs */
};

/* Jobs under way, oldest first. */
struct lane {
	struct ticket tickets[MAX_JOBS];
	unsigned int first;
	unsigned int n;
	size_t n_packets;
};

struct wg_workers {
	void (*wake)(void *ctx);
	void *ctx;
	sem_t owner;
	struct lane packets;
	struct lane handshakes;
	unsigned int n;
	struct worker workers[];
};

unsigned int wg_workers_auto(unsigned int processors)
{
	if (processors <= 2)
		return 0;
	return processors - 2 < MAX_AUTO ? processors - 2 : MAX_AUTO;
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0)
		assert(errno == EINTR);
}

/* Waits for more. Both sides first say what they did and then look at the other's word,
 * all in one order (seq_cst), so one of them sees the other's. */
static void rest(struct worker *worker, unsigned int done)
{
	atomic_store(&worker->asleep, true);
	if ((atomic_load(&worker->given) == done && !atomic_load(&worker->end)) ||
	    !atomic_exchange(&worker->asleep, false))
		wait_for(&worker->bed);
}

static void answer(struct worker *worker)
{
	struct wg_workers *workers = worker->workers;

	switch ((enum call)atomic_exchange(&worker->call, CALL_NONE)) {
	case CALL_WAKE:
		workers->wake(workers->ctx);
		break;
	case CALL_POST:
		sem_post(&workers->owner);
		break;
	case CALL_NONE:
		break;
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	unsigned int done = 0;

	/* A name that another thread gives is written to a file. */
	pthread_setname_np(pthread_self(), "tuff-worker");
	for (;;) {
		if (atomic_load(&worker->given) != done) {
			wg_job_run(worker->ring[done % RING_LEN]);
			atomic_store(&worker->done, ++done);
			if (atomic_load(&worker->call) != CALL_NONE)
				answer(worker);
		} else if (atomic_load(&worker->end)) {
			break;
		} else {
			rest(worker, done);
		}
	}
	wg_crypto_thread_deinit();
	return NULL;
}

static void rouse(struct worker *worker)
{
	if (atomic_load(&worker->asleep) && atomic_exchange(&worker->asleep, false))
		sem_post(&worker->bed);
}

/* Signals are the owner's. */
static int start(struct worker *worker)
{
	sigset_t all;
	sigset_t before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

static int start_all(struct wg_workers *workers, unsigned int n)
{
	int error = 0;

	while (workers->n < n && !error) {
		struct worker *worker = &workers->workers[workers->n];

		worker->workers = workers;
		sem_init(&worker->bed, 0, 0);
		error = start(worker);
		if (error)
			sem_destroy(&worker->bed);
		else
			workers->n++;
	}
	return error;
}

int wg_workers_new(struct wg_workers **out, unsigned int n, void (*wake)(void *ctx), void *ctx)
{
	size_t size = sizeof(struct wg_workers) + n * sizeof(struct worker);
	struct wg_workers *workers;
	int error;

	assert(n <= WG_MAX_WORKERS);
	size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	workers = aligned_alloc(CACHE_LINE, size);
	if (!workers)
		return -ENOMEM;
	memset(workers, 0, size);
	workers->wake = wake;
	workers->ctx = ctx;
	sem_init(&workers->owner, 0, 0);
	error = start_all(workers, n);
	if (error) {
		wg_workers_free(workers);
		return error;
	}
	*out = workers;
	return 0;
}

void wg_workers_free(struct wg_workers *workers)
{
	if (!workers)
		return;
	assert(workers->packets.n == 0 && workers->handshakes.n == 0);
	for (unsigned int i = 0; i < workers->n; i++) {
		atomic_store(&workers->workers[i].end, true);
		rouse(&workers->workers[i]);
	}
	for (unsigned int i = 0; i < workers->n; i++) {
		pthread_join(workers->workers[i].thread, NULL);
		sem_destroy(&workers->workers[i].bed);
	}
	sem_destroy(&workers->owner);
	free(workers);
}

unsigned int wg_workers_count(const struct wg_workers *workers)
{
	return workers->n;
}

static bool is_handshake(const struct wg_job *job)
{
	return job->kind >= WG_JOB_INITIATE;
}

static struct lane *lane_of(struct wg_workers *workers, const struct wg_job *job)
{
	return is_handshake(job) ? &workers->handshakes : &workers->packets;
}

static void enter(struct wg_workers *workers, struct wg_job *job, struct worker *worker,
		  unsigned int number)
{
	struct lane *lane = lane_of(workers, job);

	assert(lane->n < MAX_JOBS);
	lane->tickets[(lane->first + lane->n++) % MAX_JOBS] = (struct ticket){job, worker, number};
	lane->n_packets += job->batch.n;
}

static unsigned int backlog(const struct worker *worker)
{
	return atomic_load_explicit(&worker->given, memory_order_relaxed) -
	       atomic_load(&worker->done);
}

/* Who has the least to do; the first of several, so that the others can sleep. NULL:
 * all have enough. */
static struct worker *pick(struct wg_workers *workers)
{
	struct worker *best = NULL;
	unsigned int least = RING_LEN;

	for (unsigned int i = 0; i < workers->n && least > 0; i++) {
		unsigned int n = backlog(&workers->workers[i]);

		if (n < least) {
			best = &workers->workers[i];
			least = n;
		}
	}
	return best;
}

void wg_workers_run_here(struct wg_workers *workers, struct wg_job *job)
{
	wg_job_run(job);
	enter(workers, job, NULL, 0);
}

void wg_workers_give(struct wg_workers *workers, struct wg_job *job)
{
	struct worker *worker = pick(workers);
	unsigned int number;

	if (!worker) {
		wg_workers_run_here(workers, job);
		return;
	}
	number = atomic_load_explicit(&worker->given, memory_order_relaxed);
	enter(workers, job, worker, number);
	worker->ring[number % RING_LEN] = job;
	atomic_store(&worker->given, number + 1);
	rouse(worker);
}

/* Numbers wrap, so what counts is how far the worker is ahead. */
static bool is_done(const struct ticket *ticket)
{
	return !ticket->worker || (int)(atomic_load(&ticket->worker->done) - ticket->number) > 0;
}

static struct ticket *first(struct lane *lane)
{
	return lane->n ? &lane->tickets[lane->first] : NULL;
}

static bool is_ready(struct lane *lane)
{
	return lane->n && is_done(first(lane));
}

static struct wg_job *leave(struct lane *lane)
{
	struct wg_job *job = first(lane)->job;

	lane->first = (lane->first + 1) % MAX_JOBS;
	lane->n--;
	lane->n_packets -= job->batch.n;
	return job;
}

struct wg_job *wg_workers_take(struct wg_workers *workers)
{
	if (is_ready(&workers->packets))
		return leave(&workers->packets);
	if (is_ready(&workers->handshakes))
		return leave(&workers->handshakes);
	return NULL;
}

bool wg_workers_busy(const struct wg_workers *workers, const struct wg_job *job)
{
	return is_handshake(job) ? workers->handshakes.n > 0 : workers->packets.n > 0;
}

bool wg_workers_full(const struct wg_workers *workers)
{
	return workers->packets.n_packets >= MAX_PACKETS || workers->packets.n >= MAX_JOBS - 1 ||
	       workers->handshakes.n >= MAX_JOBS - 1;
}

/* Asks who has the lane's first job. False: it is done. */
static bool call(struct lane *lane, enum call how)
{
	struct ticket *ticket = first(lane);

	if (!ticket->worker)
		return false;
	atomic_store(&ticket->worker->call, (int)how);
	return !is_done(ticket) || atomic_exchange(&ticket->worker->call, CALL_NONE) == CALL_NONE;
}

static bool call_both(struct wg_workers *workers, enum call how)
{
	return (!workers->packets.n || call(&workers->packets, how)) &&
	       (!workers->handshakes.n || call(&workers->handshakes, how));
}

static bool is_idle(const struct wg_workers *workers)
{
	return !workers->packets.n && !workers->handshakes.n;
}

bool wg_workers_listen(struct wg_workers *workers)
{
	if (is_idle(workers))
		return false;
	if (!call_both(workers, CALL_WAKE))
		workers->wake(workers->ctx);
	return true;
}

bool wg_workers_wait(struct wg_workers *workers)
{
	/* A post that was meant for an earlier wait only makes it look once more. */
	while (!is_idle(workers) && !is_ready(&workers->packets) &&
	       !is_ready(&workers->handshakes)) {
		if (call_both(workers, CALL_POST))
			wait_for(&workers->owner);
	}
	return !is_idle(workers);
}
