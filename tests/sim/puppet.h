/* A puppet: a peer whose every message a test makes by hand, with src/noise and no
 * engine. It says what a well-behaved peer never would. */
#ifndef WG_SIM_PUPPET_H
#define WG_SIM_PUPPET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "noise/cookie.h"
#include "noise/handshake.h"
#include "noise/tai64n.h"
#include "sim/ip.h"
#include "sim/sim.h"

struct wg_puppet {
	struct wg_puppet *next;
	struct wg_sim_node *node; /* whom it talks to */
	struct wg_test_random random;
	struct wg_identity identity;
	struct wg_remote remote;
	struct wg_cookie_checker checker;
	struct wg_cookie_jar jar;
	struct wg_handshake handshake;
	struct wg_session session;
	struct wg_tai64n_clock clock;
	struct wg_endpoint endpoint;
	struct wg_ip inner4;
	struct wg_ip inner6;
	struct wg_sim_datagram *inbox; /* oldest first */

	struct wg_wire_initiation initiation; /* as it was sent last */
	struct wg_wire_response response;
	uint8_t timestamp[WG_TAI64N_LEN]; /* in the initiation that was opened last */
};

/* A puppet at an address of its own. A stranger until the node knows it. */
struct wg_puppet *wg_puppet_new(struct wg_sim_node *node);
/* Makes it a peer of its node, with an endpoint where asked. */
void wg_puppet_befriend(struct wg_puppet *puppet, bool with_endpoint);

/* A datagram for a puppet's endpoint goes to its inbox. False: it is for no puppet. */
bool wg_puppet_hear(struct wg_sim *sim, struct wg_sim_datagram *datagram);
void wg_puppet_free_all(struct wg_sim *sim);

/* The oldest of a kind in the inbox, taken out; the older ones of other kinds stay.
 * NULL: none. free() it. */
struct wg_sim_datagram *wg_puppet_take(struct wg_puppet *puppet, enum wg_message kind);
/* Empties the inbox. */
void wg_puppet_clear(struct wg_puppet *puppet);

/* Any bytes to the node, now, from the puppet's endpoint. */
void wg_puppet_say(struct wg_puppet *puppet, const void *bytes, size_t len);

/* Builds an initiation with the next timestamp, signed, in puppet->initiation. */
void wg_puppet_make_initiation(struct wg_puppet *puppet);
void wg_puppet_initiate(struct wg_puppet *puppet);
/* What only looks like an initiation, but for its macs, which are right. */
void wg_puppet_say_noise(struct wg_puppet *puppet);
/* Takes a response out of the inbox and opens it. False: none came, or it is wrong.
 * The session is ready to send. */
bool wg_puppet_complete(struct wg_puppet *puppet);

/* Takes an initiation out of the inbox, opens it and builds the response. False: none
 * came, or it is not a good one. */
bool wg_puppet_make_response(struct wg_puppet *puppet);
/* ... and sends it, and finishes. */
bool wg_puppet_respond(struct wg_puppet *puppet);

/* The whole handshake, begun by the puppet, and confirmed with a keepalive. */
void wg_puppet_shake(struct wg_puppet *puppet);

/* Seals an inner packet under a session with a counter; returns the message's length. */
size_t wg_puppet_seal(const struct wg_session *session, uint64_t counter, const void *inner,
		      size_t len, uint8_t *message);
/* Seals and sends with the session's next counter. Keepalive: NULL, 0. */
void wg_puppet_send(struct wg_puppet *puppet, const void *inner, size_t len);
/* Sends an identified inner packet from the puppet's inner address; returns the id. */
uint64_t wg_puppet_send_data(struct wg_puppet *puppet);
/* The same under an older session that was kept. */
uint64_t wg_puppet_send_under(struct wg_puppet *puppet, struct wg_session *session);

/* Opens a data message under the session; the padded inner packet goes to inner.
 * Returns its length, or -1. */
int wg_puppet_open(const struct wg_puppet *puppet, const struct wg_sim_datagram *datagram,
		   uint8_t *inner);

#endif
