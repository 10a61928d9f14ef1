#include "core/admission.h"

#include "base/bytes.h"
#include "core/out.h"

/* Cookie replies per turn, at some 2 us each: as much as a few Diffie-Hellmans. */
#define REPLY_BUDGET 64u
#define COOKIE_DS    0

static enum wg_mac_verdict check(struct wg_device *device, const void *message, size_t len,
				 const struct wg_endpoint *source, bool mac2, wg_time now)
{
	return wg_cookie_check(&device->checker, message, len, source, mac2, now, &device->random);
}

static void put(struct wg_queued_handshake *place, const struct wg_packet *packet,
		enum wg_message kind, const struct wg_path *path)
{
	place->path = *path;
	place->kind = kind;
	place->len = packet->len;
	memcpy(place->message, packet->data, packet->len);
}

/* For a message whose cookie is right: its place among the proven, or NULL if it may have
 * none. */
static struct wg_queued_handshake *prove(struct wg_device *device, const uint8_t *message,
					 size_t len, const struct wg_endpoint *source, wg_time now)
{
	const uint8_t *mac1 = wg_cookie_mac1(message, len);
	struct wg_queued_handshake *place;

	if (!wg_ratelimit_allow(&device->ratelimit, &source->ip, mac1, now)) {
		wg_device_count_drops(device, WG_DROP_IN_RATE_LIMITED, 1);
		return NULL;
	}
	place = wg_handshake_queue_push(&device->handshakes, WG_LANE_PROVEN, now);
	if (!place)
		wg_device_count_drops(device, WG_DROP_IN_QUEUE_FULL, 1);
	return place;
}

static struct wg_queued_handshake *queue_unproven(struct wg_device *device, enum wg_lane lane,
						  bool loaded, wg_time now)
{
	struct wg_queued_handshake *place = wg_handshake_queue_push(&device->handshakes, lane, now);

	if (place)
		place->without_cookie = loaded;
	else
		wg_device_count_drops(device, WG_DROP_IN_QUEUE_FULL, 1);
	return place;
}

void wg_admission_receive(struct wg_device *device, const struct wg_packet *packet,
			  enum wg_message kind, const struct wg_path *path, wg_time now)
{
	bool response = kind == WG_MESSAGE_RESPONSE;
	enum wg_lane lane = response ? WG_LANE_AWAITED : WG_LANE_STRANGERS;
	bool loaded = wg_handshake_queue_loaded(&device->handshakes, lane, now);
	enum wg_mac_verdict verdict = WG_MAC_INVALID;
	struct wg_queued_handshake *place;

	if (device->has_identity)
		verdict = check(device, packet->data, packet->len, &path->remote, loaded, now);
	if (verdict == WG_MAC_INVALID) {
		wg_device_count_drops(device, WG_DROP_IN_MAC1, 1);
		if (device->has_identity && !response)
			wg_caller_note(&device->callers[WG_CALLER_WRONG_KEY], &path->remote, NULL,
				       now);
		return;
	}
	if (response && !wg_admission_awaits(device, (const void *)packet->data)) {
		wg_device_count_drops(device, WG_DROP_IN_NO_HANDSHAKE, 1);
		return;
	}
	if (verdict == WG_MAC_WITH_COOKIE)
		place = prove(device, packet->data, packet->len, &path->remote, now);
	else
		place = queue_unproven(device, lane, loaded, now);
	if (place)
		put(place, packet, kind, path);
}

/* A message that came before this load began may have a cookie from an earlier load. */
static bool has_cookie(struct wg_device *device, const struct wg_queued_handshake *queued,
		       wg_time now)
{
	return !queued->without_cookie &&
	       check(device, queued->message, queued->len, &queued->path.remote, true, now) ==
		       WG_MAC_WITH_COOKIE;
}

static void reply(struct wg_device *device, const struct wg_queued_handshake *queued, wg_time now,
		  struct wg_out *out)
{
	/* Initiation and response name their sender at the same place. */
	const uint8_t *sender = queued->message + offsetof(struct wg_wire_initiation, sender);
	struct wg_wire_cookie_reply message;

	static_assert(offsetof(struct wg_wire_initiation, sender) ==
			      offsetof(struct wg_wire_response, sender),
		      "one place");
	wg_device_count_drops(device, WG_DROP_IN_UNDER_LOAD, 1);
	wg_cookie_reply(&device->checker, &message, queued->message, queued->len, sender,
			&queued->path.remote, now, &device->random);
	wg_out_message(device, out, &queued->path, COOKIE_DS, WG_NO_HANDLE, &message,
		       sizeof(message));
}

static void answer_one(struct wg_device *device, const struct wg_queued_handshake *queued,
		       wg_time now, struct wg_out *out)
{
	struct wg_queued_handshake *place;

	if (!has_cookie(device, queued, now)) {
		reply(device, queued, now, out);
		return;
	}
	place = prove(device, queued->message, queued->len, &queued->path.remote, now);
	if (place)
		*place = *queued;
}

void wg_admission_answer(struct wg_device *device, wg_time now, struct wg_out *out)
{
	static const enum wg_lane lanes[] = {WG_LANE_AWAITED, WG_LANE_STRANGERS};

	for (size_t i = 0; i < WG_ARRAY_LEN(lanes); i++) {
		const struct wg_queued_handshake *queued;
		unsigned int budget = REPLY_BUDGET;

		if (!wg_handshake_queue_loaded(&device->handshakes, lanes[i], now))
			continue;
		while (budget-- > 0 &&
		       (queued = wg_handshake_queue_pop(&device->handshakes, lanes[i])))
			answer_one(device, queued, now, out);
	}
}

bool wg_admission_answers(const struct wg_device *device)
{
	return wg_handshake_queue_deep(&device->handshakes, WG_LANE_AWAITED) ||
	       wg_handshake_queue_deep(&device->handshakes, WG_LANE_STRANGERS);
}

const struct wg_queued_handshake *wg_admission_take(struct wg_device *device, enum wg_lane lane,
						    wg_time now)
{
	if (wg_handshake_queue_loaded(&device->handshakes, lane, now))
		return NULL;
	return wg_handshake_queue_pop(&device->handshakes, lane);
}

struct wg_peer *wg_admission_awaits(const struct wg_device *device,
				    const struct wg_wire_response *response)
{
	const struct wg_index_entry *entry =
		wg_index_find(&device->indices, wg_load_le32(response->receiver));

	if (!entry || entry->keypair ||
	    entry->peer->attempt->handshake.state != WG_HANDSHAKE_INITIATION_SENT)
		return NULL;
	return entry->peer;
}
