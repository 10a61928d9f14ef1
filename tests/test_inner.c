#include "wgtest.h"

#include "core/inner.h"

static uint8_t bytes[64];
static struct wg_packet packet;

static struct wg_packet *ipv4(uint16_t len, uint8_t tos)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 0x45;
	bytes[1] = tos;
	wg_store_be16(bytes + 2, len);
	packet = (struct wg_packet){.data = bytes, .len = 48, .room = 64};
	return &packet;
}

static struct wg_packet *ipv6(uint16_t payload, uint8_t traffic_class)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = (uint8_t)(0x60 | traffic_class >> 4);
	bytes[1] = (uint8_t)(traffic_class << 4 | 0x0a);
	wg_store_be16(bytes + 4, payload);
	packet = (struct wg_packet){.data = bytes, .len = 48, .room = 64};
	return &packet;
}

static uint16_t header_sum(void)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 20; i += 2)
		sum += wg_load_be16(bytes + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void test_padding_is_cut_off_by_the_headers_own_length(void **state)
{
	(void)state;
	assert_true(wg_inner_trim(ipv4(33, 0)));
	assert_int_equal(packet.len, 33);
	assert_true(wg_inner_trim(ipv4(48, 0)));
	assert_true(wg_inner_trim(ipv6(8, 0)));
	assert_int_equal(packet.len, 48);
	assert_true(wg_inner_trim(ipv6(0, 0)));
	assert_int_equal(packet.len, 40);
}

static void test_lengths_that_cannot_be_are_refused(void **state)
{
	(void)state;
	assert_false(wg_inner_trim(ipv4(49, 0)));
	assert_false(wg_inner_trim(ipv4(19, 0)));
	ipv4(30, 0);
	bytes[0] = 0x44;
	assert_false(wg_inner_trim(&packet));
	ipv4(23, 0);
	bytes[0] = 0x46;
	assert_false(wg_inner_trim(&packet));
	assert_false(wg_inner_trim(ipv6(9, 0)));
	ipv6(0, 0);
	packet.len = 39;
	assert_false(wg_inner_trim(&packet));
	ipv4(20, 0);
	packet.len = 19;
	assert_false(wg_inner_trim(&packet));
	ipv4(20, 0);
	bytes[0] = 0x55;
	assert_false(wg_inner_trim(&packet));
	packet.len = 0;
	assert_int_equal(wg_inner_version(&packet), 0);
}

static void test_the_outer_field_is_the_inner_ecn_and_no_dscp(void **state)
{
	(void)state;
	for (unsigned int tos = 0; tos < 256; tos++) {
		assert_int_equal(wg_inner_encapsulate_ecn(ipv4(20, (uint8_t)tos)), tos & 3);
		assert_int_equal(wg_inner_encapsulate_ecn(ipv6(0, (uint8_t)tos)), tos & 3);
	}
}

/* RFC 6040, figure 4: rows are the inner field, columns the outer one; 9 is a drop there,
 * and left as it is here. */
static void test_decapsulation_follows_rfc_6040(void **state)
{
	static const uint8_t expected[4][4] = {
		[0] = {0, 0, 0, 9},
		[2] = {2, 1, 2, 3},
		[1] = {1, 1, 1, 3},
		[3] = {3, 3, 3, 3},
	};

	(void)state;
	for (uint8_t inner = 0; inner < 4; inner++) {
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint8_t want = expected[inner][outer];

			ipv4(48, (uint8_t)(0xb8 | inner));
			wg_store_be16(bytes + 10, (uint16_t)~header_sum());
			assert_int_equal(wg_inner_decapsulate_ecn(&packet, (uint8_t)(0x88 | outer)),
					 want != 9);
			assert_int_equal(bytes[1], 0xb8 | (want == 9 ? inner : want));
			assert_int_equal(header_sum(), 0xffff);

			ipv6(8, (uint8_t)(0xb8 | inner));
			assert_int_equal(wg_inner_decapsulate_ecn(&packet, outer), want != 9);
			assert_int_equal((bytes[0] & 15) << 4 | bytes[1] >> 4,
					 0xb8 | (want == 9 ? inner : want));
			assert_int_equal(bytes[1] & 15, 0x0a);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_padding_is_cut_off_by_the_headers_own_length),
		cmocka_unit_test(test_lengths_that_cannot_be_are_refused),
		cmocka_unit_test(test_the_outer_field_is_the_inner_ecn_and_no_dscp),
		cmocka_unit_test(test_decapsulation_follows_rfc_6040),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
