#include "ctl/sockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 32

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

int wg_sockfile_place(char path[static sizeof(((struct sockaddr_un *)0)->sun_path)],
		      const char *folder, const char *name)
{
	const int size = sizeof(((struct sockaddr_un *)0)->sun_path);
	int len = snprintf(path, (size_t)size, "%s/%s.sock", folder, name);

	return len < size ? 0 : -ENAMETOOLONG;
}

static pid_t peer_of(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ? 0 : peer.pid;
}

int wg_sockfile_owner(const char *path, pid_t *pid)
{
	struct sockaddr_un address = address_of(path);
	struct stat st;
	int error = 0;
	int fd;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	/* Non-blocking: a listener whose queue is full is alive all the same. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	*pid = 0;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		*pid = peer_of(fd);
	else if (errno != EAGAIN)
		error = -errno;
	close(fd);
	return error;
}

/* mkdir -p for the folder that path is in. */
static int make_folders(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int error = 0;

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash && !error;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			error = -errno;
		*slash = '/';
	}
	return error;
}

static int remove_stale(const char *path)
{
	pid_t pid;
	int error = wg_sockfile_owner(path, &pid);

	switch (error) {
	case 0:
		return -EADDRINUSE;
	case -ENOENT:
		return 0;
	case -ENOTSOCK:
		return -EEXIST;
	case -ECONNREFUSED:
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	default:
		return error;
	}
}

/* Remembers which file it is. */
static int identify(struct wg_sockfile *file, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	memset(file, 0, sizeof(*file));
	memcpy(file->path, path, strnlen(path, sizeof(file->path) - 1));
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return 0;
}

static int bind_and_listen(int fd, const char *path)
{
	struct sockaddr_un address = address_of(path);
	mode_t mask = umask(077);
	int error = 0;

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		error = -errno;
	umask(mask);
	if (!error && listen(fd, BACKLOG) < 0)
		error = -errno;
	return error;
}

/* A socket that is bound and does not listen yet looks stale, and wg removes one that does:
 * so it appears at its place only when it listens. Linking fails where somebody else's has
 * appeared meanwhile. */
static int listen_at(int fd, const char *path)
{
	char hidden[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int folder_len = (int)(strrchr(path, '/') - path);
	int len =
		snprintf(hidden, sizeof(hidden), "%.*s/.tuff-%d", folder_len, path, (int)getpid());
	int error;

	if ((size_t)len >= sizeof(hidden))
		return -ENAMETOOLONG;
	unlink(hidden); /* of a process that had this number and was killed here */
	error = bind_and_listen(fd, hidden);
	if (!error && link(hidden, path) < 0)
		error = errno == EEXIST ? -EADDRINUSE : -errno;
	unlink(hidden);
	return error;
}

int wg_sockfile_listen(struct wg_sockfile *file, const char *path)
{
	mode_t mask = umask(022);
	int error = make_folders(path);
	int fd;

	umask(mask);
	if (!error)
		error = remove_stale(path);
	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = listen_at(fd, path);
	if (!error)
		error = identify(file, path);
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int wg_sockfile_adopt(struct wg_sockfile *file, int fd)
{
	struct sockaddr_un address = {0};
	socklen_t len = sizeof(address) - 1; /* so that the path ends in a NUL */
	int listens = 0;
	socklen_t listens_len = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) < 0)
		return -errno;
	if (!listens)
		return -EINVAL;
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	if (address.sun_family != AF_UNIX || address.sun_path[0] != '/')
		return -EAFNOSUPPORT;
	return set_flags(fd) ?: identify(file, address.sun_path);
}

bool wg_sockfile_exists(const struct wg_sockfile *file)
{
	struct stat st;

	return !lstat(file->path, &st) && st.st_dev == file->dev && st.st_ino == file->ino;
}

void wg_sockfile_remove(const struct wg_sockfile *file)
{
	if (wg_sockfile_exists(file))
		unlink(file->path);
}
