#include "host/undo_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/undo_journals.h"

#define LOCK ".lock"

int wg_undo_file_lock(int fd, int how)
{
	int r;

	do
		r = flock(fd, how);
	while (r && errno == EINTR);
	return r ? -errno : 0;
}

/* Whether the open file still is what its name leads to. */
static bool is_named(const struct wg_undo *undo, int fd)
{
	struct stat ours, named;

	return !fstat(fd, &ours) &&
	       !fstatat(undo->dir_fd, undo->file, &named, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* The tunnel's file, locked for as long as it is open: so two processes cannot both
 * be the tunnel, and a killed one is known to be gone. */
static int try_open_own(struct wg_undo *undo)
{
	for (;;) {
		int r;

		undo->fd = openat(undo->dir_fd, undo->file,
				  O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (undo->fd < 0)
			return -errno;
		r = wg_undo_file_lock(undo->fd, LOCK_EX | LOCK_NB);
		if (!r && is_named(undo, undo->fd))
			return 0;
		close(undo->fd);
		undo->fd = -1;
		if (r)
			return r == -EWOULDBLOCK ? -EBUSY : r;
		/* Its last owner removed it between our opening and locking. */
	}
}

/* A process that was killed is gone when its last child is: one that runs commands of
 * libnftables, say. A tunnel that lives stays. */
static int open_own(struct wg_undo *undo)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	int r = try_open_own(undo);

	for (int tries = 0; r == -EBUSY && tries < 20; tries++) {
		nanosleep(&pause, NULL);
		r = try_open_own(undo);
	}
	return r;
}

int wg_undo_file_open(struct wg_undo *undo, struct wg_error *error)
{
	int r;

	if (mkdir(undo->dir, 0755) && errno != EEXIST)
		return wg_error_set(error, -errno, "%s: %m", undo->dir);
	undo->dir_fd = open(undo->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (undo->dir_fd < 0)
		return wg_error_set(error, -errno, "%s: %m", undo->dir);
	r = open_own(undo);
	if (r == -EBUSY)
		return wg_error_set(error, r, "%s/%s: in use by a running tunnel", undo->dir,
				    undo->file);
	if (r)
		return wg_error_set(error, r, "%s/%s: %s", undo->dir, undo->file, strerror(-r));
	/* A crash may have left the beginning of another one. */
	unlinkat(undo->dir_fd, undo->new_file, 0);
	return 0;
}

void wg_undo_file_close(struct wg_undo *undo)
{
	if (undo->fd >= 0)
		close(undo->fd);
	if (undo->dir_fd >= 0)
		close(undo->dir_fd);
}

int wg_undo_file_refuse(const struct wg_undo *undo, int r, struct wg_error *error)
{
	wg_error_set(error, r, "%s/%s: %s", undo->dir, undo->file,
		     r == -EPROTO ? "not an undo journal of this version" : strerror(-r));
	if (r == -ENOSPC || r == -EDQUOT)
		wg_error_hint(error,
			      "nothing is changed that cannot be noted first; make room: df -h %s",
			      undo->dir);
	return r;
}

void wg_undo_unlock(struct wg_undo *undo)
{
	wg_undo_forget_journals(undo);
	if (undo->lock_fd >= 0)
		close(undo->lock_fd);
	undo->lock_fd = -1;
}

int wg_undo_lock(struct wg_undo *undo, struct wg_error *error)
{
	int r = 0;

	undo->lock_fd = openat(undo->dir_fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Somebody removed the directory: our file is there as long as it is open, and
	 * there are no others to agree with. */
	if (undo->lock_fd < 0 && errno != ENOENT)
		return wg_error_set(error, -errno, "%s/" LOCK ": %m", undo->dir);
	if (undo->lock_fd >= 0)
		r = wg_undo_file_lock(undo->lock_fd, LOCK_EX);
	r = r ? r : wg_undo_read_journals(undo);
	if (r) {
		wg_undo_unlock(undo);
		return wg_undo_file_refuse(undo, r, error);
	}
	return 0;
}

void wg_undo_note(const struct wg_undo *undo, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	undo->ops->note(undo->ops->ctx, text);
}
