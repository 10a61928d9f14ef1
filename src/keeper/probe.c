#include "keeper/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tun/probe.h"
#include "udp/probe.h"

/* Usually it takes some milliseconds; a namespace may have to wait for others' to go. */
#define LIMIT_SECONDS 1

/* What the child fills in. */
struct shared {
	struct wg_tun_probe tun;
	struct wg_udp_probe udp;
};

struct wg_probe {
	pid_t child;
	int fd; /* the child has the other end, and nobody else */
	struct shared *shared;
};

/* Without the right to it, in a user namespace, where everybody has it. */
static int enter_namespace(void)
{
	return unshare(CLONE_NEWNET) == 0 ? 0 : unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/* A tunnel that ends meanwhile must not live on in what the child inherited. Linux before
 * 5.9 cannot; there it does for the moment. */
static void close_others(int fd)
{
	if (fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0u, 0);
}

/* Signals are for the parent, but for the alarm. */
static void set_alarm(void)
{
	sigset_t alarms;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	alarm(LIMIT_SECONDS);
}

static _Noreturn void run_child(struct shared *shared, int fd)
{
	set_alarm();
	close_others(fd);
	if (enter_namespace() == 0) {
		wg_tun_probe_make(&shared->tun);
		wg_udp_probe_make(&shared->udp);
	}
	_exit(0);
}

/* Signals are blocked in between: a handler must not run in the child. */
static int fork_child(struct wg_probe *probe, int fd)
{
	sigset_t all;
	sigset_t before;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	probe->child = fork();
	if (probe->child == 0)
		run_child(probe->shared, fd);
	if (probe->child < 0)
		err = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static int start_child(struct wg_probe *probe)
{
	int fds[2];
	int err;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	err = fork_child(probe, fds[1]);
	close(fds[1]);
	if (err)
		close(fds[0]);
	probe->fd = fds[0];
	return err;
}

static struct shared *share_memory(void)
{
	void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int wg_probe_start(struct wg_probe **out)
{
	struct wg_probe *probe = calloc(1, sizeof(*probe));
	int err = -ENOMEM;

	if (!probe)
		return err;
	probe->shared = share_memory();
	if (probe->shared)
		err = start_child(probe);
	if (err) {
		if (probe->shared)
			munmap(probe->shared, sizeof(*probe->shared));
		free(probe);
		return err;
	}
	*out = probe;
	return 0;
}

int wg_probe_fd(const struct wg_probe *probe)
{
	return probe->fd;
}

void wg_probe_finish(struct wg_probe *probe, struct wg_probe_findings *findings)
{
	kill(probe->child, SIGKILL);
	while (waitpid(probe->child, NULL, 0) < 0 && errno == EINTR)
		;
	wg_tun_probe_judge(&probe->shared->tun, findings->tun);
	wg_udp_probe_judge(&probe->shared->udp, findings->udp);
	close(probe->fd);
	munmap(probe->shared, sizeof(*probe->shared));
	free(probe);
}

void wg_probe_run(struct wg_probe_findings *findings)
{
	struct wg_probe *probe = NULL;
	struct pollfd pollfd = {.events = POLLIN};

	memset(findings, 0, sizeof(*findings));
	if (wg_probe_start(&probe) != 0)
		return;
	pollfd.fd = wg_probe_fd(probe);
	while (poll(&pollfd, 1, 1500 * LIMIT_SECONDS) < 0 && errno == EINTR)
		;
	wg_probe_finish(probe, findings);
}
