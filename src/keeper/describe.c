#include "keeper/describe.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "crypto/x25519.h"
#include "ctl/status.h"
#include "ctl/uapi.h"
#include "keeper/loop.h"
#include "keeper/losses.h"
#include "keeper/offloads.h"
#include "keeper/runner.h"
#include "os/clock.h"

/* Peers of a piece: some 20 KiB, and half a millisecond. */
#define PEERS_AT_ONCE 64

static int describe_for_wg(struct wg_runner *runner, struct wg_description *description,
			   struct wg_text *text)
{
	struct wg_config config;
	int result = 0;

	wg_config_init(&config);
	if (!description->begun)
		result = wg_runner_describe_begin(runner, &config, &description->cursor);
	if (!result && !description->begun)
		wg_uapi_format_device(text, &config);
	description->begun = true;
	if (!result)
		result = wg_runner_describe_next(runner, &description->cursor, PEERS_AT_ONCE,
						 &config);
	if (result >= 0)
		wg_uapi_format_peers(text, &config);
	wg_config_deinit(&config);
	return text->failed ? -ENOMEM : result;
}

/* Counts all since the start. What only the kernel knows stays as it was last seen, when it
 * does not tell. */
static void count(const struct wg_described *tunnel, const struct wg_engine_status *engine,
		  struct wg_tally *tally, struct wg_tun_link *link)
{
	const struct wg_tun *tun = wg_loop_tun(tunnel->loop);
	bool known = tun && !wg_tun_link_get(wg_tun_fd(tun), link);

	if (!known)
		*link = (struct wg_tun_link){0};
	tally->out = engine->link_read;
	tally->in = engine->link_written;
	memcpy(tally->drops, engine->drops, sizeof(tally->drops));
	wg_losses_gather(tally->losses, engine, link, tunnel->link_dropped);
	if (!known)
		tally->losses[WG_LOSS_LINK_QUEUE] = tunnel->lately.newer.losses[WG_LOSS_LINK_QUEUE];
}

static void describe_confinement(const struct wg_confine_report *report, struct wg_status *status)
{
	size_t len = 0;

	snprintf(status->confine, sizeof(status->confine), "%s",
		 wg_confine_mode_name((enum wg_confine_mode)report->mode));
	for (int i = 0; i < WG_CONFINE_N_LAYERS; i++)
		if (wg_confine_holds(report, (enum wg_confine_layer)i))
			len += (size_t)snprintf(status->layers + len, sizeof(status->layers) - len,
						"%s%s", len ? " " : "",
						wg_confine_layer_name((enum wg_confine_layer)i));
	wg_confine_describe(report, status->confined, sizeof(status->confined));
}

static void describe_health(const struct wg_runner_health *health, struct wg_status *status,
			    wg_time now)
{
	status->restarts = health->restarts;
	status->restarted_sec = (uint64_t)((now - health->at) / WG_SECOND);
	snprintf(status->restarted_why, sizeof(status->restarted_why), "%s", health->why);
}

static void describe_interface(struct wg_described *tunnel, struct wg_status *status, wg_time now)
{
	struct wg_engine_status engine;
	struct wg_tun_link link;
	struct wg_tally tally;
	wg_time since;

	wg_runner_interface(wg_loop_runner(tunnel->loop), &engine);
	count(tunnel, &engine, &tally, &link);
	since = wg_lately_tell(&tunnel->lately, &tally, now, &status->lately);
	status->lately_sec = (uint64_t)((now - since) / WG_SECOND);
	memcpy(status->drops, tally.drops, sizeof(status->drops));
	memcpy(status->losses, tally.losses, sizeof(status->losses));
	status->detailed = true;
	status->link_up = wg_loop_link(tunnel->loop)->up;
	status->uptime_sec = (uint64_t)((now - tunnel->started) / WG_SECOND);
	status->mtu = link.mtu;
	snprintf(status->aead, sizeof(status->aead), "%s", engine.aead);
	wg_offloads_describe(wg_loop_tun(tunnel->loop) ? engine.tun_offloads : NULL,
			     wg_loop_sockets(tunnel->loop)->udp ? engine.udp_offloads : NULL,
			     status->offloads, status->offloads_off, sizeof(status->offloads));
	status->workers = engine.workers;
	describe_health(wg_runner_health(wg_loop_runner(tunnel->loop)), status, now);
	describe_confinement(wg_runner_confined(wg_loop_runner(tunnel->loop)), status);
	status->unmarked = engine.unmarked;
	memcpy(status->config.callers, engine.callers, sizeof(status->config.callers));
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
	struct wg_runner *runner = wg_loop_runner(tunnel->loop);
	struct wg_status status;
	int result = 0;

	wg_status_init(&status);
	if (!description->begun)
		result = wg_runner_describe_begin(runner, &status.config, &description->cursor);
	if (!result && !description->begun) {
		describe_interface(tunnel, &status, wg_clock_now().boot);
		wg_status_format_interface(text, &status);
	}
	description->begun = true;
	if (!result)
		result = wg_runner_describe_next(runner, &description->cursor, PEERS_AT_ONCE,
						 &status.config);
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
	struct wg_engine_status engine;
	struct wg_tally tally;
	struct wg_tun_link link;

	if (!wg_lately_due(&tunnel->lately, now))
		return;
	wg_runner_interface(wg_loop_runner(tunnel->loop), &engine);
	count(tunnel, &engine, &tally, &link);
	wg_lately_note(&tunnel->lately, &tally, now);
}

int wg_describe(struct wg_described *tunnel, enum wg_uapi_kind kind,
		struct wg_description *description, struct wg_text *text)
{
	if (kind == WG_UAPI_GET)
		return describe_for_wg(wg_loop_runner(tunnel->loop), description, text);
	return describe_for_show(tunnel, description, text);
}
