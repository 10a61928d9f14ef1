/* Handshakes: who may speak when, what is refused, and what is never answered. */
#include <stdlib.h>

#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

static bool drop_all(void *ctx, const struct wg_sim_datagram *datagram)
{
	(void)ctx;
	(void)datagram;
	return false;
}

static void test_a_tunnel_carries_both_families_over_both(void **state)
{
	static const enum wg_family outers[] = {WG_FAMILY_IPV4, WG_FAMILY_IPV6};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(outers); i++) {
		struct wg_sim *sim = wg_sim_new(i);
		struct wg_sim_node *a = wg_sim_add(sim);
		struct wg_sim_node *b = wg_sim_add(sim);
		struct wg_endpoint at_b = wg_sim_endpoint(b, outers[i]);
		uint64_t six;

		wg_sim_know(a, b, &at_b);
		wg_sim_know(b, a, NULL);
		wg_sim_assert_works(a, b);
		six = wg_sim_send_ip(a, &a->inner6, &b->inner6, 0, 1420);
		wg_sim_run(sim, WG_SECOND);
		assert_int_equal(wg_sim_got(b, six), 1);
		six = wg_sim_send_ip(b, &b->inner6, &a->inner6, 0, 61);
		wg_sim_run(sim, WG_SECOND);
		assert_int_equal(wg_sim_got(a, six), 1);
		assert_int_equal(wg_sim_find(a, six)->len, 61);
		assert_true(wg_sim_ip_sound(wg_sim_find(a, six)->bytes, 61));
		wg_sim_free(sim);
	}
}

static void test_the_responder_waits_for_the_first_packet_of_the_initiator(void **state)
{
	struct wg_puppet *puppet = stage(1, false);
	struct wg_sim_node *node = puppet->node;
	uint8_t inner[WG_SIM_IP_MAX];
	struct wg_sim_datagram *data;
	uint64_t id;

	(void)state;
	wg_puppet_initiate(puppet);
	soon(puppet);
	id = send_to_puppet(puppet);
	wg_sim_run(node->sim, 4 * WG_SECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 0);
	assert_true(wg_puppet_complete(puppet));
	wg_puppet_send(puppet, NULL, 0);
	soon(puppet);
	data = wg_puppet_take(puppet, WG_MESSAGE_TRANSPORT);
	assert_non_null(data);
	assert_int_equal(wg_puppet_open(puppet, data, inner), 112);
	assert_true(wg_sim_ip_id(inner, 100) == id);
	free(data);
	wg_sim_free(node->sim);
}

static void test_an_initiator_with_packets_confirms_with_them_alone(void **state)
{
	struct wg_sim *sim = wg_sim_pair(2);
	struct wg_sim_node *a = &sim->nodes[0];
	uint64_t ids[3];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(ids); i++)
		ids[i] = wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 1);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_TRANSPORT, 0), 3);
	assert_int_equal(sim->nodes[1].n_got, 3);
	for (size_t i = 0; i < WG_ARRAY_LEN(ids); i++)
		assert_true(wg_sim_ip_id(sim->nodes[1].got[i]->bytes, 100) == ids[i]);
	wg_sim_free(sim);
}

static void test_an_initiator_without_packets_confirms_with_a_keepalive(void **state)
{
	struct wg_sim *sim = wg_sim_pair(3);
	struct wg_sim_node *a = &sim->nodes[0];
	const struct wg_sim_datagram *response;
	const struct wg_sim_datagram *first;
	size_t mark;

	(void)state;
	wg_sim_assert_works(a, &sim->nodes[1]);
	wg_sim_run(sim, 60 * WG_SECOND);
	/* A packet that nothing answers makes a handshake with an empty queue. */
	sim->net.filter = drop_all;
	wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, 14 * WG_SECOND);
	sim->net.filter = NULL;
	mark = wg_sim_mark(sim);
	wg_sim_run(sim, 2 * WG_SECOND);
	response = wg_sim_nth(&sim->nodes[1], WG_MESSAGE_RESPONSE, mark, 0);
	first = wg_sim_nth(a, WG_MESSAGE_TRANSPORT, mark, 0);
	assert_non_null(response);
	assert_non_null(first);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_TRANSPORT, mark), 1);
	assert_int_equal(first->len, 32);
	assert_true(first->at <= response->at + sim->net.delay + WG_MILLISECOND);
	wg_sim_free(sim);
}

static void test_both_initiating_at_once_still_gives_one_tunnel(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct wg_sim *sim = wg_sim_pair(seed);
		struct wg_sim_node *a = &sim->nodes[0];
		struct wg_sim_node *b = &sim->nodes[1];
		uint64_t there = wg_sim_send(a, b);
		uint64_t back = wg_sim_send(b, a);

		/* Both overwrite their own; it is for jitter to tell them apart. */
		wg_sim_run(sim, 16 * WG_SECOND);
		assert_int_equal(wg_sim_got(b, there), 1);
		assert_int_equal(wg_sim_got(a, back), 1);
		wg_sim_assert_works(a, b);
		wg_sim_free(sim);
	}
}

static void test_two_busy_engines_do_not_overwrite_each_other_for_ever(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct wg_sim *sim = wg_sim_pair(seed);
		struct wg_sim_node *a = &sim->nodes[0];
		struct wg_sim_node *b = &sim->nodes[1];
		wg_time end = sim->now + 30 * WG_SECOND;

		sim->net.delay = 50 * WG_MILLISECOND;
		if (seed % 2) {
			wg_sim_set_keepalive(a, b->public_key, 1);
			wg_sim_set_keepalive(b, a->public_key, 1);
		}
		while (sim->now < end) {
			wg_sim_send(a, b);
			wg_sim_send(b, a);
			wg_sim_run(sim, (seed % 2 ? 5000 : 20) * WG_MILLISECOND);
		}
		wg_sim_assert_works(a, b);
		wg_sim_free(sim);
	}
}

static void test_a_garbage_response_changes_nothing(void **state)
{
	struct wg_puppet *puppet = stage(4, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_wire_response garbage;

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_make_response(puppet));
	garbage = puppet->response;
	garbage.empty[3] ^= 1;
	wg_cookie_sign(&puppet->jar, &garbage, sizeof(garbage), 0);
	wg_puppet_say(puppet, &garbage, sizeof(garbage));
	garbage = puppet->response;
	garbage.mac1[0] ^= 1;
	wg_puppet_say(puppet, &garbage, sizeof(garbage));
	garbage = puppet->response;
	memset(garbage.ephemeral, 0, sizeof(garbage.ephemeral));
	wg_cookie_sign(&puppet->jar, &garbage, sizeof(garbage), 0);
	wg_puppet_say(puppet, &garbage, sizeof(garbage));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 2);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_MAC1), 1);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	wg_sim_free(node->sim);
}

static void test_a_response_counts_only_for_the_last_initiation_and_once(void **state)
{
	struct wg_puppet *puppet = stage(5, true);
	struct wg_sim_node *node = puppet->node;
	uint64_t id;

	(void)state;
	send_to_puppet(puppet);
	wg_sim_run(node->sim, 6 * WG_SECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 2);
	assert_true(wg_puppet_respond(puppet)); /* to the first */
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
	assert_true(wg_puppet_respond(puppet)); /* to the second */
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_NO_HANDSHAKE), 2);
	id = wg_puppet_send_data(puppet);
	assert_int_equal(wg_sim_got(node, id), 1);
	wg_sim_free(node->sim);
}

static void test_a_response_may_take_its_time(void **state)
{
	struct wg_puppet *puppet = stage(6, true);

	(void)state;
	send_to_puppet(puppet);
	wg_sim_run(puppet->node->sim, 4900 * WG_MILLISECOND);
	assert_true(wg_puppet_respond(puppet));
	soon(puppet);
	assert_int_equal(wg_sim_count(puppet->node, WG_MESSAGE_TRANSPORT, 0), 1);
	wg_sim_free(puppet->node->sim);
}

static void test_consuming_an_initiation_overwrites_the_pending_one(void **state)
{
	struct wg_puppet *puppet = stage(7, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_handshake mine;

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	mine = puppet->handshake;
	assert_true(wg_puppet_respond(puppet)); /* to what the node has forgotten */
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
	puppet->handshake = mine;
	assert_true(wg_puppet_complete(puppet));
	wg_puppet_send(puppet, NULL, 0);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	wg_sim_free(node->sim);
}

static void test_a_replayed_initiation_is_not_answered(void **state)
{
	struct wg_puppet *puppet = stage(8, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_wire_initiation old;

	(void)state;
	wg_puppet_make_initiation(puppet);
	old = puppet->initiation;
	wg_sim_run(node->sim, WG_SECOND);
	wg_puppet_shake(puppet);
	wg_sim_run(node->sim, WG_SECOND);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	wg_sim_run(node->sim, WG_SECOND);
	wg_puppet_say(puppet, &old, sizeof(old));
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_OLD_TIMESTAMP), 2);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_free(node->sim);
}

static void test_the_newest_timestamp_outlives_wipe_and_link_down(void **state)
{
	struct wg_puppet *puppet = stage(9, false);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_run(node->sim, 600 * WG_SECOND);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	wg_sim_run(node->sim, WG_SECOND);
	wg_sim_down(node);
	wg_sim_up(node);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	wg_puppet_shake(puppet);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_free(node->sim);
}

static void test_initiations_of_a_peer_are_20_ms_apart(void **state)
{
	struct wg_puppet *puppet = stage(10, false);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_initiate(puppet);
	wg_sim_run(node->sim, 19 * WG_MILLISECOND);
	wg_puppet_initiate(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_FLOOD), 1);
	wg_sim_run(node->sim, 2 * WG_MILLISECOND);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 2);
	wg_sim_free(node->sim);
}

static void test_what_is_no_message_is_never_answered(void **state)
{
	struct wg_puppet *puppet = stage(11, true);
	struct wg_sim_node *node = puppet->node;
	uint8_t bytes[200] = {0};
	static const struct {
		size_t at;
		uint8_t value;
		size_t len;
	} bad[] = {{0, 0, 148}, {0, 5, 148}, {0, 2, 148}, {1, 1, 148},  {2, 1, 148},
		   {3, 1, 148}, {0, 1, 147}, {0, 1, 149}, {0, 4, 31},   {0, 3, 63},
		   {0, 2, 93},  {0, 1, 0},   {0, 1, 1},   {1, 255, 32}, {0, 255, 148}};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(bad); i++) {
		wg_puppet_make_initiation(puppet);
		memcpy(bytes, &puppet->initiation, sizeof(puppet->initiation));
		bytes[bad[i].at] = bad[i].value;
		wg_puppet_say(puppet, bytes, bad[i].len);
		wg_sim_run(node->sim, WG_SECOND);
	}
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_MALFORMED), WG_ARRAY_LEN(bad));
	assert_int_equal(node->sim->n_sent, 0);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	wg_sim_free(node->sim);
}

static void test_a_wrong_mac1_a_stranger_and_a_bad_point_are_never_answered(void **state)
{
	struct wg_puppet *puppet = stage(12, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	wg_puppet_make_initiation(puppet);
	puppet->initiation.mac1[15] ^= 0x80;
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_MAC1), 1);
	wg_puppet_initiate(stranger);
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNKNOWN_PEER), 1);
	wg_puppet_make_initiation(puppet);
	memset(puppet->initiation.ephemeral, 0, WG_KEY_LEN);
	wg_cookie_sign(&puppet->jar, &puppet->initiation, sizeof(puppet->initiation), 0);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	wg_puppet_make_initiation(puppet);
	puppet->initiation.timestamp[0] ^= 1;
	wg_cookie_sign(&puppet->jar, &puppet->initiation, sizeof(puppet->initiation), 0);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 2);
	assert_int_equal(node->sim->n_sent, 0);
	wg_puppet_shake(puppet);
	wg_sim_free(node->sim);
}

static void test_timestamps_are_whitened_and_outlast_a_clock_set_back(void **state)
{
	struct wg_puppet *puppet = stage(13, true);
	struct wg_sim_node *node = puppet->node;
	uint8_t last[WG_TAI64N_LEN] = {0};

	(void)state;
	for (int i = 0; i < 8; i++) {
		send_to_puppet(puppet);
		soon(puppet);
		assert_true(wg_puppet_make_response(puppet));
		assert_true(memcmp(puppet->timestamp, last, sizeof(last)) > 0);
		assert_int_equal(wg_load_be32(puppet->timestamp + 8) & 0xffffff, 0);
		assert_true(wg_load_be32(puppet->timestamp + 8) < 1000000000);
		memcpy(last, puppet->timestamp, sizeof(last));
		node->wall_offset -= 3600 * WG_SECOND;
		if (i == 4) { /* A new peer of the same key does not start again either. */
			wg_sim_forget(node, puppet->identity.public_key);
			wg_puppet_befriend(puppet, true);
		}
		wg_sim_run(node->sim, 200 * WG_SECOND);
		wg_puppet_clear(puppet);
	}
	wg_sim_free(node->sim);
}

static void test_indices_are_unique_also_when_chance_repeats_itself(void **state)
{
	struct wg_puppet *puppet = stage(14, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *other = wg_puppet_new(node);
	uint32_t seen[4];

	(void)state;
	wg_puppet_befriend(other, true);
	node->watch.knows_few_numbers = true;
	for (int i = 0; i < 30; i++) {
		node->knows_few_numbers = true;
		send_to_puppet(puppet);
		send_to_puppet(other);
		soon(puppet);
		assert_true(wg_puppet_respond(puppet));
		assert_true(wg_puppet_respond(other));
		seen[0] = puppet->session.remote_index;
		seen[1] = other->session.remote_index;
		wg_puppet_shake(puppet);
		wg_puppet_shake(other);
		seen[2] = puppet->session.remote_index;
		seen[3] = other->session.remote_index;
		node->knows_few_numbers = false;
		for (size_t k = 0; k < WG_ARRAY_LEN(seen); k++)
			for (size_t n = 0; n < k; n++)
				assert_int_not_equal(seen[k], seen[n]);
		wg_sim_run(node->sim, 200 * WG_SECOND);
		wg_puppet_clear(puppet);
		wg_puppet_clear(other);
	}
	wg_sim_free(node->sim);
}

static void test_a_machine_that_just_booted_shakes_hands_at_once(void **state)
{
	struct wg_sim *sim = wg_sim_new(15);
	struct wg_sim_node *a;
	struct wg_sim_node *b;
	struct wg_endpoint at_b;

	(void)state;
	sim->now = 0;
	sim->skew = 0;
	a = wg_sim_add(sim);
	b = wg_sim_add(sim);
	at_b = wg_sim_endpoint(b, WG_FAMILY_IPV4);
	wg_sim_know(a, b, &at_b);
	wg_sim_know(b, a, NULL);
	wg_sim_assert_works(a, b);
	wg_sim_free(sim);
}

static void test_the_same_seed_gives_the_same_trace(void **state)
{
	uint64_t hashes[3];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(hashes); i++) {
		struct wg_sim *sim = wg_sim_pair(i == 2 ? 17 : 16);

		sim->jobs = WG_SIM_WORKERS;
		sim->net.loss = 200;
		sim->net.duplicates = 100;
		sim->net.spread = 50 * WG_MILLISECOND;
		for (int k = 0; k < 100; k++) {
			wg_sim_send(&sim->nodes[k % 2], &sim->nodes[(k + 1) % 2]);
			wg_sim_run(sim, 3 * WG_SECOND);
		}
		hashes[i] = sim->trace_hash;
		wg_sim_free(sim);
	}
	assert_true(hashes[0] == hashes[1]);
	assert_true(hashes[0] != hashes[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tunnel_carries_both_families_over_both),
		cmocka_unit_test(test_the_responder_waits_for_the_first_packet_of_the_initiator),
		cmocka_unit_test(test_an_initiator_with_packets_confirms_with_them_alone),
		cmocka_unit_test(test_an_initiator_without_packets_confirms_with_a_keepalive),
		cmocka_unit_test(test_both_initiating_at_once_still_gives_one_tunnel),
		cmocka_unit_test(test_two_busy_engines_do_not_overwrite_each_other_for_ever),
		cmocka_unit_test(test_a_garbage_response_changes_nothing),
		cmocka_unit_test(test_a_response_counts_only_for_the_last_initiation_and_once),
		cmocka_unit_test(test_a_response_may_take_its_time),
		cmocka_unit_test(test_consuming_an_initiation_overwrites_the_pending_one),
		cmocka_unit_test(test_a_replayed_initiation_is_not_answered),
		cmocka_unit_test(test_the_newest_timestamp_outlives_wipe_and_link_down),
		cmocka_unit_test(test_initiations_of_a_peer_are_20_ms_apart),
		cmocka_unit_test(test_what_is_no_message_is_never_answered),
		cmocka_unit_test(test_a_wrong_mac1_a_stranger_and_a_bad_point_are_never_answered),
		cmocka_unit_test(test_timestamps_are_whitened_and_outlast_a_clock_set_back),
		cmocka_unit_test(test_indices_are_unique_also_when_chance_repeats_itself),
		cmocka_unit_test(test_a_machine_that_just_booted_shakes_hands_at_once),
		cmocka_unit_test(test_the_same_seed_gives_the_same_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
