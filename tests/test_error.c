#include "wgtest.h"

#include "base/error.h"

static const char *printed(const struct wg_error *error)
{
	static char text[4096];
	FILE *file = fmemopen(text, sizeof(text), "w");

	assert_non_null(file);
	wg_error_print(error, file);
	fclose(file);
	return text;
}

static void test_an_error_is_one_line_and_its_hint_another(void **state)
{
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_error_set(&error, -5, "%s: %s", "wg0", "no such link"), -5);
	assert_string_equal(printed(&error), "tuff: wg0: no such link\n");
	wg_error_hint(&error, "tuff %s", "wg0");
	assert_string_equal(printed(&error), "tuff: wg0: no such link\nhint: tuff wg0\n");
}

static void test_a_new_text_takes_back_the_hint(void **state)
{
	struct wg_error error;

	(void)state;
	wg_error_set(&error, 0, "one");
	wg_error_hint(&error, "hint");
	wg_error_set(&error, 0, "two");
	assert_string_equal(printed(&error), "tuff: two\n");
}

static void test_a_place_can_be_put_before(void **state)
{
	struct wg_error error;

	(void)state;
	wg_error_set(&error, 0, "what: why");
	wg_error_prefix(&error, "%s:%d", "wg0.conf", 3);
	assert_string_equal(error.text, "wg0.conf:3: what: why");
}

static void test_control_characters_cannot_reach_the_terminal(void **state)
{
	struct wg_error error;

	(void)state;
	wg_error_set(&error, 0, "a%sb", "\n\033[31m\x7f");
	assert_string_equal(error.text, "a??[31m?b");
	wg_error_hint(&error, "%s", "\r\n");
	assert_string_equal(error.hint, "??");
}

static void test_what_is_too_long_says_so(void **state)
{
	struct wg_error error;
	char text[2 * sizeof(error.text)];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wg_error_set(&error, 0, "%s", text);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_string_equal(error.text + sizeof(error.text) - 5, "x...");
	wg_error_prefix(&error, "wg0");
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_error_is_one_line_and_its_hint_another),
		cmocka_unit_test(test_a_new_text_takes_back_the_hint),
		cmocka_unit_test(test_a_place_can_be_put_before),
		cmocka_unit_test(test_control_characters_cannot_reach_the_terminal),
		cmocka_unit_test(test_what_is_too_long_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
