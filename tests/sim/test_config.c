/* Changes while running: keys, peers, allowed IPs, the link, and changes that fail. */
#include <errno.h>
#include <stdlib.h>

#include "sim/ip.h"
#include "sim/puppet.h"
#include "sim/sim.h"

static struct wg_puppet *stage(uint64_t seed, bool with_endpoint)
{
	struct wg_sim *sim = wg_sim_new(seed);
	struct wg_puppet *puppet = wg_puppet_new(wg_sim_add(sim));

	wg_puppet_befriend(puppet, with_endpoint);
	return puppet;
}

static void soon(struct wg_puppet *puppet)
{
	wg_sim_run(puppet->node->sim, 50 * WG_MILLISECOND);
}

static uint64_t send_to_puppet(struct wg_puppet *puppet)
{
	return wg_sim_send_ip(puppet->node, &puppet->node->inner4, &puppet->inner4, 0, 100);
}

static struct wg_prefix prefix(const char *text)
{
	struct wg_prefix parsed;

	assert_true(wg_prefix_parse(&parsed, text));
	return parsed;
}

static struct wg_config_peer *change_peer(struct wg_config *change, const uint8_t *public_key)
{
	struct wg_config_peer *peer = wg_config_add_peer(change);

	assert_non_null(peer);
	memcpy(peer->public_key, public_key, WG_KEY_LEN);
	return peer;
}

/* How many peers a snapshot has. */
static size_t count_peers(const struct wg_sim_node *node)
{
	struct wg_config config;
	size_t n;

	wg_config_init(&config);
	assert_int_equal(wg_device_describe(node->device, &config, wg_sim_now(node)), 0);
	n = config.n_peers;
	wg_config_deinit(&config);
	return n;
}

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

static void test_a_new_private_key_clears_pending_handshakes(void **state)
{
	struct wg_puppet *puppet = stage(3, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t other[WG_KEY_LEN] = {4, 5, 6};

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_make_response(puppet));
	wg_sim_set_key(node, other);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
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
	assert_memory_equal(wg_sim_describe(a, b->public_key).preshared_key, psk, WG_KEY_LEN);
	wg_sim_free(sim);
}

static void test_a_link_that_goes_down_forgets_sessions_and_packets(void **state)
{
	struct wg_puppet *puppet = stage(10, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *slow = wg_puppet_new(node);
	size_t mark;

	(void)state;
	wg_puppet_befriend(slow, true);
	wg_puppet_shake(puppet);
	wg_sim_send_ip(node, &node->inner4, &slow->inner4, 0, 100);
	soon(puppet);
	wg_sim_down(node);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	mark = wg_sim_mark(node->sim);
	send_to_puppet(puppet);
	wg_puppet_send_data(puppet);
	wg_puppet_initiate(puppet);
	wg_sim_run(node->sim, 60 * WG_SECOND);
	assert_int_equal(wg_sim_mark(node->sim), mark);
	assert_int_equal(node->n_got, 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_LINK_DOWN), 2);
	wg_sim_up(node);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNKNOWN_INDEX), 1);
	wg_sim_run(node->sim, 60 * WG_SECOND);
	assert_int_equal(wg_sim_mark(node->sim), mark);
	wg_puppet_shake(puppet);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_free(node->sim);
}

static void test_a_link_that_comes_up_sends_persistent_keepalives(void **state)
{
	struct wg_sim *sim = wg_sim_new(11);
	struct wg_sim_node *a = wg_sim_add(sim);
	struct wg_sim_node *b = wg_sim_add(sim);
	struct wg_endpoint at_b = wg_sim_endpoint(b, WG_FAMILY_IPV4);

	(void)state;
	wg_sim_down(a);
	wg_sim_know(a, b, &at_b);
	wg_sim_know(b, a, NULL);
	wg_sim_set_keepalive(a, b->public_key, 25);
	wg_sim_run(sim, 60 * WG_SECOND);
	assert_int_equal(sim->n_sent, 0);
	for (int i = 0; i < 3; i++) {
		size_t mark = wg_sim_mark(sim);

		wg_sim_up(a);
		wg_sim_run(sim, WG_SECOND);
		assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 1);
		wg_sim_assert_works(b, a);
		wg_sim_down(a);
		wg_sim_run(sim, WG_SECOND);
	}
	wg_sim_free(sim);
}

/* Whether b's or c's link gets what a sends to b's inner address. */
static void test_an_allowed_ip_moves_between_peers(void **state)
{
	struct wg_sim *sim = wg_sim_pair(12);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_sim_node *c = wg_sim_add(sim);
	struct wg_endpoint at_c = wg_sim_endpoint(c, WG_FAMILY_IPV4);
	struct wg_config change;
	struct wg_prefix moved = {b->inner4, 32};
	uint64_t id;

	(void)state;
	wg_sim_know(a, c, &at_c);
	wg_sim_know(c, a, NULL);
	wg_sim_assert_works(a, b);
	wg_sim_assert_works(a, c);
	wg_config_init(&change);
	assert_int_equal(
		wg_config_add_allowed_ip(change_peer(&change, c->public_key), &moved, false), 0);
	assert_int_equal(wg_sim_apply(a, &change), 0);
	id = wg_sim_send(a, b);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_got(b, id), 0);
	assert_int_equal(wg_sim_got(c, id), 1);
	id = wg_sim_send(b, a);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_got(a, id), 0);
	assert_int_equal(wg_sim_drops(a, WG_DROP_INNER_SOURCE), 1);
	assert_int_equal(wg_sim_describe(a, b->public_key).n_allowed_ips, 1);
	assert_int_equal(wg_sim_describe(a, c->public_key).n_allowed_ips, 3);
	wg_sim_free(sim);
}

static void test_allowed_ips_are_taken_away_one_by_one(void **state)
{
	struct wg_sim *sim = wg_sim_pair(13);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_config change;
	struct wg_config_peer *peer;
	struct wg_prefix all = prefix("0.0.0.0/0");
	struct wg_prefix one = {b->inner4, 32};

	(void)state;
	wg_config_init(&change);
	peer = change_peer(&change, b->public_key);
	wg_config_add_allowed_ip(peer, &all, true); /* it has no such */
	assert_int_equal(wg_sim_apply(a, &change), 0);
	wg_sim_assert_works(a, b);
	wg_config_init(&change);
	peer = change_peer(&change, b->public_key);
	wg_config_add_allowed_ip(peer, &one, true);
	assert_int_equal(wg_sim_apply(a, &change), 0);
	wg_sim_send(a, b);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_PEER), 1);
	wg_config_init(&change);
	peer = change_peer(&change, b->public_key);
	peer->replace_allowed_ips = true;
	wg_config_add_allowed_ip(peer, &all, false);
	assert_int_equal(wg_sim_apply(a, &change), 0);
	assert_int_equal(wg_sim_describe(a, b->public_key).n_allowed_ips, 1);
	wg_sim_assert_works(a, b);
	wg_sim_free(sim);
}

static void test_replacing_peers_forgets_those_that_are_not_named(void **state)
{
	struct wg_puppet *puppet = stage(14, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *other = wg_puppet_new(node);
	struct wg_config change;

	(void)state;
	wg_puppet_befriend(other, true);
	wg_puppet_shake(puppet);
	wg_puppet_shake(other);
	wg_config_init(&change);
	change.replace_peers = true;
	change_peer(&change, other->identity.public_key);
	assert_int_equal(wg_sim_apply(node, &change), 0);
	assert_int_equal(count_peers(node), 1);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 0);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNKNOWN_PEER), 1);
	wg_sim_free(node->sim);
}

static void test_a_peer_that_was_removed_begins_anew(void **state)
{
	struct wg_puppet *puppet = stage(15, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_forget(node, puppet->identity.public_key);
	assert_int_equal(count_peers(node), 0);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 0);
	wg_sim_forget(node, puppet->identity.public_key); /* is no error */
	wg_puppet_befriend(puppet, true);
	/* The newest timestamp went with the peer. */
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 2);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).handshake_sec, 0);
	wg_sim_free(node->sim);
}

static void test_update_only_makes_no_peer(void **state)
{
	struct wg_puppet *puppet = stage(16, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_config change;
	struct wg_config_peer *peer;
	const uint8_t stranger[WG_KEY_LEN] = {9, 9};

	(void)state;
	wg_config_init(&change);
	change_peer(&change, stranger)->update_only = true;
	peer = change_peer(&change, puppet->identity.public_key);
	peer->update_only = true;
	peer->has_keepalive = true;
	peer->keepalive = 65535;
	assert_int_equal(wg_sim_apply(node, &change), 0);
	assert_int_equal(count_peers(node), 1);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).keepalive, 65535);
	wg_sim_free(node->sim);
}

static void test_one_change_may_name_a_peer_twice_and_after_its_removal(void **state)
{
	struct wg_puppet *puppet = stage(17, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_config change;
	struct wg_config_peer *peer;
	const uint8_t *key = puppet->identity.public_key;
	const uint8_t fresh[WG_KEY_LEN] = {9, 9};

	(void)state;
	wg_puppet_shake(puppet);
	wg_config_init(&change);
	change_peer(&change, key)->remove = true;
	change_peer(&change, key);
	peer = change_peer(&change, key);
	peer->has_keepalive = true;
	peer->keepalive = 7;
	change_peer(&change, fresh);
	change_peer(&change, fresh)->remove = true;
	change_peer(&change, fresh);
	assert_int_equal(wg_sim_apply(node, &change), 0);
	assert_int_equal(count_peers(node), 2);
	assert_int_equal(wg_sim_describe(node, key).keepalive, 7);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 0);
	wg_sim_free(node->sim);
}

static void test_a_bad_change_changes_nothing(void **state)
{
	static const struct wg_prefix bad[] = {
		{{WG_FAMILY_IPV4, {10}}, 33},
		{{WG_FAMILY_IPV6, {0x20, 1}}, 129},
		{{WG_FAMILY_NONE, {0}}, 0},
	};
	struct wg_sim *sim = wg_sim_pair(18);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	const uint8_t stranger[WG_KEY_LEN] = {9, 9};

	(void)state;
	wg_sim_assert_works(a, b);
	for (size_t i = 0; i < WG_ARRAY_LEN(bad); i++) {
		size_t mark = wg_sim_mark(sim);
		wg_time due = wg_device_due(a->device);
		struct wg_config change;
		struct wg_config_peer *peer;

		wg_config_init(&change);
		change.has_private_key = true;
		change.private_key[5] = 1;
		change.replace_peers = true;
		peer = change_peer(&change, b->public_key);
		peer->has_keepalive = true;
		peer->keepalive = 1;
		peer = change_peer(&change, stranger);
		wg_config_add_allowed_ip(peer, &bad[i], false);
		assert_int_equal(wg_sim_apply(a, &change), -EINVAL);
		assert_int_equal(count_peers(a), 1);
		assert_int_equal(wg_sim_describe(a, b->public_key).keepalive, 0);
		assert_int_equal(wg_sim_describe(a, b->public_key).n_allowed_ips, 2);
		assert_true(wg_device_due(a->device) == due);
		wg_sim_assert_works(a, b);
		assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 0);
	}
	wg_sim_free(sim);
}

static void test_a_peer_may_go_while_its_jobs_are_under_way(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 30; seed++) {
		struct wg_sim *sim = wg_sim_pair(seed);
		struct wg_sim_node *a = &sim->nodes[0];
		struct wg_sim_node *b = &sim->nodes[1];
		struct wg_endpoint at_a = wg_sim_endpoint(a, WG_FAMILY_IPV4);
		struct wg_endpoint at_b = wg_sim_endpoint(b, WG_FAMILY_IPV4);

		sim->jobs = WG_SIM_WORKERS;
		if (seed % 3)
			wg_sim_assert_works(a, b);
		for (int i = 0; i < 20; i++) {
			wg_sim_send(a, b);
			wg_sim_send(b, a);
		}
		wg_sim_run(sim, (wg_time)(seed % 7) * 100 * WG_MILLISECOND / 1000);
		wg_sim_forget(a, b->public_key);
		if (seed % 2)
			wg_sim_know(a, b, &at_b);
		wg_sim_send(a, b);
		wg_sim_run(sim, (wg_time)(seed % 5) * 10 * WG_MILLISECOND);
		wg_sim_forget(b, a->public_key);
		wg_sim_know(b, a, &at_a);
		wg_sim_know(a, b, &at_b);
		wg_sim_run(sim, 30 * WG_SECOND);
		wg_sim_assert_works(a, b);
		wg_sim_free(sim);
	}
}

static void test_a_key_or_link_may_change_while_jobs_are_under_way(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 30; seed++) {
		struct wg_sim *sim = wg_sim_pair(seed);
		struct wg_sim_node *a = &sim->nodes[0];
		struct wg_sim_node *b = &sim->nodes[1];
		uint8_t key[WG_KEY_LEN];
		const uint8_t other[WG_KEY_LEN] = {3, 3, 3};

		memcpy(key, a->private_key, sizeof(key));
		sim->jobs = WG_SIM_WORKERS;
		if (seed % 2)
			wg_sim_assert_works(a, b);
		wg_sim_send(a, b);
		wg_sim_send(b, a);
		wg_sim_run(sim, (wg_time)(seed % 5) * 50 * WG_MILLISECOND / 1000);
		if (seed % 3) {
			wg_sim_set_key(a, other);
			wg_sim_set_key(a, key);
		} else {
			wg_sim_down(a);
			wg_sim_up(a);
		}
		wg_sim_run(sim, 30 * WG_SECOND);
		wg_sim_send(a, b);
		wg_sim_run(sim, 30 * WG_SECOND);
		wg_sim_assert_works(a, b);
		wg_sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_private_key_again_changes_nothing),
		cmocka_unit_test(test_under_a_new_private_key_sessions_receive_but_send_no_more),
		cmocka_unit_test(test_a_new_private_key_clears_pending_handshakes),
		cmocka_unit_test(test_two_engines_agree_again_after_a_key_change),
		cmocka_unit_test(test_a_device_without_a_key_is_silent_until_it_has_one),
		cmocka_unit_test(test_ones_own_key_is_no_peer),
		cmocka_unit_test(test_peers_with_low_order_keys_are_sent_nothing),
		cmocka_unit_test(test_a_preshared_key_that_differs_gives_no_session),
		cmocka_unit_test(
			test_a_preshared_key_set_at_run_time_counts_from_the_next_handshake),
		cmocka_unit_test(test_a_link_that_goes_down_forgets_sessions_and_packets),
		cmocka_unit_test(test_a_link_that_comes_up_sends_persistent_keepalives),
		cmocka_unit_test(test_an_allowed_ip_moves_between_peers),
		cmocka_unit_test(test_allowed_ips_are_taken_away_one_by_one),
		cmocka_unit_test(test_replacing_peers_forgets_those_that_are_not_named),
		cmocka_unit_test(test_a_peer_that_was_removed_begins_anew),
		cmocka_unit_test(test_update_only_makes_no_peer),
		cmocka_unit_test(test_one_change_may_name_a_peer_twice_and_after_its_removal),
		cmocka_unit_test(test_a_bad_change_changes_nothing),
		cmocka_unit_test(test_a_peer_may_go_while_its_jobs_are_under_way),
		cmocka_unit_test(test_a_key_or_link_may_change_while_jobs_are_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
