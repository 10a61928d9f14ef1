/* What a write to one parameter changes besides, as seen on Linux 6.18 by comparing
 * all of /proc/sys/net before and after (IPv4: inet_forward_change() and
 * devinet_copy_dflt_conf(); IPv6: addrconf_fixup_forwarding() and its siblings):
 *
 *   net.ipv6.conf.all.X        conf.*.X and conf.default.X, for X among forwarding,
 *                              disable_ipv6, ignore_routes_with_linkdown and
 *                              addr_gen_mode; forwarding even where "all" stays as it is
 *   net.ipv4.ip_forward        conf.all.forwarding, conf.default.forwarding and
 *                              conf.*.forwarding, and conf.all.accept_redirects, which
 *                              becomes the opposite whatever it was
 *   net.ipv4.conf.all.forwarding   the same, ip_forward being another name of it
 *   net.ipv4.conf.default.X    conf.*.X of every interface where X was never written
 *   net.*.neigh.default.X      likewise
 *
 * So a picture of "all" or "default" holds that parameter of every interface. It may
 * hold more than changes, never less. */
#include "host/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "/proc/sys/"

static int open_name(const char *name, int flags)
{
	char path[sizeof(ROOT) + WG_SYSCTL_NAME_LEN];
	int fd;

	if (!wg_sysctl_is_name(name))
		return -EINVAL;
	snprintf(path, sizeof(path), ROOT "%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int wg_sysctl_read(const char *name, char value[static WG_SYSCTL_VALUE_LEN])
{
	int fd = open_name(name, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = read(fd, value, WG_SYSCTL_VALUE_LEN);
	if (len < 0)
		len = -errno;
	else if (len == WG_SYSCTL_VALUE_LEN)
		len = -EMSGSIZE;
	close(fd);
	if (len < 0)
		return (int)len;
	while (len && value[len - 1] == '\n')
		len--;
	value[len] = '\0';
	return 0;
}

int wg_sysctl_write(const char *name, const char *value)
{
	int fd = open_name(name, O_WRONLY);
	size_t len = strlen(value);
	ssize_t written;

	if (fd < 0)
		return fd;
	written = write(fd, value, len);
	if (written < 0)
		written = -errno;
	else
		written = (size_t)written == len ? 0 : -EIO;
	close(fd);
	return (int)written;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

bool wg_sysctl_equal(const char *a, const char *b)
{
	a = skip_blanks(a);
	b = skip_blanks(b);
	while (*a && *b) {
		size_t len = strcspn(a, " \t");

		if (len != strcspn(b, " \t") || memcmp(a, b, len) != 0)
			return false;
		a = skip_blanks(a + len);
		b = skip_blanks(b + len);
	}
	return !*a && !*b;
}

struct picture {
	struct wg_sysctl *values;
	size_t n;
	size_t capacity;
};

/* Adds a parameter; one that is there already, or that cannot be read, is not. */
static int add(struct picture *picture, const char *name)
{
	struct wg_sysctl *entry;

	for (size_t i = 0; i < picture->n; i++)
		if (!strcmp(picture->values[i].name, name))
			return 0;
	if (picture->n == picture->capacity) {
		size_t capacity = picture->capacity ? 2 * picture->capacity : 16;

		entry = reallocarray(picture->values, capacity, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		picture->values = entry;
		picture->capacity = capacity;
	}
	entry = &picture->values[picture->n];
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	picture->n += wg_sysctl_read(name, entry->value) == 0;
	return 0;
}

/* The parameter leaf of every interface in folder ("net/ipv6/conf/"). */
static int add_siblings(struct picture *picture, const char *folder, const char *leaf)
{
	char path[sizeof(ROOT) + WG_SYSCTL_NAME_LEN];
	char name[WG_SYSCTL_NAME_LEN];
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), ROOT "%s", folder);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && snprintf(name, sizeof(name), "%s%s/%s", folder,
							entry->d_name, leaf) < (int)sizeof(name))
			r = add(picture, name);
	closedir(dir);
	return r;
}

static int add_forward_of_ipv4(struct picture *picture)
{
	int r = add(picture, "net/ipv4/ip_forward");

	r = r ? r : add(picture, "net/ipv4/conf/all/accept_redirects");
	return r ? r : add_siblings(picture, "net/ipv4/conf/", "forwarding");
}

static int add_companions(struct picture *picture, const char *name)
{
	char folder[WG_SYSCTL_NAME_LEN];
	size_t at = wg_sysctl_interface_at(name);

	if (!strcmp(name, "net/ipv4/ip_forward") || !strcmp(name, "net/ipv4/conf/all/forwarding"))
		return add_forward_of_ipv4(picture);
	if (!at || (strncmp(name + at, "all/", 4) != 0 && strncmp(name + at, "default/", 8) != 0))
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)at, name);
	return add_siblings(picture, folder, strrchr(name, '/') + 1);
}

int wg_sysctl_picture(const char *name, struct wg_sysctl **values, size_t *n)
{
	char value[WG_SYSCTL_VALUE_LEN];
	struct picture picture = {NULL, 0, 0};
	int r = wg_sysctl_read(name, value);

	*values = NULL;
	*n = 0;
	r = r ? r : add(&picture, name);
	r = r ? r : add_companions(&picture, name);
	if (r) {
		free(picture.values);
		return r;
	}
	*values = picture.values;
	*n = picture.n;
	return 0;
}

bool wg_sysctl_any(const char *folder, const char *leaf)
{
	struct picture picture = {NULL, 0, 0};
	bool any = add_siblings(&picture, folder, leaf) != 0 || !picture.n;

	for (size_t i = 0; i < picture.n; i++)
		any |= strcmp(picture.values[i].value, "0") != 0;
	free(picture.values);
	return any;
}
