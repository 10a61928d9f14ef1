/* Handshakes: initiations that peers want, messages that wait for their turn, and
 * the answers. All of it within a budget per turn, so a flood cannot starve data. */
#ifndef WG_CORE_HANDSHAKES_H
#define WG_CORE_HANDSHAKES_H

#include "core/engine.h"

/* Asks for an initiation to the peer, sent when it is its turn; not within 5 s of the
 * last initiation or response, and but for WG_WISH_AGAIN, which does not reset the count
 * of tries, not while a try is under way. */
void wg_handshakes_want(struct wg_device *device, struct wg_peer *peer, enum wg_wish wish,
			struct wg_now now);

/* A cookie reply came: consumes it at once. */
void wg_handshakes_cookie(struct wg_device *device, const struct wg_packet *packet, wg_time now);

/* Plans waiting initiations and queued messages, and answers with cookies those who
 * need one, each up to a budget. */
void wg_handshakes_turn(struct wg_device *device, struct wg_now now, struct wg_out *out);

/* Whether a turn would do something. */
bool wg_handshakes_waiting(const struct wg_device *device);

/* Both sides have the new session: the initiator saw the response, or the responder
 * the first message. */
void wg_handshakes_complete(struct wg_peer *peer, struct wg_now now);

/* A handshake job came back. True when it was planned again, as the next step. */
bool wg_handshakes_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			  struct wg_out *out);

#endif
