/* Handshakes as they go on: what comes back from their jobs, what follows, and cookie
 * replies. Only this folder includes it. */
#ifndef WG_CORE_HANDSHAKES_H
#define WG_CORE_HANDSHAKES_H

#include "core/engine.h"

/* A cookie reply came: consumes it at once. */
void wg_handshakes_cookie(struct wg_device *device, const struct wg_packet *packet, wg_time now);

/* Both sides have the new session: the initiator saw the response, or the responder
 * the first message. */
void wg_handshakes_complete(struct wg_peer *peer, struct wg_now now);

/* A handshake job came back. True when it was planned again, as the next step. */
bool wg_handshakes_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
			  struct wg_out *out);

#endif
