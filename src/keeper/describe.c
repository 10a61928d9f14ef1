#include "keeper/describe.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "ctl/status.h"
#include "ctl/uapi.h"
#include "engine/traffic.h"
#include "keeper/loop.h"
#include "keeper/losses.h"
#include "keeper/offloads.h"
#include "os/clock.h"

/* Peers of a piece: some 20 KiB, and half a millisecond. */
#define PEERS_AT_ONCE 64

static int describe_for_wg(const struct wg_traffic *traffic, struct wg_description *description,
			   struct wg_text *text)
{
	struct wg_now now = wg_clock_now();
	struct wg_config config;
	int result;

	wg_config_init(&config);
	result = description->begun ? 0
				    : wg_device_describe_begin(traffic->device, &config,
							       &description->cursor, now);
	if (!result && !description->begun)
		wg_uapi_format_device(text, &config);
	description->begun = true;
	if (!result)
		result = wg_device_describe_next(traffic->device, &description->cursor,
						 PEERS_AT_ONCE, &config, now);
	if (result >= 0)
		wg_uapi_format_peers(text, &config);
	wg_config_deinit(&config);
	return text->failed ? -ENOMEM : result;
}

/* Counts all since the start. What only the kernel knows stays as it was last seen, when it
 * does not tell. */
static void count(const struct wg_described *tunnel, struct wg_tally *tally,
		  struct wg_tun_link *link)
{
	const struct wg_traffic *traffic = tunnel->traffic;
	const struct wg_tun_stats *stats = traffic->tun ? wg_tun_stats(traffic->tun) : NULL;
	bool known = stats && !wg_tun_link_get(wg_tun_fd(traffic->tun), link);

	if (!known)
		*link = (struct wg_tun_link){0};
	tally->out = stats ? stats->read_packets : 0;
	tally->in = stats ? stats->written_packets : 0;
	for (int reason = 0; reason < WG_DROP_COUNT; reason++)
		tally->drops[reason] = wg_device_drops(traffic->device, (enum wg_drop)reason);
	wg_losses_gather(tally->losses, traffic->tun, tunnel->sockets, link, tunnel->link_dropped);
	if (!known)
		tally->losses[WG_LOSS_LINK_QUEUE] = tunnel->lately.newer.losses[WG_LOSS_LINK_QUEUE];
}

static void describe_interface(struct wg_described *tunnel, struct wg_status *status, wg_time now)
{
	const struct wg_traffic *traffic = tunnel->traffic;
	struct wg_tun_link link;
	struct wg_tally tally;
	wg_time since;

	count(tunnel, &tally, &link);
	since = wg_lately_tell(&tunnel->lately, &tally, now, &status->lately);
	status->lately_sec = (uint64_t)((now - since) / WG_SECOND);
	memcpy(status->drops, tally.drops, sizeof(status->drops));
	memcpy(status->losses, tally.losses, sizeof(status->losses));
	status->detailed = true;
	status->link_up = *tunnel->link_up;
	status->uptime_sec = (uint64_t)((now - tunnel->started) / WG_SECOND);
	status->mtu = link.mtu;
	snprintf(status->aead, sizeof(status->aead), "%s", wg_crypto_aead_name());
	wg_offloads_describe(traffic->tun, traffic->udp, status->offloads, status->offloads_off,
			     sizeof(status->offloads));
	status->workers = wg_traffic_workers(traffic);
	status->unmarked = wg_device_unmarked(traffic->device);
	if (status->config.has_private_key)
		wg_x25519_public(status->public_key,
				 wg_lockedkey_bytes(&status->config.private_key));
}

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

static int describe_for_show(struct wg_described *tunnel, struct wg_description *description,
			     struct wg_text *text)
{
	const struct wg_device *device = tunnel->traffic->device;
	struct wg_now now = wg_clock_now();
	struct wg_status status;
	int result;

	wg_status_init(&status);
	result = description->begun ? 0
				    : wg_device_describe_begin(device, &status.config,
							       &description->cursor, now);
	if (!result && !description->begun) {
		describe_interface(tunnel, &status, now.boot);
		wg_status_format_interface(text, &status);
	}
	description->begun = true;
	if (!result)
		result = wg_device_describe_next(device, &description->cursor, PEERS_AT_ONCE,
						 &status.config, now);
	for (size_t i = 0; i < status.config.n_peers; i++)
		wg_hints_apply(&tunnel->traffic->hints, &status.config.peers[i], now);
	if (result >= 0 &&
	    (name_peers(&status, tunnel->owner) || add_lookups(&status, tunnel->owner)))
		result = -ENOMEM;
	if (result >= 0)
		wg_status_format_peers(text, &status);
	wg_status_deinit(&status);
	return text->failed ? -ENOMEM : result;
}

void wg_describe_init(struct wg_described *tunnel, const struct wg_tun *tun)
{
	static const struct wg_tally nothing;
	struct wg_tun_link link;

	tunnel->started = wg_clock_now().boot;
	wg_lately_init(&tunnel->lately, &nothing, tunnel->started);
	if (!wg_tun_link_get(wg_tun_fd(tun), &link))
		tunnel->link_dropped = link.dropped;
}

void wg_describe_note_traffic(struct wg_described *tunnel, wg_time now)
{
	struct wg_tally tally;
	struct wg_tun_link link;

	if (!wg_lately_due(&tunnel->lately, now))
		return;
	count(tunnel, &tally, &link);
	wg_lately_note(&tunnel->lately, &tally, now);
}

int wg_describe(struct wg_described *tunnel, enum wg_uapi_kind kind,
		struct wg_description *description, struct wg_text *text)
{
	if (kind == WG_UAPI_GET)
		return describe_for_wg(tunnel->traffic, description, text);
	return describe_for_show(tunnel, description, text);
}
