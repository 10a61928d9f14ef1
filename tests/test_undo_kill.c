/* The undo journal of a process that is killed: at any system call what it had changed
 * is put back by who comes next. */
#include "undo.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Under a sanitizer a life takes ten times as long: there it is killed at every seventh
 * moment, which still comes before calls and after them, and in each order. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EACH 7
#else
#define EACH 1
#endif

/* Whether a system call can change anything that outlives its process. */
static bool leaves_traces(long call)
{
	return call == SYS_write || call == SYS_fsync || call == SYS_sendto ||
	       call == SYS_sendmsg || call == SYS_ftruncate || call == SYS_unlinkat ||
	       call == SYS_renameat;
}

/* Stops the child at its next system call or return from one. */
static bool step(pid_t child, bool *traces)
{
	struct __ptrace_syscall_info info = {0};
	static long call;
	int status;

	if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) || waitpid(child, &status, 0) < 0)
		return false;
	if (!WIFSTOPPED(status)) {
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		return false;
	}
	/* ptrace(2) takes numbers as pointers. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) > 0);
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		call = (long)info.entry.nr;
	*traces = leaves_traces(call);
	return true;
}

/* Runs work in a process that is killed at the given moment: before or after its
 * n-th system call of those that leave traces. False when it ended before. */
static bool run_until(int (*work)(void), size_t moment)
{
	pid_t child = fork();
	void *options;
	bool traces;
	size_t n = 0;

	assert_true(child >= 0);
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(2);
		raise(SIGSTOP);
		_exit(work());
	}
	assert_true(waitpid(child, NULL, 0) == child);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	options = (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL, options), 0);
	while (step(child, &traces)) {
		if (!traces || n++ < moment)
			continue;
		kill(child, SIGKILL);
		assert_true(waitpid(child, NULL, 0) == child);
		return true;
	}
	return false;
}

static int live(const char *name)
{
	struct wg_undo *undo;
	struct wg_error error;
	int r;

	if (wg_undo_open(&undo, dir, name, &ops, &error))
		return 3;
	r = wg_undo_run(undo);
	r = r ? r : change_all(undo, &error);
	r = r ? r : wg_undo_run(undo);
	wg_undo_close(undo);
	return r || notes.n ? 4 : 0;
}

static int whole_life(void)
{
	return live("wg0");
}

static int recovery(void)
{
	struct wg_undo *undo;
	struct wg_error error;
	int r;

	if (wg_undo_open(&undo, dir, "wg0", &ops, &error))
		return 3;
	r = wg_undo_run(undo);
	wg_undo_close(undo);
	return r ? 4 : 0;
}

/* Everything is as it was, and nobody is told that another program changed anything:
 * none did. */
static void expect_silently_as_before(void)
{
	for (size_t i = 0; i < notes.n; i++)
		print_error("noted: %s\n", notes.texts[i]);
	assert_int_equal(notes.n, 0);
	expect_as_before();
	taken.n = 0;
}

static void test_a_kill_at_any_moment_is_put_back(void **state)
{
	size_t moment;

	(void)state;
	for (moment = 0; run_until(whole_life, moment); moment += EACH) {
		assert_int_equal(recovery(), 0);
		expect_silently_as_before();
		assert_false(has_file("wg0"));
	}
	assert_true(moment > 100);
	expect_as_before();
}

/* A journal that becomes long and is written anew. */
static int long_life(void)
{
	struct wg_undo *undo;
	struct wg_error error;
	int r;

	if (wg_undo_open(&undo, dir, "wg0", &ops, &error))
		return 3;
	r = wg_undo_sysctl(undo, FORWARDING, "1", NULL, &error);
	add_history(2);
	r = r ? r : wg_undo_begin(undo, "good", "thing", &error);
	r = r ? r : wg_undo_run(undo);
	wg_undo_close(undo);
	return r ? 4 : 0;
}

static void test_a_kill_while_writing_anew_is_put_back(void **state)
{
	(void)state;
	for (size_t moment = 0; run_until(long_life, moment); moment += EACH) {
		assert_int_equal(recovery(), 0);
		expect_silently_as_before();
		assert_false(has_file("wg0"));
	}
}

static void test_a_kill_while_putting_back_is_put_back(void **state)
{
	struct wg_test_random random = {20};

	(void)state;
	for (size_t round = 0; round < 30; round++) {
		run_until(whole_life, wg_test_below(&random, 400));
		run_until(recovery, wg_test_below(&random, 200));
		run_until(recovery, wg_test_below(&random, 200));
		assert_int_equal(recovery(), 0);
		expect_silently_as_before();
	}
}

static void test_a_kill_beside_another_tunnel_is_put_back(void **state)
{
	struct wg_test_random random = {30};

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		struct wg_undo *other = open_undo("wg1");

		set(other, FORWARDING, "1", NULL);
		set(other, "net/ipv4/conf/eth0/forwarding", "1", NULL);
		run_until(whole_life, wg_test_below(&random, 400));
		run_until(recovery, wg_test_below(&random, 200));
		if (round % 2) {
			down(other);
			assert_int_equal(recovery(), 0);
		} else {
			assert_int_equal(recovery(), 0);
			expect_sysctl(FORWARDING, "1");
			expect_sysctl("net/ipv4/conf/eth0/forwarding", "1");
			down(other);
		}
		expect_silently_as_before();
	}
}

/* One comes and goes while the killed one's changes are there; another was there before it,
 * or comes after, and goes before it is put back, or after. Moments come in pairs, before
 * and after a system call; with each pair the order is another. */
static void test_a_kill_at_any_moment_between_two_others_is_put_back(void **state)
{
	bool killed = true;

	(void)state;
	for (size_t moment = 0; killed; moment += EACH) {
		struct wg_undo *other = NULL;
		size_t order = moment / 2 % 4;

		if (order % 2) {
			other = open_undo("wg1");
			make_all(other);
		}
		killed = run_until(whole_life, moment);
		if (!other) {
			other = open_undo("wg1");
			make_all(other);
		}
		assert_int_equal(live("wg2"), 0);
		if (order < 2)
			assert_int_equal(recovery(), 0);
		down(other);
		assert_int_equal(recovery(), 0);
		expect_silently_as_before();
	}
}

static pid_t start_lives(const char *name, size_t n)
{
	pid_t child = fork();
	int r = 0;

	assert_true(child >= 0);
	if (child)
		return child;
	for (size_t i = 0; i < n && !r; i++)
		r = live(name);
	_exit(r ? 1 : 0);
}

static void test_tunnels_that_come_and_go_at_once_leave_nothing(void **state)
{
	struct wg_test_random random = {40};
	int status;

	(void)state;
	for (size_t round = 0; round < 10; round++) {
		pid_t others[] = {start_lives("wg1", 4), start_lives("wg2", 4)};

		run_until(whole_life, wg_test_below(&random, 300));
		for (size_t i = 0; i < WG_ARRAY_LEN(others); i++) {
			assert_true(waitpid(others[i], &status, 0) == others[i]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		}
		assert_int_equal(recovery(), 0);
		expect_silently_as_before();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_kill_at_any_moment_is_put_back),
		TEST(test_a_kill_while_writing_anew_is_put_back),
		TEST(test_a_kill_while_putting_back_is_put_back),
		TEST(test_a_kill_beside_another_tunnel_is_put_back),
		TEST(test_a_kill_at_any_moment_between_two_others_is_put_back),
		TEST(test_tunnels_that_come_and_go_at_once_leave_nothing),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
