/* /tmp is an empty file system of the test's own. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "ways.h"

WG_WAY(read_file, SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY)
WG_WAY(write_file, SYS_openat, AT_FDCWD, "/tmp/written", O_WRONLY | O_CREAT, 0600)
WG_WAY(open_path, SYS_openat, AT_FDCWD, "/", O_PATH)
WG_WAY(open_folder, SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY)
WG_WAY(open_temporary, SYS_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_RDWR, 0600)
WG_WAY(open_own_memory, SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR)
WG_WAY(open_tun, SYS_openat, AT_FDCWD, "/dev/net/tun", O_RDWR)
WG_WAY(open_by_descriptor, SYS_openat, AT_FDCWD, "/proc/self/fd/2", O_RDWR)
WG_WAY(write_sysctl, SYS_openat, AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", O_WRONLY)
WG_WAY(make_folder, SYS_mkdirat, AT_FDCWD, "/tmp/folder", 0700)
WG_WAY(make_device, SYS_mknodat, AT_FDCWD, "/tmp/device", S_IFCHR | 0600, 0x0103)
WG_WAY(make_link, SYS_symlinkat, "/", AT_FDCWD, "/tmp/link")
WG_WAY(truncate_file, SYS_truncate, "/tmp/file", 0)
WG_WAY(remove_file, SYS_unlinkat, AT_FDCWD, "/tmp/file", 0)
WG_WAY(change_mode, SYS_fchmodat, AT_FDCWD, "/tmp/file", 0777)
WG_WAY(change_folder, SYS_chdir, "/etc")
WG_WAY(watch_file, SYS_inotify_init1, 0)
WG_WAY(watch_files, SYS_fanotify_init, FAN_CLASS_NOTIF, O_RDONLY)

static long look_at_file(const struct wg_breakout *target)
{
	struct stat st;

	(void)target;
	return stat("/etc/passwd", &st);
}

static long open_with_rules(const struct wg_breakout *target)
{
	struct open_how how = {.flags = O_RDONLY};

	(void)target;
	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how));
}

static long read_link(const struct wg_breakout *target)
{
	char text[256];

	(void)target;
	return readlink("/proc/self/exe", text, sizeof(text));
}

static long open_of_keeper(const struct wg_breakout *target, const char *what)
{
	char path[64];

	strcpy(path, "/proc/");
	for (pid_t rest = target->keeper, unit = 1000000000; unit > 0; unit /= 10)
		if (target->keeper >= unit) {
			strncat(path, &"0123456789"[rest / unit % 10], 1);
			rest %= unit;
		}
	return open(strcat(path, what), O_RDWR);
}

static long open_keepers_memory(const struct wg_breakout *target)
{
	return open_of_keeper(target, "/mem");
}

static long open_keepers_descriptor(const struct wg_breakout *target)
{
	return open_of_keeper(target, "/fd/2");
}

union handle {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

static long name_handle(const struct wg_breakout *target)
{
	union handle handle = {.handle.handle_bytes = MAX_HANDLE_SZ};
	int mount;

	(void)target;
	return name_to_handle_at(AT_FDCWD, "/tmp/file", &handle.handle, &mount, 0);
}

/* A handle that nobody gave: ESTALE says that it was looked for. */
static long open_handle(const struct wg_breakout *target)
{
	union handle handle = {.handle.handle_bytes = 12, .handle.handle_type = 1};

	(void)target;
	return open_by_handle_at(AT_FDCWD, &handle.handle, O_RDONLY);
}

static const struct wg_way ways[] = {
	{"open a file for reading", read_file},
	{"open a file for writing", write_file},
	{"open with openat2", open_with_rules},
	{"open a path (O_PATH)", open_path},
	{"open a folder", open_folder},
	{"open a file without a name", open_temporary},
	{"open /proc/self/mem", open_own_memory},
	{"open /proc/self/fd/2 anew", open_by_descriptor},
	{"open /dev/net/tun", open_tun},
	{"open a sysctl for writing", write_sysctl},
	{"open the keeper's memory", open_keepers_memory},
	{"open the keeper's descriptors", open_keepers_descriptor},
	{"stat a file", look_at_file},
	{"read a link", read_link},
	{"make a folder", make_folder},
	{"make a device", make_device},
	{"make a symbolic link", make_link},
	{"truncate a file", truncate_file},
	{"remove a file", remove_file},
	{"change a file's mode", change_mode},
	{"change folder", change_folder},
	{"watch files (inotify)", watch_file},
	{"watch files (fanotify)", watch_files},
	{"name_to_handle_at", name_handle},
	{"open_by_handle_at", open_handle, ESTALE},
};

const struct wg_ways wg_ways_to_files = WG_WAYS(ways);
