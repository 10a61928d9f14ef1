#include "wgtest.h"

#include "core/icmp.h"

static struct wg_pool *pool;
static uint8_t bytes[2000];
static struct wg_packet packet;

static int setup(void **state)
{
	(void)state;
	pool = wg_pool_new(1u << 20);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	wg_pool_free(pool);
	return 0;
}

static void ipv4(uint8_t proto, uint32_t len)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 0x45;
	wg_store_be16(bytes + 2, (uint16_t)len);
	bytes[9] = proto;
	memcpy(bytes + 12, (uint8_t[]){10, 0, 0, 1}, 4);
	memcpy(bytes + 16, (uint8_t[]){203, 0, 113, 9}, 4);
	packet = (struct wg_packet){.data = bytes, .len = len, .room = sizeof(bytes)};
}

static void ipv6(uint8_t next, uint32_t len)
{
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 0x60;
	wg_store_be16(bytes + 4, (uint16_t)(len - 40));
	bytes[6] = next;
	bytes[8] = 0x20;
	bytes[23] = 1;
	bytes[24] = 0x20;
	bytes[39] = 2;
	packet = (struct wg_packet){.data = bytes, .len = len, .room = sizeof(bytes)};
}

static bool answered(void)
{
	struct wg_packet *error = wg_icmp_unreachable(pool, &packet);

	wg_packet_put(error);
	return error != NULL;
}

static uint16_t sum(uint32_t start, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		start += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)start;
}

static void test_an_ipv4_error_quotes_the_packet_and_comes_from_its_destination(void **state)
{
	struct wg_packet *error;

	(void)state;
	ipv4(17, 1000);
	error = wg_icmp_unreachable(pool, &packet);
	assert_non_null(error);
	assert_int_equal(error->len, 576);
	assert_memory_equal(error->data + 12, bytes + 16, 4);
	assert_memory_equal(error->data + 16, bytes + 12, 4);
	assert_int_equal(error->data[20], 3);
	assert_int_equal(error->data[21], 1);
	assert_memory_equal(error->data + 28, bytes, 548);
	assert_int_equal(sum(0, error->data, 20), 0xffff);
	assert_int_equal(sum(0, error->data + 20, error->len - 20), 0xffff);
	wg_packet_put(error);
}

static void test_an_ipv6_error_has_the_pseudo_header_in_its_checksum(void **state)
{
	struct wg_packet *error;

	(void)state;
	ipv6(17, 1403);
	error = wg_icmp_unreachable(pool, &packet);
	assert_non_null(error);
	assert_int_equal(error->len, 1280);
	assert_memory_equal(error->data + 8, bytes + 24, 16);
	assert_memory_equal(error->data + 24, bytes + 8, 16);
	assert_int_equal(error->data[40], 1);
	assert_int_equal(error->data[41], 3);
	assert_int_equal(sum(58 + error->len - 40, error->data + 8, error->len - 8), 0xffff);
	wg_packet_put(error);
	/* The shortest that are not quoted whole. */
	ipv6(17, 1233);
	error = wg_icmp_unreachable(pool, &packet);
	assert_non_null(error);
	assert_int_equal(error->len, 1280);
	wg_packet_put(error);
}

static void test_nobody_complains_about_errors_groups_and_later_fragments(void **state)
{
	(void)state;
	ipv4(1, 100);
	bytes[20] = 8;
	assert_true(answered());
	bytes[20] = 3;
	assert_false(answered());
	bytes[20] = 11;
	assert_false(answered());
	ipv4(17, 100);
	bytes[16] = 224;
	assert_false(answered());
	ipv4(17, 100);
	bytes[16] = 255;
	assert_false(answered());
	ipv4(17, 100);
	bytes[12] = 0;
	assert_false(answered());
	ipv4(17, 100);
	bytes[7] = 1;
	assert_false(answered());
	ipv4(17, 100);
	bytes[6] = 0x20; /* the first fragment, more to come */
	assert_true(answered());

	ipv6(58, 100);
	bytes[40] = 128;
	assert_true(answered());
	bytes[40] = 1;
	assert_false(answered());
	ipv6(17, 100);
	bytes[24] = 0xff;
	assert_false(answered());
	ipv6(17, 100);
	bytes[8] = bytes[23] = 0;
	assert_false(answered());
}

static void test_icmpv6_errors_are_found_behind_extension_headers(void **state)
{
	(void)state;
	ipv6(0, 100);
	bytes[40] = 60;
	bytes[48] = 58;
	bytes[56] = 1;
	assert_false(answered());
	bytes[56] = 129;
	assert_true(answered());
	ipv6(44, 100);
	bytes[40] = 17;
	assert_true(answered());
	wg_store_be16(bytes + 42, 8);
	assert_false(answered());
	ipv6(0, 100);
	bytes[41] = 255; /* a header longer than the packet */
	assert_true(bytes[40] == 0 && !answered());
}

static void test_errors_are_limited_to_a_burst_and_a_rate(void **state)
{
	struct wg_icmp_limit limit = {0};
	unsigned int n = 0;

	(void)state;
	while (n < 1000 && wg_icmp_allow(&limit, 0))
		n++;
	assert_int_equal(n, WG_ICMP_BURST);
	assert_false(wg_icmp_allow(&limit, 9 * WG_MILLISECOND));
	assert_true(wg_icmp_allow(&limit, 10 * WG_MILLISECOND));
	for (n = 0; n < 1000 && wg_icmp_allow(&limit, 3600 * WG_SECOND); n++)
		;
	assert_int_equal(n, WG_ICMP_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_an_ipv4_error_quotes_the_packet_and_comes_from_its_destination),
		cmocka_unit_test(test_an_ipv6_error_has_the_pseudo_header_in_its_checksum),
		cmocka_unit_test(test_nobody_complains_about_errors_groups_and_later_fragments),
		cmocka_unit_test(test_icmpv6_errors_are_found_behind_extension_headers),
		cmocka_unit_test(test_errors_are_limited_to_a_burst_and_a_rate),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
