#include "wgtest.h"

#include "base/number.h"

static void test_only_whole_numbers_within_the_bound_are_read(void **state)
{
	static const struct {
		const char *text;
		uint32_t max;
		bool ok;
		bool ok_any; /* where "0x" may be */
		uint32_t number;
	} cases[] = {
		{"0", 0, true, true, 0},
		{"00123", 123, true, true, 123},
		{"4294967295", UINT32_MAX, true, true, UINT32_MAX},
		{"4294967296", UINT32_MAX, false, false, 0},
		{"18446744073709551617", UINT32_MAX, false, false, 0},
		{"124", 123, false, false, 0},
		{"0x1F", 31, false, true, 31},
		{"0Xffffffff", UINT32_MAX, false, true, UINT32_MAX},
		{"0x100000000", UINT32_MAX, false, false, 0},
		{"0x", 9, false, false, 0},
		{"0xg", 99, false, false, 0},
		{"1f", 99, false, false, 0},
		{"", 9, false, false, 0},
		{"-1", 9, false, false, 0},
		{"+1", 9, false, false, 0},
		{" 1", 9, false, false, 0},
		{"1 ", 9, false, false, 0},
		{"1.0", 9, false, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		uint32_t number = 777;
		uint32_t any = 777;

		assert_int_equal(wg_number_parse(&number, cases[i].max, cases[i].text),
				 cases[i].ok);
		assert_int_equal(number, cases[i].ok ? cases[i].number : 777);
		assert_int_equal(wg_number_parse_any(&any, cases[i].max, cases[i].text),
				 cases[i].ok_any);
		assert_int_equal(any, cases[i].ok_any ? cases[i].number : 777);
	}
}

static void test_long_numbers_keep_to_their_bound_without_wrapping(void **state)
{
	uint64_t number = 777;

	(void)state;
	assert_false(wg_number_parse_long(&number, 1, "5"));
	assert_false(wg_number_parse_long(&number, UINT64_MAX, "18446744073709551616"));
	assert_false(wg_number_parse_long(&number, UINT64_MAX, "99999999999999999999"));
	assert_int_equal(number, 777);
	assert_true(wg_number_parse_long(&number, UINT64_MAX, "18446744073709551615"));
	assert_true(number == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_whole_numbers_within_the_bound_are_read),
		cmocka_unit_test(test_long_numbers_keep_to_their_bound_without_wrapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
