#include "wgtest.h"

#include "core/ratelimit.h"

static struct wg_ratelimit limit;

static int setup(void **state)
{
	static struct wg_test_random seed = {5};
	struct wg_random source = wg_test_source(&seed);

	(void)state;
	wg_ratelimit_init(&limit, &source);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wg_ratelimit_deinit(&limit);
	return 0;
}

/* Another message each time. */
static bool allow_ip(const struct wg_ip *ip, wg_time now)
{
	static uint64_t messages;
	uint8_t mac1[WG_MAC_LEN] = {0};

	wg_store_le64(mac1, ++messages);
	return wg_ratelimit_allow(&limit, ip, mac1, now);
}

static bool allow(const char *address, wg_time now)
{
	struct wg_ip ip;

	assert_true(wg_ip_parse(&ip, address));
	return allow_ip(&ip, now);
}

static void test_a_source_has_five_tokens_and_earns_twenty_a_second(void **state)
{
	static const struct {
		wg_time wait;
		bool allowed;
	} steps[] = {
		{0, true},
		{0, true},
		{0, true},
		{0, true},
		{0, true},
		{0, false},
		{49 * WG_MILLISECOND, false},
		{1 * WG_MILLISECOND, true},
		{0, false},
		{100 * WG_MILLISECOND, true},
		{0, true},
		{0, false},
		{10 * WG_SECOND, true},
		{0, true},
		{0, true},
		{0, true},
		{0, true},
		{0, false},
	};
	wg_time now = 0;

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(steps); i++) {
		now += steps[i].wait;
		assert_int_equal(allow("192.0.2.1", now), steps[i].allowed);
	}
}

static void test_ipv4_sources_are_apart_and_an_ipv6_64_is_one(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_true(allow("192.0.2.1", 0));
		assert_true(allow("2001:db8::1", 0));
	}
	assert_false(allow("192.0.2.1", 0));
	assert_true(allow("192.0.2.2", 0));
	assert_false(allow("2001:db8::ffff:1", 0));
	assert_true(allow("2001:db8:0:1::1", 0));
}

static void test_a_message_that_comes_again_takes_no_token(void **state)
{
	uint8_t mac1[WG_MAC_LEN] = {7};
	struct wg_ip one;
	struct wg_ip other;

	(void)state;
	assert_true(wg_ip_parse(&one, "192.0.2.1"));
	assert_true(wg_ip_parse(&other, "192.0.2.2"));
	assert_true(wg_ratelimit_allow(&limit, &one, mac1, 0));
	for (int i = 0; i < 100; i++)
		assert_false(wg_ratelimit_allow(&limit, &one, mac1, 0));
	for (int i = 0; i < 4; i++)
		assert_true(allow_ip(&one, 0));
	assert_false(allow_ip(&one, 0));
	assert_true(wg_ratelimit_allow(&limit, &other, mac1, 0));
	/* It is known as long as it is one of the last eight. */
	for (wg_time now = 1; now <= 7; now++) {
		assert_false(wg_ratelimit_allow(&limit, &other, mac1, now * WG_SECOND));
		assert_true(allow_ip(&other, now * WG_SECOND));
	}
	assert_false(wg_ratelimit_allow(&limit, &other, mac1, 8 * WG_SECOND));
	assert_true(allow_ip(&other, 8 * WG_SECOND));
	assert_true(wg_ratelimit_allow(&limit, &other, mac1, 8 * WG_SECOND));
}

static void test_the_table_is_bounded_swept_and_silent_when_empty(void **state)
{
	struct wg_ip ip = {.family = WG_FAMILY_IPV4};

	(void)state;
	assert_int_equal(limit.sweep_due, WG_NEVER);
	for (uint32_t i = 0; i < WG_RATELIMIT_MAX_SOURCES; i++) {
		wg_store_be32(ip.bytes, i);
		assert_true(allow_ip(&ip, i < 100 ? 0 : WG_SECOND / 2));
	}
	assert_false(allow("255.0.0.1", WG_SECOND));
	assert_int_equal(limit.sweep_due, WG_SECOND);
	wg_ratelimit_sweep(&limit, WG_SECOND);
	assert_int_equal(limit.sources.n, WG_RATELIMIT_MAX_SOURCES - 100);
	assert_true(allow("255.0.0.1", WG_SECOND));
	wg_ratelimit_sweep(&limit, 3 * WG_SECOND);
	assert_int_equal(limit.sources.n, 0);
	assert_int_equal(limit.sweep_due, WG_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_source_has_five_tokens_and_earns_twenty_a_second, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ipv4_sources_are_apart_and_an_ipv6_64_is_one,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_message_that_comes_again_takes_no_token,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_the_table_is_bounded_swept_and_silent_when_empty, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
