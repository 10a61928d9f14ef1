#include "wgtest.h"

#include "core/handshake_queue.h"

static struct wg_handshake_queue queue;

static int setup(void **state)
{
	(void)state;
	return wg_handshake_queue_init(&queue);
}

static int teardown(void **state)
{
	(void)state;
	wg_handshake_queue_deinit(&queue);
	return 0;
}

/* Puts n numbered ones in; returns how many there was room for. */
static unsigned int fill(enum wg_lane lane, unsigned int n, wg_time now)
{
	for (unsigned int i = 0; i < n; i++) {
		struct wg_queued_handshake *place = wg_handshake_queue_push(&queue, lane, now);

		if (!place)
			return i;
		place->len = i;
	}
	return n;
}

static void test_lanes_take_no_room_from_each_other(void **state)
{
	(void)state;
	assert_true(wg_handshake_queue_empty(&queue));
	assert_int_equal(fill(WG_LANE_STRANGERS, 5000, 0), 4096);
	assert_int_equal(fill(WG_LANE_AWAITED, 5000, 0), 1024);
	assert_int_equal(fill(WG_LANE_PROVEN, 5000, 0), 1024);
	for (int lane = 0; lane < WG_LANE_COUNT; lane++) {
		unsigned int n = 0;
		const struct wg_queued_handshake *oldest;

		assert_false(wg_handshake_queue_empty(&queue));
		while ((oldest = wg_handshake_queue_pop(&queue, (enum wg_lane)lane)))
			assert_int_equal(oldest->len, n++);
		assert_int_equal(n, queue.lanes[lane].size);
	}
	assert_true(wg_handshake_queue_empty(&queue));
}

static void test_a_lane_is_under_load_while_it_is_deep_and_for_a_second(void **state)
{
	const wg_time end = 10 * WG_SECOND + 7;

	(void)state;
	for (int i = 0; i < WG_LANE_PROVEN; i++) {
		enum wg_lane lane = (enum wg_lane)i;
		unsigned int eighth = queue.lanes[lane].size / 8;

		fill(lane, eighth, 0);
		assert_false(wg_handshake_queue_loaded(&queue, lane, 0));
		fill(lane, 1, 9 * WG_SECOND + 7);
		assert_true(wg_handshake_queue_deep(&queue, lane));
		assert_true(wg_handshake_queue_loaded(&queue, lane, 99 * WG_SECOND));
		wg_handshake_queue_pop(&queue, lane);
		assert_false(wg_handshake_queue_deep(&queue, lane));
		assert_true(wg_handshake_queue_loaded(&queue, lane, end - 1));
		assert_false(wg_handshake_queue_loaded(&queue, lane, end));
	}
	fill(WG_LANE_PROVEN, queue.lanes[WG_LANE_PROVEN].size, 0);
	assert_false(wg_handshake_queue_loaded(&queue, WG_LANE_PROVEN, 0));
}

static void test_a_ring_starts_over_when_it_is_empty(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		fill(WG_LANE_STRANGERS, 3, 0);
		assert_int_equal(queue.lanes[WG_LANE_STRANGERS].first, 0);
		while (wg_handshake_queue_pop(&queue, WG_LANE_STRANGERS))
			;
	}
	fill(WG_LANE_STRANGERS, 3, 0);
	wg_handshake_queue_clear(&queue);
	assert_null(wg_handshake_queue_pop(&queue, WG_LANE_STRANGERS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lanes_take_no_room_from_each_other, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_a_lane_is_under_load_while_it_is_deep_and_for_a_second, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_a_ring_starts_over_when_it_is_empty, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
