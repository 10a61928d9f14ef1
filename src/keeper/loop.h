/* A running tunnel: one event loop that owns the engine, the link, the sockets, the
 * timer and the control server. Everything happens in its one thread. */
#ifndef WG_KEEPER_LOOP_H
#define WG_KEEPER_LOOP_H

#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "core/config.h"
#include "core/device.h"
#include "ctl/sockfile.h"
#include "ctl/status.h"
#include "keeper/offloads.h"
#include "keeper/prober.h"
#include "tun/tun.h"

struct wg_loop;

struct wg_loop_options {
	const char *name;
	struct wg_tun *tun;
	int control_fd; /* listens at control_file */
	struct wg_sockfile control_file;
	struct wg_offloads offloads;
	enum wg_probe_mode probe; /* of them */
	int workers;              /* threads besides this one, or WG_WORKERS_AUTO */
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
	/* A turn of the timers has ended. */
	void (*turned)(void *ctx);
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
struct wg_device *wg_loop_device(struct wg_loop *loop);
bool wg_loop_link_is_up(const struct wg_loop *loop);

/* Changes the tunnel as a request at the control socket does. 0 or -errno. */
int wg_loop_apply(struct wg_loop *loop, struct wg_config *change);

/* Changes the number of workers, as in the options. 0; -errno, and then there are none. */
int wg_loop_set_workers(struct wg_loop *loop, int workers);

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
