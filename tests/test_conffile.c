#include "wgtest.h"

#include <errno.h>
#include <sys/stat.h>

#include "conf/conffile.h"

static char top[] = "/tmp/tuff-conffile-XXXXXX";
static char first[64];
static char second[64];
static const char *folders[2] = {first, second};

static int make_folders(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	snprintf(first, sizeof(first), "%s/first", top);
	snprintf(second, sizeof(second), "%s/second", top);
	return mkdir(first, 0700) || mkdir(second, 0700);
}

static int remove_folders(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static const char *write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	static char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void assert_read(const char *argument, const char *name, const char *text)
{
	struct wg_conffile file;
	struct wg_error error;

	if (wg_conffile_read(&file, argument, folders, &error))
		fail_msg("%s", error.text);
	assert_string_equal(file.name, name);
	assert_int_equal(file.len, strlen(text));
	assert_memory_equal(file.text, text, file.len);
	wg_conffile_deinit(&file);
}

static void assert_refused(const char *argument, int result, const char *text, const char *hint)
{
	struct wg_conffile file;
	struct wg_error error;
	char expected[512];

	assert_int_equal(wg_conffile_read(&file, argument, folders, &error), result);
	snprintf(expected, sizeof(expected), text, top, top);
	assert_string_equal(error.text, expected);
	snprintf(expected, sizeof(expected), hint, top);
	assert_string_equal(error.hint, expected);
}

static void test_a_name_is_looked_for_in_both_folders_in_order(void **state)
{
	(void)state;
	write_file(second, "wg0.conf", "second", 0600);
	assert_read("wg0", "wg0", "second");
	write_file(first, "wg0.conf", "first", 0600);
	assert_read("wg0", "wg0", "first");
}

static void test_a_path_gives_the_link_its_name(void **state)
{
	(void)state;
	assert_read(write_file(top, "wg-home.conf", "x", 0600), "wg-home", "x");
	assert_read(write_file(top, "wg1", "x", 0600), "wg1", "x");
	assert_read(write_file(top, "fifteen-letters.conf", "x", 0600), "fifteen-letters", "x");
}

static void test_a_large_file_is_read_whole(void **state)
{
	static char text[100000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_read(write_file(top, "large.conf", text, 0600), "large", text);
}

static void test_a_name_without_a_file_says_where_one_was_expected(void **state)
{
	(void)state;
	assert_refused(
		"wg9", -ENOENT,
		"wg9: no configuration: neither %s/first/wg9.conf nor %s/second/wg9.conf exists",
		"write %s/first/wg9.conf, or give a path");
	assert_refused("wg9.conf", -ENOENT, "wg9.conf: No such file or directory", "");
	assert_refused("/nowhere/wg9", -ENOENT, "/nowhere/wg9: No such file or directory", "");
	assert_refused("/tmp/.", -EISDIR, "/tmp/.: Is a directory", "");
}

static void test_a_file_name_that_no_link_can_have_is_refused(void **state)
{
	static const char *const names[] = {"sixteen-letters-.conf", "wg 0.conf", "-wg0.conf",
					    "w%g.conf"};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++) {
		struct wg_conffile file;
		struct wg_error error;

		assert_int_equal(wg_conffile_read(&file, write_file(top, names[i], "x", 0600),
						  folders, &error),
				 -EINVAL);
		assert_non_null(strstr(error.text, ": the file's name is not a link's"));
	}
}

static void test_it_is_said_whether_others_can_read_it(void **state)
{
	static const struct {
		mode_t mode;
		bool others;
	} cases[] = {{0600, false}, {0400, false}, {0440, false},
		     {0640, false}, {0660, true},  {0644, true}};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_conffile file;
		struct wg_error error;
		const char *path = write_file(top, "mode.conf", "x", cases[i].mode);

		assert_int_equal(wg_conffile_read(&file, path, folders, &error), 0);
		assert_int_equal(file.others_can_read, cases[i].others);
		wg_conffile_deinit(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_looked_for_in_both_folders_in_order),
		cmocka_unit_test(test_a_path_gives_the_link_its_name),
		cmocka_unit_test(test_a_large_file_is_read_whole),
		cmocka_unit_test(test_a_name_without_a_file_says_where_one_was_expected),
		cmocka_unit_test(test_a_file_name_that_no_link_can_have_is_refused),
		cmocka_unit_test(test_it_is_said_whether_others_can_read_it),
	};

	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
