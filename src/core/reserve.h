/* The peers that a change may need, made before anything is touched, so that applying it
 * cannot fail. Only this folder includes it. */
#ifndef WG_CORE_RESERVE_H
#define WG_CORE_RESERVE_H

#include "base/hash.h"
#include "base/list.h"
#include "core/config.h"

struct wg_device;
struct wg_peer;

/* Whether a change makes this peer, if it is not there. */
static inline bool wg_reserve_creates(const struct wg_config_peer *peer)
{
	return !peer->remove && !peer->update_only;
}

struct wg_reserve {
	struct wg_list peers; /* in the order of the change */
	struct wg_hash by_key;
	size_t n;
};

/* Makes a peer for each that the change adds: no more than that, unless it removes the
 * same one, too. 0; -ENOSPC when there would be too many in the end, or -ENOMEM. Release it
 * in any case. */
int wg_reserve_make(struct wg_reserve *reserve, const struct wg_device *device,
		    const struct wg_config *config);

/* The peer that was made for this key, the caller's now; or NULL. */
struct wg_peer *wg_reserve_take(struct wg_reserve *reserve, const struct wg_device *device,
				const uint8_t public_key[static WG_KEY_LEN]);

/* Frees what was not taken. */
void wg_reserve_release(struct wg_reserve *reserve);

#endif
