#include "core/initiative.h"

void wg_initiative_make_up(struct wg_device *device, struct wg_peer *peer)
{
	if (!wg_peer_waits(peer))
		return;
	wg_timers_swallowed(&peer->timers, peer->handshake_sent, &device->random);
	wg_peer_timers_changed(device, peer);
}

bool wg_initiative_allowed(struct wg_device *device, struct wg_peer *peer, wg_time now)
{
	if (!device->up || !device->has_identity || !peer->remote.usable ||
	    !wg_peer_has_endpoint(peer))
		return false;
	if (now - peer->handshake_sent >= WG_REKEY_TIMEOUT)
		return true;
	wg_initiative_make_up(device, peer);
	return false;
}

/* A peer that answered the last time is likely to answer again. */
static bool is_answering(const struct wg_peer *peer)
{
	return peer->current && peer->health.initiations_sent == 0;
}

void wg_initiative_want(struct wg_device *device, struct wg_peer *peer, enum wg_wish wish,
			struct wg_now now)
{
	if (wish != WG_WISH_AGAIN && !wg_timers_handshake_wanted(&peer->timers))
		return;
	if (wg_initiative_allowed(device, peer, now.boot))
		wg_wishes_add(&device->wishes, peer, is_answering(peer) ? WG_WISH_RENEW : wish);
}
