/* Threads that run jobs, for the one thread that plans and finishes them: their owner.
 *
 *   owner ── ring ──► worker 0 ─┐
 *     │  └── ring ──► worker 1 ─┤ jobs that were run: each worker counts them
 *     │                         │
 *     └── lane: every job under way, in the order in which it was given ──► owner
 *
 * A ring has one producer and one consumer, and what comes back is only a number: the
 * jobs of a worker are done in order, so its count says which. Jobs leave a lane in
 * order. There is one lane for packets and one for handshakes, so that the latter,
 * which take some 150 us each, do not hold packets up.
 *
 * Only jobs cross threads. All functions are the owner's. */
#ifndef WG_ENGINE_WORKERS_H
#define WG_ENGINE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defaults.h"
#include "core/job.h"

struct wg_workers;

/* How many threads are worth having besides the owner, on so many processors. */
unsigned int wg_workers_auto(unsigned int processors);

/* Starts n threads; 0 is allowed. wake is called by one of them after it has done what
 * wg_workers_listen asked for. 0 or -errno. */
int wg_workers_new(struct wg_workers **out, unsigned int n, void (*wake)(void *ctx), void *ctx);

/* Ends the threads. No job may be under way. NULL is ignored. */
void wg_workers_free(struct wg_workers *workers);

unsigned int wg_workers_count(const struct wg_workers *workers);

/* Hands a job over, unless every worker has enough to do: then it is run here. */
void wg_workers_give(struct wg_workers *workers, struct wg_job *job);

/* Runs a job here, behind those of its lane that are under way. */
void wg_workers_run_here(struct wg_workers *workers, struct wg_job *job);

/* The next job that was run, or NULL while the first of each lane was not. */
struct wg_job *wg_workers_take(struct wg_workers *workers);

/* Whether jobs are under way in the lane of such a job. */
bool wg_workers_busy(const struct wg_workers *workers, const struct wg_job *job);

/* Whether so much is under way that the owner should wait before it gives more. */
bool wg_workers_full(const struct wg_workers *workers);

/* Asks to be woken when there is something to take. False, and nothing was asked, when
 * nothing is under way; true otherwise, also if the wake comes at once. */
bool wg_workers_listen(struct wg_workers *workers);

/* Waits until there is something to take. False, at once, when nothing is under way. */
bool wg_workers_wait(struct wg_workers *workers);

#endif
