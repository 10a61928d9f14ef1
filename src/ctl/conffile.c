#include "ctl/conffile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "ctl/keyfile.h"
#include "ctl/text.h"

#define SUFFIX ".conf"

const char *const wg_conffile_folders[2] = {"/etc/tuff", "/etc/wireguard"};

static bool is_path(const char *text)
{
	size_t len = strlen(text);

	return strchr(text, '/') ||
	       (len > strlen(SUFFIX) && !strcmp(text + len - strlen(SUFFIX), SUFFIX));
}

/* The link's name that a path gives: as wg-quick has it, at most 15 of [a-zA-Z0-9_=+.-]. */
static int take_name(struct wg_conffile *file, struct wg_error *error)
{
	const char *slash = strrchr(file->path, '/');
	const char *base = slash ? slash + 1 : file->path;
	size_t len = strlen(base);

	if (len > strlen(SUFFIX) && !strcmp(base + len - strlen(SUFFIX), SUFFIX))
		len -= strlen(SUFFIX);
	if (!len || len >= WG_CONF_LINK_LEN || *base == '-' ||
	    strspn(base, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-") <
		    len) {
		wg_error_set(error, 0, "%s: the file's name is not a link's", file->path);
		wg_error_hint(error, "name it NAME.conf, with 1 to 15 of a-z A-Z 0-9 _ = + . -");
		return -EINVAL;
	}
	memcpy(file->name, base, len);
	file->name[len] = '\0';
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

/* Reads to the end; stops where the parser would refuse it for its size anyway. */
static int read_all(struct wg_text *text, int fd)
{
	char chunk[16384];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0)
			break;
		wg_text_add(text, chunk, (size_t)n);
	} while (n > 0 && text->len <= WG_CONF_MAX_SIZE);
	wg_wipe(chunk, sizeof(chunk));
	if (n < 0)
		return -errno;
	return text->failed ? -ENOMEM : 0;
}

static int read_open(struct wg_conffile *file, int fd, struct wg_error *error)
{
	struct wg_text text;
	struct stat status;
	int result;

	wg_text_init(&text);
	result = read_all(&text, fd);
	if (!result && fstat(fd, &status))
		result = -errno;
	if (result) {
		wg_text_deinit(&text);
		return wg_error_set(error, result, "%s: %s", file->path, strerror(-result));
	}
	file->text = wg_text_take(&text, &file->len);
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
	if (file->text)
		wg_wipe(file->text, file->len);
	free(file->text);
	free(file->path);
	*file = (struct wg_conffile){0};
}
