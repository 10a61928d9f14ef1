#include "keeper/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/undo.h"

/* memfd_create(2), since Linux 6.3: says that it is meant to be executed. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Read-only, whatever the type says: madvise(2) wants it so. */
extern uint8_t wg_image_start[];
extern uint8_t wg_image_end[];

static int write_image(int fd)
{
	const uint8_t *at = wg_image_start;

	while (at < wg_image_end) {
		ssize_t n = write(fd, at, (size_t)(wg_image_end - at));

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n < 0 ? 0 : n;
	}
	/* Our own pages of it are not needed again. */
	madvise(wg_image_start, (size_t)(wg_image_end - wg_image_start), MADV_DONTNEED);
	return 0;
}

static int open_sealed(void)
{
	int fd = memfd_create("tuff-engine", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	int error;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("tuff-engine", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	error = write_image(fd);
	if (!error &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		error = -errno;
	if (error)
		close(fd);
	return error ? error : fd;
}

/* A file cannot be executed while somebody may write to it: so it is opened once more. */
static int open_again(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

static int open_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0555);
	int result;

	if (fd < 0)
		return -errno;
	result = write_image(fd);
	if (!result)
		result = open_again(fd);
	close(fd);
	return result;
}

/* With the symbols that a sanitizer's report names; where it may be looked at. */
static int open_original(void)
{
#ifdef WG_ENGINE_FILE
	int fd = open(WG_ENGINE_FILE, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
#else
	return -ENOENT;
#endif
}

int wg_image_open(void)
{
	const char *folders[] = {WG_UNDO_DIR, getenv("XDG_RUNTIME_DIR"), "/dev/shm", "/tmp"};
	int result = open_original();

	if (result < 0)
		result = open_sealed();
	for (size_t i = 0; result < 0 && i < WG_ARRAY_LEN(folders); i++)
		if (folders[i])
			result = open_file(folders[i]);
	return result;
}
