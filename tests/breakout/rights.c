/* Namespaces, mounts, users, capabilities, and what keeps this process where it is. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "ways.h"

/* sys/mount.h has these, too, and cannot be included beside linux/mount.h of some versions. */
#define DETACH 2

WG_WAY(mount_tmpfs, SYS_mount, "tmpfs", "/tmp", "tmpfs", 0, NULL)
WG_WAY(mount_again, SYS_mount, NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL)
WG_WAY(unmount, SYS_umount2, "/tmp", DETACH)
WG_WAY(change_root, SYS_chroot, "/")
WG_WAY(pivot, SYS_pivot_root, "/", "/")
WG_WAY(new_filesystem, SYS_fsopen, "tmpfs", 0)
WG_WAY(copy_tree, SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE)
WG_WAY(new_user_namespace, SYS_unshare, CLONE_NEWUSER)
WG_WAY(new_network_namespace, SYS_unshare, CLONE_NEWNET)
WG_WAY(new_mount_namespace, SYS_unshare, CLONE_NEWNS)
WG_WAY(set_user, SYS_setresuid, 0, 0, 0)
WG_WAY(set_group, SYS_setresgid, 0, 0, 0)
WG_WAY(set_groups, SYS_setgroups, 0, NULL)
WG_WAY(set_file_user, SYS_setfsuid, 0)
WG_WAY(keep_capabilities, SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0)
WG_WAY(clear_ambient, SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
WG_WAY(set_personality, SYS_personality, ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC)
WG_WAY(be_dumpable, SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)
WG_WAY(outlive, SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0)
WG_WAY(let_trace, SYS_prctl, PR_SET_PTRACER, -1, 0, 0, 0)
WG_WAY(set_securebits, SYS_prctl, PR_SET_SECUREBITS, 0, 0, 0, 0)
WG_WAY(reap, SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
WG_WAY(new_session, SYS_setsid)

/* A namespace of the keeper's if there is a path to one, else any descriptor. */
static long enter_namespace(const struct wg_breakout *target)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)target->keeper);
	fd = open(path, O_RDONLY);
	return setns(fd < 0 ? WG_CONFINE_FD_PAIR : fd, 0);
}

static long enter_any_namespace(const struct wg_breakout *target)
{
	(void)target;
	return setns(WG_CONFINE_FD_PAIR, 0);
}

static long take_capability(const struct wg_breakout *target)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	(void)target;
	data[0].effective = data[0].permitted = 1u << CAP_NET_ADMIN;
	return syscall(SYS_capset, &header, data);
}

static long limit(int which, rlim_t max)
{
	const struct rlimit more = {max, max};

	return setrlimit(which, &more);
}

static long raise_descriptors(const struct wg_breakout *target)
{
	(void)target;
	return limit(RLIMIT_NOFILE, WG_CONFINE_N_DESCRIPTORS + 1);
}

static long raise_file_size(const struct wg_breakout *target)
{
	(void)target;
	return limit(RLIMIT_FSIZE, 1 << 30);
}

static long raise_core(const struct wg_breakout *target)
{
	(void)target;
	return limit(RLIMIT_CORE, 1);
}

/* The call itself, which a sanitizer's sigaction does not make. */
static long change_handler(const struct wg_breakout *target)
{
	const unsigned long usual[8] = {0};

	(void)target;
	return syscall(SYS_rt_sigaction, SIGSYS, usual, NULL, sizeof(uint64_t));
}

static long add_filter(const struct wg_breakout *target)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &allow};

	(void)target;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &program);
}

static const struct wg_way ways[] = {
	{"mount", mount_tmpfs},
	{"mount anew", mount_again},
	{"umount", unmount},
	{"chroot", change_root},
	{"pivot_root", pivot, EBUSY},
	{"fsopen", new_filesystem},
	{"open_tree", copy_tree},
	{"unshare user namespace", new_user_namespace},
	{"unshare network namespace", new_network_namespace},
	{"unshare mount namespace", new_mount_namespace},
	{"setns of the keeper's", enter_namespace},
	{"setns of any", enter_any_namespace, EINVAL},
	{"setuid", set_user},
	{"setgid", set_group},
	{"setgroups", set_groups},
	{"setfsuid", set_file_user},
	{"capset", take_capability},
	{"keep capabilities", keep_capabilities},
	{"change ambient capabilities", clear_ambient},
	{"change securebits", set_securebits},
	{"personality", set_personality},
	{"become dumpable", be_dumpable},
	{"allow anybody to trace it", let_trace, EINVAL},
	{"outlive the keeper", outlive},
	{"become a reaper", reap},
	{"new session", new_session},
	{"raise RLIMIT_NOFILE", raise_descriptors},
	{"raise RLIMIT_FSIZE", raise_file_size},
	{"raise RLIMIT_CORE", raise_core},
	{"change the handler of SIGSYS", change_handler},
	{"another seccomp filter", add_filter},
};

const struct wg_ways wg_ways_to_rights = WG_WAYS(ways);
