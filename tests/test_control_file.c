/* The file of the control server, which others may remove, and its end. */
#include "control.h"

static void test_removing_the_file_is_noticed_once(void **state)
{
	struct bench *bench = *state;

	turn(bench);
	assert_int_equal(bench->n_gone, 0);
	assert_int_equal(unlink(bench->file.path), 0);
	turn(bench);
	assert_int_equal(bench->n_gone, 1);
}

static void test_replacing_the_file_is_noticed(void **state)
{
	struct bench *bench = *state;
	char other[128];
	int fd;

	snprintf(other, sizeof(other), "%s/other", bench->folder);
	fd = open(other, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rename(other, bench->file.path), 0);
	turn(bench);
	assert_int_equal(bench->n_gone, 1);
	assert_int_equal(unlink(bench->file.path), 0);
}

static void test_moving_the_folder_away_is_noticed(void **state)
{
	struct bench *bench = *state;
	char moved[sizeof(bench->folder) + 8];
	char left[sizeof(moved) + 32];

	snprintf(moved, sizeof(moved), "%s.moved", bench->folder);
	assert_int_equal(rename(bench->folder, moved), 0);
	turn(bench);
	assert_int_equal(bench->n_gone, 1);
	snprintf(left, sizeof(left), "%s/wg0.sock", moved);
	assert_int_equal(unlink(left), 0);
	assert_int_equal(rmdir(moved), 0);
}

static void test_other_files_of_the_folder_do_not_matter(void **state)
{
	struct bench *bench = *state;
	char other[128];
	int fd;

	snprintf(other, sizeof(other), "%s/wg1.sock", bench->folder);
	fd = open(other, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(chmod(bench->folder, 0755), 0);
	turn(bench);
	assert_int_equal(bench->n_gone, 0);
}

static void test_a_file_that_went_before_it_was_watched_is_an_error(void **state)
{
	struct bench *bench = *state;
	const struct wg_control_handler handler = handler_of(bench);
	struct wg_control *control;
	struct wg_sockfile file;
	char path[sizeof(file.path)];
	int fd;

	assert_int_equal(wg_sockfile_place(path, bench->folder, "wg1"), 0);
	fd = wg_sockfile_listen(&file, path);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(wg_control_open(&control, &bench->loop, fd, &file,
					 &wg_control_usual_limits, &handler),
			 -ENOENT);
}

static void test_closing_removes_the_file_and_hangs_up(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	stop(bench);
	assert_false(wg_sockfile_exists(&bench->file));
	assert_int_equal(read(fd, (char[1]){0}, 1), 0);
	assert_int_equal(bench->n_gone, 0);
	close(fd);
}

static void test_closing_while_an_answer_is_under_way_is_clean(void **state)
{
	struct bench *bench = *state;
	int fd = dial(bench);

	bench->peers_shown = 20000;
	say(bench, fd, GET GET);
	stop(bench);
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_removing_the_file_is_noticed_once),
		TEST(test_replacing_the_file_is_noticed),
		TEST(test_moving_the_folder_away_is_noticed),
		TEST(test_other_files_of_the_folder_do_not_matter),
		TEST(test_a_file_that_went_before_it_was_watched_is_an_error),
		TEST(test_closing_removes_the_file_and_hangs_up),
		TEST(test_closing_while_an_answer_is_under_way_is_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
