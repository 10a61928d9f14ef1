/* Endpoints by name: resolved without holding up the loop, tried again with growing
 * pauses while there is no answer (at boot), and again when a peer does not answer.
 * While nothing is wrong there is no timer. */
#ifndef WG_DAEMON_RESOLVER_H
#define WG_DAEMON_RESOLVER_H

#include <stddef.h>
#include <uv.h>

#include "base/endpoint.h"
#include "ctl/conf.h"

struct wg_resolver;

struct wg_resolver_handler {
	/* Peer i of conf is at this endpoint: one of its addresses, and each time the
	 * peer was silent the next. */
	void (*found)(void *ctx, size_t i, const struct wg_endpoint *endpoint);
	/* Every name has been looked up once, with or without success. */
	void (*first_round)(void *ctx);
	void *ctx;
};

/* Looks up all names of conf (which outlives it). 0 or -errno. */
int wg_resolver_new(struct wg_resolver **out, uv_loop_t *loop, const struct wg_conf *conf,
		    const struct wg_resolver_handler *handler);

/* Peer i has not answered: looks its name up again; nothing if it has none, or a
 * look-up is under way. */
void wg_resolver_again(struct wg_resolver *resolver, size_t i);

/* How many peers have names. */
size_t wg_resolver_names(const struct wg_resolver *resolver);

/* No callback comes after it. The memory goes when the loop runs on. NULL is ignored. */
void wg_resolver_close(struct wg_resolver *resolver);

#endif
