/* Sessions: the three slots, replays, staged packets, statistics. */
#include <stdlib.h>

#include "core/engine.h"
#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

/* A handshake of the puppet's that it does not confirm. */
static void shake_unconfirmed(struct wg_puppet *puppet)
{
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_true(wg_puppet_complete(puppet));
}

/* Whether the node still opens what is sealed under the session. */
static bool receives(struct wg_puppet *puppet, struct wg_session *session)
{
	return wg_sim_got(puppet->node, wg_puppet_send_under(puppet, session)) == 1;
}

/* Whether the node sends under the session. */
static bool sends(struct wg_puppet *puppet, const struct wg_session *session)
{
	struct wg_sim_datagram *data;
	bool same;

	wg_puppet_clear(puppet);
	send_to_puppet(puppet);
	soon(puppet);
	data = wg_puppet_take(puppet, WG_MESSAGE_TRANSPORT);
	assert_non_null(data);
	same = wg_load_le32(data->bytes + 4) == session->local_index;
	free(data);
	return same;
}

static void test_the_next_session_is_used_when_a_packet_came_under_it(void **state)
{
	struct wg_puppet *puppet = stage(1, false);
	struct wg_session first;
	struct wg_session second;

	(void)state;
	wg_puppet_shake(puppet);
	first = puppet->session;
	shake_unconfirmed(puppet);
	second = puppet->session;
	assert_true(sends(puppet, &first));
	assert_true(receives(puppet, &second));
	assert_true(sends(puppet, &second));
	/* The first is previous now, and still receives. */
	assert_true(receives(puppet, &first));
	assert_true(sends(puppet, &second));
	wg_sim_free(puppet->node->sim);
}

static void test_a_newer_next_session_replaces_an_older_one_and_frees_previous(void **state)
{
	struct wg_puppet *puppet = stage(2, false);
	struct wg_session sessions[4];

	(void)state;
	wg_puppet_shake(puppet);
	sessions[0] = puppet->session;
	wg_puppet_shake(puppet);
	sessions[1] = puppet->session;
	assert_true(receives(puppet, &sessions[0]));
	shake_unconfirmed(puppet);
	sessions[2] = puppet->session;
	assert_false(receives(puppet, &sessions[0]));
	assert_true(sends(puppet, &sessions[1]));
	shake_unconfirmed(puppet);
	sessions[3] = puppet->session;
	assert_false(receives(puppet, &sessions[2]));
	assert_true(sends(puppet, &sessions[1]));
	assert_true(receives(puppet, &sessions[3]));
	assert_true(sends(puppet, &sessions[3]));
	assert_true(receives(puppet, &sessions[1]));
	assert_int_equal(wg_sim_drops(puppet->node, WG_DROP_IN_UNKNOWN_INDEX), 2);
	wg_sim_free(puppet->node->sim);
}

static void test_an_initiators_new_session_keeps_an_unconfirmed_next_as_previous(void **state)
{
	struct wg_puppet *puppet = stage(3, true);
	struct wg_sim *sim = puppet->node->sim;
	struct wg_session sessions[3];

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_respond(puppet));
	sessions[0] = puppet->session;
	assert_true(receives(puppet, &sessions[0]));
	wg_sim_run(sim, 115 * WG_SECOND);
	shake_unconfirmed(puppet);
	sessions[1] = puppet->session;
	wg_sim_run(sim, 6 * WG_SECOND);
	wg_puppet_clear(puppet);
	assert_true(sends(puppet, &sessions[0]));
	wg_puppet_clear(puppet);
	wg_sim_run(sim, 6 * WG_SECOND);
	assert_true(wg_puppet_respond(puppet));
	sessions[2] = puppet->session;
	assert_false(receives(puppet, &sessions[0]));
	assert_true(receives(puppet, &sessions[1]));
	assert_true(sends(puppet, &sessions[2]));
	wg_sim_free(sim);
}

static void test_a_rekeyed_initiator_still_receives_under_the_old_session(void **state)
{
	struct wg_puppet *puppet = stage(4, true);
	struct wg_session old;

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_respond(puppet));
	old = puppet->session;
	wg_sim_run(puppet->node->sim, 121 * WG_SECOND);
	wg_puppet_clear(puppet);
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_respond(puppet));
	assert_true(receives(puppet, &old));
	assert_true(sends(puppet, &puppet->session));
	wg_sim_free(puppet->node->sim);
}

static void test_a_replayed_packet_is_delivered_once(void **state)
{
	struct wg_puppet *puppet = stage(5, false);
	struct wg_sim_node *node = puppet->node;
	uint8_t packet[112];
	uint8_t message[sizeof(packet) + WG_TRANSPORT_OVERHEAD];
	size_t len;

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_ip_udp(packet, &puppet->inner4, &node->inner4, 0, 7, sizeof(packet));
	len = wg_puppet_seal(&puppet->session, 5, packet, sizeof(packet), message);
	wg_puppet_say(puppet, message, len);
	wg_puppet_say(puppet, message, len);
	wg_puppet_say(puppet, message, len);
	assert_int_equal(wg_sim_got(node, 7), 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_REPLAY), 2);
	wg_sim_free(node->sim);
}

static void test_late_packets_are_taken_within_the_window(void **state)
{
	static const struct {
		uint64_t counter;
		bool taken;
	} steps[] = {{20000, true},         {20000 - 8127, true}, {20000 - 8127, false},
		     {20000 - 8193, false}, {19999, true},        {10000, false},
		     {20001, true},         {60000, true},        {20002, false},
		     {60000 - 4000, true}};
	struct wg_puppet *puppet = stage(6, false);

	(void)state;
	wg_puppet_shake(puppet);
	for (size_t i = 0; i < WG_ARRAY_LEN(steps); i++) {
		puppet->session.send_counter = steps[i].counter;
		assert_int_equal(receives(puppet, &puppet->session), steps[i].taken);
	}
	wg_sim_free(puppet->node->sim);
}

static void test_counters_at_the_limit_are_refused(void **state)
{
	struct wg_puppet *puppet = stage(7, false);
	const uint64_t limit = UINT64_MAX - (UINT64_C(1) << 13);

	(void)state;
	wg_puppet_shake(puppet);
	puppet->session.send_counter = limit;
	assert_false(receives(puppet, &puppet->session));
	puppet->session.send_counter = UINT64_MAX;
	assert_false(receives(puppet, &puppet->session));
	/* Neither moved the window. */
	puppet->session.send_counter = 2;
	assert_true(receives(puppet, &puppet->session));
	puppet->session.send_counter = limit - 1;
	assert_true(receives(puppet, &puppet->session));
	assert_int_equal(wg_sim_drops(puppet->node, WG_DROP_IN_EXPIRED), 2);
	wg_sim_free(puppet->node->sim);
}

static void test_a_handshakes_index_receives_no_data(void **state)
{
	struct wg_puppet *puppet = stage(31, true);
	struct wg_sim_node *node = puppet->node;
	uint8_t message[WG_TRANSPORT_OVERHEAD] = {WG_MESSAGE_TRANSPORT};

	(void)state;
	send_to_puppet(puppet);
	soon(puppet);
	memcpy(message + 4, wg_sim_last(node, WG_MESSAGE_INITIATION)->bytes + 4, 4);
	wg_puppet_say(puppet, message, sizeof(message));
	soon(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNKNOWN_INDEX), 1);
	wg_sim_free(node->sim);
}

static void test_forged_data_changes_nothing(void **state)
{
	struct wg_puppet *puppet = stage(8, false);
	struct wg_sim_node *node = puppet->node;
	uint8_t message[96 + WG_TRANSPORT_OVERHEAD];
	uint8_t packet[96];
	struct wg_config_peer before;
	struct wg_config_peer after;
	wg_time due;
	size_t len;

	(void)state;
	wg_puppet_shake(puppet);
	before = wg_sim_describe(node, puppet->identity.public_key);
	due = wg_device_due(node->device);
	wg_sim_ip_udp(packet, &puppet->inner4, &node->inner4, 0, 9, sizeof(packet));
	len = wg_puppet_seal(&puppet->session, 9, packet, sizeof(packet), message);
	puppet->endpoint.port++;
	for (size_t i = 0; i < len; i += 7) {
		message[i] ^= 0x10;
		wg_puppet_say(puppet, message, len);
		message[i] ^= 0x10;
	}
	after = wg_sim_describe(node, puppet->identity.public_key);
	assert_int_equal(node->n_got, 0);
	assert_int_equal(before.rx_bytes, after.rx_bytes);
	assert_true(wg_endpoint_equal(&before.endpoint, &after.endpoint));
	assert_true(wg_device_due(node->device) == due);
	wg_puppet_say(puppet, message, len);
	assert_int_equal(wg_sim_got(node, 9), 1);
	wg_sim_free(node->sim);
}

static void test_a_full_queue_drops_its_oldest_packet(void **state)
{
	struct wg_sim *sim = wg_sim_pair(9);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	uint64_t ids[130];

	(void)state;
	sim->net.loss = 1000;
	for (size_t i = 0; i < WG_ARRAY_LEN(ids); i++)
		ids[i] = wg_sim_send(a, b);
	wg_sim_run(sim, WG_SECOND);
	sim->net.loss = 0;
	wg_sim_run(sim, 6 * WG_SECOND);
	assert_int_equal(b->n_got, 128);
	for (size_t i = 0; i < b->n_got; i++)
		assert_true(wg_sim_ip_id(b->got[i]->bytes, 100) == ids[i + 2]);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_STAGED_FULL), 2);
	wg_sim_free(sim);
}

static void test_a_vector_longer_than_the_queue_keeps_its_newest(void **state)
{
	struct wg_sim *sim = wg_sim_pair(10);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	static uint8_t packets[200][60];
	const uint8_t *list[200];
	size_t lens[200];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(list); i++) {
		wg_sim_ip_udp(packets[i], &a->inner4, &b->inner4, 0, i + 1, 60);
		list[i] = packets[i];
		lens[i] = 60;
	}
	wg_sim_from_tun_batch(a, list, lens, WG_ARRAY_LEN(list), true);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(b->n_got, 128);
	assert_int_equal(wg_sim_ip_id(b->got[0]->bytes, 60), 73);
	/* With a session all of a vector goes, in order. */
	wg_sim_from_tun_batch(a, list, lens, WG_ARRAY_LEN(list), true);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(b->n_got, 328);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(wg_sim_ip_id(b->got[128 + i]->bytes, 60), i + 1);
	wg_sim_free(sim);
}

static void test_a_long_vector_keeps_its_order_through_the_workers(void **state)
{
	struct wg_sim *sim = wg_sim_pair(16);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	static uint8_t packets[1000][60];
	const uint8_t *list[1000];
	size_t lens[1000];
	size_t n_got;

	(void)state;
	sim->jobs = WG_SIM_WORKERS;
	wg_sim_assert_works(a, b);
	n_got = b->n_got;
	for (size_t i = 0; i < WG_ARRAY_LEN(list); i++) {
		/* The ECN field changes now and then: another run, another job. */
		wg_sim_ip_udp(packets[i], &a->inner4, &b->inner4, i % 100 < 90 ? 0 : 2, i + 1, 60);
		list[i] = packets[i];
		lens[i] = 60;
	}
	wg_sim_from_tun_batch(a, list, lens, WG_ARRAY_LEN(list), false);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(b->n_got, n_got + 1000);
	for (size_t i = 0; i < WG_ARRAY_LEN(list); i++)
		assert_int_equal(wg_sim_ip_id(b->got[n_got + i]->bytes, 60), i + 1);
	wg_sim_free(sim);
}

/* The node's session with its only peer, as no test could get it by sending. */
static struct wg_session *session_of(const struct wg_sim_node *node)
{
	return &WG_CONTAINER_OF(node->device->peers.next, struct wg_peer, entry)->current->session;
}

static void test_a_session_is_renewed_after_2_60_messages(void **state)
{
	struct wg_puppet *puppet = stage(17, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	send_to_puppet(puppet);
	wg_sim_run(node->sim, 6 * WG_SECOND);
	session_of(node)->send_counter = (UINT64_C(1) << 60) - 1;
	send_to_puppet(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 0);
	send_to_puppet(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 1);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 3);
	wg_sim_free(node->sim);
}

static void test_no_message_is_sent_with_a_counter_at_the_limit(void **state)
{
	struct wg_puppet *puppet = stage(18, true);
	struct wg_sim_node *node = puppet->node;
	const uint64_t limit = UINT64_MAX - (UINT64_C(1) << 13);

	(void)state;
	wg_puppet_shake(puppet);
	send_to_puppet(puppet);
	wg_sim_run(node->sim, 6 * WG_SECOND);
	session_of(node)->send_counter = limit - 1;
	send_to_puppet(puppet);
	assert_true(wg_load_le64(wg_sim_last(node, WG_MESSAGE_TRANSPORT)->bytes + 8) == limit - 1);
	send_to_puppet(puppet);
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 2);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 1);
	assert_true(wg_puppet_respond(puppet));
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 3);
	wg_sim_free(node->sim);
}

static void test_a_vector_for_several_peers_is_sorted_out(void **state)
{
	struct wg_sim *sim = wg_sim_pair(11);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_sim_node *c = wg_sim_add(sim);
	struct wg_endpoint at_c = wg_sim_endpoint(c, WG_FAMILY_IPV6);
	static uint8_t packets[64][60];
	const uint8_t *list[64];
	size_t lens[64];

	(void)state;
	wg_sim_know(a, c, &at_c);
	wg_sim_know(c, a, NULL);
	wg_sim_assert_works(a, b);
	for (size_t i = 0; i < WG_ARRAY_LEN(list); i++) {
		wg_sim_ip_udp(packets[i], &a->inner4, i % 3 ? &b->inner4 : &c->inner4, 0, i + 1,
			      60);
		list[i] = packets[i];
		lens[i] = 60;
	}
	wg_sim_from_tun_batch(a, list, lens, WG_ARRAY_LEN(list), false);
	wg_sim_run(sim, WG_SECOND);
	for (size_t i = 0; i < WG_ARRAY_LEN(list); i++) {
		assert_int_equal(wg_sim_got(b, i + 1), i % 3 != 0);
		assert_int_equal(wg_sim_got(c, i + 1), i % 3 == 0);
	}
	wg_sim_free(sim);
}

static void test_statistics_count_whole_messages_and_handshakes_too(void **state)
{
	struct wg_sim *sim = wg_sim_pair(12);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_config_peer of_a;
	struct wg_config_peer of_b;

	(void)state;
	wg_sim_send(a, b);
	wg_sim_run(sim, WG_SECOND);
	wg_sim_send(b, a);
	wg_sim_run(sim, WG_SECOND);
	of_b = wg_sim_describe(a, b->public_key);
	of_a = wg_sim_describe(b, a->public_key);
	assert_int_equal(of_b.tx_bytes, 148 + 144);
	assert_int_equal(of_b.rx_bytes, 92 + 144);
	assert_int_equal(of_a.rx_bytes, 148 + 144);
	assert_int_equal(of_a.tx_bytes, 92 + 144);
	wg_sim_free(sim);
}

static void test_the_last_handshake_is_the_response_or_the_confirmation(void **state)
{
	struct wg_puppet *puppet = stage(13, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_now now;

	(void)state;
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).handshake_sec, 0);
	shake_unconfirmed(puppet);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).handshake_sec, 0);
	wg_sim_run(node->sim, 3 * WG_SECOND);
	wg_puppet_send(puppet, NULL, 0);
	now = wg_sim_now(node);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).handshake_sec,
			 now.wall_sec);
	wg_sim_run(node->sim, 200 * WG_SECOND);
	wg_puppet_clear(puppet);
	send_to_puppet(puppet);
	wg_sim_run(node->sim, 2 * WG_SECOND);
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).handshake_sec,
			 now.wall_sec);
	assert_true(wg_puppet_respond(puppet));
	assert_int_equal(wg_sim_describe(node, puppet->identity.public_key).handshake_sec,
			 wg_sim_now(node).wall_sec);
	wg_sim_free(node->sim);
}

static void test_a_disturbed_network_delivers_everything_once_or_not_at_all(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct wg_sim *sim = wg_sim_pair(seed);
		uint64_t ids[2][200];
		size_t n_lost = 0;

		sim->jobs = seed % 2 ? WG_SIM_WORKERS : WG_SIM_INLINE;
		wg_sim_assert_works(&sim->nodes[0], &sim->nodes[1]);
		sim->net.spread = 300 * WG_MILLISECOND;
		sim->net.duplicates = 300;
		sim->net.loss = 100;
		for (size_t i = 0; i < 200; i++) {
			for (size_t k = 0; k < 2; k++)
				ids[k][i] = wg_sim_send(&sim->nodes[k], &sim->nodes[1 - k]);
			wg_sim_run(sim, 10 * WG_MILLISECOND);
		}
		wg_sim_run(sim, WG_SECOND);
		for (size_t i = 0; i < 200; i++) {
			for (size_t k = 0; k < 2; k++) {
				size_t n = wg_sim_got(&sim->nodes[1 - k], ids[k][i]);

				assert_true(n <= 1);
				n_lost += n == 0;
			}
		}
		assert_true(n_lost < 100);
		wg_sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_next_session_is_used_when_a_packet_came_under_it),
		cmocka_unit_test(
			test_a_newer_next_session_replaces_an_older_one_and_frees_previous),
		cmocka_unit_test(
			test_an_initiators_new_session_keeps_an_unconfirmed_next_as_previous),
		cmocka_unit_test(test_a_rekeyed_initiator_still_receives_under_the_old_session),
		cmocka_unit_test(test_a_replayed_packet_is_delivered_once),
		cmocka_unit_test(test_late_packets_are_taken_within_the_window),
		cmocka_unit_test(test_counters_at_the_limit_are_refused),
		cmocka_unit_test(test_a_handshakes_index_receives_no_data),
		cmocka_unit_test(test_forged_data_changes_nothing),
		cmocka_unit_test(test_a_full_queue_drops_its_oldest_packet),
		cmocka_unit_test(test_a_vector_longer_than_the_queue_keeps_its_newest),
		cmocka_unit_test(test_a_long_vector_keeps_its_order_through_the_workers),
		cmocka_unit_test(test_a_session_is_renewed_after_2_60_messages),
		cmocka_unit_test(test_no_message_is_sent_with_a_counter_at_the_limit),
		cmocka_unit_test(test_a_vector_for_several_peers_is_sorted_out),
		cmocka_unit_test(test_statistics_count_whole_messages_and_handshakes_too),
		cmocka_unit_test(test_the_last_handshake_is_the_response_or_the_confirmation),
		cmocka_unit_test(test_a_disturbed_network_delivers_everything_once_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
