#include "confine/start_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/descriptors.h"
#include "confine/idmap.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define CLOSE_ON_EXEC (1u << 2)

/* More variables are not passed on. */
#define MAX_VARIABLES 32

/* Copies of descriptors on the way to their numbers are above all of these. */
#define ABOVE WG_CONFINE_N_DESCRIPTORS

static const struct {
	enum wg_confine_layer layer;
	int flag;
} namespaces[] = {
	{WG_CONFINE_NETWORK, CLONE_NEWNET},   {WG_CONFINE_MOUNT, CLONE_NEWNS},
	{WG_CONFINE_IPC, CLONE_NEWIPC},       {WG_CONFINE_UTS, CLONE_NEWUTS},
	{WG_CONFINE_CGROUP, CLONE_NEWCGROUP},
};

/* Each by itself, so that one that a kernel lacks costs no other. */
static void enter_namespaces(struct wg_confine_shared *shared)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(namespaces); i++) {
		int error = unshare(namespaces[i].flag) < 0 ? errno : 0;

		/* The cause is farther back: with a user namespace it would have been granted. */
		if (error == EPERM && shared->no_user_namespace)
			error = shared->no_user_namespace;
		wg_confine_note(&shared->report, namespaces[i].layer, error);
	}
}

/* The raw calls: the library's would stop the other threads, of which there are none here. */
static int become(uint32_t user)
{
	/* Fails in a user namespace in which groups may not be left. */
	(void)syscall(SYS_setgroups, 0, NULL);
	if (syscall(SYS_setresgid, user, user, user) < 0 ||
	    syscall(SYS_setresuid, user, user, user) < 0)
		return -errno;
	return 0;
}

/* Outside of a user namespace there are no maps to say who it can become. */
static int become_any(struct wg_confine_shared *shared)
{
	int first = 0;

	for (unsigned int i = 0; i < WG_CONFINE_N_USERS; i++) {
		uint32_t user = wg_confine_user(i, shared->starter);
		int error = become(user);

		if (!error) {
			shared->user = user;
			return 0;
		}
		first = first ? first : error;
	}
	return first;
}

static void change_user(struct wg_confine_shared *shared)
{
	int error = shared->no_user;

	/* The engine still has to empty its root and its sets, see keep_rights. */
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (!shared->has_user_namespace)
		error = become_any(shared);
	else if (!error)
		error = become(shared->user);
	wg_confine_note(&shared->report, WG_CONFINE_USER, -error);
	shared->report.uid = error ? 0 : shared->user;
}

/* Two rights pass exec as ambient ones, whatever the user: to empty the root, and to empty the
 * bounding set. In a user namespace they mean nothing outside of it. */
static void keep_rights(void)
{
	const unsigned int kept[] = {CAP_SYS_ADMIN, CAP_SETPCAP};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{0}};

	if (syscall(SYS_capget, &header, sets) < 0)
		return;
	for (size_t i = 0; i < WG_ARRAY_LEN(kept); i++)
		sets[0].inheritable |= 1u << kept[i];
	sets[0].inheritable &= sets[0].permitted;
	sets[0].permitted = sets[0].effective = sets[0].inheritable;
	sets[1] = (struct __user_cap_data_struct){0};
	(void)syscall(SYS_capset, &header, sets);
	for (size_t i = 0; i < WG_ARRAY_LEN(kept); i++)
		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0);
}

/* What the starter ignores, too, would be ignored by what is executed. */
static void reset_signals(void)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Out of the way first, since one's place may be another's number. */
static int place_descriptors(const struct wg_confine_start *start)
{
	int copies[WG_CONFINE_N_FIXED];
	size_t n = start->n_fds;

	for (size_t i = 0; i < n; i++) {
		copies[i] = start->fds[i] < 0 ? -1 : fcntl(start->fds[i], F_DUPFD_CLOEXEC, ABOVE);
		if (start->fds[i] >= 0 && copies[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < n; i++) {
		if (copies[i] < 0)
			close((int)i);
		else if (dup2(copies[i], (int)i) < 0)
			return -errno;
	}
	/* All were opened to be closed on exec; where the kernel (5.11) can, this is made sure. */
	(void)syscall(SYS_close_range, (unsigned int)n, ~0u, CLOSE_ON_EXEC);
	return 0;
}

static int execute(const struct wg_confine_start *start, struct wg_confine_shared *shared,
		   int executable)
{
	char variable[sizeof(WG_CONFINE_VARIABLE "=") + WG_CONFINE_WORDS_LEN];
	char *variables[MAX_VARIABLES + 2] = {variable};
	size_t len = (size_t)snprintf(variable, sizeof(variable), "%s=", WG_CONFINE_VARIABLE);

	wg_confine_encode(&shared->report, variable + len, sizeof(variable) - len);
	for (size_t i = 0; i < MAX_VARIABLES && start->envp[i]; i++)
		variables[i + 1] = start->envp[i];
	shared->is_executing = true;
	syscall(SYS_execveat, executable, "", start->argv, variables, AT_EMPTY_PATH);
	return -errno;
}

/* The starter writes the maps of a user namespace. If it is nobody special it may only write to
 * /proc/PID of those who can be dumped, as this is for a moment: it has no secrets, which
 * MADV_DONTFORK keeps from it, and exec makes a new address space. */
static int ask_for_user(const struct wg_confine_shared *shared, int sync)
{
	char byte = 0;

	if (shared->has_user_namespace)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return write(sync, &byte, 1) == 1 && read(sync, &byte, 1) == 1 ? 0 : -ECHILD;
}

static int confine(struct wg_confine_shared *shared)
{
	if (shared->report.mode == WG_CONFINE_OFF)
		return 0;
	enter_namespaces(shared);
	change_user(shared);
	keep_rights();
	if (shared->report.mode == WG_CONFINE_STRICT &&
	    !wg_confine_is_whole(&shared->report, WG_CONFINE_CGROUP))
		return -EPERM;
	return 0;
}

_Noreturn void wg_confine_run_child(const struct wg_confine_start *start,
				    struct wg_confine_shared *shared, int sync)
{
	int executable = fcntl(start->executable, F_DUPFD_CLOEXEC, ABOVE);

	sync = fcntl(sync, F_DUPFD_CLOEXEC, ABOVE);
	shared->error = executable < 0 || sync < 0 ? -errno : 0;
	if (!shared->error)
		shared->error = ask_for_user(shared, sync);
	if (!shared->error)
		shared->error = confine(shared);
	if (!shared->error)
		shared->error = place_descriptors(start);
	reset_signals();
	if (!shared->error)
		shared->error = execute(start, shared, executable);
	_exit(127);
}
