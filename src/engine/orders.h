/* The engine's end of the pair: does what the keeper says, answers what it asks, and tells it
 * what happens. */
#ifndef WG_ENGINE_ORDERS_H
#define WG_ENGINE_ORDERS_H

#include <uv.h>

#include "base/log.h"
#include "confine/report.h"
#include "engine/engine.h"
#include "os/poller.h"
#include "pair/codec.h"
#include "pair/config.h"
#include "pair/socket.h"

struct wg_orders {
	struct wg_engine *engine;
	struct wg_pair_socket *pair;
	uv_loop_t *uv;
	struct wg_poller *poller;
	bool udp_unwanted[WG_UDP_N_OFFLOADS];
	bool udp_broken[WG_UDP_N_OFFLOADS];
	struct wg_pair_config_reader change; /* that is under way */
	struct wg_pair_datagram in;
	struct wg_pair_datagram out; /* not sent yet, if it holds something */
	bool blocked;                /* the pair was full: out waits until it is not */
};

/* Of the engine's events; ctx is the orders. */
extern const struct wg_engine_events wg_orders_events;

/* Waits for the first message and its descriptors: what the engine is made from. tun_fd is
 * the caller's then. 0 or -errno. */
int wg_orders_hello(struct wg_orders *orders, struct wg_pair_socket *pair,
		    struct wg_pair_hello *hello, int *tun_fd);

/* Does from now on as it is told, until the loop stops because the keeper wants it to, or is
 * gone. 0 or -errno. */
int wg_orders_begin(struct wg_orders *orders, struct wg_engine *engine, uv_loop_t *uv);

/* Says that the engine is ready, and how it is confined. */
void wg_orders_ready(struct wg_orders *orders, const struct wg_confine_report *report);

/* Says that a system call was not allowed. For a signal's handler (see confine/confine.h). */
void wg_orders_trapped(int number, uint32_t arch);

/* Lets the loop go of the pair; what is held is wiped. */
void wg_orders_end(struct wg_orders *orders);

/* Lines go to the keeper from now on. */
void wg_orders_take_log(struct wg_orders *orders, enum wg_log_level level);

#endif
