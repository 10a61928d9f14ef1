#include "fuzz/engines/events.h"

#include <string.h>

#include "fuzz/engines/invariants.h"

static void send_packets(struct wg_side *side, size_t n)
{
	struct wg_batch batch;

	wg_batch_init(&batch);
	while (n-- > 0 && wg_world.n_ids < MAX_IDS) {
		struct wg_packet *packet = wg_pool_get(side->pool, INNER_LEN + 32);

		if (!packet)
			break;
		wg_invariants_make_inner(packet->data, side, wg_world_other(side), wg_world.n_ids);
		packet->len = INNER_LEN;
		wg_world.ids[wg_world.n_ids++] = (uint8_t)(1 + (side - wg_world.sides));
		wg_batch_push(&batch, packet);
	}
	wg_device_from_tun(side->device, &batch, wg_world_now(), &side->out);
	must(wg_batch_empty(&batch));
	wg_world_take(side);
}

static void arrive(const struct wg_flying *datagram)
{
	struct wg_side *side = &wg_world.sides[datagram->to];
	struct wg_run run = {.path = {.remote = datagram->source, .local = side->endpoint.ip},
			     .ds = datagram->ds};
	struct wg_packet *packet = wg_pool_get(side->pool, datagram->len);

	if (!packet)
		return;
	memcpy(packet->data, datagram->bytes, datagram->len);
	packet->len = datagram->len;
	wg_batch_push(&run.batch, packet);
	wg_device_from_udp(side->device, &run, wg_world_now(), &side->out);
	must(wg_batch_empty(&run.batch));
	wg_world_take(side);
}

static struct wg_flying take_flight(size_t i)
{
	struct wg_flying datagram = wg_world.flight[i];

	memmove(&wg_world.flight[i], &wg_world.flight[i + 1],
		(--wg_world.n_flight - i) * sizeof(datagram));
	return datagram;
}

/* All that is on its way arrives, and what comes of it. */
static void settle(void)
{
	for (unsigned int turns = 0; turns < 200; turns++) {
		if (wg_world.n_flight) {
			struct wg_flying datagram = take_flight(0);

			arrive(&datagram);
		}
		for (unsigned int i = 0; i < 2; i++) {
			wg_world_finish_all(&wg_world.sides[i]);
			if (wg_device_due(wg_world.sides[i].device) <= wg_world.now_boot)
				wg_world_tick(&wg_world.sides[i]);
		}
		if (!wg_world.n_flight && !wg_world.sides[0].n_jobs && !wg_world.sides[1].n_jobs)
			break;
	}
}

static void forge(uint8_t argument)
{
	struct wg_flying datagram;
	size_t bit;

	if (!wg_world.n_flight)
		return;
	datagram = wg_world.flight[argument % wg_world.n_flight];
	bit = wg_test_below(&wg_world.sides[0].random, 8 * (size_t)datagram.len);
	datagram.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	datagram.source.port = (uint16_t)(datagram.source.port + (argument & 1));
	arrive(&datagram);
}

static void replay(uint8_t argument)
{
	size_t n = wg_world.n_old < OLD ? wg_world.n_old : OLD;

	if (n)
		arrive(&wg_world.old[argument % n]);
}

/* Messages whose mac1 alone is right. */
static void flood(struct wg_side *side, size_t n)
{
	struct wg_wire_initiation message = {.type = {WG_MESSAGE_INITIATION}};
	struct wg_flying datagram = {.to = (unsigned int)(side - wg_world.sides),
				     .len = sizeof(message)};

	datagram.source = (struct wg_endpoint){.ip = {.family = WG_FAMILY_IPV4}, .port = 9};
	while (n-- > 0) {
		wg_world_random(side, datagram.source.ip.bytes, 4);
		wg_world_random(side, message.sender, sizeof(message.sender) + WG_KEY_LEN);
		wg_cookie_sign(&side->jar, &message, sizeof(message), wg_world.now_boot);
		memcpy(datagram.bytes, &message, sizeof(message));
		arrive(&datagram);
	}
}

static void change_setting(struct wg_side *side, unsigned int what)
{
	const struct wg_prefix prefix = {wg_world_other(side)->inner, 32};
	struct wg_config change;
	struct wg_config_peer *peer = wg_world_change_peer(&change, side);

	peer->update_only = true;
	switch (what % 4) {
	case 0:
		peer->has_keepalive = true;
		peer->keepalive = what & 8 ? 0 : 25;
		break;
	case 1:
		must(!wg_config_add_allowed_ip(peer, &prefix, what & 8));
		break;
	case 2:
		side->psk[0] ^= 1;
		peer->has_preshared_key = true;
		wg_world_lock(&peer->preshared_key, side->psk);
		break;
	case 3:
		peer->has_endpoint = true;
		peer->endpoint = wg_world_other(side)->endpoint;
		break;
	}
	wg_world_apply(side, &change);
}

static void change_config(struct wg_side *side, unsigned int what)
{
	switch (what % 8) {
	case 0:
		wg_world_remove_peer(side);
		break;
	case 1:
	case 2:
		wg_world_add_peer(side, what % 2);
		break;
	case 3:
		wg_world_remove_peer(wg_world_other(side));
		wg_world_set_key(side);
		wg_world_add_peer(wg_world_other(side), what & 8);
		break;
	default:
		change_setting(side, what / 2);
	}
}

static void change_link(struct wg_side *side, unsigned int what)
{
	switch (what % 4) {
	case 0:
		wg_device_down(side->device);
		break;
	case 1:
		wg_device_up(side->device, wg_world_now());
		break;
	case 2:
		side->endpoint.ip.bytes[3] = (uint8_t)(1 + what);
		break;
	case 3:
		wg_device_set_mtu(side->device, what & 8 ? MTU : 0);
		break;
	}
	wg_world_take(side);
}

void wg_events_take(uint8_t operation, uint8_t argument)
{
	struct wg_side *side = &wg_world.sides[argument & 1];
	unsigned int rest = argument >> 1;

	switch (operation % 16) {
	case 0:
		send_packets(side, 1 + rest % 8);
		break;
	case 1:
		send_packets(side, 2 * rest);
		break;
	case 2:
		if (wg_world.n_flight) {
			struct wg_flying datagram = take_flight(argument % wg_world.n_flight);

			arrive(&datagram);
		}
		break;
	case 3:
		settle();
		break;
	case 4:
		if (wg_world.n_flight)
			take_flight(argument % wg_world.n_flight);
		break;
	case 5:
		if (wg_world.n_flight)
			arrive(&wg_world.flight[argument % wg_world.n_flight]);
		break;
	case 6:
		forge(argument);
		break;
	case 7:
		wg_world_pass_time(argument * 20 * WG_MILLISECOND);
		break;
	case 8:
		wg_world_pass_time(argument * WG_SECOND);
		break;
	case 9:
		if (side->n_jobs)
			wg_world_finish(side, rest % side->n_jobs);
		break;
	case 10:
		wg_world_tick(side);
		break;
	case 11:
		change_config(side, rest);
		break;
	case 12:
		change_link(side, rest);
		break;
	case 13:
		if (rest & 1)
			wg_world_hoard(side, rest & 2);
		else
			wg_world.refuse_secrets = rest & 2;
		break;
	case 14:
		replay(argument);
		break;
	case 15:
		flood(side, 8 * rest);
		break;
	}
}
