#include "host/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int fill(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return lseek(fd, 0, SEEK_SET) || fcntl(fd, F_ADD_SEALS, SEALS) ? -errno : 0;
}

int wg_input_open(const char *text)
{
	int fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = fill(fd, text);
	if (!err)
		return fd;
	close(fd);
	return err;
}

bool wg_input_is(int fd)
{
	return fcntl(fd, F_GET_SEALS) == SEALS;
}
