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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_typing_error_is_forgiven),
		cmocka_unit_test(test_what_is_too_far_is_not_guessed),
		cmocka_unit_test(test_a_long_word_is_near_to_nothing),
		cmocka_unit_test(test_of_equally_near_words_the_first_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
