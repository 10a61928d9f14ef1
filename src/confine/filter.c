/* The filter of system calls. What is on the list may be done, by the arguments that it gives;
 * what only a program that was taken over would do ends the process at once; all else raises
 * SIGSYS, whose handler says which call it was: that is how one that was forgotten gets known. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "confine/calls.h"
#include "confine/layers.h"

static wg_confine_trapped *on_trapped;

static void trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (on_trapped)
		on_trapped(info->si_syscall, info->si_arch);
	_exit(WG_CONFINE_EXIT_TRAPPED);
}

/* The first process of a PID namespace is not ended by its own SIGABRT. */
static void abort_at_once(int number)
{
	(void)number;
	_exit(WG_CONFINE_EXIT_ABORTED);
}

static int set_handlers(wg_confine_trapped *trapped)
{
	struct sigaction trapping = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction aborting = {.sa_handler = abort_at_once};

	on_trapped = trapped;
	if (sigaction(SIGSYS, &trapping, NULL) < 0 || sigaction(SIGABRT, &aborting, NULL) < 0)
		return -errno;
	return 0;
}

/* All threads at once; a binary tree, since the calls of a packet's way are looked up for each;
 * and no other architecture's calls, whose numbers mean something else. */
static int set_attributes(scmp_filter_ctx filter)
{
	int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	/* From libseccomp 2.5 on; slower without. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return error ?: seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
}

int wg_confine_filter(wg_confine_trapped *trapped)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int error;

	if (!filter)
		return -ENOMEM;
	error = set_handlers(trapped);
	error = error ?: set_attributes(filter) ?: wg_confine_add_calls(filter);
	error = error ?: seccomp_load(filter);
	seccomp_release(filter);
	return error;
}
