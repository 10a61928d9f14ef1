#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "wgtest.h"

#include "base/bytes.h"
#include "base/log.h"
#include "daemon/spawn.h"

#define MAX_LINES 8

static uv_loop_t loop;
static char lines[MAX_LINES][600]; /* of the log: the first ones */
static size_t n_lines;
static size_t n_done;
static struct wg_error result;

static void take_line(enum wg_log_level level, const char *text)
{
	(void)level;
	if (n_lines < MAX_LINES)
		snprintf(lines[n_lines], sizeof(lines[0]), "%s", text);
	n_lines++;
}

static int setup(void **state)
{
	(void)state;
	n_lines = n_done = 0;
	wg_error_init(&result);
	wg_log_init(take_line, WG_LOG_INFO);
	return uv_loop_init(&loop);
}

static int teardown(void **state)
{
	(void)state;
	wg_log_init(NULL, WG_LOG_SILENT);
	return uv_loop_close(&loop); /* -EBUSY if a handle was left */
}

static void on_done(void *ctx, const struct wg_error *error)
{
	assert_ptr_equal(ctx, &result);
	result = *error;
	n_done++;
}

/* Runs scripts of the shell, and the loop until nothing is left of them. */
static void run(bool keep_going, const char *const *scripts, size_t n, const char *input)
{
	struct wg_spawn_command commands[4];
	char *argvs[4][4];

	for (size_t i = 0; i < n; i++) {
		argvs[i][0] = (char *)"/bin/sh";
		argvs[i][1] = (char *)"-c";
		argvs[i][2] = (char *)scripts[i];
		argvs[i][3] = NULL;
		commands[i] = (struct wg_spawn_command){"hook", scripts[i], argvs[i], input};
	}
	assert_int_equal(wg_spawn_run(&loop, commands, n, keep_going, on_done, &result), 0);
	memset(argvs, 0, sizeof(argvs)); /* it has copies */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(n_done, 1);
}

static void test_nothing_to_run_is_done(void **state)
{
	(void)state;
	run(false, NULL, 0, NULL);
	assert_string_equal(result.text, "");
}

static void test_commands_run_in_order_and_their_output_is_logged(void **state)
{
	static const char *const scripts[] = {"echo one; echo two >&2", "printf three"};

	(void)state;
	run(false, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_string_equal(result.text, "");
	assert_int_equal(n_lines, 3);
	assert_string_equal(lines[0], "hook: one");
	assert_string_equal(lines[1], "hook: two");
	assert_string_equal(lines[2], "hook: three");
}

static void test_a_failure_stops_the_rest_and_gives_the_last_words(void **state)
{
	static const char *const scripts[] = {"echo first; echo last; exit 3", "echo never"};

	(void)state;
	run(false, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_string_equal(result.text,
			    "hook: echo first; echo last; exit 3: exit status 3 (last)");
	assert_int_equal(n_lines, 2);
}

static void test_words_of_one_command_are_not_taken_for_anothers(void **state)
{
	static const char *const scripts[] = {"echo fine", "exit 1"};

	(void)state;
	run(false, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_string_equal(result.text, "hook: exit 1: exit status 1");
}

static void test_with_keep_going_the_rest_runs_and_the_failure_is_logged(void **state)
{
	static const char *const scripts[] = {"exit 3", "kill -9 $$", "echo still"};

	(void)state;
	run(true, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_string_equal(result.text, "");
	assert_int_equal(n_lines, 3);
	assert_string_equal(lines[0], "hook: exit 3: exit status 3");
	assert_string_equal(lines[1], "hook: kill -9 $$: ended by signal 9");
	assert_string_equal(lines[2], "hook: still");
}

static void test_a_program_that_is_not_there_is_a_failure_with_its_reason(void **state)
{
	char *argv[] = {(char *)"/nonexistent", NULL};
	const struct wg_spawn_command command = {"DNS", "nonexistent", argv, NULL};

	(void)state;
	assert_int_equal(wg_spawn_run(&loop, &command, 1, false, on_done, &result), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(n_done, 1);
	assert_string_equal(result.text, "DNS: nonexistent: exit status 127 (/nonexistent: No such "
					 "file or directory)");
}

static void test_input_is_read_to_its_end_and_without_any_there_is_none(void **state)
{
	static const char *const cat[] = {"cat"};

	(void)state;
	run(false, cat, 1, "nameserver 192.0.2.1\nsearch example\n");
	assert_int_equal(n_lines, 2);
	assert_string_equal(lines[1], "hook: search example");
	n_done = n_lines = 0;
	run(false, cat, 1, NULL);
	assert_int_equal(n_lines, 0);
}

static void test_a_long_line_is_logged_in_pieces(void **state)
{
	static const char *const scripts[] = {"printf %01000d 0"};

	(void)state;
	run(false, scripts, 1, NULL);
	assert_int_equal(n_lines, 2);
	assert_int_equal(strlen(lines[0]) + strlen(lines[1]), 1000 + 2 * strlen("hook: "));
}

/* It holds the output open, and nobody waits for its end. */
static void test_a_child_in_the_background_is_not_waited_for(void **state)
{
	static const char *const scripts[] = {"sleep 1000 & echo $!"};
	int child;

	(void)state;
	run(false, scripts, 1, NULL);
	assert_int_equal(sscanf(lines[0], "hook: %d", &child), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
}

static void test_a_child_that_writes_for_ever_is_not_listened_to_for_ever(void **state)
{
	static const char *const scripts[] = {"while echo again; do :; done & exit 0"};

	(void)state;
	run(false, scripts, 1, NULL);
	assert_string_equal(result.text, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_to_run_is_done),
		TEST(test_commands_run_in_order_and_their_output_is_logged),
		TEST(test_a_failure_stops_the_rest_and_gives_the_last_words),
		TEST(test_words_of_one_command_are_not_taken_for_anothers),
		TEST(test_with_keep_going_the_rest_runs_and_the_failure_is_logged),
		TEST(test_a_program_that_is_not_there_is_a_failure_with_its_reason),
		TEST(test_input_is_read_to_its_end_and_without_any_there_is_none),
		TEST(test_a_long_line_is_logged_in_pieces),
		TEST(test_a_child_in_the_background_is_not_waited_for),
		TEST(test_a_child_that_writes_for_ever_is_not_listened_to_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
