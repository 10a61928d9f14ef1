#include "confine/start.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/idmap.h"
#include "confine/start_child.h"

/* In the order of preference. Without a user namespace the others take CAP_SYS_ADMIN. */
static const int kinds[] = {CLONE_NEWUSER | CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWPID, 0};

/* A copy of this process, as fork(2) makes it, but without what libraries do at a fork: the child
 * makes system calls only, and executes. */
static pid_t copy(int namespaces)
{
#ifdef __s390__
	return (pid_t)syscall(SYS_clone, NULL, (unsigned long)(namespaces | SIGCHLD), 0, 0, 0);
#else
	return (pid_t)syscall(SYS_clone, (unsigned long)(namespaces | SIGCHLD), NULL, 0, 0, 0);
#endif
}

static pid_t copy_into(int namespaces, const struct wg_confine_start *start,
		       struct wg_confine_shared *shared, const int sync[2])
{
	pid_t child = copy(namespaces);

	if (child == 0) {
		close(sync[0]);
		shared->has_user_namespace = namespaces & CLONE_NEWUSER;
		wg_confine_run_child(start, shared, sync[1]);
	}
	return child;
}

/* Notes the namespaces that come by clone; the others are made by the child. */
static pid_t copy_best(const struct wg_confine_start *start, struct wg_confine_shared *shared,
		       const int sync[2])
{
	int first = 0;
	pid_t child = -1;

	if (start->mode == WG_CONFINE_OFF)
		return copy_into(0, start, shared, sync);
	for (size_t i = 0; i < WG_ARRAY_LEN(kinds) && child < 0; i++) {
		/* Noted before, in memory that the child has, too. */
		wg_confine_note(&shared->report, WG_CONFINE_PID,
				kinds[i] & CLONE_NEWPID ? 0 : first);
		shared->no_user_namespace = first;
		child = copy_into(kinds[i], start, shared, sync);
		if (child < 0 && !first)
			first = errno;
	}
	return child;
}

/* Signals are blocked in between: a handler of ours must not run in the child. */
static pid_t copy_quietly(const struct wg_confine_start *start, struct wg_confine_shared *shared,
			  const int sync[2])
{
	sigset_t all;
	sigset_t before;
	pid_t child;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child = copy_best(start, shared, sync);
	error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return child < 0 ? -error : child;
}

/* Its keys are to be locked; without capabilities it could not get more. */
static void raise_locked_memory(pid_t child)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	(void)prlimit(child, RLIMIT_MEMLOCK, &all, NULL);
}

/* Answers the child when it asks for its user, and waits until it executes or ends. */
static void attend(pid_t child, int sync, struct wg_confine_shared *shared)
{
	char byte = 0;

	raise_locked_memory(child);
	if (read(sync, &byte, 1) != 1)
		return;
	if (shared->has_user_namespace)
		shared->no_user = wg_confine_map(child, &shared->user);
	/* It sees the end of the connection, too, if there is one. */
	(void)!write(sync, &byte, 1);
	while (read(sync, &byte, 1) > 0)
		;
}

static int reap(pid_t child, int error)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return error;
}

static int run(const struct wg_confine_start *start, struct wg_confine_shared *shared, pid_t *pid)
{
	int sync[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) < 0)
		return -errno;
	child = copy_quietly(start, shared, sync);
	close(sync[1]);
	if (child > 0)
		attend(child, sync[0], shared);
	close(sync[0]);
	if (child < 0)
		return child;
	if (!shared->is_executing || shared->error)
		return reap(child, shared->error ? shared->error : -ECHILD);
	*pid = child;
	return 0;
}

int wg_confine_start(const struct wg_confine_start *start, pid_t *pid,
		     struct wg_confine_report *report)
{
	struct wg_confine_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
						MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error;

	wg_confine_report_init(report, start->mode);
	if (shared == MAP_FAILED)
		return -errno;
	wg_confine_report_init(&shared->report, start->mode);
	shared->starter = getpid();
	error = run(start, shared, pid);
	*report = shared->report;
	munmap(shared, sizeof(*shared));
	return error;
}
