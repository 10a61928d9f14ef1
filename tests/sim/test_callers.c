/* Who calls in vain, and a peer that falls silent: what the engine says of them. */
#include <stdlib.h>

#include "sim/scene.h"
#include "sim/sim.h"

static struct wg_config_caller caller_of(const struct wg_sim_node *node,
					 enum wg_config_caller_kind kind)
{
	struct wg_config_caller caller;
	struct wg_config config;

	wg_config_init(&config);
	assert_int_equal(wg_device_describe(node->device, &config, wg_sim_now(node)), 0);
	caller = config.callers[kind];
	wg_config_deinit(&config);
	return caller;
}

static void call_with_a_wrong_key(struct wg_puppet *puppet)
{
	wg_puppet_make_initiation(puppet);
	puppet->initiation.mac1[15] ^= 0x80;
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
}

static void test_who_has_another_key_for_us_is_remembered_by_its_address(void **state)
{
	struct wg_puppet *puppet = stage(1, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_config_caller caller = caller_of(node, WG_CALLER_WRONG_KEY);

	(void)state;
	assert_int_equal(caller.calls, 0);
	call_with_a_wrong_key(puppet);
	call_with_a_wrong_key(puppet);
	wg_sim_run(node->sim, 10 * WG_SECOND);
	caller = caller_of(node, WG_CALLER_WRONG_KEY);
	assert_int_equal(caller.calls, 2);
	assert_int_equal(caller.age_sec, 10);
	assert_true(wg_endpoint_equal(&caller.source, &puppet->endpoint));
	assert_int_equal(caller_of(node, WG_CALLER_UNKNOWN).calls, 0);
	wg_sim_free(node->sim);
}

static void test_a_call_long_after_the_last_is_the_first_of_a_new_series(void **state)
{
	struct wg_puppet *puppet = stage(2, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	call_with_a_wrong_key(puppet);
	wg_sim_run(node->sim, 179 * WG_SECOND);
	call_with_a_wrong_key(puppet);
	assert_int_equal(caller_of(node, WG_CALLER_WRONG_KEY).calls, 2);
	wg_sim_run(node->sim, 181 * WG_SECOND);
	call_with_a_wrong_key(puppet);
	assert_int_equal(caller_of(node, WG_CALLER_WRONG_KEY).calls, 1);
	wg_sim_free(node->sim);
}

static void test_who_is_no_peer_is_remembered_by_its_key(void **state)
{
	struct wg_puppet *puppet = stage(3, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);
	struct wg_config_caller caller;

	(void)state;
	wg_puppet_initiate(stranger);
	soon(puppet);
	caller = caller_of(node, WG_CALLER_UNKNOWN);
	assert_int_equal(caller.calls, 1);
	assert_memory_equal(caller.public_key, stranger->identity.public_key, WG_KEY_LEN);
	assert_true(wg_endpoint_equal(&caller.source, &stranger->endpoint));
	assert_int_equal(caller_of(node, WG_CALLER_WRONG_KEY).calls, 0);
	wg_puppet_befriend(stranger, false);
	assert_int_equal(caller_of(node, WG_CALLER_UNKNOWN).calls, 0);
	wg_sim_free(node->sim);
}

static void test_what_goes_wrong_with_a_peers_call_makes_it_no_stranger(void **state)
{
	struct wg_puppet *puppet = stage(4, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_initiate(puppet);
	soon(puppet);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_OLD_TIMESTAMP), 1);
	puppet->initiation.timestamp[0] ^= 1;
	wg_cookie_sign(&puppet->jar, &puppet->initiation, sizeof(puppet->initiation), 0);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 1);
	for (int kind = 0; kind < WG_N_CALLERS; kind++)
		assert_int_equal(caller_of(node, (enum wg_config_caller_kind)kind).calls, 0);
	wg_sim_free(node->sim);
}

static void test_a_wrong_mac1_of_anything_but_an_initiation_is_no_call(void **state)
{
	struct wg_puppet *puppet = stage(5, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_make_response(puppet));
	puppet->response.mac1[0] ^= 1;
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_MAC1), 1);
	assert_int_equal(caller_of(node, WG_CALLER_WRONG_KEY).calls, 0);
	wg_sim_free(node->sim);
}

static bool drop_all(void *ctx, const struct wg_sim_datagram *datagram)
{
	(void)ctx;
	(void)datagram;
	return false;
}

/* Traffic goes on, as it does when a way out breaks. */
static void test_a_peer_cut_off_is_counted_silent_while_its_session_lasts(void **state)
{
	struct wg_sim *sim = wg_sim_pair(6);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_config_peer peer;

	(void)state;
	wg_sim_assert_works(a, b);
	wg_sim_run(sim, 10 * WG_SECOND);
	assert_false(wg_device_wants_reports(a->device, wg_sim_now(a).boot));
	sim->net.filter = drop_all;
	for (int second = 0; second < 60; second++) {
		wg_sim_send(a, b);
		wg_sim_run(sim, WG_SECOND);
	}
	peer = wg_sim_describe(a, b->public_key);
	assert_true(peer.health.session);
	assert_true(peer.health.initiations_sent >= 3);
	assert_true(wg_device_wants_reports(a->device, wg_sim_now(a).boot));
	sim->net.filter = NULL;
	wg_sim_run(sim, 10 * WG_SECOND);
	wg_sim_assert_works(a, b);
	assert_int_equal(wg_sim_describe(a, b->public_key).health.initiations_sent, 0);
	wg_sim_run(sim, 10 * WG_SECOND);
	assert_false(wg_device_wants_reports(a->device, wg_sim_now(a).boot));
	wg_sim_free(sim);
}

static void test_answers_that_nobody_takes_are_counted(void **state)
{
	struct wg_puppet *puppet = stage(7, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).health.responses_sent,
			 0);
	for (uint32_t i = 1; i <= 3; i++) {
		wg_puppet_initiate(puppet);
		wg_sim_run(node->sim, 5 * WG_SECOND);
		assert_int_equal(
			wg_sim_describe(node, puppet->identity.public_key).health.responses_sent,
			i);
	}
	wg_puppet_clear(puppet);
	wg_puppet_shake(puppet);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).health.responses_sent,
			 0);
	wg_sim_free(node->sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_has_another_key_for_us_is_remembered_by_its_address),
		cmocka_unit_test(test_a_call_long_after_the_last_is_the_first_of_a_new_series),
		cmocka_unit_test(test_who_is_no_peer_is_remembered_by_its_key),
		cmocka_unit_test(test_what_goes_wrong_with_a_peers_call_makes_it_no_stranger),
		cmocka_unit_test(test_a_wrong_mac1_of_anything_but_an_initiation_is_no_call),
		cmocka_unit_test(test_answers_that_nobody_takes_are_counted),
		cmocka_unit_test(test_a_peer_cut_off_is_counted_silent_while_its_session_lasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
