/* Keys that change, are missing, are one's own, or are bad; preshared keys. */
#include <stdlib.h>

#include "core/engine.h"
#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

static void test_the_same_private_key_again_changes_nothing(void **state)
{
	struct wg_puppet *puppet = stage(1, true);
	struct wg_sim_node *node = puppet->node;
	uint8_t same[WG_KEY_LEN];

	(void)state;
	memcpy(same, node->private_key, sizeof(same));
	send_to_puppet(puppet);
	soon(puppet);
	wg_sim_set_key(node, same);
	assert_true(wg_puppet_respond(puppet)); /* the pending handshake is still good */
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	wg_sim_set_key(node, same);
	send_to_puppet(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 2);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 1);
	wg_sim_free(node->sim);
}

static void test_under_a_new_private_key_sessions_receive_but_send_no_more(void **state)
{
	struct wg_puppet *puppet = stage(2, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t other[WG_KEY_LEN] = {1, 2, 3};
	size_t mark;

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_run(node->sim, WG_SECOND);
	wg_sim_set_key(node, other);
	mark = wg_sim_mark(node->sim);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	send_to_puppet(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, mark), 0);
	/* The response was a second ago: the floor is lifted. */
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, mark), 1);
	wg_sim_free(node->sim);
}

static void test_a_session_that_is_confirmed_after_a_new_private_key_sends_nothing(void **state)
{
	struct wg_puppet *puppet = stage(12, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t other[WG_KEY_LEN] = {1, 2, 3};

	(void)state;
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_true(wg_puppet_complete(puppet));
	wg_sim_set_key(node, other);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	send_to_puppet(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 1);
	wg_sim_free(node->sim);
}

static void test_a_new_private_key_clears_pending_handshakes(void **state)
{
	struct wg_puppet *puppet = stage(3, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t other[WG_KEY_LEN] = {4, 5, 6};
	struct wg_cookie_jar jar;

	(void)state;
	/* A packet without an answer begins a handshake with nothing staged, so that the
	 * new key does not begin another at once. */
	wg_puppet_shake(puppet);
	send_to_puppet(puppet);
	wg_sim_run(node->sim, 16 * WG_SECOND);
	assert_true(wg_puppet_make_response(puppet));
	wg_sim_set_key(node, other);
	wg_cookie_jar_init(&jar, node->public_key);
	wg_cookie_sign(&jar, &puppet->response, sizeof(puppet->response), 0);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_NO_HANDSHAKE), 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 0);
	wg_sim_free(node->sim);
}

static void test_two_engines_agree_again_after_a_key_change(void **state)
{
	struct wg_sim *sim = wg_sim_pair(4);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_endpoint at_a = wg_sim_endpoint(a, WG_FAMILY_IPV4);
	uint8_t old[WG_KEY_LEN];
	const uint8_t other[WG_KEY_LEN] = {7, 8, 9};

	(void)state;
	for (int i = 0; i < 2; i++) {
		sim->jobs = i ? WG_SIM_WORKERS : WG_SIM_INLINE;
		wg_sim_assert_works(a, b);
		memcpy(old, a->public_key, sizeof(old));
		wg_sim_set_key(a, i ? a->public_key : other);
		wg_sim_forget(b, old);
		wg_sim_know(b, a, &at_a);
		wg_sim_run(sim, WG_SECOND);
		wg_sim_assert_works(a, b);
	}
	wg_sim_free(sim);
}

static void test_a_device_without_a_key_is_silent_until_it_has_one(void **state)
{
	struct wg_puppet *puppet = stage(5, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t none[WG_KEY_LEN] = {0};
	uint8_t key[WG_KEY_LEN];

	(void)state;
	memcpy(key, node->private_key, sizeof(key));
	wg_sim_set_key(node, none);
	send_to_puppet(puppet);
	wg_puppet_initiate(puppet);
	wg_sim_run(node->sim, 600 * WG_SECOND);
	assert_int_equal(node->sim->n_sent, 0);
	wg_sim_set_key(node, key);
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_respond(puppet));
	soon(puppet);
	assert_true(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0) >= 1);
	wg_sim_free(node->sim);
}

static void test_packets_wait_for_a_private_key_as_many_as_have_room(void **state)
{
	struct wg_puppet *puppet = stage(5, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t none[WG_KEY_LEN] = {0};
	uint8_t key[WG_KEY_LEN];

	(void)state;
	memcpy(key, node->private_key, sizeof(key));
	wg_sim_set_key(node, none);
	for (size_t i = 0; i < WG_MAX_STAGED + 3; i++)
		send_to_puppet(puppet);
	wg_sim_run(node->sim, 89 * WG_SECOND);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_STAGED_FULL), 3);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_ANSWER), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_KEY), 0);
	wg_sim_set_key(node, key);
	soon(puppet);
	assert_true(wg_puppet_respond(puppet));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), WG_MAX_STAGED);
	wg_sim_free(node->sim);
}

static void test_packets_do_not_wait_for_a_private_key_for_ever(void **state)
{
	struct wg_puppet *puppet = stage(6, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t none[WG_KEY_LEN] = {0};

	(void)state;
	wg_sim_set_key(node, none);
	send_to_puppet(puppet);
	wg_sim_run(node->sim, 90 * WG_SECOND - 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_ANSWER), 0);
	wg_sim_run(node->sim, 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_ANSWER), 1);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	wg_sim_free(node->sim);
}

static void test_ones_own_key_is_no_peer(void **state)
{
	struct wg_sim *sim = wg_sim_pair(6);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_config change;
	struct wg_config_peer *self;
	struct wg_prefix net = prefix("10.5.0.0/16");
	struct wg_ip to;
	uint8_t b_private[WG_KEY_LEN];

	(void)state;
	wg_config_init(&change);
	self = change_peer(&change, a->public_key);
	self->has_endpoint = true;
	self->endpoint = wg_sim_endpoint(a, WG_FAMILY_IPV4);
	assert_int_equal(wg_config_add_allowed_ip(self, &net, false), 0);
	assert_int_equal(wg_sim_apply(a, &change), 0);
	assert_int_equal(count_peers(a), 1);
	assert_true(wg_ip_parse(&to, "10.5.0.1"));
	wg_sim_send_ip(a, &a->inner4, &to, 0, 60);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_PEER), 1);
	/* A key that makes a peer of ours ourselves. */
	memcpy(b_private, b->private_key, sizeof(b_private));
	wg_sim_set_key(a, b_private);
	wg_sim_send(a, b);
	wg_sim_run(sim, 20 * WG_SECOND);
	assert_int_equal(sim->n_sent, 0);
	wg_sim_free(sim);
}

static void test_peers_with_low_order_keys_are_sent_nothing(void **state)
{
	/* Points of order 1, 2 and 4, and 0 and 1 not in their least form (RFC 7748). */
	static const uint8_t keys[][WG_KEY_LEN] = {
		{0},
		{1},
		{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
		 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
		 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
		{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	};
	struct wg_sim *sim = wg_sim_pair(7);
	struct wg_sim_node *a = &sim->nodes[0];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(keys); i++) {
		struct wg_sim_node bad = {.inner4 = a->inner4, .inner6 = a->inner6};
		struct wg_endpoint somewhere = wg_sim_endpoint(&sim->nodes[1], WG_FAMILY_IPV4);

		memcpy(bad.public_key, keys[i], WG_KEY_LEN);
		bad.inner4.bytes[1] = (uint8_t)(40 + i);
		wg_sim_know(a, &bad, &somewhere);
		wg_sim_set_keepalive(a, keys[i], 10);
		wg_sim_send(a, &bad);
		wg_sim_run(sim, 30 * WG_SECOND);
		assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_KEY), i + 1);
	}
	assert_int_equal(sim->n_sent, 0);
	assert_true(a->ticks < 100);
	wg_sim_assert_works(a, &sim->nodes[1]);
	wg_sim_free(sim);
}

/* What the node has computed with the puppet. */
static struct wg_remote *remote_of(const struct wg_puppet *puppet)
{
	struct wg_peer *peer = wg_peer_find_key(puppet->node->device, puppet->identity.public_key);

	assert_non_null(peer);
	return &peer->remote;
}

static void assert_computed(const struct wg_puppet *puppet, bool computed)
{
	const struct wg_remote *remote = remote_of(puppet);

	assert_true(remote->usable);
	assert_true(remote->computed == computed);
	if (computed)
		assert_memory_equal(remote->static_static, puppet->remote.static_static,
				    WG_KEY_LEN);
	else
		assert_true(wg_is_zero(remote->static_static, WG_KEY_LEN));
}

static void test_both_static_keys_meet_in_the_first_handshake_and_not_before(void **state)
{
	const uint8_t other[WG_KEY_LEN] = {1, 2, 3};

	(void)state;
	for (int called = 0; called < 2; called++) {
		struct wg_puppet *puppet = stage(13, true);
		struct wg_sim_node *node = puppet->node;

		assert_computed(puppet, false);
		if (called)
			wg_puppet_initiate(puppet);
		else
			send_to_puppet(puppet);
		soon(puppet);
		assert_true(called ? wg_puppet_complete(puppet) : wg_puppet_respond(puppet));
		assert_computed(puppet, true);
		wg_sim_set_key(node, other);
		assert_computed(puppet, false);
		wg_sim_free(node->sim);
	}
}

static void test_static_keys_meet_only_once(void **state)
{
	struct wg_puppet *puppet = stage(14, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_run(node->sim, WG_SECOND);
	/* Were it computed again, that would be right again. */
	remote_of(puppet)->static_static[0] ^= 1;
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 1);
	remote_of(puppet)->static_static[0] ^= 1;
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_true(wg_puppet_complete(puppet));
	wg_sim_free(node->sim);
}

/* Whoever knows a peer's public key can have that computed, and nothing else, and once. */
static void test_who_only_claims_to_be_a_peer_changes_nothing_of_it(void **state)
{
	struct wg_puppet *puppet = stage(15, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_make_initiation(puppet);
	puppet->initiation.timestamp[0] ^= 1;
	wg_cookie_sign(&puppet->jar, &puppet->initiation, sizeof(puppet->initiation), 0);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 1);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 0);
	assert_computed(puppet, true);
	wg_puppet_shake(puppet);
	wg_sim_free(node->sim);
}

static void test_a_preshared_key_that_differs_gives_no_session(void **state)
{
	struct wg_sim *sim = wg_sim_pair(8);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	const uint8_t psk[WG_KEY_LEN] = {42};
	uint64_t id;

	(void)state;
	wg_sim_set_psk(a, b->public_key, psk);
	id = wg_sim_send(a, b);
	wg_sim_run(sim, 20 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_TRANSPORT, 0), 0);
	assert_true(wg_sim_count(b, WG_MESSAGE_RESPONSE, 0) >= 3);
	assert_true(wg_sim_drops(a, WG_DROP_IN_HANDSHAKE) >= 3);
	/* Set on the other side too, the very next handshake uses it. */
	wg_sim_set_psk(b, a->public_key, psk);
	wg_sim_run(sim, 6 * WG_SECOND);
	assert_int_equal(wg_sim_got(b, id), 1);
	wg_sim_free(sim);
}

static void test_a_preshared_key_set_at_run_time_counts_from_the_next_handshake(void **state)
{
	struct wg_sim *sim = wg_sim_pair(9);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	const uint8_t psk[WG_KEY_LEN] = {43};
	struct wg_config config;
	size_t mark;

	(void)state;
	wg_sim_assert_works(a, b);
	mark = wg_sim_mark(sim);
	wg_sim_set_psk(a, b->public_key, psk);
	wg_sim_set_psk(b, a->public_key, psk);
	wg_sim_assert_works(a, b);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 0);
	wg_sim_run(sim, 200 * WG_SECOND);
	wg_sim_assert_works(a, b);
	wg_config_init(&config);
	assert_int_equal(wg_device_describe(a->device, &config, wg_sim_now(a)), 0);
	assert_memory_equal(wg_lockedkey_bytes(&config.peers[0].preshared_key), psk, WG_KEY_LEN);
	wg_config_deinit(&config);
	wg_sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_private_key_again_changes_nothing),
		cmocka_unit_test(test_under_a_new_private_key_sessions_receive_but_send_no_more),
		cmocka_unit_test(
			test_a_session_that_is_confirmed_after_a_new_private_key_sends_nothing),
		cmocka_unit_test(test_a_new_private_key_clears_pending_handshakes),
		cmocka_unit_test(test_two_engines_agree_again_after_a_key_change),
		cmocka_unit_test(test_a_device_without_a_key_is_silent_until_it_has_one),
		cmocka_unit_test(test_packets_wait_for_a_private_key_as_many_as_have_room),
		cmocka_unit_test(test_packets_do_not_wait_for_a_private_key_for_ever),
		cmocka_unit_test(test_ones_own_key_is_no_peer),
		cmocka_unit_test(test_peers_with_low_order_keys_are_sent_nothing),
		cmocka_unit_test(test_both_static_keys_meet_in_the_first_handshake_and_not_before),
		cmocka_unit_test(test_static_keys_meet_only_once),
		cmocka_unit_test(test_who_only_claims_to_be_a_peer_changes_nothing_of_it),
		cmocka_unit_test(test_a_preshared_key_that_differs_gives_no_session),
		cmocka_unit_test(
			test_a_preshared_key_set_at_run_time_counts_from_the_next_handshake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
