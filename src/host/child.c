#include "host/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/input.h"

/* More than anybody reads. */
#define MAX_SAID  (4u << 20)
/* Milliseconds: what a program that is ended has to clean up, and how often it is asked for
 * when it has closed its output, or left that to others, and may have ended. */
#define GRACE     2000
#define LOOK_EACH 20

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* In a process group of its own, with the usual reaction to signals. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all;
	sigset_t none;
	int err;

	sigfillset(&all);
	sigemptyset(&none);
	err = posix_spawnattr_setpgroup(attributes, 0);
	err = err ? err : posix_spawnattr_setsigdefault(attributes, &all);
	err = err ? err : posix_spawnattr_setsigmask(attributes, &none);
	return err ? err
		   : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
								  POSIX_SPAWN_SETSIGDEF |
								  POSIX_SPAWN_SETSIGMASK);
}

/* Its words must not come into those of whoever runs it. */
static int set_files(posix_spawn_file_actions_t *actions, int input, int output)
{
	int err = input < 0 ? posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null",
							       O_RDONLY, 0)
			    : posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);

	err = err ? err : posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	return err ? err : posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
}

static int start(pid_t *pid, char **argv, int input, int output)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return -err;
	err = posix_spawnattr_init(&attributes);
	if (!err) {
		err = set_attributes(&attributes);
		err = err ? err : set_files(&actions, input, output);
		err = err ? err : posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Reads what is there. False when that was all that will ever come. */
static bool take(struct wg_text *said, int fd)
{
	char chunk[4096];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0 && said && said->len < MAX_SAID)
			wg_text_add(said, chunk, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 && errno == EAGAIN;
}

/* Its status as of waitpid(2). Returns whether it was ended because its time was over. */
static bool wait_for(int *status, pid_t pid, int output, const struct wg_child *child)
{
	int64_t until = now_ms() + child->seconds * INT64_C(1000);
	bool open = true;
	bool overdue = false;

	for (;;) {
		struct pollfd fd = {.fd = open ? output : -1, .events = POLLIN};
		pid_t ended;

		poll(&fd, 1, LOOK_EACH);
		open = open && take(child->said, output);
		ended = waitpid(pid, status, WNOHANG);
		if (ended == pid || (ended < 0 && errno != EINTR))
			break;
		if (now_ms() < until)
			continue;
		kill(-pid, overdue ? SIGKILL : SIGTERM);
		overdue = true;
		until = now_ms() + GRACE;
	}
	if (overdue)
		kill(-pid, SIGKILL);
	if (open)
		take(child->said, output);
	return overdue;
}

static int judge(int status, bool overdue)
{
	if (overdue)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static int run(const struct wg_child *child, int input)
{
	int output[2];
	int status = 0;
	bool overdue = false;
	pid_t pid = -1;
	int err;

	if (pipe2(output, O_CLOEXEC))
		return -errno;
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	err = start(&pid, child->argv, input, output[1]);
	close(output[1]);
	if (!err)
		overdue = wait_for(&status, pid, output[0], child);
	close(output[0]);
	return err ? err : judge(status, overdue);
}

int wg_child_run(const struct wg_child *child)
{
	int input = child->input ? wg_input_open(child->input) : -1;
	int result;

	if (child->input && input < 0)
		return input;
	result = run(child, input);
	if (input >= 0)
		close(input);
	return result;
}
