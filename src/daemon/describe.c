#include "daemon/describe.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "ctl/status.h"
#include "daemon/clock.h"
#include "daemon/offloads.h"
#include "daemon/privileged.h"

static int name_peers(struct wg_status *status, const struct wg_loop_owner *owner)
{
	int error = 0;

	for (size_t i = 0; !error && owner->peer_name && i < status->config.n_peers; i++) {
		const char *name = owner->peer_name(owner->ctx, status->config.peers[i].public_key);

		if (name)
			error = wg_status_name_peer(status, i, name);
	}
	return error;
}

static int describe(const struct wg_traffic *traffic, struct wg_status *status)
{
	struct wg_tun_link link;
	int error = wg_device_describe(traffic->device, &status->config, wg_clock_now());

	if (error)
		return error;
	status->detailed = true;
	if (traffic->tun && !wg_privileged_get_link(traffic->tun, &link))
		status->mtu = link.mtu;
	snprintf(status->aead, sizeof(status->aead), "%s", wg_crypto_aead_name());
	wg_offloads_describe(traffic->tun, traffic->udp, status->offloads, status->offloads_off,
			     sizeof(status->offloads));
	status->workers = wg_traffic_workers(traffic);
	for (int reason = 0; reason < WG_DROP_COUNT; reason++)
		status->drops[reason] = wg_device_drops(traffic->device, (enum wg_drop)reason);
	if (status->config.has_private_key)
		wg_x25519_public(status->public_key, status->config.private_key);
	return 0;
}

static int add_lookups(struct wg_status *status, const struct wg_loop_owner *owner)
{
	int error = 0;

	for (size_t i = 0; !error && owner->peer_lookup && i < status->config.n_peers; i++) {
		const uint8_t *key = status->config.peers[i].public_key;
		struct wg_status_lookup lookup;

		if (!owner->peer_lookup(owner->ctx, key, &lookup))
			continue;
		lookup.peer = i;
		error = wg_status_add_lookup(status, &lookup);
	}
	return error;
}

char *wg_describe(const struct wg_traffic *traffic, bool link_up, const struct wg_loop_owner *owner,
		  size_t *len)
{
	struct wg_status status;
	char *text = NULL;

	wg_status_init(&status);
	status.link_up = link_up;
	if (!describe(traffic, &status) && !name_peers(&status, owner) &&
	    !add_lookups(&status, owner))
		text = wg_status_format(&status, len);
	wg_status_deinit(&status);
	return text;
}
