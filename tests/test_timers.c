#include "wgtest.h"

#include "core/timers.h"

static struct wg_test_random seed = {11};
static struct wg_random source;
static struct wg_timers timers;

static int setup(void **state)
{
	(void)state;
	source = wg_test_source(&seed);
	timers = (struct wg_timers){0};
	wg_timers_stop(&timers);
	return 0;
}

static void assert_jittered(wg_time due, wg_time base)
{
	assert_true(due >= base && due <= base + WG_MAX_JITTER);
}

static void test_a_peer_at_rest_has_no_deadline(void **state)
{
	(void)state;
	assert_int_equal(wg_timers_due(&timers), WG_NEVER);
	assert_int_equal(wg_timers_expire(&timers, WG_SECOND * 1000000), WG_TIMER_COUNT);
}

static void test_the_fifteen_seconds_run_from_the_first_unanswered_data(void **state)
{
	wg_time due;

	(void)state;
	wg_timers_data_sent(&timers, 100 * WG_SECOND, &source);
	due = timers.due[WG_TIMER_NEW_HANDSHAKE];
	assert_jittered(due, 115 * WG_SECOND);
	wg_timers_data_sent(&timers, 105 * WG_SECOND, &source);
	assert_int_equal(timers.due[WG_TIMER_NEW_HANDSHAKE], due);
	wg_timers_authenticated_received(&timers, 106 * WG_SECOND);
	assert_int_equal(wg_timers_due(&timers), WG_NEVER);
}

static void test_randomness_is_drawn_for_what_fires_and_not_for_what_is_sent(void **state)
{
	wg_time first;
	uint64_t drawn;

	(void)state;
	wg_timers_data_sent(&timers, 0, &source);
	first = timers.due[WG_TIMER_NEW_HANDSHAKE];
	drawn = seed.state;
	for (wg_time now = 0; now < 100 * WG_SECOND; now += WG_SECOND) {
		wg_timers_authenticated_received(&timers, now);
		wg_timers_data_sent(&timers, now, &source);
	}
	assert_int_equal(seed.state, drawn);
	assert_int_equal(wg_timers_expire(&timers, 200 * WG_SECOND), WG_TIMER_NEW_HANDSHAKE);
	wg_timers_data_sent(&timers, 0, &source);
	assert_int_not_equal(seed.state, drawn);
	assert_int_not_equal(timers.due[WG_TIMER_NEW_HANDSHAKE], first);
}

static void test_data_earns_one_keepalive_and_later_data_another(void **state)
{
	(void)state;
	wg_timers_data_received(&timers, 0);
	wg_timers_data_received(&timers, 4 * WG_SECOND);
	assert_int_equal(timers.due[WG_TIMER_KEEPALIVE], 10 * WG_SECOND);
	assert_int_equal(wg_timers_expire(&timers, 10 * WG_SECOND), WG_TIMER_KEEPALIVE);
	assert_true(wg_timers_take_another(&timers));
	assert_false(wg_timers_take_another(&timers));
}

static void test_any_authenticated_send_cancels_the_keepalive(void **state)
{
	(void)state;
	wg_timers_data_received(&timers, 0);
	wg_timers_data_received(&timers, WG_SECOND);
	wg_timers_authenticated_sent(&timers, 2 * WG_SECOND);
	assert_int_equal(wg_timers_due(&timers), WG_NEVER);
	assert_false(wg_timers_take_another(&timers));
}

static void test_an_initiation_is_repeated_eighteen_times_and_then_rests(void **state)
{
	wg_time now = 0;

	(void)state;
	wg_timers_data_received(&timers, now);
	for (unsigned int i = 0; i < WG_MAX_RETRIES; i++) {
		wg_timers_initiated(&timers, now, &source);
		assert_jittered(timers.due[WG_TIMER_RETRANSMIT], now + 5 * WG_SECOND);
		now = timers.due[WG_TIMER_RETRANSMIT];
		timers.due[WG_TIMER_RETRANSMIT] = WG_NEVER;
		assert_true(wg_timers_retry(&timers, now));
	}
	assert_false(wg_timers_retry(&timers, now));
	assert_int_equal(timers.due[WG_TIMER_KEEPALIVE], WG_NEVER);
	assert_int_equal(wg_timers_due(&timers), now + 540 * WG_SECOND);
}

static void test_new_data_starts_the_count_of_tries_again(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WG_MAX_RETRIES; i++)
		assert_true(wg_timers_retry(&timers, 0));
	wg_timers_handshake_wanted(&timers);
	assert_true(wg_timers_retry(&timers, 0));
}

static void test_giving_up_does_not_put_off_a_wipe_that_is_armed(void **state)
{
	(void)state;
	wg_timers_session_derived(&timers, 0);
	timers.retries = WG_MAX_RETRIES;
	assert_false(wg_timers_retry(&timers, 300 * WG_SECOND));
	assert_int_equal(wg_timers_due(&timers), 540 * WG_SECOND);
}

static void test_the_persistent_interval_runs_from_the_last_packet_either_way(void **state)
{
	(void)state;
	wg_timers_set_persistent(&timers, 25 * WG_SECOND, 0);
	assert_int_equal(wg_timers_due(&timers), WG_NEVER);
	wg_timers_authenticated_sent(&timers, 10 * WG_SECOND);
	assert_int_equal(wg_timers_due(&timers), 35 * WG_SECOND);
	wg_timers_authenticated_received(&timers, 20 * WG_SECOND);
	assert_int_equal(wg_timers_due(&timers), 45 * WG_SECOND);
	wg_timers_set_persistent(&timers, 5 * WG_SECOND, 21 * WG_SECOND);
	assert_int_equal(wg_timers_due(&timers), 26 * WG_SECOND);
	wg_timers_set_persistent(&timers, 100 * WG_SECOND, 22 * WG_SECOND);
	assert_int_equal(wg_timers_due(&timers), 26 * WG_SECOND);
	wg_timers_set_persistent(&timers, 0, 23 * WG_SECOND);
	assert_int_equal(wg_timers_due(&timers), WG_NEVER);
}

static void test_a_complete_handshake_stops_the_retries(void **state)
{
	(void)state;
	wg_timers_initiated(&timers, 0, &source);
	timers.retries = 3;
	timers.last_minute_done = true;
	wg_timers_handshake_complete(&timers);
	assert_int_equal(wg_timers_due(&timers), WG_NEVER);
	assert_int_equal(timers.retries, 0);
	assert_false(timers.last_minute_done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_peer_at_rest_has_no_deadline, setup),
		cmocka_unit_test_setup(test_the_fifteen_seconds_run_from_the_first_unanswered_data,
				       setup),
		cmocka_unit_test_setup(
			test_randomness_is_drawn_for_what_fires_and_not_for_what_is_sent, setup),
		cmocka_unit_test_setup(test_data_earns_one_keepalive_and_later_data_another, setup),
		cmocka_unit_test_setup(test_any_authenticated_send_cancels_the_keepalive, setup),
		cmocka_unit_test_setup(test_an_initiation_is_repeated_eighteen_times_and_then_rests,
				       setup),
		cmocka_unit_test_setup(test_new_data_starts_the_count_of_tries_again, setup),
		cmocka_unit_test_setup(test_giving_up_does_not_put_off_a_wipe_that_is_armed, setup),
		cmocka_unit_test_setup(
			test_the_persistent_interval_runs_from_the_last_packet_either_way, setup),
		cmocka_unit_test_setup(test_a_complete_handshake_stops_the_retries, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
