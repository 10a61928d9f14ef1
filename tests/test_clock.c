#include <poll.h>
#include <sys/timerfd.h>

#include "wgtest.h"

#include "os/clock.h"

static struct wg_alarm alarm_clock;

static int set_up(void **state)
{
	(void)state;
	return wg_alarm_open(&alarm_clock);
}

static int tear_down(void **state)
{
	(void)state;
	wg_alarm_close(&alarm_clock);
	return 0;
}

static bool rings(void)
{
	struct pollfd pollfd = {.fd = alarm_clock.fd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1;
}

/* What the kernel says is left; 0 when it is not set. */
static wg_time left(void)
{
	struct itimerspec spec;

	assert_int_equal(timerfd_gettime(alarm_clock.fd, &spec), 0);
	return spec.it_value.tv_sec * WG_SECOND + spec.it_value.tv_nsec;
}

static void test_an_alarm_that_nobody_set_is_silent(void **state)
{
	(void)state;
	wg_alarm_set(&alarm_clock, WG_NEVER);
	assert_int_equal(left(), 0);
	assert_false(rings());
}

static void test_what_is_past_rings_at_once(void **state)
{
	static const wg_time past[] = {-1, 0, 1};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(past); i++) {
		wg_alarm_set(&alarm_clock, past[i]);
		assert_true(rings());
		wg_alarm_clear(&alarm_clock);
		assert_false(rings());
		assert_int_equal(left(), 0);
	}
	wg_alarm_set(&alarm_clock, wg_clock_now().boot);
	assert_true(rings());
}

static void test_an_earlier_deadline_moves_it_and_a_later_one_does_not(void **state)
{
	wg_time now = wg_clock_now().boot;

	(void)state;
	wg_alarm_set(&alarm_clock, now + 1000 * WG_SECOND);
	wg_alarm_set(&alarm_clock, now + 500 * WG_SECOND);
	assert_in_range(left(), 1, 500 * WG_SECOND);
	wg_alarm_set(&alarm_clock, now + 2000 * WG_SECOND);
	assert_in_range(left(), 1, 500 * WG_SECOND);
	wg_alarm_set(&alarm_clock, now);
	assert_true(rings());
}

static void test_after_it_rang_it_can_be_set_later(void **state)
{
	wg_time now = wg_clock_now().boot;

	(void)state;
	wg_alarm_set(&alarm_clock, now);
	wg_alarm_clear(&alarm_clock);
	wg_alarm_set(&alarm_clock, now + 1000 * WG_SECOND);
	assert_false(rings());
	assert_in_range(left(), 1, 1000 * WG_SECOND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_an_alarm_that_nobody_set_is_silent),
		TEST(test_what_is_past_rings_at_once),
		TEST(test_an_earlier_deadline_moves_it_and_a_later_one_does_not),
		TEST(test_after_it_rang_it_can_be_set_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
