/* Preloaded into a program: system calls on its UDP sockets, its TUN link, its undo journal
 * and kernel parameters that fail when a script says so. $TUFF_FAULTS is a file of at least 64
 * bytes, which is looked at before each call: "CALL ERRNO EVERY AFTER ", as in "sendmmsg 105 3 0 ",
 * lets every third sendmmsg fail with ENOBUFS, after 0 that do not. Instead of an error it may say
 * "partial": one message less than was asked for, or a write that takes half. Child processes are
 * left alone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PLAN_LEN 64
#define PARTIAL  (-1)

static const char *plan;
static pid_t loaded_into;
static unsigned long n_calls;

static __attribute__((constructor)) void open_plan(void)
{
	const char *path = getenv("TUFF_FAULTS");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped;

	loaded_into = getpid();
	if (fd < 0)
		return;
	mapped = mmap(NULL, PLAN_LEN, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped != MAP_FAILED)
		plan = mapped;
}

/* What the call should fail with now: 0: nothing; errno; or PARTIAL. */
static int fault_of(const char *call)
{
	char text[PLAN_LEN + 1] = "";
	char name[PLAN_LEN + 1];
	char error[PLAN_LEN + 1];
	unsigned int every;
	unsigned int after;

	if (plan && getpid() == loaded_into)
		memcpy(text, plan, PLAN_LEN);
	if (sscanf(text, "%s %s %u %u", name, error, &every, &after) != 4 ||
	    strcmp(name, call) != 0 || n_calls++ < after || (n_calls - 1 - after) % every != 0)
		return 0;
	return strcmp(error, "partial") == 0 ? PARTIAL : atoi(error);
}

static bool is_udp(int fd)
{
	int domain = 0;
	int type = 0;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_DGRAM &&
	       (domain == AF_INET || domain == AF_INET6);
}

static bool is_tun(int fd)
{
	int saved = errno;
	struct ifreq ifr;
	bool is = !ioctl(fd, TUNGETIFF, &ifr);

	errno = saved;
	return is;
}

/* What a file is to a script, by its path; NULL: nothing. */
static const char *kind_of(int fd)
{
	int saved = errno;
	char link[64];
	char path[256];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	errno = saved;
	path[len < 0 ? 0 : len] = '\0';
	if (len > 5 && !strcmp(path + len - 5, ".undo"))
		return "journal";
	return strncmp(path, "/proc/sys/", 10) ? NULL : "sysctl";
}

static long fail(int error)
{
	errno = error;
	return -1;
}

static bool has_group(const struct msghdr *header)
{
	return header->msg_iovlen > 1 || header->msg_iov[0].iov_len > 2048;
}

__attribute__((visibility("default"))) int sendmmsg(int fd, struct mmsghdr *messages,
						    unsigned int n, int flags)
{
	int fault = is_udp(fd) ? fault_of("sendmmsg") : 0;

	if (!fault && is_udp(fd) && has_group(&messages[0].msg_hdr))
		fault = fault_of("group");
	if (fault == PARTIAL && n > 1)
		n--;
	else if (fault > 0)
		return (int)fail(fault);
	return (int)syscall(SYS_sendmmsg, fd, messages, n, flags);
}

__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const struct msghdr *message,
						       int flags)
{
	int fault = is_udp(fd) ? fault_of("sendmsg") : 0;

	if (!fault && is_udp(fd) && has_group(message))
		fault = fault_of("group");
	return fault > 0 ? fail(fault) : syscall(SYS_sendmsg, fd, message, flags);
}

__attribute__((visibility("default"))) int
recvmmsg(int fd, struct mmsghdr *messages, unsigned int n, int flags, struct timespec *timeout)
{
	int fault = fault_of("recvmmsg");

	if (fault > 0)
		return (int)fail(fault);
	return (int)syscall(SYS_recvmmsg, fd, messages, fault == PARTIAL ? 1 : n, flags, timeout);
}

__attribute__((visibility("default"))) ssize_t read(int fd, void *buffer, size_t len)
{
	int fault = is_tun(fd) ? fault_of("read") : 0;

	return fault > 0 ? fail(fault) : syscall(SYS_read, fd, buffer, len);
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *buffer, size_t len)
{
	const char *kind = kind_of(fd);
	int fault = kind ? fault_of(kind) : 0;

	return fault > 0 ? fail(fault) : syscall(SYS_write, fd, buffer, len);
}

__attribute__((visibility("default"))) ssize_t writev(int fd, const struct iovec *iov, int n)
{
	int fault = is_tun(fd) ? fault_of("writev") : 0;
	struct iovec half;

	if (fault > 0)
		return fail(fault);
	if (fault == 0)
		return syscall(SYS_writev, fd, iov, n);
	half = (struct iovec){iov->iov_base, iov->iov_len / 2};
	return syscall(SYS_writev, fd, &half, 1);
}

__attribute__((visibility("default"))) int socket(int domain, int type, int protocol)
{
	bool udp = (domain == AF_INET || domain == AF_INET6) && (type & 0xf) == SOCK_DGRAM;
	int fault = udp ? fault_of("socket") : 0;

	return (int)(fault > 0 ? fail(fault) : syscall(SYS_socket, domain, type, protocol));
}
