/* Inner packets: padding, what may come out of a tunnel, and what the link hears
 * about packets that cannot go in. */
#include <stdlib.h>

#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

#define ICMP   1
#define ICMPV6 58

static struct wg_ip ip(const char *text)
{
	struct wg_ip parsed;

	assert_true(wg_ip_parse(&parsed, text));
	return parsed;
}

/* The document's rule, said once more: zeros to a multiple of 16, but the last
 * MTU-sized unit never grows past the MTU. */
static size_t padded(size_t len, size_t mtu)
{
	size_t unit = len > mtu ? len % mtu : len;
	size_t full = (unit + 15) / 16 * 16;

	return len - unit + (full > mtu ? mtu : full);
}

static void check_padding(struct wg_puppet *puppet, size_t len, size_t mtu)
{
	struct wg_sim_node *node = puppet->node;
	const struct wg_sim_datagram *sent;
	uint8_t inner[WG_SIM_IP_MAX];

	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, len);
	sent = wg_sim_last(node, WG_MESSAGE_TRANSPORT);
	assert_int_equal(sent->len, 32 + padded(len, mtu));
	assert_int_equal(wg_puppet_open(puppet, sent, inner), padded(len, mtu));
	assert_int_equal(wg_load_be16(inner + 2), len);
	for (size_t i = len; i < padded(len, mtu); i++)
		assert_int_equal(inner[i], 0);
}

static void test_padding_never_passes_the_mtu(void **state)
{
	static const uint32_t mtus[] = {1420, 1419, 1412, 1405, 1280, 576, 100, 17, 1};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(mtus); i++) {
		struct wg_puppet *puppet = stage(i, true);

		wg_puppet_shake(puppet);
		wg_device_set_mtu(puppet->node->device, mtus[i]);
		for (size_t len = 20; len < 1600; len += 13)
			check_padding(puppet, len, mtus[i]);
		for (size_t len = mtus[i] > 40 ? mtus[i] - 18 : 20; len < mtus[i] + 18; len++)
			check_padding(puppet, len, mtus[i]);
		check_padding(puppet, 9000, mtus[i]);
		wg_sim_free(puppet->node->sim);
	}
}

static void test_a_full_packet_at_mtu_1420_is_1452_bytes(void **state)
{
	struct wg_puppet *puppet = stage(1, true);

	(void)state;
	wg_puppet_shake(puppet);
	check_padding(puppet, 1420, 1420);
	assert_int_equal(wg_sim_last(puppet->node, WG_MESSAGE_TRANSPORT)->len, 1452);
	wg_sim_free(puppet->node->sim);
}

static void test_every_length_arrives_as_it_was_sent(void **state)
{
	struct wg_sim *sim = wg_sim_pair(2);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];

	(void)state;
	wg_sim_assert_works(a, b);
	for (size_t len = 56; len < 1420; len += 31) {
		uint64_t four = wg_sim_send_ip(a, &a->inner4, &b->inner4, 0, len);
		uint64_t six = wg_sim_send_ip(a, &a->inner6, &b->inner6, 0, len);

		wg_sim_run(sim, 50 * WG_MILLISECOND);
		assert_int_equal(wg_sim_find(b, four)->len, len);
		assert_int_equal(wg_sim_find(b, six)->len, len);
	}
	wg_sim_free(sim);
}

struct inner_case {
	size_t at;
	uint8_t value;
	size_t len;
	enum wg_drop reason; /* WG_DROP_COUNT: it is delivered */
};

/* Each case changes one byte of a sound packet of 64 bytes and cuts it to len. */
static void check_inner(struct wg_puppet *puppet, bool six, const struct inner_case *c)
{
	struct wg_sim_node *node = puppet->node;
	uint8_t packet[64];
	size_t before = node->n_got;
	uint64_t drops = c->reason < WG_DROP_COUNT ? wg_sim_drops(node, c->reason) : 0;

	wg_sim_ip_udp(packet, six ? &puppet->inner6 : &puppet->inner4,
		      six ? &node->inner6 : &node->inner4, 0, 1, sizeof(packet));
	packet[c->at] = c->value;
	wg_puppet_send(puppet, packet, c->len);
	if (c->reason == WG_DROP_COUNT) {
		assert_int_equal(node->n_got, before + 1);
		return;
	}
	assert_int_equal(node->n_got, before);
	assert_int_equal(wg_sim_drops(node, c->reason), drops + 1);
}

static void test_packets_with_impossible_headers_are_dropped(void **state)
{
	static const struct inner_case four[] = {
		{0, 0x45, 64, WG_DROP_COUNT},
		{0, 0x55, 64, WG_DROP_INNER_MALFORMED}, /* version */
		{0, 0x05, 64, WG_DROP_INNER_MALFORMED},
		{0, 0x44, 64, WG_DROP_INNER_MALFORMED}, /* header of 16 bytes */
		{0, 0x4f, 59, WG_DROP_INNER_MALFORMED}, /* header longer than all */
		{0, 0x45, 63, WG_DROP_INNER_MALFORMED}, /* says 64 */
		{3, 65, 64, WG_DROP_INNER_MALFORMED},
		{2, 1, 64, WG_DROP_INNER_MALFORMED},
		{3, 19, 64, WG_DROP_INNER_MALFORMED}, /* shorter than its header */
		{0, 0x45, 19, WG_DROP_INNER_MALFORMED},
		{0, 0x45, 1, WG_DROP_INNER_MALFORMED},
		{12, 11, 64, WG_DROP_INNER_SOURCE},
	};
	static const struct inner_case sixes[] = {
		{0, 0x60, 64, WG_DROP_COUNT},           {0, 0x60, 63, WG_DROP_INNER_MALFORMED},
		{5, 25, 64, WG_DROP_INNER_MALFORMED},   {4, 1, 64, WG_DROP_INNER_MALFORMED},
		{0, 0x60, 39, WG_DROP_INNER_MALFORMED}, {8, 0xfd, 64, WG_DROP_INNER_SOURCE},
	};
	struct wg_puppet *puppet = stage(3, true);

	(void)state;
	wg_puppet_shake(puppet);
	for (size_t i = 0; i < WG_ARRAY_LEN(four); i++)
		check_inner(puppet, false, &four[i]);
	for (size_t i = 0; i < WG_ARRAY_LEN(sixes); i++)
		check_inner(puppet, true, &sixes[i]);
	wg_sim_free(puppet->node->sim);
}

static void test_what_is_behind_the_packets_own_length_is_cut_off(void **state)
{
	struct wg_puppet *puppet = stage(4, true);
	struct wg_sim_node *node = puppet->node;
	uint8_t packet[160] = {0};

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_ip_udp(packet, &puppet->inner4, &node->inner4, 0, 41, 61);
	wg_puppet_send(puppet, packet, 64);
	wg_puppet_send(puppet, packet, 61);
	wg_puppet_send(puppet, packet, 160);
	assert_int_equal(wg_sim_got(node, 41), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(node->got[i]->len, 61);
	wg_sim_ip_udp(packet, &puppet->inner6, &node->inner6, 0, 42, 77);
	wg_puppet_send(puppet, packet, 80);
	assert_int_equal(wg_sim_find(node, 42)->len, 77);
	wg_sim_free(node->sim);
}

static void test_a_source_of_another_peer_is_refused(void **state)
{
	struct wg_puppet *puppet = stage(5, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *other = wg_puppet_new(node);
	uint8_t packet[100];

	(void)state;
	wg_puppet_befriend(other, true);
	wg_puppet_shake(puppet);
	wg_puppet_shake(other);
	wg_sim_ip_udp(packet, &other->inner4, &node->inner4, 0, 51, sizeof(packet));
	wg_puppet_send(puppet, packet, sizeof(packet));
	wg_sim_ip_udp(packet, &other->inner6, &node->inner6, 0, 52, sizeof(packet));
	wg_puppet_send(puppet, packet, sizeof(packet));
	assert_int_equal(node->n_got, 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_INNER_SOURCE), 2);
	wg_puppet_send(other, packet, sizeof(packet));
	assert_int_equal(wg_sim_got(node, 52), 1);
	wg_sim_free(node->sim);
}

static void test_a_run_of_packets_is_checked_one_by_one(void **state)
{
	struct wg_puppet *puppet = stage(6, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_run run = {.path = {puppet->endpoint, node->addresses[0]}};
	struct wg_ip foreign = puppet->inner4;

	(void)state;
	foreign.bytes[3] ^= 1;
	wg_puppet_shake(puppet);
	/* Good and foreign sources in turn, and one of them forged. */
	for (uint64_t i = 0; i < 8; i++) {
		struct wg_packet *packet = wg_pool_get(node->pool, 200);
		uint8_t inner[96];

		wg_sim_ip_udp(inner, i % 2 ? &foreign : &puppet->inner4, &node->inner4, 0, 60 + i,
			      sizeof(inner));
		packet->len = (uint32_t)wg_puppet_seal(&puppet->session,
						       puppet->session.send_counter++, inner,
						       sizeof(inner), packet->data);
		packet->data[40] ^= i == 4;
		wg_batch_push(&run.batch, packet);
	}
	wg_device_from_udp(node->device, &run, wg_sim_now(node), &node->out);
	wg_sim_run(node->sim, 0);
	wg_puppet_send(puppet, NULL, 0); /* carries the rest off */
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(wg_sim_got(node, 60 + i), i % 2 == 0 && i != 4);
	assert_int_equal(wg_sim_drops(node, WG_DROP_INNER_SOURCE), 4);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_DECRYPT), 1);
	wg_sim_free(node->sim);
}

static void test_what_is_no_ip_packet_does_not_enter_the_tunnel(void **state)
{
	struct wg_puppet *puppet = stage(7, true);
	struct wg_sim_node *node = puppet->node;
	uint8_t packet[60];
	static const size_t lens[] = {0, 1, 19};

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_ip_udp(packet, &node->inner4, &puppet->inner4, 0, 1, sizeof(packet));
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		wg_sim_from_tun(node, packet, lens[i]);
	packet[0] = 0x75;
	wg_sim_from_tun(node, packet, sizeof(packet));
	wg_sim_ip_udp(packet, &node->inner6, &puppet->inner6, 0, 1, sizeof(packet));
	wg_sim_from_tun(node, packet, 39);
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_MALFORMED), 5);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
	wg_sim_free(node->sim);
}

/* Sends and returns whether the link heard an error about it. */
static bool answered(struct wg_sim_node *node, const uint8_t *packet, size_t len,
		     struct wg_sim_ip_error *error)
{
	size_t before = node->n_got;

	*error = (struct wg_sim_ip_error){0};
	wg_sim_run(node->sim, 5 * WG_SECOND); /* the rate limit is another test's */
	wg_sim_from_tun(node, packet, len);
	if (node->n_got == before)
		return false;
	assert_true(wg_sim_ip_parse_error(node->got[before]->bytes, node->got[before]->len, error));
	return true;
}

static void test_an_unreachable_destination_is_told_to_the_sender(void **state)
{
	struct wg_sim *sim = wg_sim_new(8);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct wg_ip to4 = ip("10.99.1.2");
	struct wg_ip to6 = ip("2001:db8:aaaa::1");
	struct wg_sim_ip_error error;
	uint8_t packet[1400];

	(void)state;
	wg_sim_ip_udp(packet, &node->inner4, &to4, 0, 1, sizeof(packet));
	assert_true(answered(node, packet, sizeof(packet), &error));
	assert_int_equal(error.type, 3);
	assert_int_equal(error.code, 1);
	assert_true(wg_ip_equal(&error.from, &to4));
	assert_true(wg_ip_equal(&error.to, &node->inner4));
	assert_true(error.quote_len >= 28 && error.quote_len <= 576 - 28);
	assert_memory_equal(error.quote, packet, error.quote_len);
	wg_sim_ip_udp(packet, &node->inner6, &to6, 0, 1, sizeof(packet));
	assert_true(answered(node, packet, sizeof(packet), &error));
	assert_int_equal(error.type, 1);
	assert_int_equal(error.code, 3);
	assert_true(wg_ip_equal(&error.to, &node->inner6));
	assert_true(error.quote_len >= 48 && error.quote_len <= 1280 - 48);
	assert_memory_equal(error.quote, packet, error.quote_len);
	wg_sim_ip_udp(packet, &node->inner4, &to4, 0, 1, 20); /* a bare header */
	assert_true(answered(node, packet, 20, &error));
	assert_int_equal(error.quote_len, 20);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_PEER), 3);
	wg_sim_free(sim);
}

static void test_a_peer_without_endpoint_is_unreachable(void **state)
{
	struct wg_puppet *puppet = stage(9, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_sim_ip_error error;
	uint8_t packet[100];

	(void)state;
	wg_sim_ip_udp(packet, &node->inner4, &puppet->inner4, 0, 1, sizeof(packet));
	assert_true(answered(node, packet, sizeof(packet), &error));
	assert_int_equal(error.type, 3);
	assert_int_equal(error.code, 1);
	wg_sim_ip_udp(packet, &node->inner6, &puppet->inner6, 0, 1, sizeof(packet));
	assert_true(answered(node, packet, sizeof(packet), &error));
	assert_int_equal(error.type, 1);
	assert_int_equal(error.code, 3);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_ENDPOINT), 2);
	assert_int_equal(node->sim->n_sent, 0);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	wg_sim_free(node->sim);
}

static void test_errors_about_the_unreachable_are_rate_limited(void **state)
{
	struct wg_sim *sim = wg_sim_new(10);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct wg_ip to = ip("10.99.1.2");
	size_t first;

	(void)state;
	for (int i = 0; i < 1000; i++)
		wg_sim_send_ip(node, &node->inner4, &to, 0, 60);
	first = node->n_got;
	assert_true(first >= 1 && first <= 200);
	wg_sim_run(sim, 10 * WG_SECOND);
	wg_sim_send_ip(node, &node->inner4, &to, 0, 60);
	assert_int_equal(node->n_got, first + 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_PEER), 1001);
	wg_sim_free(sim);
}

static void test_what_is_not_answered_uses_up_no_errors(void **state)
{
	struct wg_sim *sim = wg_sim_new(15);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct wg_ip group = ip("239.1.2.3");
	struct wg_ip to = ip("10.99.1.2");

	(void)state;
	for (int i = 0; i < 1000; i++)
		wg_sim_send_ip(node, &node->inner4, &group, 0, 60);
	assert_int_equal(node->n_got, 0);
	wg_sim_send_ip(node, &node->inner4, &to, 0, 60);
	assert_int_equal(node->n_got, 1);
	wg_sim_free(sim);
}

/* An ICMP or ICMPv6 message of a type to where no peer is. */
static bool answers_icmp(struct wg_sim_node *node, const struct wg_ip *to, uint8_t type)
{
	bool six = to->family == WG_FAMILY_IPV6;
	uint8_t packet[100];
	uint8_t payload[56] = {type};
	struct wg_sim_ip_error error;

	wg_sim_ip_carry(packet, six ? &node->inner6 : &node->inner4, to, six ? ICMPV6 : ICMP,
			payload, sizeof(payload));
	return answered(node, packet, (six ? 40 : 20) + sizeof(payload), &error);
}

static void test_there_are_no_errors_about_icmp_errors(void **state)
{
	static const uint8_t errors4[] = {3, 4, 5, 11, 12};
	static const uint8_t errors6[] = {1, 2, 3, 4, 100, 127};
	struct wg_sim *sim = wg_sim_new(11);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct wg_ip to4 = ip("10.99.1.2");
	struct wg_ip to6 = ip("2001:db8:aaaa::1");

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(errors4); i++)
		assert_false(answers_icmp(node, &to4, errors4[i]));
	for (size_t i = 0; i < WG_ARRAY_LEN(errors6); i++)
		assert_false(answers_icmp(node, &to6, errors6[i]));
	assert_true(answers_icmp(node, &to4, 8));
	assert_true(answers_icmp(node, &to4, 0));
	assert_true(answers_icmp(node, &to6, 128));
	wg_sim_free(sim);
}

static void test_there_are_no_errors_about_multicast_and_broadcast(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} silent[] = {
		{"10.0.0.1", "224.0.0.251"},     {"10.0.0.1", "239.1.2.3"},
		{"10.0.0.1", "255.255.255.255"}, {"2001:db8::1", "ff02::fb"},
		{"2001:db8::1", "ff0e::1"},      {"0.0.0.0", "10.99.1.2"},
		{"::", "2001:db8:aaaa::1"},
	};
	struct wg_sim *sim = wg_sim_new(12);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct wg_sim_ip_error error;

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(silent); i++) {
		struct wg_ip from = ip(silent[i].from);
		struct wg_ip to = ip(silent[i].to);
		uint8_t packet[100];

		wg_sim_ip_udp(packet, &from, &to, 0, 1, sizeof(packet));
		assert_false(answered(node, packet, sizeof(packet), &error));
	}
	assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_PEER), WG_ARRAY_LEN(silent));
	wg_sim_free(sim);
}

static void test_there_are_no_errors_about_later_fragments(void **state)
{
	struct wg_sim *sim = wg_sim_new(13);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct wg_ip to4 = ip("10.99.1.2");
	struct wg_ip to6 = ip("2001:db8:aaaa::1");
	uint8_t header6[32] = {17, 0, 0, 8}; /* RFC 8200, section 4.5: offset 1 */
	struct wg_sim_ip_error error;
	uint8_t packet[100];

	(void)state;
	wg_sim_ip_udp(packet, &node->inner4, &to4, 0, 1, sizeof(packet));
	wg_store_be16(packet + 6, 0x2000); /* the first of several */
	wg_sim_ip_seal(packet);
	assert_true(answered(node, packet, sizeof(packet), &error));
	wg_store_be16(packet + 6, 0x0001);
	wg_sim_ip_seal(packet);
	assert_false(answered(node, packet, sizeof(packet), &error));
	wg_sim_ip_carry(packet, &node->inner6, &to6, 44, header6, sizeof(header6));
	assert_false(answered(node, packet, 40 + sizeof(header6), &error));
	header6[3] = 1; /* offset 0, more to come */
	wg_sim_ip_carry(packet, &node->inner6, &to6, 44, header6, sizeof(header6));
	assert_true(answered(node, packet, 40 + sizeof(header6), &error));
	wg_sim_free(sim);
}

static void test_nothing_is_ever_forwarded_from_peer_to_peer(void **state)
{
	struct wg_puppet *puppet = stage(14, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *other = wg_puppet_new(node);
	uint8_t packet[100];
	size_t mark;

	(void)state;
	wg_puppet_befriend(other, true);
	wg_puppet_shake(puppet);
	wg_puppet_shake(other);
	mark = wg_sim_mark(node->sim);
	wg_sim_ip_udp(packet, &puppet->inner4, &other->inner4, 0, 71, sizeof(packet));
	wg_puppet_send(puppet, packet, sizeof(packet));
	assert_int_equal(wg_sim_got(node, 71), 1); /* it is the link's to decide */
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, mark), 0);
	wg_sim_free(node->sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_padding_never_passes_the_mtu),
		cmocka_unit_test(test_a_full_packet_at_mtu_1420_is_1452_bytes),
		cmocka_unit_test(test_every_length_arrives_as_it_was_sent),
		cmocka_unit_test(test_packets_with_impossible_headers_are_dropped),
		cmocka_unit_test(test_what_is_behind_the_packets_own_length_is_cut_off),
		cmocka_unit_test(test_a_source_of_another_peer_is_refused),
		cmocka_unit_test(test_a_run_of_packets_is_checked_one_by_one),
		cmocka_unit_test(test_what_is_no_ip_packet_does_not_enter_the_tunnel),
		cmocka_unit_test(test_an_unreachable_destination_is_told_to_the_sender),
		cmocka_unit_test(test_a_peer_without_endpoint_is_unreachable),
		cmocka_unit_test(test_errors_about_the_unreachable_are_rate_limited),
		cmocka_unit_test(test_what_is_not_answered_uses_up_no_errors),
		cmocka_unit_test(test_there_are_no_errors_about_icmp_errors),
		cmocka_unit_test(test_there_are_no_errors_about_multicast_and_broadcast),
		cmocka_unit_test(test_there_are_no_errors_about_later_fragments),
		cmocka_unit_test(test_nothing_is_ever_forwarded_from_peer_to_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
