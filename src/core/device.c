/* The public face: the device's life, its turn, and what comes back from jobs. How a
 * configuration is applied and described is in apply.c and describe.c. */
#include "core/device.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "core/engine.h"
#include "core/handshake_turn.h"
#include "core/handshakes.h"
#include "core/inbound.h"
#include "core/initiative.h"
#include "core/out.h"
#include "core/outbound.h"
#include "crypto/secret.h"

/* Nothing keeps a handshake's message for longer than a wg_out keeps its runs. One slab
 * of a pool has twice as many slots. */
#define HANDSHAKE_POOL_BYTES ((size_t)WG_OUT_RUNS * 2 * 2048)

/* Long enough for the next retry of the same peer, with its jitter. */
#define SILENCE_LASTS (2 * WG_REKEY_TIMEOUT)

/* Peers whose timers are seen to in one tick. Peers that are left are due again at once,
 * but packets, handshakes and finished jobs have their turn before; without that, many
 * keepalives at a time would find no job left. */
#define TICK_PEERS 64u

struct wg_device *wg_device_new(const struct wg_device_options *options)
{
	struct wg_device *device = wg_secret_new(sizeof(*device));

	if (!device)
		return NULL;
	device->pool = options->pool;
	device->random = options->random;
	wg_random_fill(&device->random, device->hash_key, sizeof(device->hash_key));
	wg_list_init(&device->peers);
	wg_wishes_init(&device->wishes);
	wg_hash_init(&device->peers_by_key);
	wg_hash_init(&device->indices);
	wg_heap_init(&device->deadlines);
	wg_ratelimit_init(&device->ratelimit, &device->random);
	device->silence_until = -WG_NEVER;
	device->allowed_ips = wg_allowedips_new();
	device->handshake_pool = wg_pool_new(HANDSHAKE_POOL_BYTES);
	if (!device->allowed_ips || !device->handshake_pool ||
	    wg_staged_store_init(&device->staged) || wg_handshake_queue_init(&device->handshakes) ||
	    wg_job_store_init(&device->jobs)) {
		wg_device_free(device);
		return NULL;
	}
	return device;
}

void wg_device_free(struct wg_device *device)
{
	struct wg_list *entry;
	struct wg_list *next;

	if (!device)
		return;
	wg_list_for_each_safe (entry, next, &device->peers)
		wg_peer_free(device, WG_CONTAINER_OF(entry, struct wg_peer, entry));
	wg_staged_store_deinit(&device->staged);
	wg_pool_free(device->handshake_pool);
	wg_job_store_deinit(&device->jobs);
	wg_handshake_queue_deinit(&device->handshakes);
	wg_ratelimit_deinit(&device->ratelimit);
	wg_allowedips_free(device->allowed_ips);
	wg_heap_deinit(&device->deadlines);
	wg_hash_deinit(&device->indices);
	wg_hash_deinit(&device->peers_by_key);
	free(device->slots);
	wg_secret_free(device, sizeof(*device));
}

void wg_device_up(struct wg_device *device, struct wg_now now)
{
	struct wg_list *entry;

	if (device->up)
		return;
	device->up = true;
	/* Sent when the device ticks, so that a great many hold nobody up. */
	wg_list_for_each (entry, &device->peers)
		wg_peer_keep_alive(device, WG_CONTAINER_OF(entry, struct wg_peer, entry), now.boot);
}

void wg_device_down(struct wg_device *device)
{
	struct wg_list *entry;

	device->up = false;
	wg_handshake_queue_clear(&device->handshakes);
	wg_list_for_each (entry, &device->peers) {
		struct wg_peer *peer = WG_CONTAINER_OF(entry, struct wg_peer, entry);

		wg_peer_rest(device, peer, WG_DROP_OUT_LINK_DOWN);
	}
}

bool wg_device_is_up(const struct wg_device *device)
{
	return device->up;
}

void wg_device_set_mtu(struct wg_device *device, uint32_t mtu)
{
	device->mtu = mtu;
}

uint32_t wg_device_mtu(const struct wg_device *device)
{
	return device->mtu;
}

void wg_device_set_clamp_mss(struct wg_device *device, bool clamp_mss)
{
	device->clamp_mss = clamp_mss;
}

void wg_device_from_tun(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			struct wg_out *out)
{
	if (!device->up)
		wg_out_drop_batch(device, batch, WG_DROP_OUT_LINK_DOWN);
	else
		wg_outbound_packets(device, batch, now, out);
}

void wg_device_from_udp(struct wg_device *device, struct wg_run *run, struct wg_now now,
			struct wg_out *out)
{
	if (!device->up)
		wg_out_drop_batch(device, &run->batch, WG_DROP_IN_LINK_DOWN);
	else
		wg_inbound_run(device, run, now, out);
}

void wg_device_finish(struct wg_device *device, struct wg_job *job, struct wg_now now,
		      struct wg_out *out)
{
	bool again = false;

	switch (job->kind) {
	case WG_JOB_SEAL:
		wg_outbound_sealed(device, job, out);
		break;
	case WG_JOB_OPEN:
		wg_inbound_opened(device, job, now, out);
		break;
	case WG_JOB_INITIATE:
	case WG_JOB_IDENTIFY:
	case WG_JOB_MEET:
	case WG_JOB_RESPOND:
	case WG_JOB_COMPLETE:
		again = wg_handshakes_finish(device, job, now, out);
		break;
	}
	if (!again)
		wg_job_put(&device->jobs, job);
}

void wg_device_sent(struct wg_device *device, const struct wg_run *run)
{
	struct wg_peer *peer = wg_peer_find(device, run->owner);

	wg_device_count_drops(device, WG_DROP_OUT_SEND_FAILED, run->failed);
	wg_device_count_drops(device, WG_DROP_OUT_QUEUE_FULL, run->full);
	if (!peer)
		return;
	/* A full queue tells nothing of the peer, neither good nor bad. */
	if (run->error || !run->full)
		peer->health.send_error = run->error;
	if (run->source_rejected && wg_path_equal(&peer->path, &run->path))
		wg_peer_forget_source(peer);
}

static void give_up(struct wg_device *device, struct wg_peer *peer)
{
	wg_staged_drop(device, peer, WG_DROP_OUT_NO_ANSWER);
	peer->keepalive_waits = false;
	wg_timers_nothing_waits(&peer->timers);
}

/* Packets have waited for long enough for another try, or to be given up. */
static void look_at_waiting(struct wg_device *device, struct wg_peer *peer, struct wg_now now)
{
	wg_staged_drop_until(device, peer, now.boot - WG_WAIT_TIME, WG_DROP_OUT_NO_ANSWER);
	if (!wg_staged_empty(&peer->staged))
		wg_timers_waiting(&peer->timers, wg_staged_since(&peer->staged));
	if (wg_peer_waits(peer) && !wg_timers_trying(&peer->timers) &&
	    !wg_outbound_may_send(peer->current, now.boot))
		wg_initiative_want(device, peer, WG_WISH_DATA, now);
}

static void expire(struct wg_device *device, struct wg_peer *peer, enum wg_timer timer,
		   struct wg_now now, struct wg_out *out)
{
	switch (timer) {
	case WG_TIMER_RETRANSMIT:
		wg_silence_note(&device->silence, peer->handle, peer->health.initiations_sent);
		device->silence_until = now.boot + SILENCE_LASTS;
		if (wg_timers_retry(&peer->timers, now.boot)) {
			wg_peer_forget_source(peer);
			wg_initiative_want(device, peer, WG_WISH_AGAIN, now);
		} else {
			give_up(device, peer);
		}
		break;
	case WG_TIMER_KEEPALIVE:
		wg_outbound_keepalive(device, peer, now, out);
		break;
	case WG_TIMER_NEW_HANDSHAKE:
		wg_peer_forget_source(peer);
		wg_initiative_want(device, peer, WG_WISH_DATA, now);
		break;
	case WG_TIMER_ZERO_KEYS:
		wg_peer_clear_handshake(device, peer);
		wg_peer_clear_sessions(device, peer);
		break;
	case WG_TIMER_PERSISTENT:
		wg_timers_persistent_fired(&peer->timers, now.boot, &device->random);
		wg_outbound_keepalive(device, peer, now, out);
		break;
	case WG_TIMER_WAITING:
		look_at_waiting(device, peer, now);
		break;
	case WG_TIMER_COUNT:
		break;
	}
}

static void expire_all(struct wg_device *device, struct wg_peer *peer, struct wg_now now,
		       struct wg_out *out)
{
	enum wg_timer timer;

	while ((timer = wg_timers_expire(&peer->timers, now.boot)) != WG_TIMER_COUNT) {
		bool another = timer == WG_TIMER_KEEPALIVE && wg_timers_take_another(&peer->timers);

		expire(device, peer, timer, now, out);
		/* Sending cancels what is armed, so the next one is armed after it. */
		if (another)
			wg_timers_data_received(&peer->timers, now.boot);
	}
	wg_peer_timers_changed(device, peer);
}

void wg_device_tick(struct wg_device *device, struct wg_now now, struct wg_out *out)
{
	unsigned int budget = TICK_PEERS;

	while (budget-- > 0 && wg_heap_due(&device->deadlines) <= now.boot) {
		struct wg_heap_entry *entry = wg_heap_first(&device->deadlines);

		expire_all(device, WG_CONTAINER_OF(entry, struct wg_peer, deadline), now, out);
	}
	if (device->ratelimit.sweep_due <= now.boot)
		wg_ratelimit_sweep(&device->ratelimit, now.boot);
	if (wg_handshake_turn_waiting(device))
		wg_handshake_turn_plan(device, now, out);
}

wg_time wg_device_due(const struct wg_device *device)
{
	wg_time due = wg_heap_due(&device->deadlines);

	if (wg_handshake_turn_waiting(device))
		return -WG_NEVER;
	return device->ratelimit.sweep_due < due ? device->ratelimit.sweep_due : due;
}

bool wg_device_next_silent(struct wg_device *device, struct wg_silent_peer *silent)
{
	const struct wg_peer *peer = NULL;
	uint64_t handle;

	while (!peer && wg_silence_next(&device->silence, &handle))
		peer = wg_peer_find(device, handle);
	if (!peer)
		return false;
	memcpy(silent->public_key, peer->remote.public_key, WG_KEY_LEN);
	silent->endpoint = peer->path.remote;
	silent->initiations = peer->health.initiations_sent;
	return true;
}

size_t wg_device_bytes_held(const struct wg_device *device)
{
	return wg_pool_bytes_held(device->staged.pool) + wg_pool_bytes_held(device->handshake_pool);
}

void wg_device_trim(struct wg_device *device)
{
	wg_pool_trim(device->staged.pool);
	wg_pool_trim(device->handshake_pool);
}

void wg_device_set_socket(struct wg_device *device, uint16_t port, uint32_t fwmark)
{
	device->port = port;
	device->fwmark = fwmark;
}

uint16_t wg_device_port(const struct wg_device *device)
{
	return device->port;
}

bool wg_device_wants_reports(const struct wg_device *device, wg_time now)
{
	return now < device->silence_until;
}

uint64_t wg_device_drops(const struct wg_device *device, enum wg_drop reason)
{
	return device->drops[reason];
}

uint64_t wg_device_unmarked(const struct wg_device *device)
{
	return device->unmarked;
}
