#include "wgtest.h"

#include "base/heap.h"

static void test_deadlines_come_out_in_order(void **state)
{
	struct wg_heap heap;
	struct wg_heap_entry entries[64] = {0};
	struct wg_test_random random = {1};
	wg_time last = 0;
	size_t n = 0;

	(void)state;
	wg_heap_init(&heap);
	assert_int_equal(wg_heap_reserve(&heap, WG_ARRAY_LEN(entries)), 0);
	for (size_t i = 0; i < WG_ARRAY_LEN(entries); i++)
		wg_heap_set(&heap, &entries[i], (wg_time)wg_test_below(&random, 1000));
	for (; wg_heap_first(&heap); n++) {
		assert_true(wg_heap_due(&heap) >= last);
		last = wg_heap_due(&heap);
		wg_heap_set(&heap, wg_heap_first(&heap), WG_NEVER);
	}
	assert_int_equal(n, WG_ARRAY_LEN(entries));
	assert_int_equal(wg_heap_due(&heap), WG_NEVER);
	wg_heap_deinit(&heap);
}

static void test_moved_and_withdrawn_deadlines_match_a_naive_minimum(void **state)
{
	struct wg_heap heap;
	struct wg_heap_entry entries[33] = {0};
	wg_time naive[33];
	struct wg_test_random random = {2};

	(void)state;
	wg_heap_init(&heap);
	assert_int_equal(wg_heap_reserve(&heap, WG_ARRAY_LEN(entries)), 0);
	for (size_t i = 0; i < WG_ARRAY_LEN(entries); i++)
		naive[i] = WG_NEVER;
	for (int round = 0; round < 20000; round++) {
		size_t i = wg_test_below(&random, WG_ARRAY_LEN(entries));
		wg_time least = WG_NEVER;

		naive[i] = wg_test_below(&random, 4) ? (wg_time)wg_test_below(&random, 100)
						     : WG_NEVER;
		wg_heap_set(&heap, &entries[i], naive[i]);
		if (round % 100 == 0)
			assert_int_equal(wg_heap_reserve(&heap, 100000), 0);
		if (round % 100 == 50) {
			wg_heap_fit(&heap, WG_ARRAY_LEN(entries));
			assert_true(heap.capacity < 1000);
		}
		for (size_t k = 0; k < WG_ARRAY_LEN(entries); k++)
			least = naive[k] < least ? naive[k] : least;
		assert_int_equal(wg_heap_due(&heap), least);
	}
	wg_heap_deinit(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines_come_out_in_order),
		cmocka_unit_test(test_moved_and_withdrawn_deadlines_match_a_naive_minimum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
