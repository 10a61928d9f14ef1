#include "keeper/saveconf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/confwrite.h"

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? -errno : 0;
}

/* So that the new name lasts, too. */
static void sync_folder(const char *path)
{
	char *folder = strdup(path);
	int fd = -1;

	if (folder) {
		strrchr(folder, '/')[1] = '\0';
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
}

/* The file's mode is 0600 from the start (mkstemp(3)). */
static int replace(const char *path, const char *text, size_t len)
{
	char *beside;
	int err;
	int fd;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	err = fd < 0 ? -errno : write_all(fd, text, len);
	if (fd >= 0)
		close(fd);
	if (!err && rename(beside, path))
		err = -errno;
	if (err && fd >= 0)
		unlink(beside);
	free(beside);
	if (!err)
		sync_folder(path);
	return err;
}

int wg_saveconf_write(const char *path, const struct wg_conf *conf, const struct wg_config *running,
		      struct wg_error *error)
{
	struct wg_text text;
	int err;

	wg_confwrite_text(&text, conf, running);
	err = text.failed ? -ENOMEM : replace(path, text.data, text.len);
	wg_text_deinit(&text);
	return err ? wg_error_set(error, err, "%s: SaveConfig: %s", path, strerror(-err)) : 0;
}
