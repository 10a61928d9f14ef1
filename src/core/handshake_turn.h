/* The turns in which handshakes get a job: the initiations that peers want, and the
 * messages that wait in lanes. All of it within a budget, so a flood cannot starve data.
 * Only this folder includes it. */
#ifndef WG_CORE_HANDSHAKE_TURN_H
#define WG_CORE_HANDSHAKE_TURN_H

#include "core/engine.h"

/* Plans waiting initiations and queued messages, and answers messages that need a cookie
 * with one, each up to a budget. */
void wg_handshake_turn_plan(struct wg_device *device, struct wg_now now, struct wg_out *out);

/* Whether a turn would do something. */
bool wg_handshake_turn_waiting(const struct wg_device *device);

#endif
