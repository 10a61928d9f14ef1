#include "confine/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where no system gives users to anybody: systemd's "Users, Groups, UIDs and GIDs" has these
 * as unused, above all containers' and below those that an old kernel takes for negative. The
 * starter's process id makes it one of a kind while it lives, and needs no list of who has which;
 * there are 2^22 of these at most (proc(5), pid_max). */
#define FIRST_USER ((uint32_t)0x70000000)
#define NOBODY     ((uint32_t)65534)

uint32_t wg_confine_user(unsigned int i, pid_t starter)
{
	return i == 0 ? FIRST_USER + (uint32_t)starter : NOBODY;
}

static int write_file(pid_t child, const char *name, const char *text)
{
	char path[64];
	ssize_t n;
	int error = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)child, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		error = -errno;
	close(fd);
	return error;
}

static int map_one(pid_t child, const char *name, uint32_t id)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u 1\n", id, id);
	return write_file(child, name, line);
}

/* Without CAP_SETGID, a group is only mapped for whoever cannot leave groups any more
 * (user_namespaces(7)). */
static void map_own(pid_t child)
{
	(void)write_file(child, "setgroups", "deny");
	(void)map_one(child, "gid_map", getegid());
	(void)map_one(child, "uid_map", geteuid());
}

int wg_confine_map(pid_t child, uint32_t *uid)
{
	int first = 0;

	for (unsigned int i = 0; i < WG_CONFINE_N_USERS; i++) {
		uint32_t user = wg_confine_user(i, getpid());
		int error = map_one(child, "gid_map", user);

		/* A map is written once; the other one has the same rules. */
		if (!error)
			error = map_one(child, "uid_map", user);
		if (!error) {
			*uid = user;
			return 0;
		}
		first = first ? first : error;
	}
	*uid = 0;
	map_own(child);
	return first;
}
