/* A tunnel that `tuff up` made, over its whole life: hooks, configuration, the host's
 * network, and all of it taken back at the end.
 *
 *   start   PreUp · names · keys and peers, addresses, MTU, link up · parameters,
 *           routes, rules · DNS · PostUp · ready
 *   end     PreDown · DNS, rules, routes, parameters back · link gone · PostDown
 *
 * Each step that waits (a hook, a name, the link) goes on from the event loop, so
 * packets flow while hooks run. A step that fails leads to the end from there. */
#ifndef WG_KEEPER_TUNNEL_H
#define WG_KEEPER_TUNNEL_H

#include "base/error.h"
#include "conf/conf.h"
#include "host/undo.h"
#include "keeper/loop.h"

struct wg_tunnel;

/* What the tunnel tells who made it. */
struct wg_tunnel_events {
	/* All is up (error NULL), or could not be had; then it may come again with
	 * what went wrong on the way back. */
	void (*ready)(void *ctx, const struct wg_error *error);
	/* Something is wrong that the tunnel comes up with all the same; before ready. */
	void (*warning)(void *ctx, const struct wg_error *error);
	void *ctx;
};

struct wg_tunnel_options {
	struct wg_conf *conf; /* the tunnel takes what it holds */
	const char *source;   /* the file's absolute path, to read it again; NULL: none */
	struct wg_undo *undo; /* the tunnel's, empty; its ops are wg_tunnel_undo_ops */
	struct wg_tunnel_events events;
};

/* For wg_undo_open; ctx is a struct wg_text that notes are added to, or NULL. */
extern const struct wg_undo_ops wg_tunnel_undo_ops;

/* Takes the loop over as its owner; starting begins when the loop runs. 0 or -ENOMEM. */
int wg_tunnel_new(struct wg_tunnel **out, struct wg_loop *loop,
		  const struct wg_tunnel_options *options);

/* After the loop returned. */
void wg_tunnel_free(struct wg_tunnel *tunnel);

#endif
