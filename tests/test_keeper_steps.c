/* Walks over three steps that do nothing but say so: "a" and "c" hold until they are told
 * that they are done, and can be hurried; "b" only waits. */
#include "wgtest.h"

#include <errno.h>
#include <stdio.h>

#include "keeper/steps.h"

#define N_STEPS 3u

static struct wg_steps steps;
static char said[256];
static bool holds;      /* what begins or goes back is done when the test says so */
static int fails_at;    /* the step whose begin fails; -1: none */
static bool back_later; /* the test calls wg_steps_back */
static struct wg_error failure;

static void say(const char *what)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s%s", len ? " " : "", what);
}

static void settle(int step)
{
	wg_error_init(&failure);
	if (step == fails_at)
		wg_error_set(&failure, -EIO, "step %d", step);
	if (!holds)
		wg_steps_done(&steps, &failure);
}

static void begin_a(void *ctx)
{
	(void)ctx;
	say("a");
	settle(0);
}

static void begin_b(void *ctx)
{
	(void)ctx;
	say("b");
	settle(1);
}

static void begin_c(void *ctx)
{
	(void)ctx;
	say("c");
	settle(2);
}

static void back_a(void *ctx)
{
	(void)ctx;
	say("-a");
	settle(0);
}

static void back_c(void *ctx)
{
	(void)ctx;
	say("-c");
	settle(2);
}

static void hurry(void *ctx, const char *why)
{
	(void)ctx;
	say(why);
}

static void turned(void *ctx, const struct wg_error *error)
{
	(void)ctx;
	say(error ? error->text : "asked");
	if (!back_later)
		wg_steps_back(&steps);
}

static void over(void *ctx)
{
	(void)ctx;
	say("over");
}

static const struct wg_step table[N_STEPS] = {
	{begin_a, back_a, hurry},
	{begin_b, NULL, NULL},
	{begin_c, back_c, hurry},
};

static int setup(void **state)
{
	(void)state;
	steps = (struct wg_steps){.steps = table, .n = N_STEPS, .turned = turned, .over = over};
	said[0] = '\0';
	holds = false;
	back_later = false;
	fails_at = -1;
	return 0;
}

static void done(void)
{
	wg_steps_done(&steps, &failure);
}

/* Holds at a step on the way forth. */
static void hold_at(size_t step)
{
	holds = true;
	wg_steps_begin(&steps);
	for (size_t i = 0; i < step; i++)
		done();
	assert_true(wg_steps_is(&steps, WG_STEPS_FORTH, step));
	said[0] = '\0';
}

static void test_steps_follow_each_other_to_the_end(void **state)
{
	(void)state;
	wg_steps_begin(&steps);
	assert_string_equal(said, "a b c over");
	assert_true(wg_steps_reached(&steps, 2));
}

static void test_a_step_that_fails_is_taken_back_with_those_before_it(void **state)
{
	static const char *const wanted[N_STEPS] = {
		"a step 0 -a over",
		"a b step 1 -a over",
		"a b c step 2 -c -a over",
	};

	for (int i = 0; i < (int)N_STEPS; i++) {
		setup(state);
		fails_at = i;
		wg_steps_begin(&steps);
		assert_string_equal(said, wanted[i]);
		assert_int_equal(steps.way, WG_STEPS_OVER);
		assert_true(wg_steps_reached(&steps, (size_t)i));
		assert_false(wg_steps_reached(&steps, (size_t)i + 1));
	}
}

static void test_a_step_that_fails_on_the_way_back_does_not_stop_it(void **state)
{
	(void)state;
	fails_at = 2;
	wg_steps_begin(&steps);
	assert_string_equal(said, "a b c step 2 -c -a over");
}

static void test_a_walk_that_is_over_does_nothing_more(void **state)
{
	(void)state;
	wg_steps_begin(&steps);
	said[0] = '\0';
	wg_steps_end(&steps, "now");
	wg_steps_begin(&steps);
	assert_string_equal(said, "");
}

static void test_an_end_before_the_first_step_leaves_it_unbegun(void **state)
{
	(void)state;
	back_later = true;
	wg_steps_end(&steps, "now");
	wg_steps_begin(&steps);
	wg_steps_back(&steps);
	assert_string_equal(said, "asked over");
}

static void test_a_step_that_only_waits_is_left_at_once_when_the_end_is_asked_for(void **state)
{
	(void)state;
	hold_at(1);
	wg_steps_end(&steps, "now");
	assert_string_equal(said, "asked -a");
	done();
	assert_string_equal(said, "asked -a over");
}

static void test_a_step_that_works_is_hurried_and_then_taken_back(void **state)
{
	(void)state;
	hold_at(2);
	wg_steps_end(&steps, "now");
	assert_string_equal(said, "now");
	assert_true(wg_steps_is(&steps, WG_STEPS_HURRIED, 2));
	done();
	assert_string_equal(said, "now asked -c");
	done();
	done();
	assert_string_equal(said, "now asked -c -a over");
}

static void test_a_step_that_is_hurried_has_no_other_after_it(void **state)
{
	(void)state;
	hold_at(0);
	wg_steps_end(&steps, "now");
	done();
	done();
	assert_string_equal(said, "now asked -a over");
}

static void test_a_step_that_fails_when_hurried_tells_of_its_failure(void **state)
{
	(void)state;
	hold_at(0);
	wg_steps_end(&steps, "now");
	wg_error_set(&failure, -EIO, "killed");
	done();
	assert_string_equal(said, "now killed -a");
}

static void test_whoever_asks_twice_hurries_a_step_that_hangs_again(void **state)
{
	(void)state;
	hold_at(0);
	wg_steps_end(&steps, "first");
	wg_steps_end(&steps, "second");
	assert_string_equal(said, "first second");
	assert_true(wg_steps_is(&steps, WG_STEPS_HURRIED, 0));
}

static void test_a_hang_on_the_way_back_is_ended_by_asking_again(void **state)
{
	(void)state;
	hold_at(2);
	wg_steps_end(&steps, "first");
	done();
	wg_steps_end(&steps, "second");
	assert_string_equal(said, "first asked -c second");
	done();
	wg_steps_end(&steps, "third");
	assert_string_equal(said, "first asked -c second -a third");
	done();
	assert_string_equal(said, "first asked -c second -a third over");
}

static void test_between_turning_and_the_way_back_nothing_is_hurried(void **state)
{
	(void)state;
	hold_at(1);
	back_later = true;
	wg_steps_end(&steps, "first");
	wg_steps_end(&steps, "second");
	assert_string_equal(said, "asked");
	wg_steps_back(&steps);
	assert_string_equal(said, "asked -a");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps_follow_each_other_to_the_end),
		TEST(test_a_step_that_fails_is_taken_back_with_those_before_it),
		TEST(test_a_step_that_fails_on_the_way_back_does_not_stop_it),
		TEST(test_a_walk_that_is_over_does_nothing_more),
		TEST(test_an_end_before_the_first_step_leaves_it_unbegun),
		TEST(test_a_step_that_only_waits_is_left_at_once_when_the_end_is_asked_for),
		TEST(test_a_step_that_works_is_hurried_and_then_taken_back),
		TEST(test_a_step_that_is_hurried_has_no_other_after_it),
		TEST(test_a_step_that_fails_when_hurried_tells_of_its_failure),
		TEST(test_whoever_asks_twice_hurries_a_step_that_hangs_again),
		TEST(test_a_hang_on_the_way_back_is_ended_by_asking_again),
		TEST(test_between_turning_and_the_way_back_nothing_is_hurried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
