/* The undo journal's file: of another boot or place, long, torn, or not ours. */
#include "undo.h"

static void write_journal(const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/wg0.undo", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_changes_of_an_earlier_boot_are_forgotten(void **state)
{
	uint64_t namespace;
	char text[512];
	struct wg_undo *undo;

	(void)state;
	assert_int_equal(wg_netlink_namespace(&namespace), 0);
	snprintf(text, sizeof(text),
		 "tuff-undo 1\nin 6f2c1d8e-0000-4000-8000-000000000001 %llu\n"
		 "begin 1 sysctl " FORWARDING "\nwas 1 " FORWARDING " 1\nnow 1 " FORWARDING
		 " 0\ndone 1\n",
		 (unsigned long long)namespace);
	write_journal(text);
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_pending(undo), 0);
	down(undo);
	expect_as_before();
	assert_int_equal(notes.n, 1);
	assert_string_equal(notes.texts[0], "1 changes of an earlier boot are forgotten");
	assert_false(has_file("wg0"));
}

static void test_changes_in_another_namespace_are_left_alone(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_netlink *there = nl;
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char *inside;

	(void)state;
	set(undo, FORWARDING, "1", NULL);
	wg_undo_close(undo);
	inside = wg_test_picture(nl);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(wg_netlink_open(&nl), 0);
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_pending(undo), 0);
	set(undo, FORWARDING, "1", NULL);
	assert_int_equal(wg_undo_pending(undo), 1);
	down(undo);
	expect_sysctl(FORWARDING, "0");
	assert_string_equal(notes.texts[0],
			    "1 changes in another network namespace were left alone");
	assert_true(has_file("wg0"));
	wg_netlink_close(nl);
	nl = there;
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	close(here);
	expect_sysctl(FORWARDING, "1");
	free(inside);
	down(open_undo("wg0"));
	expect_as_before();
	assert_false(has_file("wg0"));
}

static void test_a_long_journal_is_written_anew(void **state)
{
	struct wg_undo *undo = open_undo("wg0"), *again;
	struct wg_error error;
	struct stat st;
	char path[256];

	(void)state;
	make_all(undo);
	snprintf(path, sizeof(path), "%s/wg0.undo", dir);
	add_history(9);
	assert_int_equal(wg_undo_pending(undo), 8);
	assert_int_equal(wg_undo_begin(undo, "good", "last", &error), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 20000);
	assert_int_equal(wg_undo_open(&again, dir, "wg0", &ops, &error), -EBUSY);
	assert_int_equal(wg_undo_pending(undo), 9);
	down(undo);
	assert_string_equal(taken.texts[0], "good last");
	assert_int_equal(taken.n, 2);
	expect_as_before();
	assert_false(has_file("wg0"));
}

static void test_a_foreign_file_is_not_overwritten(void **state)
{
	struct wg_undo *undo;
	struct wg_error error;

	(void)state;
	write_journal("precious\n");
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_sysctl(undo, FORWARDING, "1", NULL, &error), -EPROTO);
	assert_non_null(strstr(error.text, "/wg0.undo: not an undo journal of this version"));
	wg_undo_close(undo);
	assert_true(has_file("wg0"));
	write_journal("");
	wg_undo_close(open_undo("wg0"));
	expect_as_before();
}

static void test_a_directory_that_is_removed_takes_nothing_with_it(void **state)
{
	struct wg_undo *undo = open_undo("wg0");

	(void)state;
	make_all(undo);
	wg_test_empty_folder(dir);
	assert_int_equal(rmdir(dir), 0);
	down(undo);
	expect_as_before();
	assert_int_equal(notes.n, 0);
	assert_int_equal(mkdir(dir, 0755), 0);
}

static void test_a_torn_line_does_not_spoil_the_next_one(void **state)
{
	struct wg_undo *undo;

	(void)state;
	write_journal("tuff-undo 1\nin b 1\nbegin 1 rou");
	undo = open_undo("wg0");
	set(undo, FORWARDING, "1", NULL);
	down(undo);
	expect_as_before();
	assert_int_equal(notes.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_changes_of_an_earlier_boot_are_forgotten),
		TEST(test_changes_in_another_namespace_are_left_alone),
		TEST(test_a_long_journal_is_written_anew),
		TEST(test_a_foreign_file_is_not_overwritten),
		TEST(test_a_directory_that_is_removed_takes_nothing_with_it),
		TEST(test_a_torn_line_does_not_spoil_the_next_one),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
