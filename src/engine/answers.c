#include "engine/answers.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "core/device.h"
#include "crypto/crypto.h"

static void tell_offloads(const struct wg_engine *engine, struct wg_engine_status *status)
{
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		status->tun_offloads[i] = wg_tun_offload(engine->tun, (enum wg_tun_offload)i);
	for (int i = 0; engine->udp && i < WG_UDP_N_OFFLOADS; i++)
		status->udp_offloads[i] = wg_udp_offload(engine->udp, (enum wg_udp_offload)i);
}

static void tell_losses(const struct wg_engine *engine, struct wg_engine_status *status)
{
	const struct wg_tun_stats *link = wg_tun_stats(engine->tun);
	struct wg_engine_lost lost = wg_engine_lost(engine);

	status->link_read = link->read_packets;
	status->link_written = link->written_packets;
	status->link_no_memory = link->dropped_no_memory;
	status->link_malformed = link->dropped_malformed;
	status->link_refused = link->dropped_write;
	status->link_failed = link->failed_reads;
	status->socket_queue = lost.queue;
	status->socket_no_memory = lost.memory;
	status->socket_failed = lost.failures;
}

static void tell_callers(const struct wg_engine *engine, struct wg_engine_status *status)
{
	struct wg_device_cursor cursor;
	struct wg_config config;

	wg_config_init(&config);
	if (!wg_device_describe_begin(engine->traffic.device, &config, &cursor, wg_clock_now()))
		memcpy(status->callers, config.callers, sizeof(status->callers));
	wg_config_deinit(&config);
}

void wg_answers_interface(const struct wg_engine *engine, struct wg_engine_status *status)
{
	const struct wg_device *device = engine->traffic.device;

	*status = (struct wg_engine_status){
		.mtu = wg_device_mtu(device),
		.workers = wg_traffic_workers(&engine->traffic),
		.unmarked = wg_device_unmarked(device),
		.bytes_held = wg_traffic_bytes_held(&engine->traffic),
	};
	for (int reason = 0; reason < WG_DROP_COUNT; reason++)
		status->drops[reason] = wg_device_drops(device, (enum wg_drop)reason);
	tell_losses(engine, status);
	tell_offloads(engine, status);
	tell_callers(engine, status);
	snprintf(status->aead, sizeof(status->aead), "%s", wg_crypto_aead_name());
}

bool wg_answers_peer(const struct wg_engine *engine, const uint8_t public_key[static WG_KEY_LEN],
		     struct wg_config_peer *peer)
{
	struct wg_now now = wg_clock_now();

	*peer = (struct wg_config_peer){.remove = false};
	if (!wg_device_describe_state(engine->traffic.device, public_key, peer, now))
		return false;
	wg_hints_apply(&engine->traffic.hints, peer, now);
	return true;
}
