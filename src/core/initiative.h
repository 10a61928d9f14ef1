/* Whether and when we begin a handshake ourselves. All that sends may ask for one; the
 * message is planned in its turn (core/handshake_turn.h). Only this folder includes it. */
#ifndef WG_CORE_INITIATIVE_H
#define WG_CORE_INITIATIVE_H

#include "core/engine.h"

/* Asks for an initiation to the peer, sent when it is its turn; not within 5 s of the
 * last initiation or response, and except for WG_WISH_AGAIN, which does not reset the
 * count of tries, not while a try is under way. */
void wg_initiative_want(struct wg_device *device, struct wg_peer *peer, enum wg_wish wish,
			struct wg_now now);

/* Whether an initiation may be sent now. One that is swallowed because the last message
 * is too young is made up for, where something waits for the session. */
bool wg_initiative_allowed(struct wg_device *device, struct wg_peer *peer, wg_time now);

/* Asks again when a handshake may begin, if something waits for a session. */
void wg_initiative_make_up(struct wg_device *device, struct wg_peer *peer);

#endif
