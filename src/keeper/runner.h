/* The engine's process as the keeper sees it: started, told what to do, asked how it is,
 * started again when it crashed or hangs, and ended. The configuration is kept here as well, in a
 * device that is never up, so that it can be told and given to an engine that is started anew. It
 * also decides what a change does, before the engine hears of it: both come to the same by the same
 * code.
 *
 * What the engine says is believed no more than a stranger's word. */
#ifndef WG_KEEPER_RUNNER_H
#define WG_KEEPER_RUNNER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "confine/report.h"
#include "core/config.h"
#include "core/device.h"
#include "pair/status.h"
#include "tun/tun.h"
#include "udp/udp.h"

struct wg_runner;

/* How often an engine had to be started again, and why the last time. */
struct wg_runner_health {
	uint32_t restarts;
	wg_time at; /* the last one */
	char why[128];
};

struct wg_runner_options {
	const char *name;
	const struct wg_tun *tun; /* a copy of its descriptor is the engine's */
	bool udp_unwanted[WG_UDP_N_OFFLOADS];
	bool udp_broken[WG_UDP_N_OFFLOADS];
	int workers; /* threads, or WG_WORKERS_AUTO */
	enum wg_log_level log_level;
	enum wg_confine_mode confine;
};

/* What the engine tells. Called from the loop, never from within a call into the runner. */
struct wg_runner_handler {
	void (*gone)(void *ctx); /* the link is */
	void (*look)(void *ctx); /* the link took no packet: it may be down */
	void (*offload_failed)(void *ctx, enum wg_tun_offload which);
	void (*silent)(void *ctx, const struct wg_silent_peer *silent);
	void (*traffic)(void *ctx); /* packets came; each five minutes at most */
	void *ctx;
};

/* Starts an engine and waits until it is ready. 0; or -errno and a report, which begins with
 * name. The runner is there also then, unless memory was out (NULL), to be stopped and freed. */
int wg_runner_new(struct wg_runner **out, uv_loop_t *uv, const struct wg_runner_options *options,
		  const struct wg_runner_handler *handler, struct wg_error *error);

/* Ends the engine and waits for that; then nobody but the caller holds link and sockets, and
 * nothing more is told. */
void wg_runner_stop(struct wg_runner *runner);

/* Frees the rest, after the loop has run once more. NULL is ignored. */
void wg_runner_free(struct wg_runner *runner);

/* As wg_device_apply. */
int wg_runner_apply(struct wg_runner *runner, const struct wg_config *change);
void wg_runner_set_clamp_mss(struct wg_runner *runner, bool clamp_mss);

/* The link is up or down, and its MTU. */
void wg_runner_set_link(struct wg_runner *runner, bool up, uint32_t mtu);

/* Copies of the sockets' descriptors go to the engine; NULL: it has none from now on. */
void wg_runner_set_sockets(struct wg_runner *runner, const struct wg_udp *udp, uint16_t port,
			   uint32_t fwmark);

/* Threads, or WG_WORKERS_AUTO. */
void wg_runner_set_workers(struct wg_runner *runner, int n);

/* An offload was probed again. */
void wg_runner_decide(struct wg_runner *runner, enum wg_tun_offload which,
		      enum wg_offload_state state);

/* As wg_device_describe and its likes. Of an engine that does not answer the configuration
 * is known all the same. */
int wg_runner_describe(struct wg_runner *runner, struct wg_config *config);
int wg_runner_describe_begin(struct wg_runner *runner, struct wg_config *config,
			     struct wg_device_cursor *cursor);
int wg_runner_describe_next(struct wg_runner *runner, struct wg_device_cursor *cursor, size_t n,
			    struct wg_config *config);

/* As wg_device_describe_state; false also when the engine does not answer. */
bool wg_runner_describe_state(struct wg_runner *runner, const uint8_t public_key[static WG_KEY_LEN],
			      struct wg_config_peer *described);

/* Belongs to the runner. */
const struct wg_runner_health *wg_runner_health(const struct wg_runner *runner);

/* How the engine is confined. */
const struct wg_confine_report *wg_runner_confined(const struct wg_runner *runner);

/* What the engine tells of itself; all zero when it does not answer. */
void wg_runner_interface(struct wg_runner *runner, struct wg_engine_status *status);

#endif
