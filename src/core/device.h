/* The engine: one WireGuard device without any socket, clock or thread. Packets and
 * time go in; packets, jobs and one deadline come out (docs/ARCHITECTURE.md).
 *
 * Work goes plan -> run -> finish. Planning and finishing are serial and own all
 * state; running (wg_job_run) is the expensive step, touches only the job, and may
 * be done by another thread. Every function below that takes a struct wg_out may
 * plan jobs into it and add runs and packets to it. The engine's shell calls it, in one
 * thread; a simulation has many in one process. */
#ifndef WG_CORE_DEVICE_H
#define WG_CORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet.h"
#include "base/random.h"
#include "base/run.h"
#include "base/time.h"
#include "core/config.h"
#include "core/drops.h"
#include "core/job.h"

struct wg_device;

/* Holds results. flush is called when there is room for no more runs or jobs; it must send
 * out->runs, write out->tun, and take out->jobs, leaving them empty. */
#define WG_OUT_RUNS 64

struct wg_out {
	struct wg_run runs[WG_OUT_RUNS];
	size_t n_runs;
	struct wg_batch tun;
	struct wg_job_queue jobs;
	void (*flush)(struct wg_out *out);
	void *ctx;
};

struct wg_device_options {
	struct wg_pool *pool;    /* where packets of the engine's own come from; outlives it */
	struct wg_random random; /* for keys, indices, nonces, jitter */
};

/* NULL: out of memory. */
struct wg_device *wg_device_new(const struct wg_device_options *options);

/* Wipes and frees everything. No job may be under way. */
void wg_device_free(struct wg_device *device);

/* The link came up or went down, or its MTU changed (RFC 791's total length). */
void wg_device_up(struct wg_device *device, struct wg_now now);
void wg_device_down(struct wg_device *device);
void wg_device_set_mtu(struct wg_device *device, uint32_t mtu);
uint32_t wg_device_mtu(const struct wg_device *device);
/* Whether the MSS of passing TCP SYNs is lowered to the MTU (off at first). */
void wg_device_set_clamp_mss(struct wg_device *device, bool clamp_mss);
bool wg_device_is_up(const struct wg_device *device);

/* Packets from the link; takes all of them. */
void wg_device_from_tun(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			struct wg_out *out);

/* Datagrams of one path from UDP; takes all of them. */
void wg_device_from_udp(struct wg_device *device, struct wg_run *run, struct wg_now now,
			struct wg_out *out);

/* Takes back a job that was run. Each peer's packets come back in the order in which
 * they were planned, and so do its handshakes; either may overtake the other. */
void wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
		      struct wg_out *out);

/* After a run was sent: learns of refused sources and unreachable endpoints. */
void wg_device_sent(struct wg_device *device, const struct wg_run *run);

/* Timers that are due, and waiting handshakes; both within a budget, so that it may be
 * due again at once. */
void wg_device_tick(struct wg_device *device, struct wg_now now, struct wg_out *out);

/* When wg_device_tick wants to be called; WG_NEVER while nothing is pending. */
wg_time wg_device_due(const struct wg_device *device);

/* Checks the whole change, then applies all of it, or nothing: 0, -EINVAL, -ENOSPC
 * (more than 2^20 peers) or -ENOMEM. listen_port and fwmark are the shell's; the
 * engine only forgets source addresses when they are set to something new. */
int wg_device_apply(struct wg_device *device, const struct wg_config *config, struct wg_now now,
		    struct wg_out *out);

/* A snapshot; config is initialised by the caller and deinitialised after. 0 or
 * -ENOMEM. listen_port is what wg_device_set_socket said. */
int wg_device_describe(const struct wg_device *device, struct wg_config *config, struct wg_now now);

/* The same in pieces, between which the device may change. A peer that is there from the
 * first to the last is told of once; one that comes or goes meanwhile once or never, also
 * if it goes and comes again. */
struct wg_device_cursor {
	uint64_t next; /* the next peer's handle */
	uint64_t told; /* up to which peer, in the order in which they joined */
	uint64_t last; /* that had joined when the first piece was made */
};

/* Fills in everything except for the peers, and puts the cursor before the first of them. 0
 * or -ENOMEM. */
int wg_device_describe_begin(const struct wg_device *device, struct wg_config *config,
			     struct wg_device_cursor *cursor, struct wg_now now);
/* Appends up to n of the peers that follow. 1 when there are more; 0 when there are none
 * left; -ENOMEM. */
int wg_device_describe_next(const struct wg_device *device, struct wg_device_cursor *cursor,
			    size_t n, struct wg_config *config, struct wg_now now);

/* A peer that has left a few initiations without an answer, since the last handshake. */
struct wg_silent_peer {
	uint8_t public_key[WG_KEY_LEN];
	struct wg_endpoint endpoint; /* where they were sent to */
	uint32_t initiations;        /* a multiple of WG_SILENT_AFTER, unless it answered since */
};

/* Takes the next of them; false when there is none. They are noted while the engine
 * ticks, up to WG_MAX_SILENT (core/silence.h). */
bool wg_device_next_silent(struct wg_device *device, struct wg_silent_peer *silent);

/* Fills in how the peer with this key is: its endpoint, counters, last handshake and health,
 * and nothing that it was told to be. False when there is none. */
bool wg_device_describe_state(const struct wg_device *device,
			      const uint8_t public_key[static WG_KEY_LEN],
			      struct wg_config_peer *described, struct wg_now now);

/* Whether the network's reports about datagrams are of use now, because some peer does not
 * answer. The engine itself never hears of them: they can be forged. */
bool wg_device_wants_reports(const struct wg_device *device, wg_time now);

/* Tells the engine which port and mark its sockets have, for describe. */
void wg_device_set_socket(struct wg_device *device, uint16_t port, uint32_t fwmark);
uint16_t wg_device_port(const struct wg_device *device);

/* Bytes of packet buffers that the engine has itself, in use or not; and giving those back
 * that only a burst needed, for idle moments. */
size_t wg_device_bytes_held(const struct wg_device *device);
void wg_device_trim(struct wg_device *device);

/* How many packets were dropped for a reason since the start. */
uint64_t wg_device_drops(const struct wg_device *device, enum wg_drop reason);

/* How many packets came marked with congestion, but could not pass the mark on: they have
 * no ECN, and were delivered as they are. */
uint64_t wg_device_unmarked(const struct wg_device *device);

#endif
