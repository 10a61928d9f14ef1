/* Changes while running: peers, allowed IPs, the link, and changes that fail. */
#include <errno.h>
#include <stdlib.h>

#include "lockedkey.h"
#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

static void test_a_snapshot_says_what_keeps_a_peer_from_a_session(void **state)
{
	struct wg_sim *sim = wg_sim_pair(20);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	const uint8_t psk[WG_KEY_LEN] = {44};
	struct wg_config_health health;

	(void)state;
	health = wg_sim_describe(a, b->public_key).health;
	assert_true(health.usable_key && !health.session && !health.initiations_sent);
	sim->net.loss = 1000;
	wg_sim_send(a, b);
	wg_sim_run(sim, 12 * WG_SECOND);
	assert_int_equal(wg_sim_describe(a, b->public_key).health.initiations_sent, 3);
	sim->net.loss = 0;
	wg_sim_set_psk(a, b->public_key, psk);
	wg_sim_run(sim, 10 * WG_SECOND);
	assert_true(wg_sim_describe(a, b->public_key).health.responses_refused > 0);
	wg_sim_set_psk(b, a->public_key, psk);
	wg_sim_run(sim, 10 * WG_SECOND);
	health = wg_sim_describe(a, b->public_key).health;
	assert_true(health.session && !health.initiations_sent && !health.responses_refused);
	wg_sim_free(sim);
}

static void test_a_peer_is_told_silent_once_in_three_unanswered_initiations(void **state)
{
	struct wg_sim *sim = wg_sim_pair(21);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_endpoint endpoint = wg_sim_endpoint(b, WG_FAMILY_IPV4);
	struct wg_silent_peer silent;

	(void)state;
	sim->net.loss = 1000;
	wg_sim_send(a, b);
	/* The third has gone, and may be answered yet. */
	wg_sim_run(sim, 12 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 3);
	assert_false(wg_device_next_silent(a->device, &silent));
	wg_sim_run(sim, 6 * WG_SECOND);
	assert_true(wg_device_next_silent(a->device, &silent));
	assert_memory_equal(silent.public_key, b->public_key, WG_KEY_LEN);
	assert_true(wg_endpoint_equal(&silent.endpoint, &endpoint));
	assert_false(wg_device_next_silent(a->device, &silent));
	wg_sim_run(sim, 16 * WG_SECOND);
	assert_true(wg_device_next_silent(a->device, &silent));
	assert_in_range(silent.initiations, 6, 7);
	assert_false(wg_device_next_silent(a->device, &silent));
	wg_sim_run(sim, 16 * WG_SECOND);
	wg_sim_forget(a, b->public_key);
	assert_false(wg_device_next_silent(a->device, &silent)); /* it is gone */
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

static void test_messages_that_waited_when_the_link_went_down_are_not_answered(void **state)
{
	struct wg_puppet *puppet = stage(42, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	node->busy = true;
	wg_puppet_initiate(puppet);
	soon(puppet);
	wg_sim_down(node);
	wg_sim_up(node);
	node->busy = false;
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 0);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	wg_sim_free(node->sim);
}

static void test_messages_that_waited_when_our_key_changed_are_not_looked_at(void **state)
{
	struct wg_puppet *puppet = stage(43, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t other[WG_KEY_LEN] = {1, 2, 3};

	(void)state;
	node->busy = true;
	wg_puppet_initiate(puppet);
	soon(puppet);
	wg_sim_set_key(node, other);
	node->busy = false;
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 0);
	wg_sim_free(node->sim);
}

static void test_an_endpoint_without_a_port_is_refused(void **state)
{
	struct wg_sim *sim = wg_sim_pair(41);
	struct wg_config change;
	struct wg_config_peer *peer;

	(void)state;
	wg_config_init(&change);
	peer = change_peer(&change, sim->nodes[1].public_key);
	peer->has_endpoint = true;
	peer->endpoint = wg_sim_endpoint(&sim->nodes[1], WG_FAMILY_IPV4);
	peer->endpoint.port = 0;
	assert_int_equal(wg_sim_apply(&sim->nodes[0], &change), -EINVAL);
	wg_sim_free(sim);
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
		wg_test_set_key(&change.private_key, 5, 1);
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
		cmocka_unit_test(test_a_snapshot_says_what_keeps_a_peer_from_a_session),
		cmocka_unit_test(test_a_peer_is_told_silent_once_in_three_unanswered_initiations),
		cmocka_unit_test(test_a_link_that_goes_down_forgets_sessions_and_packets),
		cmocka_unit_test(test_a_link_that_comes_up_sends_persistent_keepalives),
		cmocka_unit_test(test_an_allowed_ip_moves_between_peers),
		cmocka_unit_test(test_allowed_ips_are_taken_away_one_by_one),
		cmocka_unit_test(test_replacing_peers_forgets_those_that_are_not_named),
		cmocka_unit_test(test_a_peer_that_was_removed_begins_anew),
		cmocka_unit_test(test_update_only_makes_no_peer),
		cmocka_unit_test(test_one_change_may_name_a_peer_twice_and_after_its_removal),
		cmocka_unit_test(
			test_messages_that_waited_when_the_link_went_down_are_not_answered),
		cmocka_unit_test(test_messages_that_waited_when_our_key_changed_are_not_looked_at),
		cmocka_unit_test(test_an_endpoint_without_a_port_is_refused),
		cmocka_unit_test(test_a_bad_change_changes_nothing),
		cmocka_unit_test(test_a_peer_may_go_while_its_jobs_are_under_way),
		cmocka_unit_test(test_a_key_or_link_may_change_while_jobs_are_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
