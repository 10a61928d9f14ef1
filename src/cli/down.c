/* `tuff down NAME [--if-up]`: ends a tunnel, waits for it, and says what could not be put back.
 * Of a tunnel that was killed it puts everything back itself. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "ctl/answer.h"
#include "ctl/ask.h"
#include "host/undo.h"
#include "keeper/tunnel.h"
#include "os/report.h"

/* How long a tunnel that has said good-bye may take to be gone, in milliseconds. */
#define GONE_WITHIN 10000
/* How often a tunnel that cannot be reached at the moment is tried again, and the
 * pause between tries in nanoseconds: 5 s in all. */
#define RETRIES     50
#define RETRY_PAUSE 100000000

/* Nothing of it is left, so that `up` may follow at once. */
static void wait_until_gone(int pidfd)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	while (poll(&fd, 1, GONE_WITHIN) < 0 && errno == EINTR)
		;
}

static void print_note(void *ctx, const char *text)
{
	struct wg_error error;

	(void)ctx;
	wg_error_set(&error, 0, "%s", text);
	wg_report_at(WG_LOG_WARNING, &error);
}

/* Prints what it said; its errno. */
static int print_notes(char *answer)
{
	int err = -EPROTO;

	while (answer) {
		const char *what;
		enum wg_answer_word word = wg_answer_next(&answer, &what);

		if (word == WG_ANSWER_NOTE)
			print_note(NULL, what);
		else if (word == WG_ANSWER_ERRNO)
			err = wg_answer_errno(what);
	}
	return err;
}

/* Asks a running tunnel to end. -ENOENT when none runs. */
static int end_running(const char *name, struct wg_error *error)
{
	char *answer;
	size_t len;
	pid_t pid = -1;
	int pidfd;
	int err = wg_ask(name, "down=1", &answer, &len, &pid, error);

	if (err)
		return err;
	pidfd = pidfd_open(pid, 0);
	err = print_notes(answer);
	free(answer);
	if (pidfd >= 0) {
		wait_until_gone(pidfd);
		close(pidfd);
	}
	if (err == -EPROTO)
		return wg_error_set(error, err, "%s: another program than tuff runs it", name);
	return err ? wg_error_set(error, err, "%s: end it: %s", name, strerror(-err)) : 0;
}

/* What is still in the journal. Returns how many changes there were, or -errno. */
static int put_back(const char *name, struct wg_error *error)
{
	struct wg_undo_ops ops = wg_tunnel_undo_ops;
	struct wg_undo *undo;
	int pending;
	int err;

	ops.note = print_note;
	err = wg_undo_open(&undo, WG_UNDO_DIR, name, &ops, error);
	if (err)
		return err;
	pending = wg_undo_pending(undo);
	err = wg_undo_run(undo);
	wg_undo_close(undo);
	if (err)
		return wg_error_set(error, err, "%s: not everything could be put back: %s", name,
				    strerror(-err));
	return pending;
}

static bool has_journal(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), WG_UNDO_DIR "/%s.undo", name);
	return !access(path, F_OK);
}

/* if_up: where there is nothing to end and nothing to put back, that is no error. */
static int bring_down(const char *name, bool if_up)
{
	const struct timespec pause = {.tv_nsec = RETRY_PAUSE};
	struct wg_error error;
	struct wg_error undo_error;
	int err = end_running(name, &error);
	int n = has_journal(name) ? put_back(name, &undo_error) : 0;

	/* A tunnel that has its journal but no control socket is about to begin or end. */
	for (int i = 0; err && err != -ETIMEDOUT && n == -EBUSY && i < RETRIES; i++) {
		nanosleep(&pause, NULL);
		err = end_running(name, &error);
		n = has_journal(name) ? put_back(name, &undo_error) : 0;
	}
	if (err == -ETIMEDOUT && n == -EBUSY)
		return wg_report(WG_EXIT_FAILED, &error);
	if (n < 0)
		return wg_report(WG_EXIT_FAILED, &undo_error);
	if (err && n > 0) {
		wg_error_set(&error, 0, "%s: was not running: what it left behind is put back",
			     name);
		wg_report_at(WG_LOG_NOTICE, &error);
		return WG_EXIT_DONE;
	}
	if (!err || (if_up && err == -ENOENT))
		return WG_EXIT_DONE;
	return wg_report(WG_EXIT_FAILED, &error);
}

int wg_command_down(int argc, char **argv)
{
	char name[WG_CONF_LINK_LEN];
	bool if_up = false;
	int n = 1;
	int status;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--if-up"))
			if_up = true;
		else
			argv[n++] = argv[i];
	}
	status = wg_command_name(name, n, argv);
	return status == WG_EXIT_DONE ? bring_down(name, if_up) : status;
}
