/* What was counted lately, out of counts that only grow. */
#include "wgtest.h"

#include "keeper/lately.h"

#define MINUTE (60 * WG_SECOND)

static struct wg_lately lately;
static struct wg_tally tally;
static struct wg_tally counted;

static int setup(void **state)
{
	(void)state;
	tally = (struct wg_tally){.out = 70, .in = 80};
	tally.losses[WG_LOSS_LINK_QUEUE] = 500;
	tally.drops[WG_DROP_OUT_QUEUE_FULL] = 600;
	wg_lately_init(&lately, &tally, 100 * MINUTE);
	return 0;
}

static void lose(uint64_t packets)
{
	tally.losses[WG_LOSS_LINK_QUEUE] += packets;
	tally.drops[WG_DROP_OUT_QUEUE_FULL] += packets;
}

/* What is told of the losses at that minute. */
static uint64_t told(int64_t minute)
{
	wg_time since = wg_lately_tell(&lately, &tally, minute * MINUTE, &counted);

	assert_in_range(minute - since / MINUTE, 0, 10);
	assert_int_equal(counted.drops[WG_DROP_OUT_QUEUE_FULL], counted.losses[WG_LOSS_LINK_QUEUE]);
	return counted.losses[WG_LOSS_LINK_QUEUE];
}

static void test_what_was_counted_before_the_start_is_not_told(void **state)
{
	(void)state;
	assert_int_equal(told(101), 0);
	tally.out += 3;
	tally.in += 4;
	assert_int_equal(told(101), 0);
	assert_int_equal(counted.out, 3);
	assert_int_equal(counted.in, 4);
}

static void test_a_burst_is_told_for_five_minutes_and_for_no_more_than_ten(void **state)
{
	(void)state;
	for (int64_t minute = 100; minute < 200; minute++) {
		uint64_t lost;

		if (minute == 123)
			lose(9);
		wg_lately_note(&lately, &tally, minute * MINUTE);
		lost = told(minute);
		if (minute < 123 || minute >= 133)
			assert_int_equal(lost, 0);
		else if (minute <= 128)
			assert_int_equal(lost, 9);
	}
}

static void test_with_traffic_alone_a_count_is_due_every_five_minutes(void **state)
{
	unsigned int n = 0;

	(void)state;
	for (int64_t second = 0; second < 3600; second++) {
		wg_time now = 100 * MINUTE + second * WG_SECOND;

		n += wg_lately_due(&lately, now);
		wg_lately_note(&lately, &tally, now);
	}
	assert_int_equal(n, 11);
	lose(2);
	assert_int_equal(told(160), 2);
}

static void test_what_was_lost_before_hours_of_silence_is_over(void **state)
{
	(void)state;
	lose(9);
	assert_int_equal(told(300), 0);
	lose(3);
	assert_int_equal(told(301), 3);
}

static void test_a_burst_behind_hours_of_silence_is_told(void **state)
{
	(void)state;
	/* The first packets of it are lost before anybody looks. */
	lose(9);
	wg_lately_note(&lately, &tally, 300 * MINUTE);
	assert_int_equal(wg_lately_tell(&lately, &tally, 301 * MINUTE, &counted), 100 * MINUTE);
	assert_int_equal(counted.losses[WG_LOSS_LINK_QUEUE], 9);
}

static void test_counts_that_begin_anew_are_none(void **state)
{
	(void)state;
	tally.losses[WG_LOSS_LINK_QUEUE] = 4;
	tally.drops[WG_DROP_OUT_QUEUE_FULL] = 4;
	assert_int_equal(told(101), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_was_counted_before_the_start_is_not_told, setup),
		cmocka_unit_test_setup(
			test_a_burst_is_told_for_five_minutes_and_for_no_more_than_ten, setup),
		cmocka_unit_test_setup(test_with_traffic_alone_a_count_is_due_every_five_minutes,
				       setup),
		cmocka_unit_test_setup(test_what_was_lost_before_hours_of_silence_is_over, setup),
		cmocka_unit_test_setup(test_a_burst_behind_hours_of_silence_is_told, setup),
		cmocka_unit_test_setup(test_counts_that_begin_anew_are_none, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
