#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "ways.h"

/* What is executed says so by its exit status. */
static long execute(const struct wg_breakout *target)
{
	char *const argv[] = {"sh", "-c", "exit 42", NULL};
	char *const envp[] = {NULL};

	(void)target;
	return execve("/bin/sh", argv, envp);
}

/* ENOEXEC: it was looked at. */
static long execute_memory(const struct wg_breakout *target)
{
	char *const none[] = {NULL};
	int fd = (int)syscall(SYS_memfd_create, "program", 0);

	(void)target;
	if (fd < 0)
		return -1;
	(void)!write(fd, "?", 1);
	return syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
}

/* Without making a memfd first. */
static long execute_descriptor(const struct wg_breakout *target)
{
	char *const none[] = {NULL};

	(void)target;
	return syscall(SYS_execveat, WG_CONFINE_FD_INPUT, "", none, none, AT_EMPTY_PATH);
}

static long copy(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long fork_process(const struct wg_breakout *target)
{
	(void)target;
	return copy(0);
}

static long clone_user(const struct wg_breakout *target)
{
	(void)target;
	return copy(CLONE_NEWUSER);
}

static long clone_newly(const struct wg_breakout *target)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	(void)target;
	if (pid == 0)
		_exit(0);
	return pid;
}

WG_WAY(trace, SYS_ptrace, PTRACE_SEIZE, target->keeper, 0, 0)
WG_WAY(trace_me, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)
WG_WAY(signal_keeper, SYS_kill, target->keeper, SIGCONT)
WG_WAY(signal_thread, SYS_tgkill, target->keeper, target->keeper, SIGCONT)
WG_WAY(signal_light, SYS_tkill, target->keeper, SIGCONT)
WG_WAY(open_process, SYS_pidfd_open, target->keeper, 0)
WG_WAY(compare, SYS_kcmp, getpid(), target->keeper, 0, 0, 0)
WG_WAY(nice_keeper, SYS_setpriority, PRIO_PROCESS, target->keeper, 1)
WG_WAY(move_pages, SYS_move_pages, target->keeper, 0, NULL, NULL, NULL, 0)

static long queue_signal(const struct wg_breakout *target)
{
	siginfo_t info = {.si_signo = SIGCONT, .si_code = SI_QUEUE};

	return syscall(SYS_rt_sigqueueinfo, target->keeper, SIGCONT, &info);
}

/* EFAULT: it was looked for in the other's memory. */
static long read_memory(const struct wg_breakout *target)
{
	char byte;
	struct iovec here = {&byte, 1};
	struct iovec there = {(void *)8, 1};

	return process_vm_readv(target->keeper, &here, 1, &there, 1, 0);
}

static long write_memory(const struct wg_breakout *target)
{
	char byte = 0;
	struct iovec here = {&byte, 1};
	struct iovec there = {(void *)8, 1};

	return process_vm_writev(target->keeper, &here, 1, &there, 1, 0);
}

static int keeper_fd(const struct wg_breakout *target)
{
	int fd = (int)syscall(SYS_pidfd_open, target->keeper, 0);

	return fd < 0 ? WG_CONFINE_FD_PAIR : fd;
}

static long take_descriptor(const struct wg_breakout *target)
{
	return syscall(SYS_pidfd_getfd, keeper_fd(target), STDERR_FILENO, 0);
}

/* The call itself, whether or not there is a descriptor to name. */
static long take_any_descriptor(const struct wg_breakout *target)
{
	(void)target;
	return syscall(SYS_pidfd_getfd, WG_CONFINE_FD_PAIR, STDERR_FILENO, 0);
}

static long signal_by_descriptor(const struct wg_breakout *target)
{
	return syscall(SYS_pidfd_send_signal, keeper_fd(target), SIGCONT, NULL, 0);
}

static long limit_keeper(const struct wg_breakout *target)
{
	struct rlimit limit = {0, 0};

	return prlimit(target->keeper, RLIMIT_CORE, &limit, NULL);
}

static long ask_limits_of_keeper(const struct wg_breakout *target)
{
	struct rlimit limit;

	return prlimit(target->keeper, RLIMIT_CORE, NULL, &limit);
}

/* Attributes that are not there: EINVAL comes before it looks for the process. */
WG_WAY(schedule_keeper, SYS_sched_setattr, target->keeper, NULL, 0)
WG_WAY(ask_schedule_of_keeper, SYS_sched_getattr, target->keeper, NULL, 0, 0)

static const struct wg_way ways[] = {
	{"execve", execute},
	{"memfd_create and execveat", execute_memory, ENOEXEC},
	{"execveat of a descriptor", execute_descriptor, EACCES},
	{"fork", fork_process},
	{"clone3", clone_newly},
	{"clone CLONE_NEWUSER", clone_user},
	{"ptrace the keeper", trace},
	{"be traced", trace_me},
	{"kill the keeper", signal_keeper},
	{"tgkill the keeper", signal_thread},
	{"tkill the keeper", signal_light},
	{"rt_sigqueueinfo", queue_signal},
	{"pidfd_open", open_process},
	{"pidfd_getfd of the keeper's", take_descriptor},
	{"pidfd_getfd of any", take_any_descriptor, EBADF},
	{"pidfd_send_signal", signal_by_descriptor},
	{"process_vm_readv", read_memory, EFAULT},
	{"process_vm_writev", write_memory, EFAULT},
	{"kcmp", compare},
	{"change the keeper's limits", limit_keeper},
	{"read the keeper's limits", ask_limits_of_keeper},
	{"change the keeper's scheduling", schedule_keeper, EINVAL},
	{"read the keeper's scheduling", ask_schedule_of_keeper, EINVAL},
	{"change the keeper's priority", nice_keeper},
	{"move the keeper's pages", move_pages},
};

const struct wg_ways wg_ways_to_processes = WG_WAYS(ways);
