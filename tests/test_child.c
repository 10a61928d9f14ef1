#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wgtest.h"

#include "host/child.h"
#include "host/input.h"

static struct wg_text said;
static const char *wait_for; /* what is said before time passes; NULL: it does not */
static time_t seconds;

/* Time passes as soon as the program has got where the test wants it. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	assert_int_equal(clock, CLOCK_MONOTONIC);
	if (wait_for && said.data && strstr(said.data, wait_for))
		seconds++;
	*now = (struct timespec){.tv_sec = seconds};
	return 0;
}

static int setup(void **state)
{
	(void)state;
	wg_text_init(&said);
	wait_for = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wg_text_deinit(&said);
	return 0;
}

static int run(const char *commands, const char *input)
{
	char *argv[] = {"sh", "-c", (char *)commands, NULL};
	const struct wg_child child = {.argv = argv, .input = input, .said = &said, .seconds = 5};

	return wg_child_run(&child);
}

static void test_a_program_is_waited_for_and_heard(void **state)
{
	(void)state;
	assert_int_equal(run("echo one; echo two >&2; exit 3", NULL), 3);
	assert_string_equal(said.data, "one\ntwo\n");
}

static void test_much_is_heard_whole(void **state)
{
	(void)state;
	assert_int_equal(run("head -c 300000 /dev/zero | tr '\\0' x", NULL), 0);
	assert_int_equal(said.len, 300000);
}

static void test_it_reads_what_it_is_given(void **state)
{
	(void)state;
	assert_int_equal(run("cat", "good\nmorning\n"), 0);
	assert_string_equal(said.data, "good\nmorning\n");
	assert_int_equal(run("cat", NULL), 0);
	assert_string_equal(said.data, "good\nmorning\n");
}

static void test_one_that_cannot_be_started_is_an_error(void **state)
{
	char *argv[] = {"/nowhere/to/be/found", NULL};
	const struct wg_child child = {.argv = argv, .seconds = 5};

	(void)state;
	assert_int_equal(wg_child_run(&child), -ENOENT);
}

static void test_one_that_a_signal_ended_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(run("kill -9 $$", NULL), -EINTR);
}

/* Of the group that it leads nobody is left; orphans come to us. */
static void assert_all_gone(pid_t group)
{
	while (waitpid(-group, NULL, 0) > 0)
		;
	assert_int_equal(kill(-group, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void test_one_that_hangs_is_ended_with_what_it_started(void **state)
{
	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	wait_for = "ready";
	assert_int_equal(run("echo $$; sleep 1000 & echo ready; wait", NULL), -ETIMEDOUT);
	assert_all_gone(atoi(said.data));
}

static void test_one_that_will_not_end_is_killed(void **state)
{
	(void)state;
	wait_for = "ready";
	assert_int_equal(
		run("trap '' TERM; echo $$; echo ready; while :; do sleep 1000; done", NULL),
		-ETIMEDOUT);
	assert_all_gone(atoi(said.data));
}

static void test_what_it_leaves_in_the_background_is_not_waited_for(void **state)
{
	pid_t left;

	(void)state;
	assert_int_equal(run("sleep 1000 & echo $!", NULL), 0);
	left = atoi(said.data);
	assert_int_equal(kill(left, SIGKILL), 0);
	waitpid(left, NULL, 0);
}

static void test_the_input_is_told_from_what_a_shell_makes(void **state)
{
	int fd = wg_input_open("text");
	int pipe_fds[2];

	(void)state;
	assert_true(fd >= 0);
	assert_true(wg_input_is(fd));
	assert_int_equal(write(fd, "more", 4), -1);
	close(fd);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_false(wg_input_is(pipe_fds[0]));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	fd = fileno(tmpfile());
	assert_false(wg_input_is(fd));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_program_is_waited_for_and_heard),
		TEST(test_much_is_heard_whole),
		TEST(test_it_reads_what_it_is_given),
		TEST(test_one_that_cannot_be_started_is_an_error),
		TEST(test_one_that_a_signal_ended_is_an_error),
		TEST(test_one_that_hangs_is_ended_with_what_it_started),
		TEST(test_one_that_will_not_end_is_killed),
		TEST(test_what_it_leaves_in_the_background_is_not_waited_for),
		TEST(test_the_input_is_told_from_what_a_shell_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
