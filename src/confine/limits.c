#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "confine/descriptors.h"
#include "confine/layers.h"

/* A sanitizer's report may go to a file. */
#define MAX_FILE_SIZE (WG_CONFINE_SANITIZED ? 1 << 20 : 0)

static int set(int which, rlim_t max)
{
	const struct rlimit limit = {max, max};

	return setrlimit(which, &limit) < 0 ? -errno : 0;
}

/* Locked memory keeps the limit that it has: keys of 10^6 peers need much of it. */
int wg_confine_limit(void)
{
	int error = set(RLIMIT_CORE, 0);

	/* A file that it could write to would not grow; and trying to is no end. */
	signal(SIGXFSZ, SIG_IGN);
	return error ?: set(RLIMIT_FSIZE, MAX_FILE_SIZE) ?: set(RLIMIT_NOFILE, WG_CONFINE_N_DESCRIPTORS);
}

static void *do_nothing(void *ctx)
{
	return ctx;
}

static int try_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, do_nothing, NULL);

	if (!error)
		pthread_join(thread, NULL);
	return -error;
}

/* The kernel counts them for the user; in a user namespace of its own only from Linux 5.14 on.
 * Where it counts others' too the limit may be passed already, which only shows when a thread is
 * made. */
int wg_confine_limit_threads(unsigned int max)
{
	struct rlimit before;
	struct rlimit limit;
	int error;

	if (getrlimit(RLIMIT_NPROC, &before) < 0)
		return -errno;
	limit = before;
	if (limit.rlim_cur > max)
		limit.rlim_cur = max;
	if (setrlimit(RLIMIT_NPROC, &limit) < 0)
		return -errno;
	error = try_thread();
	if (error)
		setrlimit(RLIMIT_NPROC, &before);
	else
		error = set(RLIMIT_NPROC, limit.rlim_cur);
	return error;
}
