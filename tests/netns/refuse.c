/* Preloaded into a program: a kernel that does not take a packet in pieces, as some of
 * Linux 6.1 and 6.6 do not take some super-packets. With TUFF_REFUSE=once the first is refused,
 * and none of a child process; with TUFF_REFUSE=always all are. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pid_t loaded_into;
static bool refused;

static __attribute__((constructor)) void note_process(void)
{
	loaded_into = getpid();
}

static bool is_to_be_refused(void)
{
	const char *when = getenv("TUFF_REFUSE");

	if (when && !strcmp(when, "always"))
		return true;
	return when && !strcmp(when, "once") && !refused && getpid() == loaded_into;
}

__attribute__((visibility("default"))) ssize_t writev(int fd, const struct iovec *iovec, int count)
{
	if (count == 1 || !is_to_be_refused())
		return syscall(SYS_writev, fd, iovec, count);
	refused = true;
	errno = EINVAL;
	return -1;
}
