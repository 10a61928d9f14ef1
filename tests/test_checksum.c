#include "wgtest.h"

#include "tun/checksum.h"

/* RFC 1071, section 1, word for word: 16-bit numbers in network order. */
static uint16_t naive_sum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t stored(uint64_t sum)
{
	uint8_t field[2];

	wg_checksum_store_partial(field, sum);
	return wg_load_be16(field);
}

static void test_the_example_of_rfc_1071_is_summed(void **state)
{
	const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint8_t field[2];

	(void)state;
	assert_int_equal(stored(wg_checksum_add(0, data, sizeof(data))), 0xddf2);
	wg_checksum_store(field, wg_checksum_add(0, data, sizeof(data)));
	assert_int_equal(wg_load_be16(field), (uint16_t)~0xddf2);
}

static void test_every_length_and_alignment_matches_the_naive_sum(void **state)
{
	struct wg_test_random random = {1};
	uint8_t data[2200];

	(void)state;
	wg_test_fill(&random, data, sizeof(data));
	for (size_t len = 0; len <= 2048; len++)
		for (size_t at = 0; at < 64; at += 1 + len % 7) {
			uint16_t sum = naive_sum(data + at, len);

			assert_int_equal(stored(wg_checksum_add(0, data + at, len)), sum);
			assert_int_equal(stored(wg_checksum_add_plain(0, data + at, len)), sum);
		}
}

static void test_all_ones_do_not_overflow(void **state)
{
	static uint8_t data[65536];
	uint64_t sum = UINT64_MAX;

	(void)state;
	memset(data, 0xff, sizeof(data));
	for (int i = 0; i < 1000; i++)
		sum = wg_checksum_add_plain(wg_checksum_add(sum, data, sizeof(data)), data,
					    sizeof(data));
	assert_int_equal(stored(sum), 0xffff);
	assert_int_equal(stored(wg_checksum_add_be16(sum, 1)), 1);
}

static void test_pieces_add_up(void **state)
{
	struct wg_test_random random = {2};
	uint8_t data[3000];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		size_t len = wg_test_below(&random, sizeof(data));
		size_t cut = wg_test_below(&random, len / 2 + 1) * 2;
		uint64_t sum;

		wg_test_fill(&random, data, len);
		sum = wg_checksum_add(wg_checksum_add(0, data, cut), data + cut, len - cut);
		assert_int_equal(stored(sum), naive_sum(data, len));
	}
}

static void test_the_pseudo_header_is_summed_as_if_it_were_there(void **state)
{
	struct wg_test_random random = {3};
	uint8_t ip[40];
	uint8_t pseudo[40] = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint16_t len = (uint16_t)wg_test_next(&random);

		wg_test_fill(&random, ip, sizeof(ip));
		ip[0] = 0x45;
		memcpy(pseudo, ip + 12, 8);
		pseudo[8] = 0;
		pseudo[9] = 17;
		wg_store_be16(pseudo + 10, len);
		assert_int_equal(stored(wg_checksum_pseudo(ip, 17, len)), naive_sum(pseudo, 12));

		ip[0] = 0x60;
		memcpy(pseudo, ip + 8, 32);
		wg_store_be32(pseudo + 32, len);
		wg_store_be32(pseudo + 36, 6);
		assert_int_equal(stored(wg_checksum_pseudo(ip, 6, len)), naive_sum(pseudo, 40));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_example_of_rfc_1071_is_summed),
		cmocka_unit_test(test_every_length_and_alignment_matches_the_naive_sum),
		cmocka_unit_test(test_all_ones_do_not_overflow),
		cmocka_unit_test(test_pieces_add_up),
		cmocka_unit_test(test_the_pseudo_header_is_summed_as_if_it_were_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
