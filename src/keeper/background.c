#include "keeper/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/report.h"

/* What the new process writes when it is ready; no message has this byte. */
#define READY '\0'

/* Where the old process is told what to repeat. */
static int report_fd = -1;

static int turn_to_null(int fd, int flags)
{
	int null = open("/dev/null", flags | O_CLOEXEC);
	int error = 0;

	if (null < 0)
		return -errno;
	if (dup2(null, fd) < 0)
		error = -errno;
	close(null);
	return error;
}

static int smallest_from(const int *keep, size_t n_keep, int from)
{
	int smallest = -1;

	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] >= from && (smallest < 0 || keep[i] < smallest))
			smallest = keep[i];
	return smallest;
}

/* Linux before 5.9 has no close_range; what was inherited then stays open. */
static void close_others(const int *keep, size_t n_keep)
{
	int from = STDERR_FILENO + 1;
	int kept;

	while ((kept = smallest_from(keep, n_keep, from)) >= 0) {
		if (kept > from)
			close_range((unsigned int)from, (unsigned int)kept - 1, 0);
		from = kept + 1;
	}
	close_range((unsigned int)from, ~0u, 0);
}

static _Noreturn void follow_to_the_end(pid_t child)
{
	struct wg_error error;
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			_exit(WG_EXIT_FAILED);
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	wg_error_set(&error, 0, "background process: start: %s", strsignal(WTERMSIG(status)));
	_exit(wg_report(WG_EXIT_FAILED, &error));
}

/* Repeats messages until the child is ready or has closed its end. */
static _Noreturn void wait_for(pid_t child, int fd)
{
	char text[1024];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) != 0) {
		const char *ready;
		size_t len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		ready = memchr(text, READY, (size_t)n);
		len = ready ? (size_t)(ready - text) : (size_t)n;
		fwrite(text, 1, len, stderr);
		if (ready)
			_exit(WG_EXIT_DONE);
	}
	follow_to_the_end(child);
}

int wg_background_fork(void)
{
	int report[2];
	int error;
	pid_t child;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	child = fork();
	if (child < 0) {
		error = -errno;
		close(report[0]);
		close(report[1]);
		return error;
	}
	if (child > 0) {
		close(report[1]);
		wait_for(child, report[0]);
	}
	close(report[0]);
	report_fd = report[1];
	return 0;
}

int wg_background_detach(const int *keep, size_t n_keep)
{
	int error;

	setsid();
	if (chdir("/") < 0)
		return -errno;
	error = turn_to_null(STDIN_FILENO, O_RDONLY);
	if (!error)
		error = turn_to_null(STDOUT_FILENO, O_WRONLY);
	if (!error && dup2(report_fd, STDERR_FILENO) < 0)
		error = -errno;
	if (!error)
		close_others(keep, n_keep);
	return error;
}

int wg_background_ready(void)
{
	const char ready = READY;

	if (write(STDERR_FILENO, &ready, 1) != 1)
		return -errno;
	return turn_to_null(STDERR_FILENO, O_WRONLY);
}
