/* The watch: rules that hold for every datagram an engine ever sends, checked on
 * each of them whatever the test is about.
 *
 *   - types, reserved bytes and lengths are exact
 *   - handshakes carry DSCP AF41, cookie replies 0, data no DSCP
 *   - a session's counters only grow: no nonce is ever used twice
 *   - an index names one handshake only
 *   - no initiation within 5 s of the last initiation or response to the same key */
#ifndef WG_SIM_WATCH_H
#define WG_SIM_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "noise/cookie.h"
#include "sim/net.h"

#define WG_WATCH_KEYS     2048u
#define WG_WATCH_SESSIONS 1024u

/* Everybody's public keys: who a handshake message is for is told by its mac1. */
struct wg_watch_keys {
	struct wg_cookie_checker checkers[WG_WATCH_KEYS];
	size_t n;
	size_t last; /* who was addressed last: the next one is mostly the next */
};

struct wg_watch_session {
	uint32_t receiver;
	uint64_t next; /* the least counter that it may use */
};

struct wg_watch {
	wg_time floor[WG_WATCH_KEYS]; /* no initiation to this key before */
	struct wg_watch_session sessions[WG_WATCH_SESSIONS];
	size_t n_sessions;
	size_t last; /* the session that was used last: the next one is mostly the same */
	uint32_t indices[WG_WATCH_SESSIONS]; /* of the handshakes it sent last */
	size_t n_indices;
	bool knows_few_numbers; /* indices come again when they are free */
};

void wg_watch_add_key(struct wg_watch_keys *keys, const uint8_t public_key[static WG_KEY_LEN]);

/* The engine's key changed, or its peers, or its link went down (as in Linux's
 * wg_stop): floors are lifted. */
void wg_watch_lift(struct wg_watch *watch);

/* Looks at a datagram that an engine sends. NULL, or what is wrong with it. */
const char *wg_watch_sent(struct wg_watch *watch, struct wg_watch_keys *keys,
			  const struct wg_sim_datagram *datagram);

#endif
