#include "conf/conffile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/keyfile.h"
#include "conf/name.h"
#include "crypto/secret.h"

#define SUFFIX    ".conf"
/* For a start, of a file that does not say how long it is. */
#define PIECE_LEN 16384

const char *const wg_conffile_folders[2] = {"/etc/tuff", "/etc/wireguard"};

static bool is_path(const char *text)
{
	size_t len = strlen(text);

	return strchr(text, '/') ||
	       (len > strlen(SUFFIX) && !strcmp(text + len - strlen(SUFFIX), SUFFIX));
}

/* The link's name that a path gives. */
static int take_name(struct wg_conffile *file, struct wg_error *error)
{
	const char *slash = strrchr(file->path, '/');
	const char *base = slash ? slash + 1 : file->path;
	size_t len = strlen(base);

	if (len > strlen(SUFFIX) && !strcmp(base + len - strlen(SUFFIX), SUFFIX))
		len -= strlen(SUFFIX);
	snprintf(file->name, sizeof(file->name), "%.*s", (int)(len < sizeof(file->name) ? len : 0),
		 base);
	if (!wg_name_is_plain(file->name)) {
		wg_error_set(error, 0, "%s: the file's name is not a link's", file->path);
		wg_error_hint(error, "name it NAME.conf, with 1 to 15 of a-z A-Z 0-9 _ = + . -");
		return -EINVAL;
	}
	return 0;
}

/* An open file for a name, or -errno; file->path is the one that was tried last. */
static int open_named(struct wg_conffile *file, const char *name,
		      const char *const folders[static 2])
{
	int fd = -ENOENT;

	for (size_t i = 0; i < 2 && fd == -ENOENT; i++) {
		free(file->path);
		if (asprintf(&file->path, "%s/%s%s", folders[i], name, SUFFIX) < 0) {
			file->path = NULL;
			return -ENOMEM;
		}
		fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		fd = fd < 0 ? -errno : fd;
	}
	return fd;
}

static int open_path(struct wg_conffile *file, const char *path)
{
	int fd;

	file->path = strdup(path);
	if (!file->path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int say_not_found(const char *name, const char *const folders[static 2],
			 struct wg_error *error)
{
	wg_error_set(error, 0, "%s: no configuration: neither %s/%s%s nor %s/%s%s exists", name,
		     folders[0], name, SUFFIX, folders[1], name, SUFFIX);
	wg_error_hint(error, "write %s/%s%s, or give a path", folders[0], name, SUFFIX);
	return -ENOENT;
}

/* Makes room for twice as much, or for a first part. */
static bool grow(struct wg_conffile *file, size_t first)
{
	size_t capacity = file->capacity ? 2 * file->capacity : first;
	char *text = wg_secret_new(capacity);

	if (!text)
		return false;
	if (file->text)
		memcpy(text, file->text, file->len);
	wg_secret_free(file->text, file->capacity);
	file->text = text;
	file->capacity = capacity;
	return true;
}

/* Reads to the end; stops where the parser would refuse it for its size anyway. */
static int read_all(struct wg_conffile *file, int fd, const struct stat *status)
{
	/* With a byte more, to see that this was the end. */
	size_t first = S_ISREG(status->st_mode) && status->st_size < (off_t)WG_CONF_MAX_SIZE
			       ? (size_t)status->st_size + 1
			       : PIECE_LEN;
	ssize_t n;

	do {
		if (file->len == file->capacity && !grow(file, first))
			return -ENOMEM;
		n = read(fd, file->text + file->len, file->capacity - file->len);
		if (n < 0)
			return -errno;
		file->len += (size_t)n;
	} while (n > 0 && file->len <= WG_CONF_MAX_SIZE);
	return 0;
}

static int read_open(struct wg_conffile *file, int fd, struct wg_error *error)
{
	struct stat status;
	int result = fstat(fd, &status) ? -errno : read_all(file, fd, &status);

	if (result)
		return wg_error_set(error, result, "%s: %s", file->path, strerror(-result));
	file->others_can_read = wg_keyfile_is_exposed(&status);
	return take_name(file, error);
}

int wg_conffile_read(struct wg_conffile *file, const char *name_or_path,
		     const char *const folders[static 2], struct wg_error *error)
{
	bool by_path = is_path(name_or_path);
	int fd;
	int result;

	*file = (struct wg_conffile){0};
	wg_error_init(error);
	fd = by_path ? open_path(file, name_or_path) : open_named(file, name_or_path, folders);
	if (fd >= 0) {
		result = read_open(file, fd, error);
		close(fd);
	} else if (fd == -ENOENT && !by_path) {
		result = say_not_found(name_or_path, folders, error);
	} else {
		result = wg_error_set(error, fd, "%s: %s", file->path ? file->path : name_or_path,
				      strerror(-fd));
		if (fd == -EACCES)
			wg_error_hint(error, "run this as root");
	}
	if (result)
		wg_conffile_deinit(file);
	return result;
}

void wg_conffile_deinit(struct wg_conffile *file)
{
	wg_secret_free(file->text, file->capacity);
	free(file->path);
	*file = (struct wg_conffile){0};
}
