/* The control socket's file: its place, taking it, and knowing it again. The keeper makes
 * it, and commands find it. */
#ifndef WG_CTL_SOCKFILE_H
#define WG_CTL_SOCKFILE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

/* Where wg looks. */
#define WG_SOCKFILE_FOLDER "/var/run/wireguard"

struct wg_sockfile {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev;
	ino_t ino;
};

/* The path of a tunnel's socket in folder. -ENAMETOOLONG when there is no room. */
int wg_sockfile_place(char path[static sizeof(((struct sockaddr_un *)0)->sun_path)],
		      const char *folder, const char *name);

/* Finds the process that listens at path: 0, and its pid in *pid where that is known
 * (otherwise 0); -ECONNREFUSED when the file is stale, -ENOENT when there is none, -ENOTSOCK when
 * it is something else, or another -errno. */
int wg_sockfile_owner(const char *path, pid_t *pid);

/* Listens at path, which only root may connect to: makes its folder (0755) if there is
 * none, and replaces a stale file. Returns the descriptor (non-blocking); -EADDRINUSE
 * when somebody listens there, -EEXIST when a file that is no socket is there, or
 * another -errno. */
int wg_sockfile_listen(struct wg_sockfile *file, const char *path);

/* Takes over a socket that listens already. 0 or -errno. */
int wg_sockfile_adopt(struct wg_sockfile *file, int fd);

/* Whether the file is still there, and still this socket's. */
bool wg_sockfile_exists(const struct wg_sockfile *file);

/* Removes it if it is. */
void wg_sockfile_remove(const struct wg_sockfile *file);

#endif
