#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <sys/mman.h>
#include <sys/quota.h>
#include <sys/time.h>

#include "ways.h"

#define LEN 4096

WG_WAY(fault, SYS_userfaultfd, O_CLOEXEC)
WG_WAY(keys, SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "breakout")
WG_WAY(new_key, SYS_add_key, "user", "breakout", "x", 1, KEY_SPEC_PROCESS_KEYRING)
WG_WAY(ask_key, SYS_request_key, "user", "breakout", NULL, KEY_SPEC_PROCESS_KEYRING)
WG_WAY(memory_file, SYS_memfd_create, "breakout", 0)
WG_WAY(secret_memory, SYS_memfd_secret, 0)
WG_WAY(shared_memory, SYS_shmget, 0, LEN, 0600)
WG_WAY(message_queue, SYS_msgget, 0, 0600)
WG_WAY(semaphores, SYS_semget, 0, 1, 0600)
WG_WAY(load_module, SYS_init_module, "", 0, "")
WG_WAY(load_module_file, SYS_finit_module, WG_CONFINE_FD_PAIR, "", 0)
WG_WAY(unload_module, SYS_delete_module, "no-such-module", O_NONBLOCK)
WG_WAY(load_kernel, SYS_kexec_load, 0, 0, NULL, 0xffff)
/* Wrong magic numbers. */
WG_WAY(restart, SYS_reboot, 0, 0, LINUX_REBOOT_CMD_CAD_OFF, NULL)
WG_WAY(name_host, SYS_sethostname, "breakout", 8)
WG_WAY(name_domain, SYS_setdomainname, "breakout", 8)
WG_WAY(set_time, SYS_settimeofday, NULL, NULL)
WG_WAY(read_log, SYS_syslog, 10, NULL, 0)
WG_WAY(quota, SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL)
WG_WAY(swap, SYS_swapon, "/tmp/no-such-file", 0)
WG_WAY(no_swap, SYS_swapoff, "/tmp/no-such-file")
WG_WAY(accounting, SYS_acct, "/tmp/no-such-file")
WG_WAY(file_handler, SYS_vmsplice, WG_CONFINE_FD_PAIR, NULL, 0, 0)
#ifdef __x86_64__
WG_WAY(ports, SYS_iopl, 3)
WG_WAY(port, SYS_ioperm, 0x80, 1, 1)
WG_WAY(segments, SYS_modify_ldt, 0, NULL, 0)
/* The same call, by the numbers of 32-bit programs: getpid. */
static long other_numbers(const struct wg_breakout *target)
{
	long result;

	(void)target;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

WG_WAY(x32_numbers, 0x40000000 | SYS_getpid)
#endif

static long program(const struct wg_breakout *target)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	(void)target;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static long ring(const struct wg_breakout *target)
{
	struct io_uring_params params = {0};

	(void)target;
	return syscall(SYS_io_uring_setup, 4, &params);
}

static long events(const struct wg_breakout *target)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_TASK_CLOCK};

	(void)target;
	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static long asynchronous(const struct wg_breakout *target)
{
	unsigned long context = 0;

	(void)target;
	return syscall(SYS_io_setup, 1, &context);
}

static long map(int protection, int flags, int fd)
{
	return mmap(NULL, LEN, protection, flags, fd, 0) == MAP_FAILED ? -1 : 0;
}

static long map_code(const struct wg_breakout *target)
{
	(void)target;
	return map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static long map_readable_code(const struct wg_breakout *target)
{
	(void)target;
	return map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* That it cannot be mapped comes last. */
static long map_descriptor(const struct wg_breakout *target)
{
	(void)target;
	return map(PROT_READ, MAP_SHARED, WG_CONFINE_FD_TUN);
}

static long make_code(const struct wg_breakout *target)
{
	void *memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)target;
	return mprotect(memory, LEN, PROT_READ | PROT_EXEC);
}

static long make_code_by_key(const struct wg_breakout *target)
{
	void *memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)target;
	return syscall(SYS_pkey_mprotect, memory, LEN, PROT_READ | PROT_EXEC, -1);
}

/* Its own program's pages. */
static long write_code(const struct wg_breakout *target)
{
	uintptr_t page = (uintptr_t)write_code & ~(uintptr_t)(LEN - 1);

	(void)target;
	return mprotect((void *)page, LEN, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static const struct wg_way ways[] = {
	{"map executable memory", map_readable_code},
	{"map writable and executable memory", map_code},
	{"mprotect to executable", make_code},
	{"pkey_mprotect to executable", make_code_by_key},
	{"mprotect its own code", write_code},
	{"map a descriptor", map_descriptor, ENODEV},
	{"memfd_create", memory_file},
	{"memfd_secret", secret_memory},
	{"bpf", program},
	{"io_uring_setup", ring},
	{"io_setup", asynchronous},
	{"perf_event_open", events},
	{"userfaultfd", fault},
	{"vmsplice", file_handler},
	{"keyctl", keys},
	{"add_key", new_key},
	{"request_key", ask_key, ENOKEY},
	{"shmget", shared_memory},
	{"msgget", message_queue},
	{"semget", semaphores},
	{"init_module", load_module, ENOEXEC},
	{"finit_module", load_module_file, EINVAL},
	{"delete_module", unload_module, ENOENT},
	{"kexec_load", load_kernel, EINVAL},
	{"reboot", restart, EINVAL},
	{"sethostname", name_host},
	{"setdomainname", name_domain},
	{"settimeofday", set_time},
	{"read the kernel's log", read_log},
	{"quotactl", quota},
	{"swapon", swap, ENOENT},
	{"swapoff", no_swap, ENOENT},
	{"acct", accounting, ENOENT},
#ifdef __x86_64__
	{"iopl", ports},
	{"ioperm", port},
	{"modify_ldt", segments},
	{"calls by 32-bit numbers", other_numbers},
	{"calls by x32 numbers", x32_numbers, ENOSYS},
#endif
};

const struct wg_ways wg_ways_into_the_kernel = WG_WAYS(ways);
