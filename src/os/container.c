#include "os/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

/* docker, podman and CRI-O (since 1.25), and systemd-nspawn mark theirs with a file. */
static const char *const marks[] = {"/.dockerenv", "/run/.containerenv", "/run/systemd/container"};

/* Where engines keep the layers of a root: containerd (and so nerdctl and Kubernetes), CRI-O
 * and podman, docker. */
static const char *const stores[] = {"containerd", "/containers/storage/", "/docker/"};

/* The mount point is the fifth word, behind two numbers, the device and a path. */
static bool is_root(const char *line)
{
	char point[8];

	return sscanf(line, "%*s %*s %*s %*s %7s", point) == 1 && !strcmp(point, "/");
}

bool wg_container_is_root_of(const char *mounts)
{
	for (const char *line = mounts; *line; line += strcspn(line, "\n"), line += *line != '\0') {
		size_t len = strcspn(line, "\n");

		if (!is_root(line))
			continue;
		for (size_t i = 0; i < WG_ARRAY_LEN(stores); i++)
			if (memmem(line, len, stores[i], strlen(stores[i])))
				return true;
	}
	return false;
}

static bool has_root_of_container(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) > 0)
		found = wg_container_is_root_of(line);
	free(line);
	if (file)
		fclose(file);
	return found;
}

bool wg_container_is_around(void)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(marks); i++)
		if (!access(marks[i], F_OK))
			return true;
	return getenv("container") || getenv("KUBERNETES_SERVICE_HOST") || has_root_of_container();
}
