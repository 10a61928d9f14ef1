#include "wgtest.h"

#include "core/silence.h"

static void test_every_third_initiation_without_an_answer_is_noted(void **state)
{
	struct wg_silence silence = {.n = 0};
	uint64_t handle;

	(void)state;
	for (uint32_t i = 0; i <= 3 * WG_SILENT_AFTER; i++)
		wg_silence_note(&silence, 100 + i, i);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_true(wg_silence_next(&silence, &handle));
		assert_int_equal(handle, 100 + i * WG_SILENT_AFTER);
	}
	assert_false(wg_silence_next(&silence, &handle));
}

static void test_who_finds_no_room_is_not_noted_and_the_rest_come_in_order(void **state)
{
	struct wg_silence silence = {.n = 0};
	uint64_t handle;

	(void)state;
	/* Somewhere in the ring, so that it goes around. */
	for (uint64_t i = 0; i < 5; i++) {
		wg_silence_note(&silence, i, WG_SILENT_AFTER);
		assert_true(wg_silence_next(&silence, &handle));
	}
	for (uint64_t i = 0; i < WG_MAX_SILENT + 7; i++)
		wg_silence_note(&silence, i, WG_SILENT_AFTER);
	for (uint64_t i = 0; i < WG_MAX_SILENT; i++) {
		assert_true(wg_silence_next(&silence, &handle));
		assert_int_equal(handle, i);
	}
	assert_false(wg_silence_next(&silence, &handle));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_third_initiation_without_an_answer_is_noted),
		cmocka_unit_test(test_who_finds_no_room_is_not_noted_and_the_rest_come_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
