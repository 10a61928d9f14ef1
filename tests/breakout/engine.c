#include "engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "confine/layers.h"

static _Noreturn void end(const struct wg_breakout_word *word)
{
	(void)!write(WG_CONFINE_FD_PAIR, word, sizeof(*word));
	_exit(0);
}

static void on_trapped(int nr, uint32_t arch)
{
	const struct wg_breakout_word word = {.trapped = nr + 1};

	(void)arch;
	end(&word);
}

static _Noreturn void give_up(const char *what, int error)
{
	fprintf(stderr, "breakout: %s: %s\n", what, strerror(-error));
	exit(WG_BREAKOUT_EXIT_UNCONFINED);
}

static void need(const char *what, int error)
{
	if (error)
		give_up(what, error);
}

/* What a way changes when nothing stops it goes with this process. */
static void go_aside(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 || !fopen("/tmp/file", "we"))
		give_up("namespaces of the test's own", -errno);
}

static void confine(enum wg_breakout_layers layers)
{
	struct wg_confine_report report;
	int error = wg_confine_enter(&report);

	need("enter", error);
	switch (layers) {
	case WG_BREAKOUT_ALL:
		need("finish", wg_confine_finish(&report, 16, on_trapped));
		return;
	case WG_BREAKOUT_NAMESPACES:
	case WG_BREAKOUT_NOTHING:
	case WG_BREAKOUT_N_COLUMNS:
		break;
	case WG_BREAKOUT_CAPABILITIES:
		need("capabilities", wg_confine_drop_capabilities());
		break;
	case WG_BREAKOUT_LANDLOCK:
		need("no new privileges", wg_confine_no_new_privs());
		need("Landlock", wg_confine_landlock());
		break;
	case WG_BREAKOUT_LIMITS:
		/* Threads are not limited for root. */
		need("limits", wg_confine_limit());
		break;
	case WG_BREAKOUT_SECCOMP:
		need("no new privileges", wg_confine_no_new_privs());
		need("seccomp", wg_confine_filter(on_trapped));
		break;
	}
}

_Noreturn void wg_breakout_engine(enum wg_breakout_layers layers, const struct wg_way *way,
				  const struct wg_breakout *target)
{
	struct wg_breakout_word word = {0};

	if (layers != WG_BREAKOUT_ALL && layers != WG_BREAKOUT_NAMESPACES)
		go_aside();
	confine(layers);
	errno = 0;
	if (way->try(target) < 0)
		word.error = errno;
	end(&word);
}
