/* The undo journal's text. */
#include "wgtest.h"

#include <errno.h>

#include "host/journal.h"

static const struct wg_journal_place place = {"6f2c1d8e-0000-4000-8000-000000000001", 4097};

static struct wg_journal parse(const char *text)
{
	struct wg_journal journal;

	assert_int_equal(wg_journal_parse(&journal, text, strlen(text)), 0);
	return journal;
}

static void test_what_is_written_is_read_again(void **state)
{
	static const char *const texts[] = {"",     "plain", "a b  c ",     "tab\there",
					    "100%", "%41",   "line\nend 1", "\x7f\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(texts); i++) {
		struct wg_journal_lines lines;
		struct wg_journal journal;

		wg_journal_lines_init(&lines);
		wg_journal_put_head(&lines);
		wg_journal_put_place(&lines, &place);
		wg_journal_put_begin(&lines, 1, "kind", texts[i]);
		wg_journal_put_value(&lines, "was", 1, "a name%", texts[i]);
		wg_journal_put_value(&lines, "now", 1, "a name%", "1");
		wg_journal_put_done(&lines, 1);
		wg_journal_put_value(&lines, "back", 1, "a name%", "2");
		assert_int_equal(wg_journal_parse(&journal, lines.data, lines.len), 0);
		assert_int_equal(journal.n, 1);
		assert_int_equal(journal.n_bad, 0);
		assert_int_equal(journal.whole, lines.len);
		assert_memory_equal(&journal.changes[0].place, &place, sizeof(place));
		assert_string_equal(journal.changes[0].text, texts[i]);
		assert_string_equal(journal.changes[0].values[0].name, "a name%");
		assert_string_equal(journal.changes[0].values[0].was, texts[i]);
		assert_string_equal(journal.changes[0].values[0].now, "1");
		assert_string_equal(journal.changes[0].values[0].back, "2");
		assert_true(journal.changes[0].done);
		assert_false(journal.changes[0].ended);
		wg_journal_deinit(&journal);
		wg_journal_lines_deinit(&lines);
	}
}

static void test_undoing_what_has_no_values_is_read_again(void **state)
{
	struct wg_journal journal = parse("tuff-undo 1\nin b 1\nbegin 1 rule x\ndone 1\nback 1\n"
					  "begin 2 rule y\ndone 2\nback 3\n");
	struct wg_journal_lines lines;

	(void)state;
	assert_true(journal.changes[0].undoing);
	assert_false(journal.changes[0].ended);
	assert_false(journal.changes[1].undoing);
	assert_int_equal(journal.n_bad, 1);
	wg_journal_lines_init(&lines);
	wg_journal_put_change(&lines, 1, &journal.changes[0]);
	wg_journal_put_back(&lines, 1, &journal.changes[0]);
	assert_int_equal(lines.len, strlen("begin 1 rule x\ndone 1\nback 1\n"));
	assert_memory_equal(lines.data, "begin 1 rule x\ndone 1\nback 1\n", lines.len);
	wg_journal_lines_deinit(&lines);
	wg_journal_deinit(&journal);
}

static void test_a_torn_last_line_is_as_if_never_written(void **state)
{
	static const char text[] = "tuff-undo 1\nin b 1\nbegin 1 route x\ndone 1\nend 1\n";
	static const size_t changes_at = sizeof("tuff-undo 1\nin b 1\nbegin 1 route x\n") - 1;
	static const size_t done_at = sizeof("tuff-undo 1\nin b 1\nbegin 1 route x\ndone 1\n") - 1;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		struct wg_journal journal;

		assert_int_equal(wg_journal_parse(&journal, text, len), 0);
		assert_int_equal(journal.n_bad, 0);
		assert_true(journal.whole <= len);
		assert_int_equal(journal.n, len >= changes_at);
		if (journal.n)
			assert_int_equal(journal.changes[0].done, len >= done_at);
		wg_journal_deinit(&journal);
	}
}

static void test_lines_that_make_no_sense_are_passed_over(void **state)
{
	static const char *const lines[] = {
		"nonsense",
		"begin 2 route x",
		"begin 1",
		"begin -1 route x",
		"begin 1 route %z",
		"done 1",
		"end",
		"was 1 a b",
		"in b",
		"in b -1",
		"in b 1x",
		"",
		"begin 1 x %00",
		"begin 1x route",
		"begin 1  route",
		"done 18446744073709551617",
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(lines); i++) {
		char text[128];
		struct wg_journal journal;

		snprintf(text, sizeof(text), "tuff-undo 1\nin b 1\n%s\nbegin 1 rule good\n",
			 lines[i]);
		journal = parse(text);
		assert_int_equal(journal.n_bad, 1);
		assert_int_equal(journal.n, 1);
		assert_string_equal(journal.changes[0].text, "good");
		wg_journal_deinit(&journal);
	}
}

static void test_a_change_needs_a_place(void **state)
{
	struct wg_journal journal = parse("tuff-undo 1\nbegin 1 route x\n");

	(void)state;
	assert_int_equal(journal.n, 0);
	assert_int_equal(journal.n_bad, 1);
	wg_journal_deinit(&journal);
}

static void test_values_of_a_finished_change_are_fixed(void **state)
{
	struct wg_journal journal = parse("tuff-undo 1\nin b 1\nbegin 1 sysctl x\nwas 1 a 0\n"
					  "was 1 a 7\ndone 1\nwas 1 c 0\n");

	(void)state;
	assert_int_equal(journal.n_bad, 2);
	assert_int_equal(journal.changes[0].n_values, 1);
	assert_string_equal(wg_journal_value(&journal.changes[0], "a")->was, "0");
	assert_null(wg_journal_value(&journal.changes[0], "c"));
	wg_journal_deinit(&journal);
}

static void test_another_file_is_not_a_journal(void **state)
{
	struct wg_journal journal;

	(void)state;
	assert_int_equal(wg_journal_parse(&journal, "tuff-undo 2\n", 12), -EPROTO);
	assert_int_equal(wg_journal_parse(&journal, "\n", 1), -EPROTO);
	assert_int_equal(wg_journal_parse(&journal, "", WG_JOURNAL_MAX + 1), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read_again),
		cmocka_unit_test(test_undoing_what_has_no_values_is_read_again),
		cmocka_unit_test(test_a_torn_last_line_is_as_if_never_written),
		cmocka_unit_test(test_lines_that_make_no_sense_are_passed_over),
		cmocka_unit_test(test_a_change_needs_a_place),
		cmocka_unit_test(test_values_of_a_finished_change_are_fixed),
		cmocka_unit_test(test_another_file_is_not_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
