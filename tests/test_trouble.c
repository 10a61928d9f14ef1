/* How often what goes on failing is worth a line. */
#include "wgtest.h"

#include "engine/trouble.h"

static void test_the_first_failure_is_told_at_once(void **state)
{
	struct wg_trouble trouble = {0};

	(void)state;
	assert_true(wg_trouble_note(&trouble, 3, 0));
	assert_int_equal(trouble.n, 3);
}

static void test_a_day_of_failures_makes_few_lines_that_tell_all(void **state)
{
	struct wg_trouble trouble = {0};
	uint64_t told = 0;
	unsigned int lines = 0;

	(void)state;
	for (int64_t tenth = 0; tenth < 10 * 24 * 3600; tenth++) {
		if (!wg_trouble_note(&trouble, 2, tenth * 100 * WG_MILLISECOND))
			continue;
		told += trouble.n;
		trouble.n = 0;
		lines++;
	}
	assert_in_range(lines, 24, 32);
	assert_int_equal(told + trouble.n, 2 * 10 * 24 * 3600);
}

static void test_what_stopped_for_long_is_told_at_once_when_it_comes_again(void **state)
{
	struct wg_trouble trouble = {0};

	(void)state;
	assert_true(wg_trouble_note(&trouble, 1, 0));
	trouble.n = 0;
	assert_false(wg_trouble_note(&trouble, 1, 59 * WG_SECOND));
	assert_true(wg_trouble_note(&trouble, 1, 60 * WG_SECOND));
	assert_int_equal(trouble.n, 2);
	trouble.n = 0;
	assert_false(wg_trouble_note(&trouble, 1, 100 * WG_SECOND));
	assert_true(wg_trouble_note(&trouble, 1, 1000 * WG_SECOND));
	assert_int_equal(trouble.n, 1); /* and as if there had been none before */
	trouble.n = 0;
	assert_true(wg_trouble_note(&trouble, 1, 1060 * WG_SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_failure_is_told_at_once),
		cmocka_unit_test(test_a_day_of_failures_makes_few_lines_that_tell_all),
		cmocka_unit_test(test_what_stopped_for_long_is_told_at_once_when_it_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
