/* What the files of a runner share: its engine's life (runner.c), the way messages go
 * (runner_talk.c), and what is said with them (runner_orders.c). */
#ifndef WG_KEEPER_RUNNER_PARTS_H
#define WG_KEEPER_RUNNER_PARTS_H

#include <sys/types.h>

#include "keeper/runner.h"
#include "os/poller.h"
#include "pair/codec.h"
#include "pair/socket.h"

/* How long an engine may take to answer (ms): it has packets to see to; and a change of very
 * many peers keeps it from anything else. */
#define WG_RUNNER_ANSWER_LIMIT 10000
#define WG_RUNNER_CHANGE_LIMIT 120000

/* Datagrams that may come while an answer is waited for. */
#define WG_RUNNER_ASIDE 256u

struct aside;

struct wg_runner {
	uv_loop_t *uv;
	struct wg_runner_handler handler;
	struct wg_device *picture; /* of the configuration; never up */
	struct wg_pool *pool;      /* the picture's, of which it takes nothing */
	struct wg_out out;         /* the picture's, into which nothing comes */
	pid_t pid;                 /* 0: there is no engine */
	struct wg_pair_socket socket;
	struct wg_poller *poller;
	uint64_t serial; /* of the last question */
	struct wg_confine_report report;
	struct aside *aside[WG_RUNNER_ASIDE]; /* a ring */
	size_t first_aside;
	size_t n_aside;
	bool later;   /* handle_aside comes */
	bool stopped; /* its end is wanted, and nothing to be told of */
	struct wg_log_limit limit;
	char why[128];                    /* it ended */
	struct wg_pair_datagram datagram; /* that is written */
	struct wg_pair_datagram answer;   /* that came */
	struct wg_pair_datagram taken;    /* that is being taken in, while others come */
};

/* The engine is no more (why is NULL), or will not do: nothing of it is left afterwards. What
 * it ended by is not changed by a signal that comes later. */
void wg_runner_give_up(struct wg_runner *runner, const char *why);

/* Takes what the engine said unasked. An answer to no question is none of that. */
void wg_runner_take(struct wg_runner *runner, const union wg_pair_message *message);

/* A message alone in its datagram, to be filled in and sent; NULL when there is no engine. */
union wg_pair_message *wg_runner_begin(struct wg_runner *runner, enum wg_pair_type type, size_t n,
				       uint64_t serial);

/* Sends the datagram and wipes it, within a limit (ms). What the engine says meanwhile is put
 * aside: it may be waiting itself. */
void wg_runner_send(struct wg_runner *runner, int limit);

/* The answer to the question with that serial, valid until the next one is asked; NULL when
 * none came. */
const union wg_pair_message *wg_runner_await(struct wg_runner *runner, enum wg_pair_type type,
					     uint64_t serial, int limit);

/* The next datagram, into answer. 1; 0 when there is none now, or not any more. */
int wg_runner_receive(struct wg_runner *runner);

/* Waits until the pair has one of those poll(2) events. False: the time is over. */
bool wg_runner_wait(struct wg_runner *runner, short events, wg_time until);

/* Keeps the datagram that came for the loop's next turn; takes all that were kept; and
 * forgets them. */
void wg_runner_put_aside(struct wg_runner *runner);
void wg_runner_handle_aside(void *ctx);
void wg_runner_drop_aside(struct wg_runner *runner);

#endif
