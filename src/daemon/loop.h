/* A running tunnel: one event loop that owns the engine, the link, the sockets, the
 * timer and the control server. Everything happens in its one thread. */
#ifndef WG_DAEMON_LOOP_H
#define WG_DAEMON_LOOP_H

#include "base/error.h"
#include "daemon/sockfile.h"
#include "tun/tun.h"

struct wg_loop;

struct wg_loop_options {
	const char *name;
	struct wg_tun *tun;
	int control_fd; /* listens at control_file */
	struct wg_sockfile control_file;
};

/* Sets everything up. 0, or -errno and a report. The link and the control socket are
 * the loop's in any case. */
int wg_loop_new(struct wg_loop **out, const struct wg_loop_options *options,
		struct wg_error *error);

/* Runs until the tunnel ends: its link is deleted, its control socket is removed, or a
 * signal (SIGINT, SIGTERM, SIGHUP) says so. 0, or -errno when it could not go on. */
int wg_loop_run(struct wg_loop *loop);

/* Removes the control socket and, if it is not persistent, the link. */
void wg_loop_free(struct wg_loop *loop);

#endif
