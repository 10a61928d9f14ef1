/* Opening the sockets, and setting on them what takes a privilege: the keeper's part. */
#include <errno.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "udp/socket.h"
#include "udp/udp.h"

/* As much as a vector of trains, with the kernel's own bookkeeping. */
#define RECEIVE_BUFFER (7 << 20)

/* Each link's own queue bounds how much waits to leave, as for the kernel's WireGuard. All
 * that waits in any of them counts against the one socket; so a smaller bound would be used
 * up by the slowest link, and the others' datagrams be refused. */
#define SEND_BUFFER (128 << 20)

/* How often another port is picked because the last one was free on IPv4 only. */
#define PORT_TRIES 100

struct option {
	int level;
	int name;
	int value;
};

/* DONT: no DF bit, so packets that are too large for a link on the way are
 * fragmented, here by the known path MTU, and for IPv4 also by routers. */
static const struct option ipv4_options[] = {
	{IPPROTO_IP, IP_PKTINFO, 1},
	{IPPROTO_IP, IP_RECVTOS, 1},
	{IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT},
};

static const struct option ipv6_options[] = {
	{IPPROTO_IPV6, IPV6_V6ONLY, 1},
	{IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
	{IPPROTO_IPV6, IPV6_RECVTCLASS, 1},
	{IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT},
};

static const struct {
	int domain;
	const struct option *options;
	size_t n_options;
} families[WG_UDP_SOCKETS] = {
	{AF_INET, ipv4_options, WG_ARRAY_LEN(ipv4_options)},
	{AF_INET6, ipv6_options, WG_ARRAY_LEN(ipv6_options)},
};

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The sysctl's bound holds for a process that may not pass it. */
static void set_buffers(int fd)
{
	if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER) < 0)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER) < 0)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
}

static int set_options(int fd, unsigned int family, uint32_t fwmark)
{
	int err = 0;

	for (size_t i = 0; i < families[family].n_options && !err; i++) {
		const struct option *option = &families[family].options[i];

		err = set_option(fd, option->level, option->name, option->value);
	}
	if (!err && fwmark)
		err = set_option(fd, SOL_SOCKET, SO_MARK, (int)fwmark);
	set_buffers(fd);
	return err;
}

static int bind_port(int fd, unsigned int family, uint16_t port)
{
	union wg_udp_name name = {0};
	socklen_t len;

	name.any.sa_family = (sa_family_t)families[family].domain;
	if (families[family].domain == AF_INET) {
		name.ipv4.sin_port = htons(port);
		len = sizeof(name.ipv4);
	} else {
		name.ipv6.sin6_port = htons(port);
		len = sizeof(name.ipv6);
	}
	return bind(fd, &name.any, len) < 0 ? -errno : 0;
}

/* The port that a socket is bound to. */
static int get_port(int fd, uint16_t *port)
{
	union wg_udp_name name;
	struct wg_endpoint endpoint;
	socklen_t len = sizeof(name);

	if (getsockname(fd, &name.any, &len) < 0)
		return -errno;
	wg_udp_name_get(&name, &endpoint);
	*port = endpoint.port;
	return 0;
}

/* A bound socket, or -errno. */
static int open_socket(unsigned int family, uint16_t port, uint32_t fwmark)
{
	int fd = socket(families[family].domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = set_options(fd, family, fwmark);
	if (!err)
		err = bind_port(fd, family, port);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Whether an error says that the machine does not have the family at all. */
static bool is_absent(int err)
{
	return err == -EAFNOSUPPORT || err == -EPROTONOSUPPORT || err == -EADDRNOTAVAIL;
}

static void close_all(const int fds[static WG_UDP_SOCKETS])
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Opens a socket for each family that there is. The port of the first is that of the next. */
static int open_all(int fds[static WG_UDP_SOCKETS], uint16_t *port, uint32_t fwmark)
{
	int err = -EAFNOSUPPORT;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		fds[i] = -1;
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		int fd = open_socket(i, *port, fwmark);

		if (fd < 0 && is_absent(fd))
			continue;
		err = fd < 0 ? fd : 0;
		fds[i] = fd < 0 ? -1 : fd;
		if (!err)
			err = get_port(fd, port);
		if (err)
			break;
	}
	if (err)
		close_all(fds);
	return err;
}

int wg_udp_open(struct wg_udp **out, const struct wg_udp_options *options)
{
	struct wg_udp_options opened = *options;
	int fds[WG_UDP_SOCKETS];
	int err = -EADDRINUSE;

	for (unsigned int i = 0; i < PORT_TRIES && err == -EADDRINUSE; i++) {
		opened.port = options->port;
		err = open_all(fds, &opened.port, options->fwmark);
		if (options->port)
			break;
	}
	if (err)
		return err;
	err = wg_udp_adopt(out, fds, &opened);
	if (err)
		close_all(fds);
	return err;
}

static int set_marks(const struct wg_udp *udp, uint32_t fwmark)
{
	int err = 0;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS && !err; i++)
		if (udp->fds[i] >= 0)
			err = set_option(udp->fds[i], SOL_SOCKET, SO_MARK, (int)fwmark);
	return err;
}

int wg_udp_set_mark(struct wg_udp *udp, uint32_t fwmark)
{
	int err = set_marks(udp, fwmark);

	if (err)
		set_marks(udp, udp->fwmark);
	else
		udp->fwmark = fwmark;
	return err;
}
