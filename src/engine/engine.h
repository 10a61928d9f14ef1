/* The engine's process, apart from what it is told: one event loop around the protocol, the
 * link, the sockets and the timer. Everything here happens in its one thread, with
 * descriptors that the keeper opened. Called by the orders (orders.h) and by main.c. */
#ifndef WG_ENGINE_ENGINE_H
#define WG_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/config.h"
#include "engine/crew.h"
#include "engine/traffic.h"
#include "engine/trim.h"
#include "os/clock.h"
#include "os/poller.h"
#include "tun/tun.h"
#include "udp/udp.h"

/* What happens to the engine that its keeper should know of. */
struct wg_engine_events {
	void (*gone)(void *ctx);    /* the link is */
	void (*refused)(void *ctx); /* the link takes no packets: it may be down */
	/* The kernel refused an offload's packets; it is out of use. */
	void (*offload_failed)(void *ctx, enum wg_tun_offload which);
	/* Nothing more can be received by socket i. */
	void (*socket_failed)(void *ctx, unsigned int i, int error);
	/* There is much to do from now on, or not any more. */
	void (*busy)(void *ctx, bool busy);
	/* Packets came; each five minutes at most. */
	void (*traffic)(void *ctx);
	/* Peers may have fallen silent: wg_device_next_silent. */
	void (*turned)(void *ctx);
	void *ctx;
};

struct wg_engine;

/* One UDP socket's poller, and which it is. */
struct wg_engine_poller {
	struct wg_engine *engine;
	unsigned int i;
	struct wg_poller *poller;
};

/* Datagrams that arrived and were lost. */
struct wg_engine_lost {
	uint64_t queue;    /* in the kernel's */
	uint64_t memory;   /* for want of a buffer */
	uint64_t failures; /* calls to receive: of what waited nothing is known to be lost */
};

struct wg_engine {
	uv_loop_t *uv;
	struct wg_tun *tun;
	struct wg_poller *tun_poller;
	struct wg_alarm alarm;
	struct wg_poller *alarm_poller;
	struct wg_engine_poller udp_pollers[WG_UDP_SOCKETS];
	struct wg_traffic traffic;
	struct wg_crew crew; /* of workers */
	struct wg_trim trim;
	struct wg_engine_events events;

	struct wg_udp *udp;         /* NULL: none, as while the link is down */
	struct wg_engine_lost lost; /* by those that were closed */
	bool link_up;
	bool traffic_came;              /* since the keeper was told that some did */
	bool busy;                      /* as last told */
	unsigned int turns;             /* with packets, since window began */
	wg_time window;                 /* for as long as it is watched how much there is to do */
	wg_time told;                   /* that packets came, when */
	uint64_t refused;               /* packets that the link did not take, as last seen */
	bool failed[WG_TUN_N_OFFLOADS]; /* as last told */
};

/* Sets everything up around a link that is the engine's from now on, also when it fails:
 * then wg_engine_close is called all the same. 0 or -errno. */
int wg_engine_init(struct wg_engine *engine, uv_loop_t *uv, struct wg_tun *tun,
		   const struct wg_engine_events *events);

/* Closes link and sockets and frees all; the loop has to run once more before it is closed. */
void wg_engine_close(struct wg_engine *engine);

/* Moves a descriptor to where the filter of system calls lets it be used (see
 * confine/descriptors.h): its number then, or -1. One that is not there, -1, stays so. */
int wg_engine_place(int fd, int number);

/* As wg_device_apply; what follows from it is sent. */
int wg_engine_apply(struct wg_engine *engine, struct wg_config *change);

/* The link is up or down, and its MTU (0: not known). A link that goes down takes its
 * sockets along. */
void wg_engine_set_link(struct wg_engine *engine, bool up, uint32_t mtu);

/* Sockets in place of those that it has; both -1: none. The descriptors are taken in any case.
 * 0 or -errno, and then there are none. */
int wg_engine_set_sockets(struct wg_engine *engine, const int fds[static WG_UDP_SOCKETS],
			  const struct wg_udp_options *options);

/* Threads besides this one, or WG_WORKERS_AUTO. If they cannot be had, none; it is logged. */
void wg_engine_set_workers(struct wg_engine *engine, int n);

/* An offload was probed again. */
void wg_engine_decide(struct wg_engine *engine, enum wg_tun_offload which,
		      enum wg_offload_state state);

/* What was lost since the start, also by sockets that are closed by now. */
struct wg_engine_lost wg_engine_lost(const struct wg_engine *engine);

#endif
