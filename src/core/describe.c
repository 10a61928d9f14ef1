/* A device's description of itself, at once or in pieces; core/device.h declares it. */
#include <errno.h>

#include "base/bytes.h"
#include "core/engine.h"
#include "core/outbound.h"

static bool describe_allowed_ips(const struct wg_peer *peer, struct wg_config_peer *described)
{
	const struct wg_list *cursor = NULL;
	struct wg_prefix prefix;

	while (wg_allowedips_next(&peer->allowed_ips, &cursor, &prefix))
		if (wg_config_add_allowed_ip(described, &prefix, false))
			return false;
	return true;
}

static struct wg_config_health describe_health(const struct wg_peer *peer)
{
	return (struct wg_config_health){
		.usable_key = peer->remote.usable,
		.initiations_sent = peer->health.initiations_sent,
		.responses_sent = peer->health.responses_sent,
		.responses_refused = peer->health.responses_refused,
		.timestamps_refused = peer->health.timestamps_refused,
		.send_error = peer->health.send_error,
	};
}

/* How it is, apart from what it was told to be. */
static void describe_state(const struct wg_peer *peer, struct wg_config_peer *described,
			   wg_time now)
{
	described->endpoint = peer->path.remote;
	described->has_endpoint = wg_peer_has_endpoint(peer);
	described->handshake_sec = peer->handshake_sec;
	described->handshake_nsec = peer->handshake_nsec;
	described->rx_bytes = peer->rx_bytes;
	described->tx_bytes = peer->tx_bytes;
	described->health = describe_health(peer);
	described->health.session = wg_outbound_may_send(peer->current, now);
}

static bool describe_peer(const struct wg_peer *peer, struct wg_config *config, wg_time now)
{
	struct wg_config_peer *described = wg_config_add_peer(config);

	if (!described)
		return false;
	memcpy(described->public_key, peer->remote.public_key, WG_KEY_LEN);
	if (wg_lockedkey_set(&described->preshared_key, peer->remote.preshared_key))
		return false;
	described->has_preshared_key = wg_lockedkey_is_set(&described->preshared_key);
	described->keepalive = (uint16_t)(peer->timers.persistent / WG_SECOND);
	described->has_keepalive = described->keepalive != 0;
	describe_state(peer, described, now);
	return describe_allowed_ips(peer, described);
}

static const struct wg_peer *peer_at(const struct wg_device *device, const struct wg_list *entry)
{
	return entry == &device->peers ? NULL : WG_CONTAINER_OF(entry, struct wg_peer, entry);
}

/* The first peer that was not told of yet. The cursor knows its handle, unless the peer has
 * gone. */
static const struct wg_peer *find_untold(const struct wg_device *device,
					 const struct wg_device_cursor *cursor)
{
	const struct wg_peer *peer = wg_peer_find(device, cursor->next);

	if (!peer)
		peer = peer_at(device, device->peers.next);
	while (peer && wg_peer_joined(peer) <= cursor->told)
		peer = peer_at(device, peer->entry.next);
	return peer && wg_peer_joined(peer) <= cursor->last ? peer : NULL;
}

int wg_device_describe_begin(const struct wg_device *device, struct wg_config *config,
			     struct wg_device_cursor *cursor, struct wg_now now)
{
	if (wg_lockedkey_set(&config->private_key, device->identity.private_key))
		return -ENOMEM;
	config->has_private_key = device->has_identity;
	config->listen_port = device->port;
	config->has_listen_port = device->port != 0;
	config->fwmark = device->fwmark;
	config->has_fwmark = device->fwmark != 0;
	for (int kind = 0; kind < WG_N_CALLERS; kind++)
		wg_caller_describe(&device->callers[kind], &config->callers[kind], now.boot);
	if (wg_peer_find_key(device, config->callers[WG_CALLER_UNKNOWN].public_key))
		config->callers[WG_CALLER_UNKNOWN].calls = 0; /* it has become one */
	*cursor = (struct wg_device_cursor){.next = WG_NO_HANDLE, .last = device->n_joined};
	return 0;
}

int wg_device_describe_next(const struct wg_device *device, struct wg_device_cursor *cursor,
			    size_t n, struct wg_config *config, struct wg_now now)
{
	const struct wg_peer *peer = find_untold(device, cursor);

	for (; peer && wg_peer_joined(peer) <= cursor->last && n; n--) {
		if (!describe_peer(peer, config, now.boot))
			return -ENOMEM;
		cursor->told = wg_peer_joined(peer);
		peer = peer_at(device, peer->entry.next);
	}
	if (!peer || wg_peer_joined(peer) > cursor->last)
		return 0;
	cursor->next = peer->handle;
	return 1;
}

int wg_device_describe(const struct wg_device *device, struct wg_config *config, struct wg_now now)
{
	struct wg_device_cursor cursor;

	if (wg_device_describe_begin(device, config, &cursor, now))
		return -ENOMEM;
	return wg_device_describe_next(device, &cursor, SIZE_MAX, config, now);
}

bool wg_device_describe_state(const struct wg_device *device,
			      const uint8_t public_key[static WG_KEY_LEN],
			      struct wg_config_peer *described, struct wg_now now)
{
	const struct wg_peer *peer = wg_peer_find_key(device, public_key);

	if (peer)
		describe_state(peer, described, now.boot);
	return peer != NULL;
}
