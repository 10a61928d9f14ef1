/* A job: the one expensive step of a vector of packets or of a handshake message,
 * closed over everything that it needs, so that any thread can run it. */
#ifndef WG_CORE_JOB_H
#define WG_CORE_JOB_H

#include <stddef.h>

struct wg_job;

struct wg_job_queue {
	struct wg_job *head;
	struct wg_job *tail;
	size_t n;
};

/* The first planned job, or NULL. */
struct wg_job *wg_job_pop(struct wg_job_queue *queue);

/* Runs it. Touches nothing but the job, its packets' bytes and its session's keys. */
void wg_job_run(struct wg_job *job);

#endif
