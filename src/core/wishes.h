/* Peers with which a handshake is wanted, by urgency, until it is their turn. However many
 * peers are asked again and again and never answer, the ones that do come first; and yet
 * none waits for ever. Only this folder includes it. */
#ifndef WG_CORE_WISHES_H
#define WG_CORE_WISHES_H

#include <stdbool.h>

#include "base/list.h"

struct wg_peer;

/* The most urgent first. */
enum wg_wish {
	WG_WISH_RENEW,     /* of a peer that answered the last time, or has a session */
	WG_WISH_DATA,      /* packets wait, or were sent in vain */
	WG_WISH_KEEPALIVE, /* nobody waits */
	WG_WISH_AGAIN,     /* it did not answer */
	WG_WISH_COUNT
};

struct wg_wishes {
	struct wg_list peers[WG_WISH_COUNT]; /* each in the order of asking */
	unsigned int turn;
};

void wg_wishes_init(struct wg_wishes *wishes);
bool wg_wishes_empty(const struct wg_wishes *wishes);

/* Adds a peer, once; one that is there already is moved to the more urgent wish. */
void wg_wishes_add(struct wg_wishes *wishes, struct wg_peer *peer, enum wg_wish wish);

/* Takes the next peer out. NULL: there is none. */
struct wg_peer *wg_wishes_take(struct wg_wishes *wishes);

/* Puts a peer that was taken out and could not be served back to where it was. */
void wg_wishes_put_back(struct wg_wishes *wishes, struct wg_peer *peer);

#endif
