#include "wgtest.h"

#include "base/nearest.h"

static const char *const words[] = {"genkey", "genpsk", "pubkey",    "show",
				    "up",     "down",   "AllowedIPs"};

static void expect(const char *word, const char *nearest)
{
	const char *found = wg_nearest(word, words, WG_ARRAY_LEN(words));

	if (!nearest)
		assert_null(found);
	else
		assert_string_equal(found, nearest);
}

static void test_each_kind_of_typing_error_is_forgiven(void **state)
{
	(void)state;
	expect("genky", "genkey");   /* too few */
	expect("gennkey", "genkey"); /* too many */
	expect("gemkey", "genkey");  /* wrong */
	expect("shwo", "show");      /* swapped */
	expect("ALLOWEDIPS", "AllowedIPs");
	expect("AllowedIP", "AllowedIPs");
	expect("show", "show");
}

static void test_what_is_too_far_is_not_guessed(void **state)
{
	(void)state;
	expect("wg0", NULL);
	expect("", NULL);
	expect("vpn", NULL);
	expect("gxnxyk", NULL);
}

static void test_a_long_word_is_near_to_nothing(void **state)
{
	char word[1000];

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	expect(word, NULL);
	word[64] = '\0';
	expect(word, NULL);
	word[63] = '\0';
	expect(word, NULL);
}

static void test_of_equally_near_words_the_first_is_meant(void **state)
{
	static const char *const alike[] = {"aaaab", "aaaac"};

	(void)state;
	assert_ptr_equal(wg_nearest("aaaaa", alike, 2), alike[0]);
}

static void test_letters_slip_by_swapping_or_doubling_alone(void **state)
{
	(void)state;
	assert_true(wg_nearest_slipped("upp", "up"));
	assert_true(wg_nearest_slipped("uup", "up"));
	assert_true(wg_nearest_slipped("PU", "up"));
	assert_true(wg_nearest_slipped("stauts", "status"));
	assert_true(wg_nearest_slipped("sttop", "stop"));
	assert_true(wg_nearest_slipped("shwo", "show"));
	assert_false(wg_nearest_slipped("up", "up"));
	assert_false(wg_nearest_slipped("ups", "up"));
	assert_false(wg_nearest_slipped("u", "up"));
	assert_false(wg_nearest_slipped("sup", "up"));
	assert_false(wg_nearest_slipped("", "up"));
	assert_false(wg_nearest_slipped("shop", "show"));
	assert_false(wg_nearest_slipped("puu", "up"));
	assert_false(wg_nearest_slipped("show", "sho"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_typing_error_is_forgiven),
		cmocka_unit_test(test_what_is_too_far_is_not_guessed),
		cmocka_unit_test(test_a_long_word_is_near_to_nothing),
		cmocka_unit_test(test_of_equally_near_words_the_first_is_meant),
		cmocka_unit_test(test_letters_slip_by_swapping_or_doubling_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
