#include "core/job.h"

#include <errno.h>
#include <stdlib.h>

#include "core/peer.h"
#include "crypto/secret.h"

/* The first handshake with a peer: the result of both static keys is kept. */
static bool meet(struct wg_exchange *exchange)
{
	return wg_remote_compute(&exchange->remote, &exchange->identity);
}

static bool initiate(struct wg_exchange *exchange)
{
	return meet(exchange) && wg_handshake_create_initiation(
					 &exchange->handshake, &exchange->message.initiation,
					 &exchange->identity, &exchange->remote,
					 exchange->timestamp, exchange->ephemeral, exchange->index);
}

static bool identify(struct wg_exchange *exchange)
{
	return wg_handshake_open_initiation(&exchange->handshake, exchange->sender_key,
					    &exchange->message.initiation, &exchange->identity);
}

static bool respond(struct wg_exchange *exchange)
{
	return wg_handshake_create_response(&exchange->handshake, &exchange->message.response,
					    &exchange->remote, exchange->ephemeral,
					    exchange->index);
}

static bool complete(struct wg_exchange *exchange)
{
	return wg_handshake_consume_response(&exchange->handshake, &exchange->message.response,
					     &exchange->identity, &exchange->remote);
}

void wg_job_push(struct wg_job_queue *queue, struct wg_job *job)
{
	job->next = NULL;
	if (queue->tail)
		queue->tail->next = job;
	else
		queue->head = job;
	queue->tail = job;
	queue->n++;
}

struct wg_job *wg_job_pop(struct wg_job_queue *queue)
{
	struct wg_job *job = queue->head;

	if (!job)
		return NULL;
	queue->head = job->next;
	if (!queue->head)
		queue->tail = NULL;
	job->next = NULL;
	queue->n--;
	return job;
}

void wg_job_run(struct wg_job *job)
{
	switch (job->kind) {
	case WG_JOB_SEAL:
		wg_session_seal(&job->keypair->session, &job->batch);
		break;
	case WG_JOB_OPEN:
		wg_session_open(&job->keypair->session, &job->batch);
		break;
	case WG_JOB_INITIATE:
		job->exchange->ok = initiate(job->exchange);
		break;
	case WG_JOB_IDENTIFY:
		job->exchange->ok = identify(job->exchange);
		break;
	case WG_JOB_MEET:
		job->exchange->ok = meet(job->exchange);
		break;
	case WG_JOB_RESPOND:
		job->exchange->ok = respond(job->exchange);
		break;
	case WG_JOB_COMPLETE:
		job->exchange->ok = complete(job->exchange);
		break;
	}
}

int wg_job_store_init(struct wg_job_store *store)
{
	*store = (struct wg_job_store){.jobs = calloc(WG_MAX_JOBS, sizeof(struct wg_job))};
	if (!store->jobs)
		return -ENOMEM;
	for (unsigned int i = WG_MAX_JOBS; i-- > 0;) {
		store->jobs[i].next = store->free_jobs;
		store->free_jobs = &store->jobs[i];
	}
	while (store->n_exchanges < WG_MAX_EXCHANGES) {
		struct wg_exchange *exchange = wg_secret_new(sizeof(*exchange));

		if (!exchange) {
			wg_job_store_deinit(store);
			return -ENOMEM;
		}
		exchange->next_free = store->free_exchanges;
		store->free_exchanges = exchange;
		store->n_exchanges++;
	}
	return 0;
}

void wg_job_store_deinit(struct wg_job_store *store)
{
	while (store->free_exchanges) {
		struct wg_exchange *exchange = store->free_exchanges;

		store->free_exchanges = exchange->next_free;
		wg_secret_free(exchange, sizeof(*exchange));
	}
	free(store->jobs);
	store->jobs = NULL;
	store->free_jobs = NULL;
}

struct wg_job *wg_job_new(struct wg_job_store *store, enum wg_job_kind kind)
{
	struct wg_job *job = store->free_jobs;

	if (!job || (kind >= WG_JOB_INITIATE && !store->free_exchanges))
		return NULL;
	store->free_jobs = job->next;
	*job = (struct wg_job){.kind = kind};
	if (kind < WG_JOB_INITIATE)
		return job;
	job->exchange = store->free_exchanges;
	store->free_exchanges = job->exchange->next_free;
	store->n_exchanges--;
	return job;
}

void wg_job_put(struct wg_job_store *store, struct wg_job *job)
{
	struct wg_exchange *exchange = job->exchange;

	if (exchange) {
		wg_wipe(exchange, sizeof(*exchange));
		exchange->next_free = store->free_exchanges;
		store->free_exchanges = exchange;
		store->n_exchanges++;
	}
	job->next = store->free_jobs;
	store->free_jobs = job;
}
