/* What the engine tells of itself when it is asked: of the interface, and of its peers.
 * Called by the orders. */
#ifndef WG_ENGINE_ANSWERS_H
#define WG_ENGINE_ANSWERS_H

#include <stdbool.h>

#include "engine/engine.h"
#include "pair/status.h"

void wg_answers_interface(const struct wg_engine *engine, struct wg_engine_status *status);

/* How the peer with this key is, and what the network said of the way to it; nothing else of
 * peer is filled in. False: there is none. */
bool wg_answers_peer(const struct wg_engine *engine, const uint8_t public_key[static WG_KEY_LEN],
		     struct wg_config_peer *peer);

#endif
