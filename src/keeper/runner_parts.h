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

/* What an engine that is started anew has to be told again. */
struct wg_runner_told {
	bool clamp_mss;
	bool link_up;
	uint32_t mtu;
	const struct wg_udp *udp; /* the loop's; NULL: none */
	uint16_t port;
	uint32_t fwmark;
};

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
	struct wg_runner_options options;
	struct wg_runner_told told;
	struct wg_runner_health health;
	uv_timer_t retry;    /* to start it again */
	uv_timer_t watchdog; /* runs while the engine is busy */
	bool has_timers;
	uint64_t asked;     /* serial of a PING without its PONG; 0: none */
	uint64_t cpu_asked; /* what the engine had used of a processor by then (ms) */
	unsigned int unanswered;
	unsigned int streak; /* ends that came soon after another */
	bool starting;       /* who starts it hears of its end */
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

/* Starts an engine and waits until it is ready; it knows nothing yet. 0 or -errno. */
int wg_runner_start(struct wg_runner *runner);

/* Tells a new engine all that there is to know: configuration, sockets, link. */
void wg_runner_tell_all(struct wg_runner *runner);

/* The engine is no more: another one is started, at once or, if that did not help, later. */
void wg_runner_heal(struct wg_runner *runner);

/* The engine has work from now on, or none; and it answered. */
void wg_runner_watch(struct wg_runner *runner, bool busy);
void wg_runner_answered(struct wg_runner *runner, uint64_t serial);

/* 0 or -errno; and before the loop is closed. */
int wg_runner_open_timers(struct wg_runner *runner);
void wg_runner_close_timers(struct wg_runner *runner);

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

/* Takes what has come, within a turn's bound. */
void wg_runner_read(struct wg_runner *runner);

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
