#include "keeper/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "ctl/sockfile.h"
#include "os/container.h"

/* Somebody serves this name: says who. False when nobody does. */
static bool blame_daemon(struct wg_error *error, const char *name, const char *path, int code)
{
	pid_t pid;

	if (wg_sockfile_owner(path, &pid))
		return false;
	if (pid)
		wg_error_set(error, code,
			     "%s: create link: the name is in use by a running tunnel (process %d)",
			     name, (int)pid);
	else
		wg_error_set(error, code, "%s: create link: the name is in use by a running tunnel",
			     name);
	wg_error_hint(error, "end it with: rm %s", path);
	return true;
}

static int refuse_busy(struct wg_error *error, const char *name, int code)
{
	struct wg_sockfile file;

	if (!wg_sockfile_place(file.path, WG_SOCKFILE_FOLDER, name) &&
	    blame_daemon(error, name, file.path, code))
		return code;
	wg_error_set(error, code, "%s: create link: the name is in use by another link", name);
	wg_error_hint(error, "look at it with: ip -d link show %s", name);
	return code;
}

static int refuse_without_device(struct wg_error *error, const char *name, int code)
{
	wg_error_set(error, code, "%s: open /dev/net/tun: %s", name, strerror(-code));
	if (code == -EACCES)
		wg_error_hint(error,
			      "run it as root, or let this user open the device: "
			      "chmod 0666 /dev/net/tun%s",
			      wg_container_is_around()
				      ? ""
				      : " (to last, in a udev rule: KERNEL==\"tun\", "
					"MODE=\"0666\")");
	else if (wg_container_is_around())
		wg_error_hint(error, "start the container with: --device /dev/net/tun");
	else
		wg_error_hint(error, "load the driver with: modprobe tun "
				     "(a container needs --device /dev/net/tun)");
	return code;
}

static int refuse_without_capability(struct wg_error *error, const char *name, int code)
{
	wg_error_set(error, code, "%s: create link: %s", name, strerror(-code));
	if (wg_container_is_around())
		wg_error_hint(error, "CAP_NET_ADMIN is needed: start the container with: "
				     "--cap-add NET_ADMIN");
	else
		wg_error_hint(error, "CAP_NET_ADMIN is needed: run it as root "
				     "(in a container: --cap-add NET_ADMIN)");
	return code;
}

/* Whether it is the device itself that may not be opened. */
static bool device_opens(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int wg_refusal_of_link(struct wg_error *error, const char *name, int code)
{
	switch (code) {
	case -EBUSY:
		return refuse_busy(error, name, code);
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return refuse_without_device(error, name, code);
	case -EPERM:
	case -EACCES:
		return device_opens() ? refuse_without_capability(error, name, code)
				      : refuse_without_device(error, name, code);
	default:
		return wg_error_set(error, code, "%s: create link: %s", name, strerror(-code));
	}
}

int wg_refusal_of_control(struct wg_error *error, const char *name, const char *path, int code)
{
	if (code == -EADDRINUSE && blame_daemon(error, name, path, code))
		return code;
	if (code == -EEXIST) {
		wg_error_set(error, code,
			     "%s: control socket %s: a file that is no socket is there", name,
			     path);
		wg_error_hint(error, "move it away: mv %s %s.old", path, path);
		return code;
	}
	wg_error_set(error, code, "%s: control socket %s: %s", name, path, strerror(-code));
	if (code == -EACCES || code == -EROFS)
		wg_error_hint(error, "the folder %s must be writable", WG_SOCKFILE_FOLDER);
	return code;
}

void wg_refusal_explain_limits(struct wg_error *error, int code)
{
	if (code == -EMFILE)
		wg_error_hint(error,
			      "the limit of open files is too low (ulimit -n): 64 are enough");
	else if (code == -ENFILE || code == -ENOSPC)
		wg_error_hint(error, "a limit of the whole system is reached: see fs.file-max, "
				     "fs.inotify.max_user_instances and fs.epoll.max_user_watches");
	else if (code == -EAGAIN)
		wg_error_hint(error, "the limit of threads is too low (ulimit -u, pids.max); "
				     "Workers = 0 and TUFF_WORKERS=0 need none");
}

size_t wg_refusal_of_reload(char *answer, size_t size, const char *name)
{
	int n = snprintf(answer, size,
			 "error=%s: it was not brought up from a file\nhint=change it with wg\n"
			 "errno=%d\n\n",
			 name, EOPNOTSUPP);

	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}
