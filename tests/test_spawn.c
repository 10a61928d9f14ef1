#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wgtest.h"

#include "base/bytes.h"
#include "base/log.h"
#include "host/spawn.h"

#define MAX_LINES 8

static uv_loop_t loop;
static struct wg_spawner spawner = {.loop = &loop};
static uint32_t limit;
static bool brief;
static const char *stop_at;        /* the line of the log at which the command is stopped */
static bool hurry;                 /* looks at its group take their time at once, too */
static uint64_t now;               /* milliseconds */
static char lines[MAX_LINES][600]; /* of the log: the first ones */
static size_t n_lines;
static size_t n_done;
static struct wg_error result;

/* Orphans come to us, since process 1 of a container may not reap them; commands themselves,
 * which lead their groups, are libuv's. */
static void reap_orphans(void)
{
	siginfo_t info = {.si_pid = 0};

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid &&
	       getpgid(info.si_pid) != info.si_pid) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

/* Time passes when it is waited for, and at once. */
int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t pause, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t pause, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t pause, uint64_t repeat)
{
	if (pause >= 1000 || hurry)
		now += pause;
	reap_orphans();
	/* With 0, one that is set again when it rings would keep libuv (1.44) from all else. */
	return __real_uv_timer_start(timer, callback, 1, repeat);
}

uint64_t __wrap_uv_now(const uv_loop_t *on);
uint64_t __wrap_uv_now(const uv_loop_t *on)
{
	assert_ptr_equal(on, &loop);
	return now;
}

static void take_line(enum wg_log_level level, const char *text)
{
	(void)level;
	if (stop_at && !strcmp(text, stop_at))
		wg_spawn_stop(&spawner, "asked to");
	if (n_lines < MAX_LINES)
		snprintf(lines[n_lines], sizeof(lines[0]), "%s", text);
	n_lines++;
}

static int setup(void **state)
{
	(void)state;
	n_lines = n_done = 0;
	limit = 0;
	brief = false;
	stop_at = NULL;
	hurry = false;
	now = 0;
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
	const struct wg_spawn_options options = {.keep_going = keep_going,
						 .brief = brief,
						 .limit = limit,
						 .setter = "HookTimeout",
						 .done = on_done,
						 .ctx = &result};
	struct wg_spawn_command commands[4] = {0};
	char *argvs[4][4];

	for (size_t i = 0; i < n; i++) {
		argvs[i][0] = (char *)"/bin/sh";
		argvs[i][1] = (char *)"-c";
		argvs[i][2] = (char *)scripts[i];
		argvs[i][3] = NULL;
		commands[i] = (struct wg_spawn_command){"hook", scripts[i], argvs[i], input};
	}
	assert_int_equal(wg_spawn_run(&spawner, commands, n, &options), 0);
	memset(argvs, 0, sizeof(argvs)); /* it has copies */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(n_done, 1);
	assert_null(spawner.running);
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
	assert_false(spawner.ended);
}

static void test_the_last_words_of_a_brief_one_are_the_error_and_not_logged(void **state)
{
	static const char *const scripts[] = {"echo fine", "echo first; echo last; exit 3"};

	(void)state;
	brief = true;
	run(false, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_string_equal(result.text, "hook: echo first; echo last; exit 3: last");
	assert_int_equal(n_lines, 0);
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
	const struct wg_spawn_options options = {.done = on_done, .ctx = &result};

	(void)state;
	assert_int_equal(wg_spawn_run(&spawner, &command, 1, &options), 0);
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

static bool is_group(const char *line)
{
	int leader;

	assert_int_equal(sscanf(line, "hook: %d", &leader), 1);
	/* What was killed may not be gone yet; what was not is waited for in vain. */
	while (waitpid(-leader, NULL, 0) > 0)
		;
	return !kill(-leader, 0);
}

static void test_a_command_that_takes_longer_than_the_limit_is_ended(void **state)
{
	static const char *const scripts[] = {"sleep 1000; echo never", "echo never"};

	(void)state;
	limit = 60;
	run(false, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_string_equal(result.text, "hook: sleep 1000; echo never: it was ended after 60 s: "
					 "HookTimeout = 60");
	assert_int_equal(n_lines, 0);
	assert_true(spawner.ended);
}

static void test_each_command_has_the_limit_for_itself(void **state)
{
	static const char *const scripts[] = {"sleep 1000", "sleep 1001"};

	(void)state;
	limit = 60;
	run(true, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_string_equal(result.text, "");
	assert_int_equal(n_lines, 2);
	assert_string_equal(lines[1],
			    "hook: sleep 1001: it was ended after 60 s: HookTimeout = 60");
}

static void test_who_is_stopped_takes_along_all_that_it_started(void **state)
{
	static const char *const scripts[] = {"echo $$; sleep 1000 & sleep 1000 & echo go; wait"};

	(void)state;
	stop_at = "hook: go";
	run(false, scripts, 1, NULL);
	assert_non_null(strstr(result.text, "it was ended after 0 s: asked to (go)"));
	assert_false(is_group(lines[0]));
}

static void test_who_does_not_listen_to_sigterm_is_killed(void **state)
{
	static const char *const scripts[] = {
		"echo $$; trap '' TERM; (echo go; while :; do sleep 1; done)", "echo next"};

	(void)state;
	stop_at = "hook: go";
	hurry = true;
	run(true, scripts, WG_ARRAY_LEN(scripts), NULL);
	assert_true(now >= 5000);
	assert_false(is_group(lines[0]));
	assert_string_equal(lines[n_lines - 1], "hook: next");
}

/* The shell dies at once, and its child has something to put right. */
static void test_children_have_time_to_clean_up_when_the_command_is_gone(void **state)
{
	static const char *const scripts[] = {
		"(trap 'echo cleaned; exit' TERM; echo go; while :; do sleep 0.01; done) & wait"};

	(void)state;
	stop_at = "hook: go";
	run(false, scripts, 1, NULL);
	/* A shell may say before that its sleep was terminated. */
	assert_string_equal(lines[n_lines - 1], "hook: cleaned");
}

static void test_nothing_is_stopped_while_nothing_runs(void **state)
{
	static const char *const scripts[] = {"echo fine"};

	(void)state;
	wg_spawn_stop(&spawner, "asked to");
	run(false, scripts, 1, NULL);
	wg_spawn_stop(&spawner, "asked to");
	assert_string_equal(result.text, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_to_run_is_done),
		TEST(test_commands_run_in_order_and_their_output_is_logged),
		TEST(test_a_failure_stops_the_rest_and_gives_the_last_words),
		TEST(test_the_last_words_of_a_brief_one_are_the_error_and_not_logged),
		TEST(test_words_of_one_command_are_not_taken_for_anothers),
		TEST(test_with_keep_going_the_rest_runs_and_the_failure_is_logged),
		TEST(test_a_program_that_is_not_there_is_a_failure_with_its_reason),
		TEST(test_input_is_read_to_its_end_and_without_any_there_is_none),
		TEST(test_a_long_line_is_logged_in_pieces),
		TEST(test_a_child_in_the_background_is_not_waited_for),
		TEST(test_a_child_that_writes_for_ever_is_not_listened_to_for_ever),
		TEST(test_a_command_that_takes_longer_than_the_limit_is_ended),
		TEST(test_each_command_has_the_limit_for_itself),
		TEST(test_who_is_stopped_takes_along_all_that_it_started),
		TEST(test_who_does_not_listen_to_sigterm_is_killed),
		TEST(test_children_have_time_to_clean_up_when_the_command_is_gone),
		TEST(test_nothing_is_stopped_while_nothing_runs),
	};

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
