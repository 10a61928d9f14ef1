#include "pair/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"

/* What some of the largest datagrams take in the kernel; it counts its own share, too. */
#define BUFFER_LEN (8 * (int)WG_PAIR_MAX)

/* Room for the descriptors, aligned as the kernel writes them. */
union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(WG_PAIR_MAX_FDS * sizeof(int))];
};

static struct wg_pair_socket *socket_of(struct wg_pair *pair)
{
	return WG_CONTAINER_OF(pair, struct wg_pair_socket, pair);
}

static void add_fds(struct msghdr *message, union control *control,
		    const struct wg_pair_datagram *datagram)
{
	size_t len = datagram->n_fds * sizeof(int);

	if (!len)
		return;
	memset(control, 0, sizeof(*control));
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	control->header.cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(&control->header), datagram->fds, len);
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(len);
}

static int send_datagram(struct wg_pair *pair, const struct wg_pair_datagram *datagram)
{
	struct iovec vector = {(void *)datagram->bytes, datagram->len};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	union control control;
	ssize_t n;

	add_fds(&message, &control, datagram);
	do
		n = sendmsg(socket_of(pair)->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	/* The other end was closed while something waited there. */
	return errno == ECONNRESET ? -EPIPE : -errno;
}

static void take_fds(struct msghdr *message, struct wg_pair_datagram *datagram)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return;
	datagram->n_fds = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(datagram->fds, CMSG_DATA(header), datagram->n_fds * sizeof(int));
}

static void close_fds(struct wg_pair *pair, struct wg_pair_datagram *datagram)
{
	(void)pair;
	while (datagram->n_fds)
		close(datagram->fds[--datagram->n_fds]);
}

static int receive_datagram(struct wg_pair *pair, struct wg_pair_datagram *datagram)
{
	struct iovec vector = {datagram->bytes, sizeof(datagram->bytes)};
	union control control;
	struct msghdr message;
	ssize_t n;

	do {
		message = (struct msghdr){.msg_iov = &vector, .msg_iovlen = 1};
		if (pair->side == WG_PAIR_ENGINE) {
			message.msg_control = &control;
			message.msg_controllen = sizeof(control);
		}
		n = recvmsg(socket_of(pair)->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		/* Reset is told of once, before what the other end had sent when it was
		 * closed: its last words. */
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n <= 0)
		return n < 0 ? -errno : 0;
	datagram->len = (size_t)n;
	take_fds(&message, datagram);
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 1;
	close_fds(pair, datagram);
	return -EPROTO;
}

static void close_socket(struct wg_pair *pair)
{
	struct wg_pair_socket *socket = socket_of(pair);

	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
}

/* Makes the buffer large enough, past the system's limit if need be and allowed. */
static int set_buffer(int fd)
{
	int len = 0;
	socklen_t size = sizeof(len);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){BUFFER_LEN}, sizeof(int)) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){BUFFER_LEN}, sizeof(int)))
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &len, &size))
		return -errno;
	return len >= 2 * (int)WG_PAIR_MAX ? 0 : -ENOBUFS;
}

int wg_pair_socket_open(int fds[static 2])
{
	int error = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		return -errno;
	for (int i = 0; i < 2 && !error; i++)
		error = set_buffer(fds[i]);
	if (error) {
		close(fds[0]);
		close(fds[1]);
	}
	return error;
}

void wg_pair_socket_init(struct wg_pair_socket *socket, int fd, enum wg_pair_side side)
{
	static const struct wg_pair_kind kind = {send_datagram, receive_datagram, close_fds,
						 close_socket};

	*socket = (struct wg_pair_socket){.pair = {&kind, side}, .fd = fd};
}
