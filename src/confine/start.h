/* Starting the engine in the outer layers of its confinement: the keeper's side. */
#ifndef WG_CONFINE_START_H
#define WG_CONFINE_START_H

#include <sys/types.h>

#include "confine/report.h"

struct wg_confine_start {
	enum wg_confine_mode mode;
	int executable; /* a descriptor of it; whoever the engine runs as must be allowed to
			 * execute it */
	char *const *argv;
	char *const *envp; /* one more variable is added */
	const int *fds;    /* fds[i] becomes the engine's descriptor i; -1: it has none. The caller
			    * keeps its own */
	size_t n_fds;      /* WG_CONFINE_N_FIXED at most; of other descriptors it has none */
};

/* The variable by which the engine hears what was made for it; see wg_confine_enter. */
#define WG_CONFINE_VARIABLE "TUFF_CONFINED"

/* Starts the engine in user, network, mount, PID, IPC, UTS and cgroup namespaces as far as they
 * are to be had, and as a user of its own if that may be chosen; fills in these layers of the
 * report. Waits until the executable runs, some milliseconds. 0, and pid is a child to be reaped.
 * -EPERM: strict, and a layer is missing (wg_confine_refuse says which, up to WG_CONFINE_CGROUP);
 * or another -errno, of fork or exec. Then there is no child.
 *
 * In a PID namespace of its own the engine is its first process: it takes no signal for which it
 * has no handler, SIGKILL and SIGSTOP excepted. It is killed when the thread that called this ends
 * (PR_SET_PDEATHSIG), which therefore must be the main one. */
int wg_confine_start(const struct wg_confine_start *start, pid_t *pid,
		     struct wg_confine_report *report);

#endif
