/* Floods of every kind, each with what it must not do: sessions go on, are renewed and
 * take no more memory, and nobody is answered with more than he sent. */
#include <stdlib.h>

#include "core/engine.h"
#include "crypto/secret.h"
#include "sim/drive.h"
#include "sim/flood.h"
#include "sim/scene.h"

/* A peer's indices, at most: three sessions and a handshake. */
#define PEER_INDICES 4u

static size_t count_indices(const struct wg_sim_node *node)
{
	return node->device->indices.n;
}

/* What the node has sent since the mark, in bytes. */
static size_t bytes_since(const struct wg_sim_node *node, size_t mark)
{
	const struct wg_sim *sim = node->sim;
	size_t bytes = 0;

	for (; mark < sim->n_sent; mark++)
		if (sim->sent[mark]->from == (int)node->number)
			bytes += sim->sent[mark]->len;
	return bytes;
}

/* Says it, and sees that no more comes back. Whether anything does. */
static bool echoes(struct wg_puppet *puppet, const void *message, size_t len)
{
	size_t mark = wg_sim_mark(puppet->node->sim);

	wg_puppet_say(puppet, message, len);
	soon(puppet);
	assert_true(bytes_since(puppet->node, mark) <= len);
	return bytes_since(puppet->node, mark) > 0;
}

static bool echoes_noise(struct wg_puppet *puppet, enum wg_message type, size_t len)
{
	uint8_t noise[256];

	assert_true(len <= sizeof(noise));
	wg_test_fill(&puppet->random, noise, len);
	if (len >= 4)
		wg_store_le32(noise, type);
	if (len > 32 && (type == WG_MESSAGE_INITIATION || type == WG_MESSAGE_RESPONSE))
		wg_cookie_sign(&puppet->jar, noise, len, 0);
	return echoes(puppet, noise, len);
}

static void test_no_message_is_answered_with_a_longer_one(void **state)
{
	struct wg_puppet *puppet = stage(1, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);
	uint8_t data[32];
	struct wg_wire_cookie_reply reply = {.type = {WG_MESSAGE_COOKIE_REPLY}};

	(void)state;
	for (unsigned int loaded = 0; loaded < 2; loaded++) {
		for (unsigned int type = 0; type < 6; type++) {
			for (size_t len = 0; len <= 200; len++) {
				bool answered;

				if (loaded && len % 15 == 0)
					load(stranger);
				answered = echoes_noise(stranger, (enum wg_message)type, len);
				assert_int_equal(answered,
						 loaded && type == WG_MESSAGE_INITIATION &&
							 len == sizeof(struct wg_wire_initiation));
			}
		}
	}
	/* A peer's: the response is shorter, a keepalive as long as the shortest data. */
	wg_puppet_make_initiation(puppet);
	wg_sim_run(node->sim, 2 * WG_SECOND);
	assert_true(echoes(puppet, &puppet->initiation, sizeof(puppet->initiation)));
	assert_false(echoes(puppet, &puppet->initiation, sizeof(puppet->initiation)));
	assert_true(wg_puppet_complete(puppet));
	assert_int_equal(wg_puppet_seal(&puppet->session, 0, NULL, 0, data), sizeof(data));
	assert_false(echoes(puppet, data, sizeof(data)));
	assert_false(echoes(puppet, data, sizeof(data)));
	data[sizeof(data) - 1] ^= 1;
	assert_false(echoes(puppet, data, sizeof(data)));
	memcpy(reply.receiver, data + 4, sizeof(reply.receiver));
	assert_false(echoes(puppet, &reply, sizeof(reply)));
	wg_sim_free(node->sim);
}

static void test_a_response_under_load_is_answered_with_less(void **state)
{
	struct wg_puppet *puppet = stage(2, true);
	struct wg_sim_node *node = puppet->node;
	bool answered = false;

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_make_response(puppet));
	node->busy = true;
	for (unsigned int i = 0; i < 300; i++) {
		puppet->response.ephemeral[0]++;
		wg_cookie_sign(&puppet->jar, &puppet->response, sizeof(puppet->response), 0);
		wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	}
	node->busy = false;
	soon(puppet);
	answered = echoes(puppet, &puppet->response, sizeof(puppet->response));
	assert_true(answered);
	assert_int_equal(wg_sim_last(node, WG_MESSAGE_COOKIE_REPLY)->len, 64);
	wg_sim_free(node->sim);
}

/* Ten seconds of a flood at a that never lets its queue run empty, and a packet each way
 * every 100 ms, none of which may be lost. */
static void flooded(struct wg_puppet *stranger, struct wg_sim_node *a, struct wg_sim_node *b)
{
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t there = wg_sim_send(a, b);
		uint64_t back = wg_sim_send(b, a);

		load(stranger);
		wg_sim_run(a->sim, 100 * WG_MILLISECOND);
		assert_int_equal(wg_sim_got(b, there), 1);
		assert_int_equal(wg_sim_got(a, back), 1);
	}
}

static void test_a_session_is_renewed_through_a_flood_at_once_by_us(void **state)
{
	struct wg_sim *sim = wg_sim_pair(3);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_puppet *stranger = wg_puppet_new(a);

	(void)state;
	wg_sim_assert_works(a, b);
	wg_sim_run(sim, 113 * WG_SECOND);
	flooded(stranger, a, b);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 2);
	assert_int_equal(wg_sim_count(b, WG_MESSAGE_RESPONSE, 0), 2);
	assert_in_range(wg_sim_now(a).wall_sec - wg_sim_describe(a, b->public_key).handshake_sec, 0,
			6);
	wg_sim_free(sim);
}

static void test_a_session_is_renewed_through_a_flood_by_the_second_try_of_a_peer(void **state)
{
	struct wg_sim *sim = wg_sim_pair(4);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_puppet *stranger = wg_puppet_new(a);

	(void)state;
	wg_sim_assert_works(b, a);
	wg_sim_run(sim, 115 * WG_SECOND);
	flooded(stranger, a, b);
	/* The first one earned the cookie. */
	assert_int_equal(wg_sim_count(b, WG_MESSAGE_INITIATION, 0), 3);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_RESPONSE, 0), 2);
	assert_in_range(wg_sim_now(a).wall_sec - wg_sim_describe(a, b->public_key).handshake_sec, 0,
			6);
	wg_sim_free(sim);
}

/* Everything that was sent before the mark, again: from where it came, and from elsewhere. */
static void replay(struct wg_sim *sim, size_t mark, const struct wg_endpoint *elsewhere)
{
	for (size_t i = 0; i < mark; i++) {
		const struct wg_sim_datagram *sent = sim->sent[i];
		struct wg_sim_node *to = &sim->nodes[1 - sent->from];

		wg_sim_from_udp(to, &sent->source, sent->ds, sent->bytes, sent->len);
		wg_sim_from_udp(to, elsewhere, sent->ds, sent->bytes, sent->len);
	}
	wg_sim_run(sim, 50 * WG_MILLISECOND);
}

static void test_whatever_was_captured_does_nothing_when_it_comes_again(void **state)
{
	struct wg_sim *sim = wg_sim_pair(5);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_puppet *stranger = wg_puppet_new(a);
	size_t mark;

	(void)state;
	for (unsigned int i = 0; i < 30; i++) {
		wg_sim_assert_works(a, b);
		wg_sim_run(sim, 12 * WG_SECOND);
	}
	mark = wg_sim_mark(sim);
	for (unsigned int loaded = 0; loaded < 2; loaded++) {
		size_t got_a = a->n_got;
		size_t got_b = b->n_got;
		struct wg_config_peer before = wg_sim_describe(a, b->public_key);
		struct wg_config_peer after;

		if (loaded)
			load(stranger);
		replay(sim, mark, &stranger->endpoint);
		assert_int_equal(a->n_got, got_a);
		assert_int_equal(b->n_got, got_b);
		assert_int_equal(wg_sim_count(a, WG_MESSAGE_TRANSPORT, mark), 0);
		assert_int_equal(wg_sim_count(b, WG_MESSAGE_TRANSPORT, mark), 0);
		assert_int_equal(wg_sim_count(a, WG_MESSAGE_RESPONSE, mark), 0);
		assert_int_equal(wg_sim_count(b, WG_MESSAGE_RESPONSE, mark), 0);
		after = wg_sim_describe(a, b->public_key);
		assert_true(wg_endpoint_equal(&after.endpoint, &before.endpoint));
		assert_int_equal(after.rx_bytes, before.rx_bytes);
		assert_int_equal(after.handshake_sec, before.handshake_sec);
		assert_true(count_indices(a) <= PEER_INDICES);
	}
	wg_sim_assert_works(a, b);
	wg_sim_free(sim);
}

static void test_replays_of_a_message_with_a_cookie_lock_nobody_out(void **state)
{
	struct wg_puppet *puppet = stage(6, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);
	struct wg_wire_initiation captured;
	struct wg_sim_datagram *reply;

	(void)state;
	load(stranger);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_true(take_cookie(puppet));
	wg_puppet_initiate(puppet);
	captured = puppet->initiation;
	for (unsigned int i = 0; i < 1000; i++)
		wg_puppet_say(puppet, &captured, sizeof(captured));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_OLD_TIMESTAMP), 0);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 2);
	/* From elsewhere it is no cookie at all. */
	wg_puppet_say(stranger, &captured, sizeof(captured));
	soon(puppet);
	reply = wg_puppet_take(stranger, WG_MESSAGE_COOKIE_REPLY);
	assert_non_null(reply);
	free(reply);
	wg_sim_free(node->sim);
}

static void test_forged_cookies_are_no_cookies(void **state)
{
	struct wg_puppet *puppet = stage(7, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	load(stranger);
	for (unsigned int i = 0; i < 1000; i++) {
		wg_puppet_make_initiation(puppet);
		wg_test_fill(&puppet->random, puppet->initiation.mac2, WG_MAC_LEN);
		wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	}
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNDER_LOAD), LOAD_LEN + 1 + 1000);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_RATE_LIMITED), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 0);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 0);
	wg_sim_free(node->sim);
}

static void test_a_cookie_dies_with_its_secret(void **state)
{
	struct wg_puppet *puppet = stage(8, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	load(stranger);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_true(take_cookie(puppet));
	wg_sim_run(node->sim, 110 * WG_SECOND);
	load(stranger);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	wg_sim_run(node->sim, 11 * WG_SECOND);
	load(stranger);
	puppet->jar.cookie_birth = node->sim->now; /* who does not keep to the 115 s */
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	wg_sim_free(node->sim);
}

/* 10 000 of them. */
static void test_half_open_handshakes_take_one_place_for_each_peer(void **state)
{
	static struct wg_puppet *puppets[200];
	const unsigned int rounds = 50;
	struct wg_puppet *first = stage(9, false);
	struct wg_sim_node *node = first->node;
	size_t secrets = 0;

	(void)state;
	puppets[0] = first;
	for (unsigned int i = 1; i < WG_ARRAY_LEN(puppets); i++) {
		puppets[i] = wg_puppet_new(node);
		wg_puppet_befriend(puppets[i], false);
	}
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int i = 0; i < WG_ARRAY_LEN(puppets); i++)
			wg_puppet_initiate(puppets[i]);
		wg_sim_run(node->sim, 25 * WG_MILLISECOND);
		/* One that is answered is its peer's next session: an older one goes. */
		assert_int_equal(count_indices(node), WG_ARRAY_LEN(puppets));
		assert_int_equal(wg_pool_bytes_used(node->pool), 0);
		secrets = secrets ? secrets : wg_secret_bytes_held();
		assert_int_equal(wg_secret_bytes_held(), secrets);
	}
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0),
			 rounds * WG_ARRAY_LEN(puppets));
	for (unsigned int i = 0; i < WG_ARRAY_LEN(puppets); i++)
		wg_puppet_clear(puppets[i]);
	wg_puppet_shake(first);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(first)), 1);
	/* What nobody confirmed is wiped in time. */
	wg_sim_run(node->sim, 541 * WG_SECOND);
	assert_int_equal(count_indices(node), 0);
	assert_int_equal(wg_pool_bytes_used(node->pool), 0);
	wg_sim_free(node->sim);
}

static void test_a_peer_that_renegotiates_all_the_time_takes_nothing_from_others(void **state)
{
	struct wg_sim *sim = wg_sim_pair(10);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_puppet *puppet = wg_puppet_new(a);

	(void)state;
	wg_puppet_befriend(puppet, false);
	wg_sim_assert_works(a, b);
	for (unsigned int i = 0; i < 500; i++) {
		uint64_t there = wg_sim_send(a, b);
		uint64_t back = wg_sim_send(b, a);
		uint64_t own;

		wg_puppet_initiate(puppet);
		wg_sim_run(sim, 20 * WG_MILLISECOND);
		assert_true(wg_puppet_complete(puppet));
		own = wg_puppet_send_data(puppet);
		assert_int_equal(wg_sim_got(a, own), 1);
		assert_int_equal(wg_sim_got(b, there), 1);
		assert_int_equal(wg_sim_got(a, back), 1);
		assert_true(count_indices(a) <= 2 * PEER_INDICES);
	}
	/* Oftener is refused. */
	for (unsigned int i = 0; i < 100; i++) {
		wg_puppet_initiate(puppet);
		wg_sim_run(sim, 4 * WG_MILLISECOND);
	}
	assert_true(wg_sim_drops(a, WG_DROP_IN_FLOOD) >= 75);
	assert_int_equal(wg_sim_count(b, WG_MESSAGE_INITIATION, 0), 0);
	wg_sim_free(sim);
}

static void test_forged_tags_under_a_right_index_leave_the_session_alone(void **state)
{
	struct wg_puppet *puppet = stage(11, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t inner[96] = {0x45};
	uint8_t message[sizeof(inner) + WG_TRANSPORT_OVERHEAD];
	wg_time due;
	uint64_t rx_bytes;
	size_t mark;

	(void)state;
	wg_puppet_shake(puppet);
	due = wg_device_due(node->device);
	rx_bytes = wg_sim_describe(node, puppet->identity.public_key).rx_bytes;
	mark = wg_sim_mark(node->sim);
	for (unsigned int i = 0; i < 10000; i++) {
		size_t len = wg_puppet_seal(&puppet->session, i, inner, sizeof(inner), message);

		message[len - 1 - i % 16] ^= (uint8_t)(1 + i % 255);
		wg_puppet_say(puppet, message, len);
	}
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_DECRYPT), 10000);
	assert_int_equal(wg_sim_mark(node->sim), mark);
	assert_true(wg_device_due(node->device) == due);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).rx_bytes, rx_bytes);
	/* None of their counters counts as seen. */
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_free(node->sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_message_is_answered_with_a_longer_one),
		cmocka_unit_test(test_a_response_under_load_is_answered_with_less),
		cmocka_unit_test(test_a_session_is_renewed_through_a_flood_at_once_by_us),
		cmocka_unit_test(
			test_a_session_is_renewed_through_a_flood_by_the_second_try_of_a_peer),
		cmocka_unit_test(test_whatever_was_captured_does_nothing_when_it_comes_again),
		cmocka_unit_test(test_replays_of_a_message_with_a_cookie_lock_nobody_out),
		cmocka_unit_test(test_forged_cookies_are_no_cookies),
		cmocka_unit_test(test_a_cookie_dies_with_its_secret),
		cmocka_unit_test(test_half_open_handshakes_take_one_place_for_each_peer),
		cmocka_unit_test(
			test_a_peer_that_renegotiates_all_the_time_takes_nothing_from_others),
		cmocka_unit_test(test_forged_tags_under_a_right_index_leave_the_session_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
