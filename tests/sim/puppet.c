#include "sim/puppet.h"

#include <stdlib.h>

#define PUPPET_PORT 4000

static size_t count(const struct wg_sim *sim)
{
	size_t n = 0;

	for (const struct wg_puppet *puppet = sim->puppets; puppet; puppet = puppet->next)
		n++;
	return n;
}

static void sign(struct wg_puppet *puppet, void *message, size_t len)
{
	wg_cookie_sign(&puppet->jar, message, len, puppet->node->sim->now);
}

static uint32_t random_index(struct wg_puppet *puppet)
{
	return (uint32_t)wg_test_next(&puppet->random);
}

/* The wall clock that its timestamps follow. */
static struct wg_now wall(const struct wg_puppet *puppet)
{
	wg_time now = puppet->node->sim->now;

	return (struct wg_now){now, 1700000000 + now / WG_SECOND, (int32_t)(now % WG_SECOND)};
}

static void set_node_key(struct wg_puppet *puppet)
{
	memcpy(puppet->remote.public_key, puppet->node->public_key, WG_KEY_LEN);
	wg_remote_reset(&puppet->remote, &puppet->identity);
	if (!wg_remote_compute(&puppet->remote, &puppet->identity))
		abort();
	wg_cookie_jar_init(&puppet->jar, puppet->node->public_key);
}

struct wg_puppet *wg_puppet_new(struct wg_sim_node *node)
{
	struct wg_puppet *puppet = calloc(1, sizeof(*puppet));
	struct wg_sim *sim = node->sim;
	uint8_t number = (uint8_t)(count(sim) + 1);
	uint8_t private_key[WG_KEY_LEN];
	const uint8_t outer[4] = {203, 0, 113, number};
	const uint8_t inner[4] = {10, 1, 0, number};
	const uint8_t inner6[16] = {0x20, 0x01, 0x0d, 0xb8, 0xee, [15] = number};

	if (!puppet)
		abort();
	puppet->node = node;
	puppet->random.state = wg_test_next(&sim->random);
	wg_test_fill(&puppet->random, private_key, sizeof(private_key));
	wg_identity_init(&puppet->identity, private_key);
	wg_cookie_checker_init(&puppet->checker, puppet->identity.public_key);
	wg_watch_add_key(&sim->keys, puppet->identity.public_key);
	set_node_key(puppet);
	puppet->endpoint.ip = wg_ip_from_bytes(WG_FAMILY_IPV4, outer);
	puppet->endpoint.port = PUPPET_PORT;
	puppet->inner4 = wg_ip_from_bytes(WG_FAMILY_IPV4, inner);
	puppet->inner6 = wg_ip_from_bytes(WG_FAMILY_IPV6, inner6);
	puppet->next = sim->puppets;
	sim->puppets = puppet;
	return puppet;
}

void wg_puppet_befriend(struct wg_puppet *puppet, bool with_endpoint)
{
	struct wg_sim_node as_node = {.inner4 = puppet->inner4, .inner6 = puppet->inner6};

	memcpy(as_node.public_key, puppet->identity.public_key, WG_KEY_LEN);
	wg_sim_know(puppet->node, &as_node, with_endpoint ? &puppet->endpoint : NULL);
}

bool wg_puppet_hear(struct wg_sim *sim, struct wg_sim_datagram *datagram)
{
	for (struct wg_puppet *puppet = sim->puppets; puppet; puppet = puppet->next) {
		struct wg_sim_datagram **end = &puppet->inbox;

		if (!wg_endpoint_equal(&puppet->endpoint, &datagram->destination))
			continue;
		while (*end)
			end = &(*end)->next;
		*end = datagram;
		return true;
	}
	return false;
}

void wg_puppet_free_all(struct wg_sim *sim)
{
	struct wg_puppet *puppet;

	while ((puppet = sim->puppets)) {
		sim->puppets = puppet->next;
		wg_puppet_clear(puppet);
		free(puppet);
	}
}

struct wg_sim_datagram *wg_puppet_take(struct wg_puppet *puppet, enum wg_message kind)
{
	for (struct wg_sim_datagram **place = &puppet->inbox; *place; place = &(*place)->next) {
		struct wg_sim_datagram *datagram = *place;

		if (datagram->kind != kind)
			continue;
		*place = datagram->next;
		datagram->next = NULL;
		return datagram;
	}
	return NULL;
}

void wg_puppet_clear(struct wg_puppet *puppet)
{
	struct wg_sim_datagram *datagram;

	while ((datagram = puppet->inbox)) {
		puppet->inbox = datagram->next;
		free(datagram);
	}
}

void wg_puppet_say(struct wg_puppet *puppet, const void *bytes, size_t len)
{
	wg_sim_from_udp(puppet->node, &puppet->endpoint, 0, bytes, len);
}

void wg_puppet_make_initiation(struct wg_puppet *puppet)
{
	uint8_t timestamp[WG_TAI64N_LEN];
	uint8_t ephemeral[WG_KEY_LEN];

	wg_tai64n_next(&puppet->clock, timestamp, wall(puppet));
	wg_test_fill(&puppet->random, ephemeral, sizeof(ephemeral));
	assert_true(wg_handshake_create_initiation(&puppet->handshake, &puppet->initiation,
						   &puppet->identity, &puppet->remote, timestamp,
						   ephemeral, random_index(puppet)));
	sign(puppet, &puppet->initiation, sizeof(puppet->initiation));
}

void wg_puppet_initiate(struct wg_puppet *puppet)
{
	wg_puppet_make_initiation(puppet);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
}

void wg_puppet_say_noise(struct wg_puppet *puppet)
{
	struct wg_wire_initiation noise;

	wg_test_fill(&puppet->random, &noise, sizeof(noise));
	wg_store_le32(noise.type, WG_MESSAGE_INITIATION);
	sign(puppet, &noise, sizeof(noise));
	wg_puppet_say(puppet, &noise, sizeof(noise));
}

bool wg_puppet_complete(struct wg_puppet *puppet)
{
	struct wg_sim_datagram *datagram = wg_puppet_take(puppet, WG_MESSAGE_RESPONSE);
	bool ok = false;

	if (!datagram)
		return false;
	ok = wg_handshake_consume_response(&puppet->handshake,
					   (const struct wg_wire_response *)datagram->bytes,
					   &puppet->identity, &puppet->remote);
	free(datagram);
	if (ok) {
		memset(&puppet->session, 0, sizeof(puppet->session));
		wg_handshake_finish(&puppet->handshake, &puppet->session, puppet->node->sim->now);
	}
	return ok;
}

bool wg_puppet_make_response(struct wg_puppet *puppet)
{
	struct wg_sim_datagram *datagram = wg_puppet_take(puppet, WG_MESSAGE_INITIATION);
	const struct wg_wire_initiation *message;
	uint8_t key[WG_KEY_LEN];
	uint8_t ephemeral[WG_KEY_LEN];
	bool ok;

	if (!datagram)
		return false;
	message = (const struct wg_wire_initiation *)datagram->bytes;
	wg_test_fill(&puppet->random, ephemeral, sizeof(ephemeral));
	ok = wg_handshake_open_initiation(&puppet->handshake, key, message, &puppet->identity) &&
	     memcmp(key, puppet->remote.public_key, WG_KEY_LEN) == 0 &&
	     wg_handshake_verify_initiation(&puppet->handshake, puppet->timestamp, message,
					    &puppet->remote) &&
	     wg_handshake_create_response(&puppet->handshake, &puppet->response, &puppet->remote,
					  ephemeral, random_index(puppet));
	free(datagram);
	if (ok)
		sign(puppet, &puppet->response, sizeof(puppet->response));
	return ok;
}

bool wg_puppet_respond(struct wg_puppet *puppet)
{
	if (!wg_puppet_make_response(puppet))
		return false;
	memset(&puppet->session, 0, sizeof(puppet->session));
	wg_handshake_finish(&puppet->handshake, &puppet->session, puppet->node->sim->now);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	return true;
}

void wg_puppet_shake(struct wg_puppet *puppet)
{
	wg_puppet_initiate(puppet);
	wg_sim_run(puppet->node->sim, 50 * WG_MILLISECOND);
	assert_true(wg_puppet_complete(puppet));
	wg_puppet_send(puppet, NULL, 0);
}

size_t wg_puppet_seal(const struct wg_session *session, uint64_t counter, const void *inner,
		      size_t len, uint8_t *message)
{
	struct wg_aead_item item = {.len = (uint32_t)len, .counter = counter};

	wg_store_le32(message, WG_MESSAGE_TRANSPORT);
	wg_store_le32(message + 4, session->remote_index);
	wg_store_le64(message + 8, counter);
	if (len)
		memcpy(message + WG_TRANSPORT_HEADER_LEN, inner, len);
	item.in = message + WG_TRANSPORT_HEADER_LEN;
	item.out = message + WG_TRANSPORT_HEADER_LEN;
	wg_aead_seal_vector(session->send_key, &item, 1);
	return len + WG_TRANSPORT_OVERHEAD;
}

void wg_puppet_send(struct wg_puppet *puppet, const void *inner, size_t len)
{
	uint8_t message[WG_SIM_IP_MAX + WG_TRANSPORT_OVERHEAD];
	size_t message_len = wg_puppet_seal(&puppet->session, puppet->session.send_counter++, inner,
					    len, message);

	wg_puppet_say(puppet, message, message_len);
}

uint64_t wg_puppet_send_under(struct wg_puppet *puppet, struct wg_session *session)
{
	uint8_t packet[112];
	uint8_t message[sizeof(packet) + WG_TRANSPORT_OVERHEAD];
	uint64_t id = ++puppet->node->sim->next_id | UINT64_C(0xff) << 56;
	size_t len;

	wg_sim_ip_udp(packet, &puppet->inner4, &puppet->node->inner4, 0, id, sizeof(packet));
	len = wg_puppet_seal(session, session->send_counter++, packet, sizeof(packet), message);
	wg_puppet_say(puppet, message, len);
	return id;
}

uint64_t wg_puppet_send_data(struct wg_puppet *puppet)
{
	return wg_puppet_send_under(puppet, &puppet->session);
}

int wg_puppet_open(const struct wg_puppet *puppet, const struct wg_sim_datagram *datagram,
		   uint8_t *inner)
{
	struct wg_aead_item item = {
		.in = datagram->bytes + WG_TRANSPORT_HEADER_LEN,
		.out = inner,
		.len = (uint32_t)(datagram->len - WG_TRANSPORT_OVERHEAD),
		.counter = wg_load_le64(datagram->bytes + 8),
	};

	if (wg_load_le32(datagram->bytes + 4) != puppet->session.local_index)
		return -1;
	wg_aead_open_vector(puppet->session.receive_key, &item, 1);
	return item.ok ? (int)item.len : -1;
}
