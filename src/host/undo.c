/* A tunnel's journal, opened and closed. */
#include "host/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/undo_journals.h"

static int read_boot(char boot[static WG_JOURNAL_BOOT_LEN])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, boot, WG_JOURNAL_BOOT_LEN - 1);
	close(fd);
	if (len <= 0)
		return -EIO;
	boot[len] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	return 0;
}

static int set_up(struct wg_undo *undo, const char *dir, const char *name, struct wg_error *error)
{
	int r;

	undo->dir_fd = undo->fd = undo->lock_fd = -1;
	undo->dir = strdup(dir);
	if (asprintf(&undo->file, "%s.undo", name) < 0)
		undo->file = NULL;
	if (asprintf(&undo->new_file, "%s.undo.new", name) < 0)
		undo->new_file = NULL;
	if (!undo->dir || !undo->file || !undo->new_file)
		return wg_error_set(error, -ENOMEM, "%s", strerror(ENOMEM));
	r = read_boot(undo->here.boot);
	r = r ? r : wg_netlink_namespace(&undo->here.namespace);
	r = r ? r : wg_netlink_open(&undo->nl);
	if (r)
		return wg_error_set(error, r, "boot and network namespace: %s", strerror(-r));
	return wg_undo_file_open(undo, error);
}

static void tear_down(struct wg_undo *undo)
{
	wg_undo_file_close(undo);
	wg_netlink_close(undo->nl);
	free(undo->dir);
	free(undo->file);
	free(undo->new_file);
	free(undo);
}

int wg_undo_open(struct wg_undo **out, const char *dir, const char *name,
		 const struct wg_undo_ops *ops, struct wg_error *error)
{
	struct wg_undo *undo;
	int r;

	if (!*name || strchr(name, '/'))
		return wg_error_set(error, -EINVAL, "%s: no name of a tunnel", name);
	undo = calloc(1, sizeof(*undo));
	if (!undo)
		return wg_error_set(error, -ENOMEM, "%s", strerror(ENOMEM));
	undo->ops = ops;
	r = set_up(undo, dir, name, error);
	if (r) {
		tear_down(undo);
		return r;
	}
	*out = undo;
	return 0;
}

void wg_undo_close(struct wg_undo *undo)
{
	struct wg_error error;
	bool needed = false;

	if (!undo)
		return;
	if (!wg_undo_lock(undo, &error)) {
		for (size_t i = 0; i < undo->own.n && !needed; i++)
			needed = wg_undo_is_of_this_boot(undo, &undo->own.changes[i]);
		if (!needed)
			unlinkat(undo->dir_fd, undo->file, 0);
		wg_undo_unlock(undo);
	}
	tear_down(undo);
}

int wg_undo_pending(struct wg_undo *undo)
{
	struct wg_error error;
	int n = 0;
	int r = wg_undo_lock(undo, &error);

	if (r)
		return r;
	for (size_t i = 0; i < undo->own.n; i++)
		n += wg_undo_is_live(undo, &undo->own.changes[i]);
	wg_undo_unlock(undo);
	return n;
}
