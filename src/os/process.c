#include "os/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The loop, its sockets and every control client at once need about 60. */
#define ENOUGH_DESCRIPTORS 256

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= ENOUGH_DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < ENOUGH_DESCRIPTORS ? limit.rlim_max : ENOUGH_DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Secrets are locked into memory: as much as may be. */
static void raise_locked_memory(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

void wg_process_prepare(void)
{
	const struct rlimit none = {0, 0};

	/* The first alone does not stop a dump into a pipe (core(5)). */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	raise_descriptors();
	raise_locked_memory();
	signal(SIGPIPE, SIG_IGN);
}
