#include "wgtest.h"

#include "core/mss.h"

static uint8_t bytes[128];
static struct wg_packet packet;
static uint32_t tcp_at;

/* A SYN whose options are given; returns where they are. */
static uint8_t *syn(unsigned int version, const uint8_t *options, size_t len)
{
	tcp_at = version == 4 ? 20 : 40;
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = (uint8_t)(version == 4 ? 0x45 : 0x60);
	bytes[version == 4 ? 9 : 6] = 6;
	bytes[tcp_at + 12] = (uint8_t)((20 + len) / 4 << 4);
	bytes[tcp_at + 13] = 2;
	memcpy(bytes + tcp_at + 20, options, len);
	packet = (struct wg_packet){.data = bytes, .len = tcp_at + 20 + (uint32_t)len, .room = 128};
	return bytes + tcp_at + 20;
}

static uint16_t tcp_sum(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; tcp_at + i < packet.len; i++)
		sum += i % 2 ? bytes[tcp_at + i] : (uint32_t)bytes[tcp_at + i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void test_a_syns_mss_is_lowered_to_the_mtu_and_its_checksum_holds(void **state)
{
	static const struct {
		unsigned int version;
		uint8_t options[12];
		size_t len;
		size_t value_at;
		uint16_t mss;
	} cases[] = {
		{4, {2, 4, 0x05, 0xb4}, 4, 2, 1380},
		{6, {2, 4, 0x05, 0xa0}, 4, 2, 1360},
		{4, {1, 2, 4, 0x05, 0xb4, 0, 0, 0}, 8, 3, 1380},
		{4, {4, 2, 1, 1, 2, 4, 0x05, 0xb4}, 8, 6, 1380},
		{6, {3, 3, 7, 2, 4, 0x23, 0x00, 0}, 8, 5, 1360},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		uint8_t *options = syn(cases[i].version, cases[i].options, cases[i].len);

		wg_store_be16(bytes + tcp_at + 16, (uint16_t)~tcp_sum());
		assert_true(wg_mss_clamp(&packet, 1420));
		assert_int_equal(wg_load_be16(options + cases[i].value_at), cases[i].mss);
		assert_int_equal(tcp_sum(), 0xffff);
		assert_false(wg_mss_clamp(&packet, 1420));
	}
}

static void test_everything_else_is_left_alone(void **state)
{
	static const uint8_t mss[] = {2, 4, 0x05, 0xb4};
	static const uint8_t small[] = {2, 4, 0x02, 0x18};
	static const uint8_t endless[] = {3, 0, 2, 4};
	static const uint8_t ended[] = {0, 2, 4, 0x05, 0xb4, 0, 0, 0};
	static const uint8_t cut[] = {1, 1, 2, 4};

	(void)state;
	syn(4, small, sizeof(small));
	assert_false(wg_mss_clamp(&packet, 1420));
	syn(4, endless, sizeof(endless));
	assert_false(wg_mss_clamp(&packet, 1420));
	syn(4, ended, sizeof(ended));
	assert_false(wg_mss_clamp(&packet, 1420));
	/* What would be its value is payload. */
	wg_store_be16(syn(4, cut, sizeof(cut)) + sizeof(cut), 1460);
	packet.len += 2;
	assert_false(wg_mss_clamp(&packet, 1420));
	syn(4, mss, sizeof(mss));
	bytes[tcp_at + 13] = 0x10;
	assert_false(wg_mss_clamp(&packet, 1420));
	syn(4, mss, sizeof(mss));
	bytes[9] = 17;
	assert_false(wg_mss_clamp(&packet, 1420));
	syn(4, mss, sizeof(mss));
	bytes[7] = 1;
	assert_false(wg_mss_clamp(&packet, 1420));
	syn(4, mss, sizeof(mss));
	assert_false(wg_mss_clamp(&packet, 40));
	for (uint32_t len = 0; len < tcp_at + 24; len++) {
		syn(4, mss, sizeof(mss));
		packet.len = len;
		assert_false(wg_mss_clamp(&packet, 1420));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_syns_mss_is_lowered_to_the_mtu_and_its_checksum_holds),
		cmocka_unit_test(test_everything_else_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
