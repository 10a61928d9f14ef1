/* Everything that a datagram meets until it is authentic: classification, macs, the
 * three handshake messages, and opening. Keys are fixed. Each input is taken as it
 * is, and again with its mac1 made right. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "noise/cookie.h"
#include "noise/handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* One side; its only peer is itself with other keys. */
struct side {
	struct wg_identity identity;
	struct wg_remote remote;
	struct wg_cookie_checker checker;
	struct wg_cookie_jar jar;
	struct wg_handshake initiated; /* waits for a response */
	struct wg_session session;
};

static struct side us;
static struct side peer;

static void zero_fill(void *ctx, void *dst, size_t len)
{
	(void)ctx;
	memset(dst, 0, len);
}

static const struct wg_random no_random = {zero_fill, NULL};
static const struct wg_endpoint source = {
	.ip = {.family = WG_FAMILY_IPV4, .bytes = {192, 0, 2, 7}},
	.port = 30567,
};

static void init_side(struct side *side, uint8_t key)
{
	uint8_t private_key[WG_KEY_LEN] = {key};

	wg_identity_init(&side->identity, private_key);
	wg_cookie_checker_init(&side->checker, side->identity.public_key);
}

static void introduce(struct side *side, const struct side *other, uint32_t index)
{
	const uint8_t timestamp[WG_TAI64N_LEN] = {0x40};
	const uint8_t ephemeral[WG_KEY_LEN] = {3};
	struct wg_wire_initiation message;

	memcpy(side->remote.public_key, other->identity.public_key, WG_KEY_LEN);
	wg_remote_reset(&side->remote, &side->identity);
	if (!wg_remote_compute(&side->remote, &side->identity))
		abort();
	wg_cookie_jar_init(&side->jar, other->identity.public_key);
	if (!wg_handshake_create_initiation(&side->initiated, &message, &side->identity,
					    &side->remote, timestamp, ephemeral, index))
		abort();
	wg_cookie_sign(&side->jar, &message, sizeof(message), 0);
	memset(side->session.send_key, 7, WG_KEY_LEN);
	memset(side->session.receive_key, 7, WG_KEY_LEN);
	side->session.remote_index = index;
}

static void set_up(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	if (wg_crypto_init(NULL))
		abort();
	init_side(&us, 1);
	init_side(&peer, 2);
	introduce(&us, &peer, 1);
	introduce(&peer, &us, 2);
}

static void try_initiation(const struct wg_wire_initiation *message)
{
	struct wg_handshake handshake = {0};
	struct wg_handshake before;
	struct wg_wire_response response;
	uint8_t sender[WG_KEY_LEN];
	uint8_t timestamp[WG_TAI64N_LEN];
	const uint8_t ephemeral[WG_KEY_LEN] = {4};

	if (!wg_handshake_open_initiation(&handshake, sender, message, &us.identity)) {
		assert(wg_is_zero(&handshake, sizeof(handshake)));
		return;
	}
	before = handshake;
	if (!wg_handshake_verify_initiation(&handshake, timestamp, message, &us.remote)) {
		assert(!memcmp(&before, &handshake, sizeof(before)));
		return;
	}
	if (!wg_handshake_create_response(&handshake, &response, &us.remote, ephemeral, 5))
		abort();
}

static void try_response(const struct wg_wire_response *message)
{
	struct wg_handshake handshake = us.initiated;
	struct wg_session session = {0};

	if (wg_handshake_consume_response(&handshake, message, &us.identity, &us.remote))
		wg_handshake_finish(&handshake, &session, 0);
	else
		assert(!memcmp(&handshake, &us.initiated, sizeof(handshake)));
}

static void try_cookie_reply(const struct wg_wire_cookie_reply *message)
{
	struct wg_cookie_jar jar = us.jar;

	if (wg_cookie_consume(&jar, message, 1))
		assert(jar.has_cookie && !jar.awaits_reply);
	else
		assert(!jar.has_cookie && jar.awaits_reply);
}

static void try_transport(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len);
	struct wg_packet packet = {.data = copy, .len = (uint32_t)len, .room = (uint32_t)len};
	struct wg_batch batch = {&packet, &packet, 1};

	if (!copy)
		abort();
	memcpy(copy, data, len);
	wg_session_open(&us.session, &batch);
	if (packet.flags & WG_PACKET_AUTHENTIC) {
		assert(packet.data == copy + WG_TRANSPORT_HEADER_LEN);
		assert(packet.len == len - WG_TRANSPORT_OVERHEAD);
	} else {
		assert(packet.data == copy && packet.len == len);
		assert(len == WG_TRANSPORT_OVERHEAD ||
		       wg_is_zero(copy + WG_TRANSPORT_HEADER_LEN, len - WG_TRANSPORT_OVERHEAD));
	}
	free(copy);
}

/* A handshake message goes on only with a right mac1. */
static bool passes(const void *message, size_t len)
{
	struct wg_wire_cookie_reply reply;

	if (wg_cookie_check(&us.checker, message, len, &source, true, 0, &no_random) ==
	    WG_MAC_INVALID)
		return false;
	wg_cookie_reply(&us.checker, &reply, message, len, us.session.send_key, &source, 0,
			&no_random);
	return true;
}

static void try_message(const uint8_t *data, size_t len)
{
	switch (wg_wire_classify(data, len)) {
	case WG_MESSAGE_INVALID:
		break;
	case WG_MESSAGE_INITIATION:
		if (passes(data, len))
			try_initiation((const struct wg_wire_initiation *)data);
		break;
	case WG_MESSAGE_RESPONSE:
		if (passes(data, len))
			try_response((const struct wg_wire_response *)data);
		break;
	case WG_MESSAGE_COOKIE_REPLY:
		try_cookie_reply((const struct wg_wire_cookie_reply *)data);
		break;
	case WG_MESSAGE_TRANSPORT:
		try_transport(data, len);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t copy[WG_HANDSHAKE_MAX_LEN];

	set_up();
	try_message(data, len);
	if (len > 2 * WG_MAC_LEN && len <= sizeof(copy)) {
		struct wg_cookie_jar jar = peer.jar;

		memcpy(copy, data, len);
		wg_cookie_sign(&jar, copy, len, 0);
		try_message(copy, len);
	}
	return 0;
}
