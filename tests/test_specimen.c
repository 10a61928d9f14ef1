/* What the probe sends, and that every kind of damage is noticed. */
#include "offload_twin.h"

#include <errno.h>

#include "tun/specimen.h"

static struct wg_pool *pool;
static struct wg_batch came;

static int set_up(void **state)
{
	(void)state;
	pool = wg_pool_new(1u << 20);
	wg_batch_init(&came);
	return pool ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	wg_batch_drop(&came);
	wg_pool_free(pool);
	return 0;
}

/* All packets of a specimen, as they must come. */
static void make_good(const struct wg_specimen *specimen)
{
	wg_batch_drop(&came);
	wg_batch_init(&came);
	for (size_t i = 0; i < wg_specimen_packets(specimen); i++) {
		struct wg_packet *packet = wg_pool_get(pool, WG_SLOT_ROOM);

		assert_non_null(packet);
		packet->len = (uint32_t)wg_specimen_expect(specimen, i, packet->data);
		wg_batch_push(&came, packet);
	}
}

static struct wg_offload_finding judge(const struct wg_specimen *specimen)
{
	struct wg_offload_finding finding;

	wg_specimen_judge(specimen, &came, &finding);
	return finding;
}

static void assert_bad(const struct wg_specimen *specimen, const char *what)
{
	struct wg_offload_finding finding = judge(specimen);

	assert_int_equal(finding.verdict, WG_OFFLOAD_BAD);
	if (what)
		assert_string_equal(finding.what, what);
}

/* The twin cuts what is written, and each segment is one hop younger than what must come. */
static void test_what_must_come_is_what_the_twin_cuts_from_what_is_sent(void **state)
{
	static struct twin_packet whole;
	static struct twin_packet segment;
	uint8_t buffer[sizeof(struct wg_vnet) + WG_SPECIMEN_ROOM];
	uint8_t expected[WG_SPECIMEN_ROOM];

	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		const struct wg_specimen specimen = wg_specimen(i);
		uint8_t *data = buffer + sizeof(struct wg_vnet);

		whole.len = wg_specimen_make(&specimen, data);
		memcpy(whole.bytes, data, whole.len);
		assert_int_equal(wg_vnet_load(data).gso_size, specimen.size);
		for (size_t n = 0; n < wg_specimen_packets(&specimen); n++) {
			assert_true(twin_segment(&whole, specimen.size, n, &segment));
			segment.bytes[specimen.is_ipv6 ? 7 : 8]--;
			twin_seal(&segment);
			assert_int_equal(wg_specimen_expect(&specimen, n, expected), segment.len);
			assert_memory_equal(expected, segment.bytes, segment.len);
		}
	}
}

static void test_every_kind_is_sent_with_a_short_tail_and_without_one(void **state)
{
	bool with[2][2] = {0};
	bool without[2][2] = {0};

	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		const struct wg_specimen specimen = wg_specimen(i);

		if (specimen.n == 3 && specimen.tail == 77)
			with[specimen.is_ipv6][specimen.is_udp] = true;
		if (specimen.n == 3 && specimen.tail == 0)
			without[specimen.is_ipv6][specimen.is_udp] = true;
	}
	for (size_t i = 0; i < 4; i++)
		assert_true(with[i & 1][i >> 1] && without[i & 1][i >> 1]);
}

/* Linux commit e269d79, whatever its reasons were. */
static bool is_refused_by_e269d79(const struct wg_vnet *vnet, size_t len)
{
	size_t thlen = vnet->gso_type == WG_VNET_GSO_UDP ? 8 : 20;
	size_t checksum_end = vnet->csum_offset + 2u;
	size_t needed = vnet->csum_start + (thlen > checksum_end ? thlen : checksum_end);

	return vnet->gso_size <= needed ||
	       (len % vnet->gso_size != 0 && len % vnet->gso_size <= needed);
}

static void test_the_kernels_that_are_known_to_refuse_refuse_some_of_every_kind(void **state)
{
	uint8_t buffer[sizeof(struct wg_vnet) + WG_SPECIMEN_ROOM];
	uint8_t *data = buffer + sizeof(struct wg_vnet);
	unsigned int n_refused[2][2] = {0};

	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		const struct wg_specimen specimen = wg_specimen(i);
		size_t len = wg_specimen_make(&specimen, data);
		const struct wg_vnet vnet = wg_vnet_load(data);

		/* But not the one that one would think of first. */
		if (specimen.tail == 77)
			assert_false(is_refused_by_e269d79(&vnet, len));
		n_refused[specimen.is_ipv6][specimen.is_udp] += is_refused_by_e269d79(&vnet, len);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(n_refused[i & 1][i >> 1], 3);
}

static void test_what_came_as_it_must_is_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		const struct wg_specimen specimen = wg_specimen(i);

		make_good(&specimen);
		assert_int_equal(judge(&specimen).verdict, WG_OFFLOAD_GOOD);
	}
}

static void test_a_lost_segment_is_bad(void **state)
{
	const struct wg_specimen specimen = wg_specimen(0);

	(void)state;
	make_good(&specimen);
	wg_packet_put(wg_batch_pop(&came));
	assert_bad(&specimen, "3 x 1000 + 77 bytes of TCP over IPv4 came back as 3 packets");
	wg_batch_drop(&came);
	assert_bad(&specimen, "3 x 1000 + 77 bytes of TCP over IPv4 came back as 0 packets");
}

static void test_a_segment_too_many_is_bad(void **state)
{
	const struct wg_specimen specimen = wg_specimen(1);
	struct wg_packet *again = NULL;

	(void)state;
	make_good(&specimen);
	again = wg_pool_get(pool, WG_SLOT_ROOM);
	again->len = (uint32_t)wg_specimen_expect(&specimen, 2, again->data);
	wg_batch_push(&came, again);
	assert_bad(&specimen, "3 x 1000 bytes of TCP over IPv4 came back as 4 packets");
}

static void test_a_wrong_length_of_the_tail_is_bad(void **state)
{
	const struct wg_specimen specimen = wg_specimen(WG_SPECIMENS / 2);

	(void)state;
	make_good(&specimen);
	came.tail->len--;
	assert_bad(&specimen, "3 x 1000 + 77 bytes of UDP over IPv4: packet 4 came back with "
			      "104 bytes instead of 105");
}

static void test_any_changed_byte_is_bad_also_of_a_checksum(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		const struct wg_specimen specimen = wg_specimen(i);

		make_good(&specimen);
		for (size_t at = 0; at < came.tail->len; at++) {
			came.tail->data[at] ^= 1;
			assert_bad(&specimen, NULL);
			came.tail->data[at] ^= 1;
		}
		assert_int_equal(judge(&specimen).verdict, WG_OFFLOAD_GOOD);
	}
}

static void test_segments_out_of_order_are_bad(void **state)
{
	const struct wg_specimen specimen = wg_specimen(1);

	(void)state;
	make_good(&specimen);
	wg_batch_push(&came, wg_batch_pop(&came));
	assert_bad(&specimen, NULL);
}

static void test_segments_left_together_are_bad(void **state)
{
	const struct wg_specimen specimen = wg_specimen(4);
	struct wg_packet *packet = wg_pool_get(pool, WG_SLOT_ROOM);
	uint8_t buffer[sizeof(struct wg_vnet) + WG_SPECIMEN_ROOM];
	size_t len = wg_specimen_make(&specimen, buffer + sizeof(struct wg_vnet));

	(void)state;
	memcpy(packet->data, buffer + sizeof(struct wg_vnet), len);
	packet->len = (uint32_t)len;
	wg_batch_push(&came, packet);
	assert_bad(&specimen, "5 x 24 + 7 bytes of TCP over IPv4 came back as 1 packet");
}

static void test_a_refusal_is_bad_and_says_the_error(void **state)
{
	const struct wg_specimen specimen = wg_specimen(WG_SPECIMENS - 1);
	struct wg_offload_finding finding;

	(void)state;
	wg_specimen_refused(&specimen, -EINVAL, &finding);
	assert_int_equal(finding.verdict, WG_OFFLOAD_BAD);
	assert_string_equal(finding.what,
			    "5 x 24 + 7 bytes of UDP over IPv6: write: Invalid argument");
}

static void test_only_our_own_packets_are_ours(void **state)
{
	uint8_t packet[WG_SPECIMEN_ROOM];

	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		const struct wg_specimen specimen = wg_specimen(i);
		size_t len = wg_specimen_expect(&specimen, 0, packet);

		assert_true(wg_specimen_is_ours(packet, len));
		assert_false(wg_specimen_is_ours(packet, 10));
		packet[specimen.is_ipv6 ? 8 : 12] ^= 1;
		assert_false(wg_specimen_is_ours(packet, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_must_come_is_what_the_twin_cuts_from_what_is_sent),
		cmocka_unit_test(test_every_kind_is_sent_with_a_short_tail_and_without_one),
		cmocka_unit_test(
			test_the_kernels_that_are_known_to_refuse_refuse_some_of_every_kind),
		cmocka_unit_test_setup_teardown(test_what_came_as_it_must_is_good, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_lost_segment_is_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_segment_too_many_is_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_wrong_length_of_the_tail_is_bad, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_any_changed_byte_is_bad_also_of_a_checksum,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_segments_out_of_order_are_bad, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_segments_left_together_are_bad, set_up,
						tear_down),
		cmocka_unit_test(test_a_refusal_is_bad_and_says_the_error),
		cmocka_unit_test(test_only_our_own_packets_are_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
