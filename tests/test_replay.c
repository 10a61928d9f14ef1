#include "wgtest.h"

#include "noise/replay.h"
#include "noise/session.h"

#define WINDOW ((uint64_t)WG_REPLAY_WINDOW)
#define LAST   (WG_REJECT_AFTER_MESSAGES - 1)

struct step {
	uint64_t counter;
	bool accepted;
};

static void run_steps(const struct step *steps, size_t n)
{
	struct wg_replay replay = {0};

	for (size_t i = 0; i < n; i++)
		if (wg_replay_accept(&replay, steps[i].counter) != steps[i].accepted)
			fail_msg("step %zu: counter %ju should be %s", i,
				 (uintmax_t)steps[i].counter,
				 steps[i].accepted ? "accepted" : "rejected");
}

static void test_a_counter_is_accepted_once(void **state)
{
	static const struct step steps[] = {
		{0, true},  {0, false},  {1, true},   {1, false}, {9, true},  {8, true},
		{7, true},  {7, false},  {8, false},  {9, false}, {63, true}, {64, true},
		{65, true}, {64, false}, {63, false}, {2, true},  {2, false},
	};

	(void)state;
	run_steps(steps, WG_ARRAY_LEN(steps));
}

static void test_the_window_reaches_8128_counters_back_and_no_further(void **state)
{
	static const struct step steps[] = {
		{WINDOW + 1, true}, {0, false},     {1, true},       {1, false},
		{2, true},          {WINDOW, true}, {WINDOW, false}, {WINDOW + 1, false},
		{WINDOW + 2, true}, {1, false},     {2, false},      {3, true},
	};

	(void)state;
	assert_true(WINDOW >= 8128);
	run_steps(steps, WG_ARRAY_LEN(steps));
}

static void test_a_full_window_rejects_its_oldest_counter(void **state)
{
	struct wg_replay replay = {0};

	(void)state;
	for (uint64_t i = 0; i <= WINDOW; i++)
		assert_true(wg_replay_accept(&replay, i));
	for (uint64_t i = 0; i <= WINDOW; i++)
		assert_false(wg_replay_accept(&replay, i));
	assert_true(wg_replay_accept(&replay, WINDOW + 1));
	assert_false(wg_replay_accept(&replay, 0));
}

static void test_a_window_filled_backwards_accepts_all_of_it(void **state)
{
	struct wg_replay replay = {0};

	(void)state;
	for (uint64_t i = 0; i <= WINDOW; i++)
		assert_true(wg_replay_accept(&replay, 5000 + WINDOW - i));
	assert_false(wg_replay_accept(&replay, 4999));
	assert_false(wg_replay_accept(&replay, 5000));
}

static void test_a_jump_forgets_what_the_window_left_behind(void **state)
{
	static const struct step steps[] = {
		{5, true},
		{5 + 8192, true}, /* the same bit of the ring */
		{5, false},
		{5 + 8192, false},
		{5 + 100 * 8192, true}, /* more than once around it */
		{6 + 99 * 8192 + 64, true},
		{5 + 8192, false},
		{UINT64_C(1) << 32, true},
		{(UINT64_C(1) << 32) - 5, true},
		{5, false},
		{UINT64_C(1) << 63, true},
		{UINT64_C(1) << 32, false},
	};

	(void)state;
	run_steps(steps, WG_ARRAY_LEN(steps));
}

static void test_the_last_counters_are_accepted_and_none_behind_them(void **state)
{
	static const struct step steps[] = {
		{UINT64_MAX, false},
		{LAST + 1, false},
		{0, true},
		{UINT64_MAX, false},
		{LAST, true},
		{LAST, false},
		{LAST + 1, false},
		{UINT64_MAX, false},
		{LAST - 1, true},
		{LAST - WINDOW, true},
		{LAST - WINDOW - 1, false},
		{0, false},
	};

	(void)state;
	run_steps(steps, WG_ARRAY_LEN(steps));
}

/* The twin remembers every counter that it accepted. */
#define TWIN_LEN 200000

static void test_random_counters_are_judged_as_by_a_naive_twin(void **state)
{
	static bool seen[TWIN_LEN];
	struct wg_test_random random = {6};
	struct wg_replay replay = {0};
	uint64_t newest = 0;
	size_t n_accepted = 0;

	(void)state;
	while (newest + 30000 < TWIN_LEN) {
		size_t reach = wg_test_below(&random, 100) ? 9000 : 20000;
		uint64_t low = newest > 8500 ? newest - 8500 : 0;
		uint64_t counter = low + wg_test_below(&random, reach);
		bool expected = !seen[counter] && counter + WINDOW >= newest;

		assert_int_equal(wg_replay_accept(&replay, counter), expected);
		n_accepted += expected;
		seen[counter] = true;
		newest = counter > newest ? counter : newest;
	}
	assert_true(n_accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_counter_is_accepted_once),
		cmocka_unit_test(test_the_window_reaches_8128_counters_back_and_no_further),
		cmocka_unit_test(test_a_full_window_rejects_its_oldest_counter),
		cmocka_unit_test(test_a_window_filled_backwards_accepts_all_of_it),
		cmocka_unit_test(test_a_jump_forgets_what_the_window_left_behind),
		cmocka_unit_test(test_the_last_counters_are_accepted_and_none_behind_them),
		cmocka_unit_test(test_random_counters_are_judged_as_by_a_naive_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
