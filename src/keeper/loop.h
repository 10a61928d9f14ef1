/* A running tunnel as its keeper has it: one event loop with the control server, the link's
 * events, the sockets' descriptors and the engine's process (runner.h), in one thread. No
 * packet comes here. */
#ifndef WG_KEEPER_LOOP_H
#define WG_KEEPER_LOOP_H

#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/log.h"
#include "core/config.h"
#include "ctl/sockfile.h"
#include "ctl/status.h"
#include "keeper/offloads.h"
#include "keeper/prober.h"
#include "keeper/runner.h"
#include "keeper/sockets.h"
#include "tun/link.h"
#include "tun/tun.h"

struct wg_loop;

struct wg_loop_options {
	const char *name;
	struct wg_tun *tun;
	int control_fd; /* listens at control_file */
	struct wg_sockfile control_file;
	struct wg_offloads offloads;
	enum wg_probe_mode probe; /* of them */
	int workers;              /* the engine's threads, or WG_WORKERS_AUTO */
	enum wg_log_level log_level;
	enum wg_confine_mode confine; /* of the engine */
};

/* Sets everything up. 0, or -errno and a report. The link and the control socket are
 * the loop's in any case. */
int wg_loop_new(struct wg_loop **out, const struct wg_loop_options *options,
		struct wg_error *error);

/* Who gave the tunnel its configuration, and has to take it back before the tunnel
 * ends. Without one, the loop just stops. */
struct wg_loop_owner {
	/* Something ends the tunnel: wg_loop_stop must follow, soon or later. Called
	 * once for each reason that there is. */
	void (*ending)(void *ctx, int result, const char *why);
	/* The link came up: error is 0, or why the sockets could not be opened. */
	void (*link_up)(void *ctx, int error);
	/* Its file is to be read again, once more if that is being done just now. Later it
	 * calls wg_loop_reload_begins and then wg_loop_reloaded. 0 or -errno. */
	int (*reload)(void *ctx);
	/* A peer has left a few initiations without an answer. */
	void (*silent)(void *ctx, const struct wg_silent_peer *silent);
	/* What the peer is called, or NULL. */
	const char *(*peer_name)(void *ctx, const uint8_t public_key[static WG_KEY_LEN]);
	/* Whether its endpoint's name cannot be resolved; what lookup points to is valid until
	 * the loop runs on, and lookup->peer is not set. */
	bool (*peer_lookup)(void *ctx, const uint8_t public_key[static WG_KEY_LEN],
			    struct wg_status_lookup *lookup);
	void *ctx;
};

/* owner is copied. */
void wg_loop_set_owner(struct wg_loop *loop, const struct wg_loop_owner *owner);

uv_loop_t *wg_loop_uv(struct wg_loop *loop);
struct wg_runner *wg_loop_runner(struct wg_loop *loop);
/* The link; NULL once it was dropped. What was heard of it last; and the sockets. */
const struct wg_tun *wg_loop_tun(const struct wg_loop *loop);
const struct wg_tun_link *wg_loop_link(const struct wg_loop *loop);
const struct wg_sockets *wg_loop_sockets(const struct wg_loop *loop);

/* Changes the tunnel as a request at the control socket does. 0 or -errno. */
int wg_loop_apply(struct wg_loop *loop, struct wg_config *change);

/* For an owner that reads its file again: what began before is answered with lines and
 * their errno, as for wg_control_reloaded. */
void wg_loop_reload_begins(struct wg_loop *loop);
void wg_loop_reloaded(struct wg_loop *loop, const char *text, size_t len);

/* Lets wg_loop_run return. farewell answers those who asked for the end: lines, with
 * their errno. */
void wg_loop_stop(struct wg_loop *loop, int result, const char *farewell);

/* Gives the link up, while the loop runs on. */
void wg_loop_drop_link(struct wg_loop *loop);

/* Runs until the tunnel ends: its link is deleted, its control socket is removed, or a
 * signal (SIGINT, SIGTERM, SIGHUP) says so. 0, or -errno when it could not go on. */
int wg_loop_run(struct wg_loop *loop);

/* Removes the control socket and, if it is not persistent, the link. */
void wg_loop_free(struct wg_loop *loop);

#endif
