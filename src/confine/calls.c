/* The kernel takes descriptors, flags and commands as 32 bits of a register, whatever is in the
 * others (and musl extends ioctl's command by its sign): comparisons are of these 32. */
#include "confine/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/descriptors.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* Linux 5.17 */
#endif

#define LOW_BITS 0xffffffffu

/* A call that is allowed if all of its arguments compare; several of the same call: or. */
struct call {
	int nr;
	unsigned int n;
	struct scmp_arg_cmp arguments[3];
};

/* Arguments count from 0. */
/* clang-format off */
#define COMPARE(i, how, a, b) {(i), SCMP_CMP_##how, (a), (b)}
#define ANY(call)             {SCMP_SYS(call), 0, {{0, 0, 0, 0}}}
/* Allowed when all that follows is so. */
#define IF(call, ...)         {SCMP_SYS(call), COUNT(__VA_ARGS__), {__VA_ARGS__}}
/* clang-format on */
#define COUNT(...)        (sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp))
#define IS(i, value)      COMPARE(i, MASKED_EQ, LOW_BITS, (uint32_t)(value))
#define WITHOUT(i, flags) COMPARE(i, MASKED_EQ, (uint32_t)(flags), 0)
#define WITH(i, flags)    COMPARE(i, MASKED_EQ, (uint32_t)(flags), (uint32_t)(flags))
#define IS_NULL(i)        COMPARE(i, EQ, 0, 0)
#define IS_OURS(i)        COMPARE(i, LT, WG_CONFINE_N_DESCRIPTORS, 0)
#define UDP(call)         IF(call, IS(0, WG_CONFINE_FD_IPV4)), IF(call, IS(0, WG_CONFINE_FD_IPV6))
#define UDP_IF(call, ...)                                 \
	IF(call, IS(0, WG_CONFINE_FD_IPV4), __VA_ARGS__), \
		IF(call, IS(0, WG_CONFINE_FD_IPV6), __VA_ARGS__)

/* As glibc and musl make threads; the latter adds CLONE_DETACHED, which means nothing. */
#define THREAD                                                                              \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define IS_THREAD COMPARE(0, MASKED_EQ, ~(scmp_datum_t)CLONE_DETACHED, (scmp_datum_t)THREAD)

/* On 64-bit machines it is always on, and by its usual name nothing. */
#ifdef __O_LARGEFILE
#define LARGE_FILE __O_LARGEFILE
#else
#define LARGE_FILE O_LARGEFILE
#endif

/* What F_SETFL may change: blocking. Among the others O_ASYNC would send signals. */
#define OTHER_STATUS (LOW_BITS & ~(uint32_t)(O_NONBLOCK | O_ACCMODE | LARGE_FILE))

static const struct call allowed[] = {
	/* Packets: UDP. Any address; SCM_RIGHTS would need a UNIX socket at the other end. */
	UDP(sendmsg),
	UDP(sendmmsg),
	UDP(recvmsg),
	UDP(recvmmsg),
	UDP(recvmmsg_time64),
	UDP_IF(recvfrom, IS_NULL(4)), /* recv(2), for which there is no memory */
	UDP_IF(ioctl, IS(1, SIOCOUTQ)),
	UDP_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
	UDP_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_MEMINFO)),
	UDP_IF(getsockopt, IS(1, SOL_UDP), IS(2, UDP_SEGMENT)),
	UDP_IF(setsockopt, IS(1, SOL_UDP), IS(2, UDP_GRO)),
	UDP_IF(setsockopt, IS(1, IPPROTO_IP), IS(2, IP_RECVERR)),
	UDP_IF(setsockopt, IS(1, IPPROTO_IPV6), IS(2, IPV6_RECVERR)),

	/* Packets: the link. */
	IF(writev, IS(0, WG_CONFINE_FD_TUN)),
	IF(ioctl, IS(0, WG_CONFINE_FD_TUN), IS(1, TUNGETIFF)),
	IF(ioctl, IS(0, WG_CONFINE_FD_TUN), IS(1, TUNSETOFFLOAD)),

	/* The keeper. send(2) and recv(2) are those with an address, without one. Sockets that
	 * arrive take their predecessors' places. */
	IF(sendmsg, IS(0, WG_CONFINE_FD_PAIR)),
	IF(recvmsg, IS(0, WG_CONFINE_FD_PAIR)),
	IF(sendto, IS(0, WG_CONFINE_FD_PAIR), IS_NULL(4)),
	IF(recvfrom, IS(0, WG_CONFINE_FD_PAIR)),
	IF(dup3, IS(1, WG_CONFINE_FD_IPV4), IS(2, O_CLOEXEC)),
	IF(dup3, IS(1, WG_CONFINE_FD_IPV6), IS(2, O_CLOEXEC)),

	/* libuv's loop, and the descriptors that it looks at. */
	IF(read, IS_OURS(0)),
	IF(write, IS_OURS(0)),
	IF(ioctl, IS_OURS(0), IS(1, FIONBIO)),
	IF(fcntl, IS_OURS(0), IS(1, F_GETFL)),
	IF(fcntl, IS_OURS(0), IS(1, F_GETFD)),
	IF(fcntl, IS_OURS(0), IS(1, F_SETFD)),
	IF(fcntl, IS_OURS(0), IS(1, F_SETFL), WITHOUT(2, OTHER_STATUS)),
	ANY(close),
	ANY(epoll_ctl),
	ANY(epoll_wait),
	ANY(epoll_pwait),
	ANY(epoll_pwait2),
	ANY(poll),
	ANY(ppoll),
	ANY(timerfd_settime),
	ANY(timerfd_settime64),

	/* Time. */
	ANY(clock_gettime),
	ANY(clock_gettime64),
	ANY(clock_getres),
	ANY(clock_nanosleep),
	ANY(nanosleep),
	ANY(gettimeofday),
	ANY(time),

	/* Memory, of which none can be executed and none is a file's. */
	IF(mmap, WITHOUT(2, PROT_EXEC), WITH(3, MAP_ANONYMOUS)),
	IF(mmap2, WITHOUT(2, PROT_EXEC), WITH(3, MAP_ANONYMOUS)),
	IF(mprotect, WITHOUT(2, PROT_EXEC)),
	ANY(brk),
	ANY(munmap),
	ANY(mremap),
	ANY(madvise),
	ANY(mlock),
	ANY(mlock2),
	ANY(munlock),

	/* Threads: workers come and go. */
	IF(clone, IS_THREAD),
	ANY(futex),
	ANY(futex_time64),
	ANY(set_robust_list),
	ANY(rseq),
	ANY(sched_yield),
	ANY(sched_getaffinity),
	ANY(getcpu),
	IF(sched_getattr, IS(0, 0)),
	IF(sched_setattr, IS(0, 0)),
	IF(prctl, IS(0, PR_SET_NAME)),
	IF(prctl, IS(0, PR_SET_VMA)),

	/* What is asked for and says nothing. */
	ANY(getrandom),
	ANY(getpid),
	ANY(gettid),
	ANY(uname),
	ANY(sysinfo),
	IF(prlimit64, IS(0, 0), IS_NULL(2)),
	ANY(getrlimit),

	/* The end. */
	ANY(rt_sigprocmask),
	ANY(rt_sigreturn),
	ANY(sigreturn),
	ANY(restart_syscall),
	ANY(exit),
	ANY(exit_group),
	/* abort() puts its own signal back; of others the handlers stay. */
	IF(rt_sigaction, IS(0, SIGABRT)),
	IF(writev, IS(0, WG_CONFINE_FD_LOG)), /* what libc says before */

#if WG_CONFINE_SANITIZED
	/* A sanitizer's runtime, when a thread begins and when it writes a report. */
	ANY(sigaltstack),
	IF(ioctl, IS(0, WG_CONFINE_FD_LOG), IS(1, TCGETS)),
#endif
};

/* glibc opens files where nobody expects it: for a thread's name, the number of processors, how
 * memory is overcommitted, the time zone. There is no path to anything, and it goes on. */
static const struct {
	int nr;
	uint16_t error;
} refused[] = {
	{SCMP_SYS(open), EACCES},
	{SCMP_SYS(openat), EACCES},
	{SCMP_SYS(access), EACCES},
	{SCMP_SYS(faccessat), EACCES},
	{SCMP_SYS(readlink), EACCES},
	{SCMP_SYS(readlinkat), EACCES},
	{SCMP_SYS(stat), EACCES},
	{SCMP_SYS(lstat), EACCES},
	{SCMP_SYS(fstat), EACCES},
	{SCMP_SYS(newfstatat), EACCES},
	{SCMP_SYS(statx), EACCES},
	/* It is behind a pointer what this would make; the older call does as well. */
	{SCMP_SYS(clone3), ENOSYS},
#if WG_CONFINE_SANITIZED
	/* To a program that would name the report's addresses. */
	{SCMP_SYS(pipe), EPERM},
	{SCMP_SYS(pipe2), EPERM},
#endif
};

/* What no library does. */
static const int fatal[] = {
	/* Programs and processes. */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(process_mrelease),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(kcmp),
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(personality),
	SCMP_SYS(seccomp),
	/* Sockets. */
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	/* Rings and programs in the kernel, pages handled by a descriptor, memory as a file. */
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(io_setup),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(memfd_create),
	SCMP_SYS(memfd_secret),
	SCMP_SYS(remap_file_pages),
	SCMP_SYS(pkey_mprotect),
	SCMP_SYS(vmsplice),
	SCMP_SYS(shmat),
	/* Keys of the kernel. */
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	/* File systems and namespaces. */
	SCMP_SYS(mount),
	SCMP_SYS(umount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount),
	SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(openat2),
	SCMP_SYS(creat),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(fanotify_init),
	SCMP_SYS(quotactl),
	SCMP_SYS(quotactl_fd),
	SCMP_SYS(acct),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	/* Who it is and what it may. */
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setreuid),
	SCMP_SYS(setregid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setfsuid),
	SCMP_SYS(setfsgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(capset),
	SCMP_SYS(setrlimit),
	/* The machine. */
	SCMP_SYS(reboot),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(clock_settime64),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(syslog),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	SCMP_SYS(modify_ldt),
	SCMP_SYS(vhangup),
};

static int allow(scmp_filter_ctx filter)
{
	/* For abort(): the process' own threads, which is only known here. */
	const struct scmp_arg_cmp own = IS(0, getpid());
	int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &own);

	for (size_t i = 0; i < WG_ARRAY_LEN(allowed) && !error; i++)
		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed[i].nr, allowed[i].n,
					       allowed[i].arguments);
	return error;
}

int wg_confine_add_calls(scmp_filter_ctx filter)
{
	int error = allow(filter);

	for (size_t i = 0; i < WG_ARRAY_LEN(refused) && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(refused[i].error), refused[i].nr,
					 0);
	for (size_t i = 0; i < WG_ARRAY_LEN(fatal) && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
	return error;
}
