/* Peers that are authentic and hostile: whatever they put into the tunnel, what comes out
 * of the link is theirs and as long as it says, and the rest is dropped with a reason. And
 * what others shipped and had to mend. */
#include "sim/scene.h"
#include "sim/sim.h"

/* What came out of the link since the last watch(). */
static size_t n_delivered;

static uint64_t drops_of_inner(const struct wg_sim_node *node)
{
	return wg_sim_drops(node, WG_DROP_INNER_MALFORMED) +
	       wg_sim_drops(node, WG_DROP_INNER_SOURCE);
}

static void check_delivery(struct wg_sim_node *node, const uint8_t *bytes, size_t len)
{
	const struct wg_puppet *puppet = node->sim->ctx;
	bool four = len >= 20 && bytes[0] >> 4 == 4;
	bool six = len >= 40 && bytes[0] >> 4 == 6;

	assert_true(four || six);
	if (four) {
		assert_memory_equal(bytes + 12, puppet->inner4.bytes, 4);
		assert_int_equal(wg_load_be16(bytes + 2), len);
		assert_in_range((bytes[0] & 15) * 4, 20, len);
	} else {
		assert_memory_equal(bytes + 8, puppet->inner6.bytes, 16);
		assert_int_equal(wg_load_be16(bytes + 4) + 40, len);
	}
	n_delivered++;
}

/* A node with a peer that has a session, and whose deliveries are looked at. */
static struct wg_puppet *watch(uint64_t seed)
{
	struct wg_puppet *puppet = stage(seed, true);

	n_delivered = 0;
	wg_puppet_shake(puppet);
	puppet->node->sim->delivered = check_delivery;
	puppet->node->sim->ctx = puppet;
	return puppet;
}

static size_t make_inner(const struct wg_puppet *puppet, unsigned int family, uint8_t *packet,
			 size_t len)
{
	if (family == 0)
		wg_sim_ip_udp(packet, &puppet->inner4, &puppet->node->inner4, 0, 1, len);
	else
		wg_sim_ip_udp(packet, &puppet->inner6, &puppet->node->inner6, 0, 1, len);
	return len;
}

/* Sends it; it must be delivered, or be counted once as dropped. Whether it was. */
static bool delivered(struct wg_puppet *puppet, const uint8_t *packet, size_t len)
{
	struct wg_sim_node *node = puppet->node;
	uint64_t dropped = drops_of_inner(node);
	size_t before = n_delivered;
	size_t mark = wg_sim_mark(node->sim);

	wg_puppet_send(puppet, packet, len);
	assert_int_equal(drops_of_inner(node) - dropped + n_delivered - before, 1);
	/* Nothing of it goes back into the tunnel, to whomever. */
	assert_int_equal(wg_sim_mark(node->sim), mark);
	return n_delivered > before;
}

static void test_every_byte_of_a_header_may_have_every_value(void **state)
{
	struct wg_puppet *puppet = watch(1);
	uint8_t packet[80];

	(void)state;
	for (unsigned int family = 0; family < 2; family++) {
		for (size_t at = 0; at < (family ? 48u : 28u); at++) {
			for (unsigned int value = 0; value < 256; value++) {
				size_t len = make_inner(puppet, family, packet, sizeof(packet));
				bool source = family ? at >= 8 && at < 24 : at >= 12 && at < 16;
				bool same = packet[at] == value;
				bool there;

				packet[at] = (uint8_t)value;
				there = delivered(puppet, packet, len);
				if (same)
					assert_true(there);
				else if (source)
					assert_false(there);
			}
		}
	}
	wg_sim_free(puppet->node->sim);
}

static void test_every_length_of_a_packet_meets_every_length_it_claims(void **state)
{
	struct wg_puppet *puppet = watch(2);
	uint8_t packet[96];

	(void)state;
	for (unsigned int family = 0; family < 2; family++) {
		size_t header = family ? 40 : 20;

		for (size_t len = 1; len <= sizeof(packet); len++) {
			for (size_t claim = 0; claim <= sizeof(packet) + 2; claim++) {
				bool fits = len >= header && claim <= len &&
					    (family || claim >= 20);

				make_inner(puppet, family, packet, sizeof(packet));
				if (family && claim >= 40)
					wg_store_be16(packet + 4, (uint16_t)(claim - 40));
				else if (family)
					continue;
				else
					wg_store_be16(packet + 2, (uint16_t)claim);
				assert_int_equal(delivered(puppet, packet, len), fits);
			}
		}
	}
	/* A jumbogram says 0, and is what its header alone is; the largest is no match. */
	make_inner(puppet, 1, packet, sizeof(packet));
	wg_store_be16(packet + 4, 0);
	assert_true(delivered(puppet, packet, sizeof(packet)));
	wg_store_be16(packet + 4, 0xffff);
	assert_false(delivered(puppet, packet, sizeof(packet)));
	wg_sim_free(puppet->node->sim);
}

static void test_extension_headers_do_not_hide_a_source(void **state)
{
	/* Hop-by-hop with a jumbo payload, routing type 0, two fragments, destination
	 * options, and one that names itself for ever. */
	static const uint8_t next[] = {0, 43, 44, 60, 51, 135, 59};
	struct wg_puppet *puppet = watch(3);
	uint8_t packet[120];

	(void)state;
	for (size_t i = 0; i < sizeof(next); i++) {
		for (unsigned int value = 0; value < 256; value++) {
			make_inner(puppet, 1, packet, sizeof(packet));
			packet[6] = next[i];
			for (size_t at = 40; at + 8 <= sizeof(packet); at += 8) {
				memset(packet + at, (int)value, 8);
				packet[at] = next[i];
			}
			assert_true(delivered(puppet, packet, sizeof(packet)));
			/* The address that a routing header names is no source. */
			memcpy(packet + 48, puppet->inner6.bytes, 16);
			packet[23] ^= 1;
			assert_false(delivered(puppet, packet, sizeof(packet)));
		}
	}
	wg_sim_free(puppet->node->sim);
}

/* Nobody here puts fragments together: teardrops, a tiny first one, one that would lie
 * over the header or behind 65 535 bytes, and the same again are their receiver's. */
static void test_fragments_that_overlap_pass_as_they_are(void **state)
{
	static const struct {
		uint16_t offset; /* in units of eight bytes */
		bool more;
		size_t payload;
	} fragments[] = {
		{0, true, 8},     {0, true, 64},     {1, true, 64},   {1, false, 8},
		{3, true, 24},    {3, false, 24},    {3, false, 0},   {0, false, 8},
		{8191, true, 64}, {8191, false, 64}, {8191, true, 0}, {7000, true, 8},
		{2, true, 13},    {0, true, 0},
	};
	struct wg_puppet *puppet = watch(11);
	uint8_t packet[120];

	(void)state;
	for (unsigned int family = 0; family < 2; family++) {
		for (size_t i = 0; i < WG_ARRAY_LEN(fragments) * 2; i++) {
			size_t k = i / 2; /* each twice */
			size_t header = family ? 48 : 20;
			size_t len = header + fragments[k].payload;
			uint16_t offset = fragments[k].offset;

			make_inner(puppet, family, packet, sizeof(packet));
			if (family) {
				memset(packet + 40, 0, 8);
				packet[40] = packet[6];
				packet[6] = 44;
				wg_store_be16(packet + 4, (uint16_t)(len - 40));
				wg_store_be16(packet + 42,
					      (uint16_t)(offset << 3 | fragments[k].more));
			} else {
				wg_store_be16(packet + 2, (uint16_t)len);
				wg_store_be16(packet + 6,
					      (uint16_t)(offset | fragments[k].more << 13));
			}
			assert_true(delivered(puppet, packet, len));
			packet[family ? 23 : 15] ^= 1;
			assert_false(delivered(puppet, packet, len));
		}
	}
	wg_sim_free(puppet->node->sim);
}

static void test_inner_ds_fields_of_every_value_arrive_as_they_were(void **state)
{
	struct wg_puppet *puppet = watch(4);
	uint8_t packet[80];

	(void)state;
	for (unsigned int family = 0; family < 2; family++) {
		for (unsigned int ds = 0; ds < 256; ds++) {
			make_inner(puppet, family, packet, sizeof(packet));
			wg_sim_ip_set_ds(packet, (uint8_t)ds);
			assert_true(delivered(puppet, packet, sizeof(packet)));
		}
	}
	wg_sim_free(puppet->node->sim);
}

static void test_packets_of_a_peer_to_itself_do_not_come_back(void **state)
{
	struct wg_puppet *puppet = watch(5);
	struct wg_puppet *other = wg_puppet_new(puppet->node);
	uint8_t packet[80];

	(void)state;
	wg_puppet_befriend(other, true);
	wg_sim_ip_udp(packet, &puppet->inner4, &puppet->inner4, 0, 1, sizeof(packet));
	assert_true(delivered(puppet, packet, sizeof(packet)));
	wg_sim_ip_udp(packet, &puppet->inner4, &other->inner4, 0, 1, sizeof(packet));
	assert_true(delivered(puppet, packet, sizeof(packet)));
	wg_sim_ip_udp(packet, &puppet->node->inner4, &puppet->node->inner4, 0, 1, sizeof(packet));
	assert_false(delivered(puppet, packet, sizeof(packet)));
	wg_sim_free(puppet->node->sim);
}

static void test_4096_flows_at_once_all_arrive(void **state)
{
	struct wg_puppet *puppet = watch(6);
	uint8_t packet[80];

	(void)state;
	for (unsigned int flow = 0; flow < 4096; flow++) {
		make_inner(puppet, flow & 1, packet, sizeof(packet));
		wg_store_be16(packet + (flow & 1 ? 40 : 20), (uint16_t)flow);
		assert_true(delivered(puppet, packet, sizeof(packet)));
	}
	assert_int_equal(wg_pool_bytes_used(puppet->node->pool), 0);
	wg_sim_free(puppet->node->sim);
}

static void test_a_wider_prefix_of_one_peer_is_no_licence_for_anothers_addresses(void **state)
{
	struct wg_puppet *puppet = watch(7);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *narrow = wg_puppet_new(node);
	struct wg_config change;
	struct wg_prefix wide = prefix("10.1.0.0/16");
	uint8_t packet[80];

	(void)state;
	wg_puppet_befriend(narrow, false);
	wg_config_init(&change);
	assert_int_equal(wg_config_add_allowed_ip(change_peer(&change, puppet->identity.public_key),
						  &wide, false),
			 0);
	assert_int_equal(wg_sim_apply(node, &change), 0);
	wg_sim_ip_udp(packet, &narrow->inner4, &node->inner4, 0, 1, sizeof(packet));
	assert_false(delivered(puppet, packet, sizeof(packet)));
	/* And the narrow one has not what is only the other's. */
	wg_puppet_shake(narrow);
	wg_sim_ip_udp(packet, &puppet->inner4, &node->inner4, 0, 1, sizeof(packet));
	assert_false(delivered(narrow, packet, sizeof(packet)));
	wg_sim_free(node->sim);
}

static void test_a_preshared_key_that_changes_leaves_the_session_alone(void **state)
{
	struct wg_puppet *puppet = stage(8, true);
	struct wg_sim_node *node = puppet->node;
	const uint8_t psk[WG_KEY_LEN] = {1, 2, 3};

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_set_psk(node, puppet->identity.public_key, psk);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 0);
	wg_sim_run(node->sim, WG_SECOND);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_false(wg_puppet_complete(puppet));
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	memcpy(puppet->remote.preshared_key, psk, WG_KEY_LEN);
	wg_puppet_clear(puppet);
	wg_puppet_shake(puppet);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_free(node->sim);
}

static void test_two_idle_peers_do_not_keep_each_other_awake(void **state)
{
	struct wg_sim *sim = wg_sim_pair(9);
	size_t mark;

	(void)state;
	wg_sim_assert_works(&sim->nodes[0], &sim->nodes[1]);
	wg_sim_run(sim, 30 * WG_SECOND);
	mark = wg_sim_mark(sim);
	wg_sim_run(sim, 3600 * WG_SECOND);
	assert_int_equal(wg_sim_mark(sim), mark);
	for (unsigned int i = 0; i < 2; i++)
		assert_true(wg_device_due(sim->nodes[i].device) == WG_NEVER);
	wg_sim_free(sim);
}

static void test_nothing_that_is_not_authentic_moves_an_endpoint(void **state)
{
	struct wg_puppet *puppet = stage(10, true);
	struct wg_sim_node *node = puppet->node;
	const struct wg_endpoint home = puppet->endpoint;
	const uint8_t inner[32] = {0};
	uint8_t data[sizeof(inner) + WG_TRANSPORT_OVERHEAD];
	struct wg_wire_initiation initiation;
	struct wg_config_peer peer;
	size_t len;

	(void)state;
	wg_puppet_shake(puppet);
	initiation = puppet->initiation;
	wg_sim_run(node->sim, WG_SECOND);
	puppet->endpoint.port++;
	/* Seen before; with a byte changed and right macs; with a wrong tag. */
	wg_puppet_say(puppet, &initiation, sizeof(initiation));
	wg_puppet_make_initiation(puppet);
	puppet->initiation.timestamp[0] ^= 1;
	wg_cookie_sign(&puppet->jar, &puppet->initiation, sizeof(puppet->initiation), 0);
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	len = wg_puppet_seal(&puppet->session, 77, inner, sizeof(inner), data);
	data[len - 1] ^= 1;
	wg_puppet_say(puppet, data, len);
	len = wg_puppet_seal(&puppet->session, WG_REJECT_AFTER_MESSAGES, inner, sizeof(inner),
			     data);
	wg_puppet_say(puppet, data, len);
	soon(puppet);
	peer = wg_sim_describe(node, puppet->identity.public_key);
	assert_true(wg_endpoint_equal(&peer.endpoint, &home));
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_EXPIRED), 1);
	wg_puppet_send(puppet, NULL, 0);
	peer = wg_sim_describe(node, puppet->identity.public_key);
	assert_true(wg_endpoint_equal(&peer.endpoint, &puppet->endpoint));
	wg_sim_free(node->sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_of_a_header_may_have_every_value),
		cmocka_unit_test(test_every_length_of_a_packet_meets_every_length_it_claims),
		cmocka_unit_test(test_extension_headers_do_not_hide_a_source),
		cmocka_unit_test(test_fragments_that_overlap_pass_as_they_are),
		cmocka_unit_test(test_inner_ds_fields_of_every_value_arrive_as_they_were),
		cmocka_unit_test(test_packets_of_a_peer_to_itself_do_not_come_back),
		cmocka_unit_test(test_4096_flows_at_once_all_arrive),
		cmocka_unit_test(
			test_a_wider_prefix_of_one_peer_is_no_licence_for_anothers_addresses),
		cmocka_unit_test(test_a_preshared_key_that_changes_leaves_the_session_alone),
		cmocka_unit_test(test_two_idle_peers_do_not_keep_each_other_awake),
		cmocka_unit_test(test_nothing_that_is_not_authentic_moves_an_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
