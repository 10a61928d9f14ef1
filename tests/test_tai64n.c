#include "wgtest.h"

#include "noise/tai64n.h"

#define GRAIN (1 << 24)

static struct wg_now wall(int64_t sec, int32_t nsec)
{
	return (struct wg_now){.boot = 0, .wall_sec = sec, .wall_nsec = nsec};
}

static void test_a_timestamp_is_tai_seconds_and_whitened_nanoseconds(void **state)
{
	static const struct {
		int64_t sec;
		int32_t nsec;
		const char *timestamp;
	} cases[] = {
		{0, GRAIN, "400000000000000a01000000"},
		{1, 0, "400000000000000b00000000"},
		/* of tests/vectors/handshake.txt */
		{1700000000, 0, "400000006553f10a00000000"},
		{1700000000, GRAIN, "400000006553f10a01000000"},
		{1700000000, 2 * GRAIN - 1, "400000006553f10a01000000"},
		{1700000000, 999999999, "400000006553f10a3b000000"},
		/* behind 2038 and 2106 */
		{2147483648, 5, "400000008000000a00000000"},
		{4294967296, 5, "400000010000000a00000000"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_tai64n_clock clock = {0};
		uint8_t expected[WG_TAI64N_LEN];
		uint8_t timestamp[WG_TAI64N_LEN];

		wg_test_unhex(expected, sizeof(expected), cases[i].timestamp);
		wg_tai64n_next(&clock, timestamp, wall(cases[i].sec, cases[i].nsec));
		assert_memory_equal(timestamp, expected, sizeof(timestamp));
	}
}

/* Each is later than the one before, has a whole number of grains, and a number of
 * nanoseconds that makes no second. */
static void check_next(struct wg_tai64n_clock *clock, uint8_t last[static WG_TAI64N_LEN],
		       struct wg_now now)
{
	uint8_t timestamp[WG_TAI64N_LEN];
	uint32_t nsec;

	wg_tai64n_next(clock, timestamp, now);
	nsec = wg_load_be32(timestamp + 8);
	assert_true(wg_tai64n_after(timestamp, last));
	assert_int_equal(nsec % GRAIN, 0);
	assert_true(nsec < 1000000000);
	memcpy(last, timestamp, sizeof(timestamp));
}

static void test_timestamps_grow_while_the_clock_stands_still(void **state)
{
	struct wg_tai64n_clock clock = {0};
	uint8_t last[WG_TAI64N_LEN] = {0};

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		check_next(&clock, last, wall(1700000000, 999999999));
	/* 59 grains and the carry each second */
	assert_int_equal(clock.sec, 1700000000 + 999 / 60 + 1);
}

static void test_timestamps_grow_while_the_clock_goes_back(void **state)
{
	struct wg_tai64n_clock clock = {0};
	uint8_t last[WG_TAI64N_LEN] = {0};

	(void)state;
	for (int32_t i = 0; i < 1000; i++)
		check_next(&clock, last, wall(1700000000 - 10 * i, 999999999 - 1000 * i));
	check_next(&clock, last, wall(0, 0));
	check_next(&clock, last, wall(-5, 0));
}

static void test_timestamps_follow_the_clock_again_once_it_has_caught_up(void **state)
{
	struct wg_tai64n_clock clock = {0};
	uint8_t last[WG_TAI64N_LEN] = {0};
	uint8_t expected[WG_TAI64N_LEN];

	(void)state;
	check_next(&clock, last, wall(1700000000, 0));
	check_next(&clock, last, wall(1600000000, 0));
	check_next(&clock, last, wall(1700000001, 3));
	wg_test_unhex(expected, sizeof(expected), "400000006553f10b00000000");
	assert_memory_equal(last, expected, sizeof(last));
}

static void test_comparison_is_strict_and_starts_at_the_seconds(void **state)
{
	static const char *const ordered[] = {
		"000000000000000000000000", "400000006553f10a00000000", "400000006553f10a01000000",
		"400000006553f10a01000001", "400000006553f10aff000000", "400000006553f10b00000000",
		"ffffffffffffffffffffffff",
	};
	uint8_t stamps[WG_ARRAY_LEN(ordered)][WG_TAI64N_LEN];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(ordered); i++)
		wg_test_unhex(stamps[i], WG_TAI64N_LEN, ordered[i]);
	for (size_t i = 0; i < WG_ARRAY_LEN(ordered); i++)
		for (size_t j = 0; j < WG_ARRAY_LEN(ordered); j++)
			assert_int_equal(wg_tai64n_after(stamps[i], stamps[j]), i > j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_timestamp_is_tai_seconds_and_whitened_nanoseconds),
		cmocka_unit_test(test_timestamps_grow_while_the_clock_stands_still),
		cmocka_unit_test(test_timestamps_grow_while_the_clock_goes_back),
		cmocka_unit_test(test_timestamps_follow_the_clock_again_once_it_has_caught_up),
		cmocka_unit_test(test_comparison_is_strict_and_starts_at_the_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
