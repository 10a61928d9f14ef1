/* Endpoints by name: resolved without holding up the loop, tried again with growing
 * pauses while there is no answer (at boot), and again when a peer does not answer.
 * While nothing is wrong there is no timer. */
#ifndef WG_KEEPER_RESOLVER_H
#define WG_KEEPER_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/endpoint.h"
#include "conf/conf.h"
#include "core/device.h"

struct wg_resolver;

struct wg_resolver_handler {
	/* Peer i of conf is at this endpoint: an address of its name. silent: it is told
	 * because the peer was silent at the one that it had. */
	void (*found)(void *ctx, size_t i, const struct wg_endpoint *endpoint, bool silent);
	/* Every name has been looked up once, with or without success. */
	void (*first_round)(void *ctx);
	void *ctx;
};

/* A name that could not be resolved when it was asked for last. */
struct wg_resolver_trouble {
	const char *host;
	unsigned int line; /* of its Endpoint */
	const char *why;   /* in getaddrinfo(3)'s words */
	uint32_t tries;    /* in a row without success */
	uint64_t seconds;  /* since the first of them */
};

/* Looks up all names of conf (which outlives it). 0 or -errno. */
int wg_resolver_new(struct wg_resolver **out, uv_loop_t *loop, const struct wg_conf *conf,
		    const struct wg_resolver_handler *handler);

/* A peer did not answer: another address of its name takes the place of the one where it
 * was silent. The name itself is asked for again the 1st, 2nd, 4th and 8th time in a row,
 * and then each 8th, which is in about two minutes; unless a look-up is under way or waits
 * for its pause. Nothing if the peer has no name. Costs the logarithm of their number. */
void wg_resolver_silent(struct wg_resolver *resolver, const struct wg_silent_peer *silent);

/* How many peers have names. */
size_t wg_resolver_names(const struct wg_resolver *resolver);

/* The trouble with the name of the peer that has this key, or with the i-th name; false:
 * there is none. It is valid until the loop runs on. */
bool wg_resolver_trouble(const struct wg_resolver *resolver,
			 const uint8_t public_key[static WG_KEY_LEN],
			 struct wg_resolver_trouble *trouble);
bool wg_resolver_trouble_at(const struct wg_resolver *resolver, size_t i,
			    struct wg_resolver_trouble *trouble);

/* No callback comes after it. The memory goes when the loop runs on. NULL is ignored. */
void wg_resolver_close(struct wg_resolver *resolver);

#endif
