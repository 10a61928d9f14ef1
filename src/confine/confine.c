#include "confine/confine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "confine/descriptors.h"
#include "confine/layers.h"
#include "confine/start.h"

/* In a PID namespace of its own it has no parent to ask for; but the pair's other end is only
 * the starter's. Asked behind the request to be killed, so no end is missed. */
static int follow_starter(void)
{
	struct pollfd pair = {.fd = WG_CONFINE_FD_PAIR};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return poll(&pair, 1, 0) < 0 || pair.revents & (POLLHUP | POLLERR | POLLNVAL) ? -ECHILD : 0;
}

static void note(struct wg_confine_report *report, enum wg_confine_layer layer, int error)
{
	wg_confine_note(report, layer, -error);
}

/* Paths and namespaces first, which need capabilities; Landlock forbids to mount, and asks for
 * no new privileges. */
static void enter(struct wg_confine_report *report)
{
	if (wg_confine_holds(report, WG_CONFINE_MOUNT))
		note(report, WG_CONFINE_MOUNT, wg_confine_empty_root());
	note(report, WG_CONFINE_UNDUMPABLE, wg_confine_undumpable());
	note(report, WG_CONFINE_CAPABILITIES, wg_confine_drop_capabilities());
	note(report, WG_CONFINE_NO_NEW_PRIVS, wg_confine_no_new_privs());
	note(report, WG_CONFINE_LANDLOCK, wg_confine_landlock());
	note(report, WG_CONFINE_LIMITS, wg_confine_limit());
}

static int judge(const struct wg_confine_report *report, enum wg_confine_layer last)
{
	return report->mode == WG_CONFINE_STRICT && !wg_confine_is_whole(report, last) ? -EPERM : 0;
}

int wg_confine_enter(struct wg_confine_report *report)
{
	const char *words = getenv(WG_CONFINE_VARIABLE);
	int error;

	if (!words || wg_confine_decode(report, words))
		return -EINVAL;
	unsetenv(WG_CONFINE_VARIABLE);
	/* Newer ones of libuv would read and write by a ring, past the filter. */
	setenv("UV_USE_IO_URING", "0", 1);
	error = follow_starter();
	if (error || report->mode == WG_CONFINE_OFF)
		return error;
	enter(report);
	return judge(report, WG_CONFINE_LANDLOCK);
}

int wg_confine_finish(struct wg_confine_report *report, unsigned int max_threads,
		      wg_confine_trapped *trapped)
{
	int error;

	if (report->mode == WG_CONFINE_OFF)
		return 0;
	error = wg_confine_limit_threads(max_threads);
	if (error)
		note(report, WG_CONFINE_LIMITS, error);
	note(report, WG_CONFINE_SECCOMP, wg_confine_filter(trapped));
	return judge(report, WG_CONFINE_SECCOMP);
}
