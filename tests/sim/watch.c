#include "sim/watch.h"

#include "base/bytes.h"

/* Less the millisecond that a worker may take: what counts is when the engine spoke. */
#define FLOOR           (5 * WG_SECOND - WG_MILLISECOND)
#define DS_HANDSHAKE    0x88
#define DS_COOKIE_REPLY 0x00
#define ECN_MASK        0x03

/* The key that a handshake message's mac1 is for, or WG_WATCH_KEYS. */
static size_t addressee(struct wg_watch_keys *keys, const struct wg_sim_datagram *datagram)
{
	struct wg_random none = {0};

	for (size_t i = 0; i < keys->n; i++) {
		size_t key = (keys->last + i) % keys->n;

		if (wg_cookie_check(&keys->checkers[key], datagram->bytes, datagram->len,
				    &datagram->source, false, 0, &none) == WG_MAC_INVALID)
			continue;
		keys->last = key;
		return key;
	}
	return WG_WATCH_KEYS;
}

static const char *check_floor(struct wg_watch *watch, struct wg_watch_keys *keys,
			       const struct wg_sim_datagram *datagram)
{
	size_t key = addressee(keys, datagram);

	if (key == WG_WATCH_KEYS)
		return "a handshake message for a key that nobody has";
	if (datagram->kind == WG_MESSAGE_INITIATION && datagram->at < watch->floor[key])
		return "an initiation within 5 s of the last initiation or response";
	watch->floor[key] = datagram->at + FLOOR;
	return NULL;
}

static const char *check_index(struct wg_watch *watch, const struct wg_sim_datagram *datagram)
{
	uint32_t index = wg_load_le32(datagram->bytes + 4);
	size_t n = watch->n_indices < WG_WATCH_SESSIONS ? watch->n_indices : WG_WATCH_SESSIONS;

	for (size_t i = 0; i < n && !watch->knows_few_numbers; i++)
		if (watch->indices[i] == index)
			return "an index that names two handshakes";
	watch->indices[watch->n_indices++ % WG_WATCH_SESSIONS] = index;
	return NULL;
}

static const char *check_counter(struct wg_watch *watch, const struct wg_sim_datagram *datagram)
{
	uint32_t receiver = wg_load_le32(datagram->bytes + 4);
	uint64_t counter = wg_load_le64(datagram->bytes + 8);
	size_t n = watch->n_sessions < WG_WATCH_SESSIONS ? watch->n_sessions : WG_WATCH_SESSIONS;

	for (size_t i = 0; i < n; i++) {
		size_t place = (watch->last + i) % n;
		struct wg_watch_session *session = &watch->sessions[place];

		if (session->receiver != receiver)
			continue;
		watch->last = place;
		if (counter < session->next)
			return "a counter that was used already";
		session->next = counter + 1;
		return NULL;
	}
	watch->sessions[watch->n_sessions++ % WG_WATCH_SESSIONS] =
		(struct wg_watch_session){receiver, counter + 1};
	return counter ? "a session whose first counter is not 0" : NULL;
}

static const char *check_handshake(struct wg_watch *watch, struct wg_watch_keys *keys,
				   const struct wg_sim_datagram *datagram)
{
	const char *wrong = check_index(watch, datagram);

	if (!wrong)
		wrong = check_floor(watch, keys, datagram);
	if (!wrong && datagram->ds != DS_HANDSHAKE)
		wrong = "a handshake message without DSCP AF41";
	return wrong;
}

void wg_watch_add_key(struct wg_watch_keys *keys, const uint8_t public_key[static WG_KEY_LEN])
{
	assert(keys->n < WG_WATCH_KEYS);
	wg_cookie_checker_init(&keys->checkers[keys->n++], public_key);
}

void wg_watch_lift(struct wg_watch *watch)
{
	for (size_t i = 0; i < WG_WATCH_KEYS; i++)
		watch->floor[i] = 0;
}

const char *wg_watch_sent(struct wg_watch *watch, struct wg_watch_keys *keys,
			  const struct wg_sim_datagram *datagram)
{
	switch (datagram->kind) {
	case WG_MESSAGE_INVALID:
		return "no message at all";
	case WG_MESSAGE_INITIATION:
	case WG_MESSAGE_RESPONSE:
		return check_handshake(watch, keys, datagram);
	case WG_MESSAGE_COOKIE_REPLY:
		return datagram->ds != DS_COOKIE_REPLY ? "a cookie reply with a DS field" : NULL;
	case WG_MESSAGE_TRANSPORT:
		if (datagram->ds & ~ECN_MASK)
			return "data with DSCP";
		return check_counter(watch, datagram);
	}
	return NULL;
}
