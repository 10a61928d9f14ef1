#include "wgtest.h"

#include <errno.h>

#include "ctl/answer.h"

static void assert_next(char **rest, enum wg_answer_word word, const char *text)
{
	const char *what;

	assert_non_null(*rest);
	assert_int_equal(wg_answer_next(rest, &what), word);
	assert_string_equal(what, text);
}

static void test_an_answer_is_read_as_it_was_written(void **state)
{
	struct wg_text text;
	char *rest;

	(void)state;
	wg_text_init(&text);
	wg_answer_add(&text, WG_ANSWER_NOTE, "left alone");
	wg_answer_add(&text, WG_ANSWER_WARNING, "odd = odd");
	wg_answer_add(&text, WG_ANSWER_HINT, "");
	wg_answer_add(&text, WG_ANSWER_ERROR, "why");
	wg_answer_end(&text, -EINVAL);
	assert_string_equal(text.data,
			    "note=left alone\nwarning=odd = odd\nhint=\nerror=why\nerrno=22\n\n");
	rest = text.data;
	assert_next(&rest, WG_ANSWER_NOTE, "left alone");
	assert_next(&rest, WG_ANSWER_WARNING, "odd = odd");
	assert_next(&rest, WG_ANSWER_HINT, "");
	assert_next(&rest, WG_ANSWER_ERROR, "why");
	assert_next(&rest, WG_ANSWER_ERRNO, "22");
	assert_next(&rest, WG_ANSWER_OTHER, "");
	assert_next(&rest, WG_ANSWER_OTHER, "");
	assert_null(rest);
	wg_text_deinit(&text);
}

static void test_what_is_no_word_of_an_answer_is_given_whole(void **state)
{
	char lines[] = "public_key=0\nerrno\nnotes=1";
	char *rest = lines;

	(void)state;
	assert_next(&rest, WG_ANSWER_OTHER, "public_key=0");
	assert_next(&rest, WG_ANSWER_OTHER, "errno");
	assert_next(&rest, WG_ANSWER_OTHER, "notes=1");
	assert_null(rest);
}

static void test_the_end_of_an_answer_has_an_errno_s_number(void **state)
{
	(void)state;
	assert_int_equal(wg_answer_errno("0"), 0);
	assert_int_equal(wg_answer_errno("22"), -EINVAL);
	assert_int_equal(wg_answer_errno("-22"), -EPROTO);
	assert_int_equal(wg_answer_errno(""), -EPROTO);
	assert_int_equal(wg_answer_errno("99999"), -EPROTO);
}

static void test_the_answers_that_need_no_memory_are_as_the_written_ones(void **state)
{
	struct wg_text text;

	(void)state;
	wg_text_init(&text);
	wg_answer_end(&text, 0);
	assert_string_equal(text.data, WG_ANSWER_DONE);
	wg_text_clear(&text);
	wg_answer_end(&text, -ENOMEM);
	assert_string_equal(text.data, WG_ANSWER_NO_MEMORY);
	wg_text_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_read_as_it_was_written),
		cmocka_unit_test(test_what_is_no_word_of_an_answer_is_given_whole),
		cmocka_unit_test(test_the_end_of_an_answer_has_an_errno_s_number),
		cmocka_unit_test(test_the_answers_that_need_no_memory_are_as_the_written_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
