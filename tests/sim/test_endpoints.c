/* Endpoints: roaming, translators, sticky sources, and the DS field both ways. */
#include <errno.h>
#include <stdlib.h>

#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

/* Where the node sends the next data packet to. */
static struct wg_path next_path(struct wg_puppet *puppet)
{
	struct wg_sim_node *node = puppet->node;
	size_t mark = wg_sim_mark(node->sim);
	const struct wg_sim_datagram *data;

	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
	soon(puppet);
	data = wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, 0);
	assert_non_null(data);
	return data->path;
}

/* Which address the next data packet is pinned to. */
static bool pinned_to(struct wg_puppet *puppet, const struct wg_ip *ip)
{
	struct wg_path path = next_path(puppet);

	return wg_ip_equal(&path.local, ip);
}

static bool goes_to(struct wg_puppet *puppet, const struct wg_endpoint *endpoint)
{
	struct wg_path path = next_path(puppet);
	struct wg_config_peer peer = wg_sim_describe(puppet->node, puppet->identity.public_key);

	assert_true(wg_endpoint_equal(&peer.endpoint, &path.remote));
	return wg_endpoint_equal(&path.remote, endpoint);
}

static void test_the_endpoint_follows_authentic_data_of_either_family(void **state)
{
	struct wg_puppet *puppet = stage(1, false);
	const uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8, 0x77, [15] = 9};

	(void)state;
	wg_puppet_shake(puppet);
	assert_true(goes_to(puppet, &puppet->endpoint));
	puppet->endpoint.port = 4001;
	wg_puppet_send(puppet, NULL, 0);
	assert_true(goes_to(puppet, &puppet->endpoint));
	puppet->endpoint.ip = wg_ip_from_bytes(WG_FAMILY_IPV6, six);
	wg_puppet_send_data(puppet);
	assert_true(goes_to(puppet, &puppet->endpoint));
	wg_sim_free(puppet->node->sim);
}

static void test_the_endpoint_follows_packets_whose_inside_is_bad(void **state)
{
	struct wg_puppet *puppet = stage(2, false);
	const uint8_t junk[32] = {0xf0};

	(void)state;
	wg_puppet_shake(puppet);
	puppet->endpoint.port = 4002;
	wg_puppet_send(puppet, junk, sizeof(junk));
	assert_int_equal(wg_sim_drops(puppet->node, WG_DROP_INNER_MALFORMED), 1);
	assert_true(goes_to(puppet, &puppet->endpoint));
	wg_sim_free(puppet->node->sim);
}

static void test_the_endpoint_follows_handshakes(void **state)
{
	struct wg_puppet *puppet = stage(3, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	puppet->endpoint.port = 4003;
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_non_null(puppet->inbox); /* the response went to the new port */
	assert_true(goes_to(puppet, &puppet->endpoint));
	wg_sim_run(node->sim, 200 * WG_SECOND);
	wg_puppet_clear(puppet);
	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
	soon(puppet);
	puppet->endpoint.port = 4004;
	assert_true(wg_puppet_respond(puppet));
	assert_true(goes_to(puppet, &puppet->endpoint));
	wg_sim_free(node->sim);
}

static void test_replays_move_no_endpoint(void **state)
{
	struct wg_puppet *puppet = stage(4, false);
	struct wg_endpoint home = puppet->endpoint;
	uint8_t message[WG_TRANSPORT_OVERHEAD];
	size_t len;

	(void)state;
	wg_puppet_shake(puppet);
	len = wg_puppet_seal(&puppet->session, puppet->session.send_counter++, NULL, 0, message);
	wg_puppet_say(puppet, message, len);
	puppet->endpoint.port = 4005;
	wg_puppet_say(puppet, message, len);
	assert_true(goes_to(puppet, &home));
	wg_sim_run(puppet->node->sim, WG_SECOND);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	assert_true(goes_to(puppet, &home));
	wg_sim_free(puppet->node->sim);
}

static void test_a_cookie_reply_moves_no_endpoint(void **state)
{
	struct wg_puppet *puppet = stage(5, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_endpoint home = puppet->endpoint;
	struct wg_config_peer peer;
	struct wg_wire_cookie_reply reply;
	struct wg_sim_datagram *first;
	struct wg_random random = wg_test_source(&puppet->random);
	struct wg_endpoint source = wg_sim_endpoint(node, WG_FAMILY_IPV4);

	(void)state;
	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
	soon(puppet);
	first = wg_puppet_take(puppet, WG_MESSAGE_INITIATION);
	assert_non_null(first);
	wg_cookie_reply(&puppet->checker, &reply, first->bytes, first->len, first->bytes + 4,
			&source, 0, &random);
	free(first);
	puppet->endpoint.port = 4006;
	wg_puppet_say(puppet, &reply, sizeof(reply));
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_COOKIE), 0);
	peer = wg_sim_describe(node, puppet->identity.public_key);
	assert_true(wg_endpoint_equal(&peer.endpoint, &home));
	wg_sim_run(node->sim, 6 * WG_SECOND);
	assert_true(
		wg_endpoint_equal(&wg_sim_last(node, WG_MESSAGE_INITIATION)->path.remote, &home));
	wg_sim_free(node->sim);
}

static void test_a_translator_that_rebinds_costs_one_packet_of_the_inside(void **state)
{
	struct wg_sim *sim = wg_sim_new(6);
	struct wg_sim_node *a = wg_sim_add(sim);
	struct wg_sim_node *b = wg_sim_add(sim);
	struct wg_endpoint at_b = wg_sim_endpoint(b, WG_FAMILY_IPV4);

	(void)state;
	a->nat.on = true;
	wg_sim_know(a, b, &at_b);
	wg_sim_know(b, a, NULL);
	for (int i = 0; i < 5; i++) {
		uint64_t lost;

		wg_sim_assert_works(a, b);
		wg_sim_nat_rebind(&a->nat);
		lost = wg_sim_send(b, a);
		wg_sim_run(sim, WG_SECOND);
		assert_int_equal(wg_sim_got(a, lost), 0);
	}
	wg_sim_free(sim);
}

static void test_a_persistent_keepalive_holds_a_translator_open(void **state)
{
	struct wg_sim *sim = wg_sim_new(7);
	struct wg_sim_node *a = wg_sim_add(sim);
	struct wg_sim_node *b = wg_sim_add(sim);
	struct wg_endpoint at_b = wg_sim_endpoint(b, WG_FAMILY_IPV4);

	(void)state;
	a->nat.on = true;
	wg_sim_know(a, b, &at_b);
	wg_sim_know(b, a, NULL);
	wg_sim_set_keepalive(a, b->public_key, 25);
	for (int i = 0; i < 20; i++) {
		uint64_t id;

		wg_sim_run(sim, 111 * WG_SECOND);
		id = wg_sim_send(b, a);
		wg_sim_run(sim, WG_SECOND);
		assert_int_equal(wg_sim_got(a, id), 1);
	}
	wg_sim_free(sim);
}

static void test_a_machine_that_changes_its_address_keeps_its_session(void **state)
{
	struct wg_sim *sim = wg_sim_pair(8);
	struct wg_sim_node *a = &sim->nodes[0];
	size_t mark;

	(void)state;
	wg_sim_assert_works(a, &sim->nodes[1]);
	mark = wg_sim_mark(sim);
	for (uint8_t i = 0; i < 5; i++) {
		a->addresses[0].bytes[3] = (uint8_t)(100 + i);
		wg_sim_assert_works(a, &sim->nodes[1]);
	}
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 0);
	assert_true(a->n_rejected_sources >= 1);
	wg_sim_free(sim);
}

static void test_answers_leave_from_the_address_that_was_asked(void **state)
{
	struct wg_puppet *puppet = stage(9, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t second[4] = {192, 0, 2, 200};
	struct wg_path path;
	uint8_t message[WG_TRANSPORT_OVERHEAD];

	(void)state;
	node->addresses[node->n_addresses++] = wg_ip_from_bytes(WG_FAMILY_IPV4, second);
	path = (struct wg_path){puppet->endpoint, node->addresses[2]};
	wg_puppet_make_initiation(puppet);
	wg_sim_from_udp_at(node, &path, 0, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	assert_true(wg_ip_equal(&wg_sim_last(node, WG_MESSAGE_RESPONSE)->source.ip, &path.local));
	assert_true(wg_puppet_complete(puppet));
	wg_puppet_seal(&puppet->session, puppet->session.send_counter++, NULL, 0, message);
	wg_sim_from_udp_at(node, &path, 0, message, sizeof(message));
	assert_true(pinned_to(puppet, &path.local));
	/* The address goes away: that very packet leaves anyway, the next unpinned. */
	node->n_addresses--;
	assert_true(pinned_to(puppet, &path.local));
	assert_int_equal(node->n_rejected_sources, 1);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_NONE);
	wg_sim_free(node->sim);
}

static void test_a_source_is_forgotten_when_endpoint_port_or_mark_are_set(void **state)
{
	struct wg_puppet *puppet = stage(10, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_config change;

	(void)state;
	wg_puppet_shake(puppet);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_IPV4);
	wg_sim_set_endpoint(node, puppet->identity.public_key, &puppet->endpoint);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_NONE);
	wg_puppet_send(puppet, NULL, 0);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_IPV4);
	/* What is set to what it was moves nothing. */
	wg_config_init(&change);
	change.has_listen_port = change.has_fwmark = true;
	change.listen_port = WG_SIM_PORT;
	assert_int_equal(wg_sim_apply(node, &change), 0);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_IPV4);
	wg_config_init(&change);
	change.has_fwmark = true;
	change.fwmark = 77;
	assert_int_equal(wg_sim_apply(node, &change), 0);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_NONE);
	wg_puppet_send(puppet, NULL, 0);
	wg_config_init(&change);
	change.has_listen_port = true;
	change.listen_port = WG_SIM_PORT + 1;
	assert_int_equal(wg_sim_apply(node, &change), 0);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_NONE);
	wg_puppet_send(puppet, NULL, 0);
	assert_int_equal(next_path(puppet).local.family, WG_FAMILY_IPV4);
	wg_sim_free(node->sim);
}

static void test_retries_forget_the_local_source(void **state)
{
	struct wg_puppet *puppet = stage(11, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_run(node->sim, 200 * WG_SECOND);
	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
	assert_int_equal(wg_sim_last(node, WG_MESSAGE_INITIATION)->path.local.family,
			 WG_FAMILY_IPV4);
	wg_sim_run(node->sim, 6 * WG_SECOND);
	assert_int_equal(wg_sim_last(node, WG_MESSAGE_INITIATION)->path.local.family,
			 WG_FAMILY_NONE);
	wg_sim_free(node->sim);
}

static int send_error(struct wg_puppet *puppet)
{
	struct wg_sim_node *node = puppet->node;

	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
	return wg_sim_describe(node, puppet->identity.public_key).health.send_error;
}

static void test_a_full_queue_is_counted_and_tells_nothing_of_the_peer(void **state)
{
	struct wg_puppet *puppet = stage(12, false);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	assert_int_equal(send_error(puppet), 0);
	node->queue_full = true;
	assert_int_equal(send_error(puppet), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_QUEUE_FULL), 1);
	node->send_error = -EPERM;
	assert_int_equal(send_error(puppet), -EPERM);
	node->send_error = 0;
	assert_int_equal(send_error(puppet), -EPERM);
	node->queue_full = false;
	assert_int_equal(send_error(puppet), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_QUEUE_FULL), 2);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_SEND_FAILED), 1);
	wg_sim_free(node->sim);
}

static void test_data_carries_the_inner_ecn_field_and_no_dscp(void **state)
{
	struct wg_puppet *puppet = stage(12, true);
	struct wg_sim_node *node = puppet->node;
	static const uint8_t fields[] = {0x00, 0x01, 0x02, 0x03, 0xb8, 0xba, 0xff};

	(void)state;
	wg_puppet_shake(puppet);
	for (size_t i = 0; i < WG_ARRAY_LEN(fields); i++) {
		wg_sim_send_ip(node, &node->inner4, &puppet->inner4, fields[i], 100);
		assert_int_equal(wg_sim_last(node, WG_MESSAGE_TRANSPORT)->ds, fields[i] & 3);
		wg_sim_send_ip(node, &node->inner6, &puppet->inner6, fields[i], 100);
		assert_int_equal(wg_sim_last(node, WG_MESSAGE_TRANSPORT)->ds, fields[i] & 3);
	}
	wg_sim_free(node->sim);
}

static void test_a_packet_that_waited_has_its_ecn_field_still(void **state)
{
	struct wg_puppet *puppet = stage(32, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 2, 100);
	soon(puppet);
	assert_true(wg_puppet_respond(puppet));
	soon(puppet);
	assert_int_equal(wg_sim_last(node, WG_MESSAGE_TRANSPORT)->ds, 2);
	wg_sim_free(node->sim);
}

static void test_a_mixed_vector_carries_each_packets_ecn_field(void **state)
{
	struct wg_puppet *puppet = stage(13, true);
	struct wg_sim_node *node = puppet->node;
	static uint8_t packets[8][60];
	const uint8_t *list[8];
	size_t lens[8];
	size_t mark;

	(void)state;
	wg_puppet_shake(puppet);
	for (size_t i = 0; i < WG_ARRAY_LEN(list); i++) {
		wg_sim_ip_udp(packets[i], &node->inner4, &puppet->inner4, (uint8_t)(i / 2), i + 1,
			      60);
		list[i] = packets[i];
		lens[i] = 60;
	}
	mark = wg_sim_mark(node->sim);
	wg_sim_from_tun_batch(node, list, lens, WG_ARRAY_LEN(list), false);
	soon(puppet);
	for (size_t i = 0; i < WG_ARRAY_LEN(list); i++) {
		const struct wg_sim_datagram *sent =
			wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, i);
		uint8_t inner[WG_SIM_IP_MAX];

		assert_int_equal(wg_puppet_open(puppet, sent, inner), 64);
		assert_int_equal(wg_sim_ip_id(inner, 60), i + 1);
		assert_int_equal(sent->ds, i / 2);
	}
	wg_sim_free(node->sim);
}

/* RFC 6040, figure 4, but for what it drops: that is delivered and counted. */
static const uint8_t decapsulated[4][4] = {
	/* outer: not-ECT, ECT(1), ECT(0), CE */
	{0, 0, 0, 0}, /* inner not-ECT */
	{1, 1, 1, 3}, /* inner ECT(1) */
	{2, 1, 2, 3}, /* inner ECT(0) */
	{3, 3, 3, 3}, /* inner CE */
};

static void check_decapsulation(struct wg_puppet *puppet, bool six, uint8_t inner, uint8_t outer)
{
	struct wg_sim_node *node = puppet->node;
	uint8_t packet[100];
	uint8_t message[sizeof(packet) + WG_TRANSPORT_OVERHEAD];
	uint64_t id = ++node->sim->next_id;
	uint8_t expected = decapsulated[inner][outer];
	const struct wg_sim_delivery *got;

	wg_sim_ip_udp(packet, six ? &puppet->inner6 : &puppet->inner4,
		      six ? &node->inner6 : &node->inner4, 0xb8 | inner, id, sizeof(packet));
	wg_puppet_seal(&puppet->session, puppet->session.send_counter++, packet, sizeof(packet),
		       message);
	wg_sim_from_udp(node, &puppet->endpoint, outer, message, sizeof(message));
	got = wg_sim_find(node, id);
	assert_non_null(got);
	assert_int_equal(wg_sim_ip_ds(got->bytes), 0xb8 | expected);
	assert_true(wg_sim_ip_sound(got->bytes, got->len));
}

static void test_congestion_on_the_way_is_marked_by_rfc_6040(void **state)
{
	struct wg_puppet *puppet = stage(14, true);

	(void)state;
	wg_puppet_shake(puppet);
	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer = 0; outer < 4; outer++)
			for (int six = 0; six < 2; six++)
				check_decapsulation(puppet, six, inner, outer);
	assert_int_equal(wg_device_unmarked(puppet->node->device), 2);
	wg_sim_free(puppet->node->sim);
}

static void test_a_congested_network_marks_what_can_be_marked(void **state)
{
	struct wg_sim *sim = wg_sim_pair(15);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	uint64_t id;

	(void)state;
	sim->net.mark_ecn = 3;
	wg_sim_assert_works(a, b);
	id = wg_sim_send_ip(a, &a->inner6, &b->inner6, 2, 1000);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_ip_ds(wg_sim_find(b, id)->bytes), 3);
	wg_sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_endpoint_follows_authentic_data_of_either_family),
		cmocka_unit_test(test_the_endpoint_follows_packets_whose_inside_is_bad),
		cmocka_unit_test(test_the_endpoint_follows_handshakes),
		cmocka_unit_test(test_replays_move_no_endpoint),
		cmocka_unit_test(test_a_cookie_reply_moves_no_endpoint),
		cmocka_unit_test(test_a_translator_that_rebinds_costs_one_packet_of_the_inside),
		cmocka_unit_test(test_a_persistent_keepalive_holds_a_translator_open),
		cmocka_unit_test(test_a_machine_that_changes_its_address_keeps_its_session),
		cmocka_unit_test(test_answers_leave_from_the_address_that_was_asked),
		cmocka_unit_test(test_a_source_is_forgotten_when_endpoint_port_or_mark_are_set),
		cmocka_unit_test(test_retries_forget_the_local_source),
		cmocka_unit_test(test_a_full_queue_is_counted_and_tells_nothing_of_the_peer),
		cmocka_unit_test(test_data_carries_the_inner_ecn_field_and_no_dscp),
		cmocka_unit_test(test_a_packet_that_waited_has_its_ecn_field_still),
		cmocka_unit_test(test_a_mixed_vector_carries_each_packets_ecn_field),
		cmocka_unit_test(test_congestion_on_the_way_is_marked_by_rfc_6040),
		cmocka_unit_test(test_a_congested_network_marks_what_can_be_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
