/* The engine's confinement as a whole: this program starts itself as an engine, which confines
 * itself and tells what it found. */
#include "wgtest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"
#include "confine/descriptors.h"
#include "confine/layers.h"
#include "confine/start.h"

/* What an engine says of itself over the pair. */
struct word {
	struct wg_confine_report report;
	int error;
	uint32_t uid;
	int pid;
	int trapped; /* a system call, or -1 */
};

static struct word word = {.trapped = -1};

static void say(void)
{
	(void)!write(WG_CONFINE_FD_PAIR, &word, sizeof(word));
}

static void on_trapped(int nr, uint32_t arch)
{
	(void)arch;
	word.trapped = nr;
	say();
}

static void *do_nothing(void *ctx)
{
	return ctx;
}

static void make_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, do_nothing, NULL))
		abort();
	pthread_join(thread, NULL);
}

/* What the kernel of an engine that was told to lacks. */
static bool lacks_seccomp;

int __real_seccomp_load(const void *filter);
int __wrap_seccomp_load(const void *filter);
int __wrap_seccomp_load(const void *filter)
{
	return lacks_seccomp ? -ENOSYS : __real_seccomp_load(filter);
}

static bool lacks_landlock;

int __real_wg_confine_landlock(void);
int __wrap_wg_confine_landlock(void);
int __wrap_wg_confine_landlock(void)
{
	return lacks_landlock ? -EOPNOTSUPP : __real_wg_confine_landlock();
}

/* The engine: what it does behind its confinement is its argument. */
static int run_engine(const char *what)
{
	char byte;

	lacks_seccomp = !strcmp(what, "without seccomp");
	lacks_landlock = !strcmp(what, "without Landlock");
	word.error = wg_confine_enter(&word.report);
	word.uid = getuid();
	word.pid = getpid();
	if (!word.error)
		word.error = wg_confine_finish(&word.report, 16, on_trapped);
	if (!strcmp(what, "trap"))
		syscall(SYS_getsid, 0);
	if (!strcmp(what, "kill"))
		syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	if (!strcmp(what, "abort"))
		abort();
	if (!strcmp(what, "thread"))
		make_thread();
	say();
	if (!strcmp(what, "wait"))
		while (read(WG_CONFINE_FD_PAIR, &byte, 1) > 0)
			;
	_exit(0);
}

struct engine {
	int pair;
	pid_t pid;
	int error;
	struct wg_confine_report report; /* the keeper's layers */
	struct word word;
	int status;
};

static int self;

static void start(struct engine *engine, enum wg_confine_mode mode, char *what)
{
	char *const argv[] = {"engine", what, NULL};
	char *const envp[] = {NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pair[2];
	int fds[] = {null, null, STDERR_FILENO, -1};
	struct wg_confine_start how = {.mode = mode,
				       .executable = self,
				       .argv = argv,
				       .envp = envp,
				       .fds = fds,
				       .n_fds = WG_ARRAY_LEN(fds)};

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	fds[WG_CONFINE_FD_PAIR] = pair[1];
	*engine = (struct engine){.pair = pair[0]};
	engine->error = wg_confine_start(&how, &engine->pid, &engine->report);
	close(pair[1]);
	close(null);
}

static void finish(struct engine *engine)
{
	if (!engine->error) {
		assert_int_equal(read(engine->pair, &engine->word, sizeof(engine->word)),
				 engine->status == -1 ? 0 : (ssize_t)sizeof(engine->word));
		close(engine->pair);
		assert_int_equal(waitpid(engine->pid, &engine->status, 0), engine->pid);
	} else {
		close(engine->pair);
	}
}

static void run(struct engine *engine, enum wg_confine_mode mode, char *what)
{
	start(engine, mode, what);
	finish(engine);
}

static void assert_is_whole(const struct wg_confine_report *report)
{
	char text[WG_CONFINE_TEXT_LEN];

	wg_confine_describe(report, text, sizeof(text));
	assert_string_equal(text, "user, namespaces, capabilities, landlock, limits, seccomp");
	assert_true(wg_confine_is_whole(report, WG_CONFINE_SECCOMP));
}

static void test_strict_has_every_layer_here(void **state)
{
	struct engine engine;

	(void)state;
	run(&engine, WG_CONFINE_STRICT, "");
	assert_int_equal(engine.error, 0);
	assert_int_equal(engine.word.error, 0);
	assert_is_whole(&engine.word.report);
	assert_int_equal(engine.word.pid, 1);
	assert_int_equal(engine.word.uid, 0x70000000u + (uint32_t)getpid());
	assert_int_equal(engine.word.report.uid, engine.word.uid);
	assert_int_equal(engine.status, 0);
}

static void assert_refused(const struct engine *engine, const char *text)
{
	struct wg_error error;

	wg_error_init(&error);
	assert_int_equal(engine->word.error, -EPERM);
	assert_int_equal(wg_confine_refuse(&engine->word.report, WG_CONFINE_SECCOMP, &error),
			 -EPERM);
	assert_string_equal(error.text, text);
}

static void test_strict_refuses_without_a_filter_and_auto_goes_on(void **state)
{
	struct engine engine;

	(void)state;
	run(&engine, WG_CONFINE_STRICT, "without seccomp");
	assert_refused(&engine, "Confine = strict: there is no seccomp: Function not implemented");
	run(&engine, WG_CONFINE_AUTO, "without seccomp");
	assert_int_equal(engine.word.error, 0);
	assert_false(wg_confine_holds(&engine.word.report, WG_CONFINE_SECCOMP));
	assert_true(wg_confine_is_whole(&engine.word.report, WG_CONFINE_LIMITS));
}

static void test_strict_refuses_without_landlock_and_auto_goes_on(void **state)
{
	struct engine engine;

	(void)state;
	run(&engine, WG_CONFINE_STRICT, "without Landlock");
	assert_refused(&engine, "Confine = strict: there is no landlock: Operation not supported");
	run(&engine, WG_CONFINE_AUTO, "without Landlock");
	assert_int_equal(engine.word.error, 0);
	assert_true(wg_confine_holds(&engine.word.report, WG_CONFINE_SECCOMP));
}

/* No more namespaces, nor the right to have them without: in a process of its own, whose
 * status says whether all was as expected. */
static void check_without_namespaces(void)
{
	struct engine engine;
	int fd;

	fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "0", 1), 1);
	close(fd);
	assert_int_equal(wg_confine_drop_capabilities(), 0);
	run(&engine, WG_CONFINE_STRICT, "");
	assert_int_equal(engine.error, -EPERM);
	assert_int_equal(engine.report.held, 0);
	assert_int_equal(engine.report.errors[WG_CONFINE_PID], ENOSPC);
	assert_int_equal(engine.report.errors[WG_CONFINE_NETWORK], ENOSPC);
	run(&engine, WG_CONFINE_AUTO, "");
	assert_int_equal(engine.error, 0);
	assert_int_equal(engine.word.error, 0);
	assert_true(wg_confine_holds(&engine.word.report, WG_CONFINE_SECCOMP));
	assert_true(wg_confine_holds(&engine.word.report, WG_CONFINE_CAPABILITIES));
}

static void test_strict_refuses_without_namespaces_and_auto_goes_on(void **state)
{
	/* A thread of a sanitizer's may be there, which unshare would not allow. */
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	int status;

	(void)state;
	if (child == 0) {
		check_without_namespaces();
		_exit(42);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

/* Not root: the namespaces are there, the user is the one who started it. */
static void check_as_somebody(void)
{
	struct engine engine;

	assert_int_equal(setresgid(1000, 1000, 1000), 0);
	assert_int_equal(setresuid(1000, 1000, 1000), 0);
	assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
	run(&engine, WG_CONFINE_AUTO, "");
	assert_int_equal(engine.word.error, 0);
	assert_int_equal(engine.word.uid, 1000);
	assert_int_equal(engine.word.report.held | 1u << WG_CONFINE_USER,
			 (1u << WG_CONFINE_N_LAYERS) - 1);
	run(&engine, WG_CONFINE_STRICT, "");
	assert_int_equal(engine.error, -EPERM);
}

static void test_without_root_only_the_user_is_missing(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		check_as_somebody();
		_exit(42);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_off_confines_nothing(void **state)
{
	struct engine engine;
	char text[WG_CONFINE_TEXT_LEN];

	(void)state;
	run(&engine, WG_CONFINE_OFF, "");
	assert_int_equal(engine.word.error, 0);
	assert_int_equal(engine.word.uid, 0);
	assert_int_equal(engine.word.pid, engine.pid);
	wg_confine_describe(&engine.word.report, text, sizeof(text));
	assert_string_equal(text, "off");
}

static void test_a_call_that_is_not_on_the_list_is_reported(void **state)
{
	struct engine engine;

	(void)state;
	run(&engine, WG_CONFINE_AUTO, "trap");
	assert_int_equal(engine.word.trapped, SYS_getsid);
	assert_true(WIFEXITED(engine.status));
	assert_int_equal(WEXITSTATUS(engine.status), WG_CONFINE_EXIT_TRAPPED);
}

static void test_a_call_that_no_library_makes_ends_it_without_a_word(void **state)
{
	struct engine engine;

	(void)state;
	start(&engine, WG_CONFINE_AUTO, "kill");
	engine.status = -1;
	finish(&engine);
	assert_true(WIFSIGNALED(engine.status));
	assert_int_equal(WTERMSIG(engine.status), SIGSYS);
}

static void test_an_abort_ends_it_at_once(void **state)
{
	struct engine engine;

	(void)state;
	start(&engine, WG_CONFINE_AUTO, "abort");
	engine.status = -1;
	finish(&engine);
	assert_true(WIFEXITED(engine.status));
	assert_int_equal(WEXITSTATUS(engine.status), WG_CONFINE_EXIT_ABORTED);
}

static void test_threads_can_be_made_later(void **state)
{
	struct engine engine;

	(void)state;
	run(&engine, WG_CONFINE_STRICT, "thread");
	assert_int_equal(engine.word.error, 0);
	assert_int_equal(engine.status, 0);
}

/* The keeper is a process of its own, so that it can be killed; its engine is this one's then. */
static void test_it_ends_with_its_keeper(void **state)
{
	struct engine engine = {0};
	int pids[2];
	pid_t keeper;
	int status;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe2(pids, O_CLOEXEC), 0);
	keeper = fork();
	if (keeper == 0) {
		start(&engine, WG_CONFINE_AUTO, "wait");
		(void)!read(engine.pair, &engine.word, sizeof(engine.word));
		(void)!write(pids[1], &engine.pid, sizeof(engine.pid));
		pause();
	}
	assert_int_equal(read(pids[0], &engine.pid, sizeof(engine.pid)), sizeof(engine.pid));
	kill(keeper, SIGKILL);
	assert_int_equal(waitpid(keeper, NULL, 0), keeper);
	assert_int_equal(waitpid(engine.pid, &status, 0), engine.pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(pids[0]);
	close(pids[1]);
}

/* Where a kernel or a container lacks a layer, these tests are about something else. */
static void skip_unless_whole(void)
{
	struct engine engine;
	char text[WG_CONFINE_TEXT_LEN];

	run(&engine, WG_CONFINE_AUTO, "");
	if (wg_confine_is_whole(&engine.word.report, WG_CONFINE_SECCOMP))
		return;
	wg_confine_describe(&engine.word.report, text, sizeof(text));
	printf("skipped: confined only by: %s\n", text);
	exit(77);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict_has_every_layer_here),
		cmocka_unit_test(test_strict_refuses_without_a_filter_and_auto_goes_on),
		cmocka_unit_test(test_strict_refuses_without_landlock_and_auto_goes_on),
		cmocka_unit_test(test_strict_refuses_without_namespaces_and_auto_goes_on),
		cmocka_unit_test(test_without_root_only_the_user_is_missing),
		cmocka_unit_test(test_off_confines_nothing),
		cmocka_unit_test(test_a_call_that_is_not_on_the_list_is_reported),
		cmocka_unit_test(test_a_call_that_no_library_makes_ends_it_without_a_word),
		cmocka_unit_test(test_an_abort_ends_it_at_once),
		cmocka_unit_test(test_threads_can_be_made_later),
		cmocka_unit_test(test_it_ends_with_its_keeper),
	};

	if (argc > 1 && !strcmp(argv[0], "engine"))
		return run_engine(argv[1]);
	if (geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	skip_unless_whole();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
