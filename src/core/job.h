/* A job: the one expensive step of a vector of packets or of a handshake message, closed
 * over everything that it needs, so that any thread can run it. The engine makes jobs; its
 * shell runs them and hands them back, and changes only next itself. */
#ifndef WG_CORE_JOB_H
#define WG_CORE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/packet.h"
#include "noise/handshake.h"

struct wg_keypair;

enum wg_job_kind {
	WG_JOB_SEAL,     /* batch, under keypair */
	WG_JOB_OPEN,     /* batch, under keypair */
	WG_JOB_INITIATE, /* our initiation to peer */
	WG_JOB_IDENTIFY, /* finds the sender of this initiation */
	WG_JOB_MEET,    /* the static keys' Diffie-Hellman with peer, which seems to have sent it */
	WG_JOB_RESPOND, /* our response to peer */
	WG_JOB_COMPLETE /* the response that peer sent */
};

/* A handshake step on copies of what it needs. In wg_secret_new memory. */
struct wg_exchange {
	struct wg_exchange *next_free;
	struct wg_identity identity;
	struct wg_remote remote;
	struct wg_handshake handshake;
	uint32_t identity_changes; /* the device's count of them when the job was planned */
	uint32_t index;            /* INITIATE, RESPOND: our new index */
	uint8_t ephemeral[WG_KEY_LEN];
	uint8_t timestamp[WG_TAI64N_LEN];
	uint8_t sender_key[WG_KEY_LEN]; /* IDENTIFY: the result */
	union {
		struct wg_wire_initiation initiation;
		struct wg_wire_response response;
	} message; /* received, or built */
	bool ok;
};

struct wg_job {
	struct wg_job *next;
	enum wg_job_kind kind;
	uint8_t ds;
	uint64_t peer; /* its handle */
	struct wg_path path;
	struct wg_batch batch;
	struct wg_keypair *keypair;
	struct wg_exchange *exchange;
};

struct wg_job_queue {
	struct wg_job *head;
	struct wg_job *tail;
	size_t n;
};

void wg_job_push(struct wg_job_queue *queue, struct wg_job *job);

/* The first planned job, or NULL. */
struct wg_job *wg_job_pop(struct wg_job_queue *queue);

/* Runs it. Touches only the job, its packets' bytes and its session's keys. */
void wg_job_run(struct wg_job *job);

/* Jobs and exchanges are made once and reused; their number is bounded. */
#define WG_MAX_JOBS      512u
#define WG_MAX_EXCHANGES 16u

struct wg_job_store {
	struct wg_job *jobs; /* all of them */
	struct wg_job *free_jobs;
	struct wg_exchange *free_exchanges;
	unsigned int n_exchanges; /* free ones */
};

/* Makes all of both. 0 or -ENOMEM. */
int wg_job_store_init(struct wg_job_store *store);
/* All jobs must have been put back. */
void wg_job_store_deinit(struct wg_job_store *store);

/* Whether a job with an exchange is left. */
static inline bool wg_job_left(const struct wg_job_store *store)
{
	return store->free_jobs && store->n_exchanges > 0;
}

/* An empty job; kinds from WG_JOB_INITIATE on come with an exchange. NULL: none left. */
struct wg_job *wg_job_new(struct wg_job_store *store, enum wg_job_kind kind);
/* Wipes its exchange. Packets and keypair must have been taken out. */
void wg_job_put(struct wg_job_store *store, struct wg_job *job);

#endif
