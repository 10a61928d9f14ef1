#include "os/portholder.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

bool wg_portholder_parse(unsigned long *inode, const char *line, uint16_t port)
{
	unsigned int local;

	/* sl local:port remote st queues timer retransmits uid timeout inode */
	return sscanf(line, "%*u: %*32[0-9A-F]:%4x %*s %*s %*s %*s %*s %*s %*s %lu", &local,
		      inode) == 2 &&
	       local == port;
}

static bool find_socket(unsigned long *inode, const char *path, uint16_t port)
{
	FILE *file = fopen(path, "re");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = wg_portholder_parse(inode, line, port);
	if (file)
		fclose(file);
	return found;
}

/* Whether the process has this open, as its descriptors' links say. */
static bool has_open(int proc, const char *pid, const char *target)
{
	char path[64];
	char link[64];
	bool found = false;
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		ssize_t len = readlinkat(fd, entry->d_name, link, sizeof(link) - 1);

		link[len < 0 ? 0 : len] = '\0';
		found = !strcmp(link, target);
	}
	closedir(dir);
	return found;
}

static void describe(char text[static WG_PORTHOLDER_LEN], int proc, const char *pid)
{
	char path[64];
	char comm[32] = "";
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%.20s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, comm, sizeof(comm) - 1);
	if (fd >= 0)
		close(fd);
	comm[len < 0 ? 0 : len] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	snprintf(text, WG_PORTHOLDER_LEN, "%s (process %.20s)", *comm ? comm : "a program", pid);
}

static bool find_process(char text[static WG_PORTHOLDER_LEN], unsigned long inode)
{
	char target[40];
	bool found = false;
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	snprintf(target, sizeof(target), "socket:[%lu]", inode);
	while (dir && !found && (entry = readdir(dir))) {
		found = isdigit((unsigned char)entry->d_name[0]) &&
			has_open(dirfd(dir), entry->d_name, target);
		if (found)
			describe(text, dirfd(dir), entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool wg_portholder_find(char text[static WG_PORTHOLDER_LEN], uint16_t port)
{
	static const char *const tables[] = {"/proc/net/udp", "/proc/net/udp6"};
	unsigned long inode;

	for (size_t i = 0; i < WG_ARRAY_LEN(tables); i++) {
		if (!find_socket(&inode, tables[i], port))
			continue;
		if (inode)
			return find_process(text, inode);
		snprintf(text, WG_PORTHOLDER_LEN, "the kernel (another WireGuard link?)");
		return true;
	}
	return false;
}
