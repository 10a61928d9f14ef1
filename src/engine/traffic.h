/* The packets' way through the shell: from the TUN link and the sockets into the
 * engine, and what comes out of it to where it goes. Knows no event loop. */
#ifndef WG_ENGINE_TRAFFIC_H
#define WG_ENGINE_TRAFFIC_H

#include <stdbool.h>

#include "base/packet.h"
#include "core/device.h"
#include "engine/hints.h"
#include "engine/trouble.h"
#include "engine/workers.h"
#include "tun/tun.h"
#include "udp/udp.h"

enum wg_traffic_trouble {
	WG_TRAFFIC_SEND,
	WG_TRAFFIC_RECEIVE,
	WG_TRAFFIC_READ, /* from the link */
	WG_TRAFFIC_WRITE,
	WG_TRAFFIC_N_TROUBLES
};

struct wg_traffic {
	struct wg_device *device;
	struct wg_tun *tun;
	struct wg_udp *udp; /* NULL while the link is down */

	/* Apart, so that no direction can take the memory that another needs. */
	struct wg_pool *tun_pool;
	struct wg_pool *udp_pool;
	struct wg_pool *own_pool;

	struct wg_out out;
	struct wg_job_queue jobs;
	struct wg_workers *workers; /* NULL: none, all jobs are run here */
	bool behind;                /* more waited than one vector holds */

	struct wg_hints hints;
	wg_time reports_since; /* when the present second of reports began */
	size_t n_reports;      /* that came in it */

	struct wg_trouble troubles[WG_TRAFFIC_N_TROUBLES];
	uint64_t seen[WG_TRAFFIC_N_TROUBLES]; /* of what the link and the sockets count */
};

/* Makes the pools and the device, for a link that stays the caller's. 0 or -ENOMEM. */
int wg_traffic_init(struct wg_traffic *traffic, struct wg_tun *tun);
void wg_traffic_deinit(struct wg_traffic *traffic);

/* Has n threads run what is worth it. wake is called by one of them when
 * wg_traffic_settle should be called. 0 or -errno. */
int wg_traffic_employ(struct wg_traffic *traffic, unsigned int n, void (*wake)(void *ctx),
		      void *ctx);

/* How many threads there are. */
unsigned int wg_traffic_workers(const struct wg_traffic *traffic);

/* Finishes what is under way, and ends the threads: no wake comes after it. */
void wg_traffic_dismiss(struct wg_traffic *traffic);

/* Moves what waits in the link or in socket i, up to a budget: what is left is for the
 * next turn of the loop. 0; -EBADFD or -ENODEV when the link is gone, -errno when the
 * socket is of no more use. */
int wg_traffic_from_tun(struct wg_traffic *traffic);
int wg_traffic_from_udp(struct wg_traffic *traffic, unsigned int i);

/* Notes what the network reported by socket i, so that a poller can be armed again. */
void wg_traffic_read_errors(struct wg_traffic *traffic, unsigned int i);

/* Timers and waiting handshakes. */
void wg_traffic_tick(struct wg_traffic *traffic, struct wg_now now);

/* Runs all jobs or has them run, finishes those that were, and sends and writes all
 * that is out. After every call into the device that takes the out. */
void wg_traffic_settle(struct wg_traffic *traffic);

/* The same, until no job is under way. Before the link or the sockets go. */
void wg_traffic_drain(struct wg_traffic *traffic);

/* Bytes of packet buffers, in use or not. */
size_t wg_traffic_bytes_held(const struct wg_traffic *traffic);

/* Gives memory back that a burst needed. */
void wg_traffic_trim(struct wg_traffic *traffic);

#endif
