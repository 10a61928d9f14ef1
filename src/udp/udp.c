/* Opening the sockets, and their options. */
#include "udp/udp.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/bytes.h"
#include "udp/kernel.h"
#include "udp/socket.h"

/* As much as a vector of trains, with the kernel's own bookkeeping. */
#define RECEIVE_BUFFER (7 << 20)

/* What bounds how much waits to leave is each link's own queue, as for the kernel's
 * WireGuard. All that waits in any of them counts against the one socket; so a smaller
 * bound would be used up by the slowest link, and the others' datagrams be refused. */
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

/* The sysctl's bound holds for who may not pass it. */
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

static void close_sockets(struct wg_udp *udp)
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		if (udp->fds[i] >= 0)
			close(udp->fds[i]);
		udp->fds[i] = -1;
	}
}

/* Opens what families there are. The first one's port is the next one's. */
static int open_sockets(struct wg_udp *udp, uint16_t port)
{
	int err = -EAFNOSUPPORT;

	udp->port = port;
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		int fd = open_socket(i, udp->port, udp->fwmark);

		if (fd < 0 && is_absent(fd))
			continue;
		err = fd < 0 ? fd : 0;
		udp->fds[i] = fd < 0 ? -1 : fd;
		if (!err)
			err = get_port(fd, &udp->port);
		if (err)
			break;
	}
	if (err)
		close_sockets(udp);
	return err;
}

/* Linux 4.18 has it; asking changes nothing. */
static bool has_gso(int fd, const char *release)
{
	int value;
	socklen_t len = sizeof(value);

	return wg_udp_kernel_trust(release, WG_UDP_GSO) != WG_OFFLOAD_BARRED &&
	       getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &len) == 0;
}

static bool enable_gro(int fd, const char *release)
{
	return wg_udp_kernel_trust(release, WG_UDP_GRO) != WG_OFFLOAD_BARRED &&
	       set_option(fd, SOL_UDP, UDP_GRO, 1) == 0;
}

static void choose_offloads(struct wg_udp *udp, const struct wg_udp_options *options)
{
	bool supported[WG_UDP_N_OFFLOADS] = {true, true};
	struct utsname kernel = {0};

	uname(&kernel);
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		if (udp->fds[i] < 0)
			continue;
		supported[WG_UDP_GSO] &= has_gso(udp->fds[i], kernel.release);
		if (!options->unwanted[WG_UDP_GRO] && !options->broken[WG_UDP_GRO])
			supported[WG_UDP_GRO] &= enable_gro(udp->fds[i], kernel.release);
	}
	for (unsigned int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		udp->offloads[i] = options->unwanted[i] ? WG_OFFLOAD_UNWANTED
				   : !supported[i]      ? WG_OFFLOAD_UNSUPPORTED
				   : options->broken[i] ? WG_OFFLOAD_BROKEN
							: WG_OFFLOAD_IN_USE;
}

int wg_udp_open(struct wg_udp **out, const struct wg_udp_options *options)
{
	struct wg_udp *udp = calloc(1, sizeof(*udp));
	int err;

	if (!udp)
		return -ENOMEM;
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		udp->fds[i] = -1;
	udp->fwmark = options->fwmark;
	udp->receiver.want = 2;
	for (unsigned int i = 0; i < PORT_TRIES; i++) {
		err = open_sockets(udp, options->port);
		if (err != -EADDRINUSE || options->port)
			break;
	}
	if (err) {
		free(udp);
		return err;
	}
	choose_offloads(udp, options);
	*out = udp;
	return 0;
}

void wg_udp_close(struct wg_udp *udp)
{
	if (!udp)
		return;
	close_sockets(udp);
	free(udp);
}

uint16_t wg_udp_port(const struct wg_udp *udp)
{
	return udp->port;
}

int wg_udp_fd(const struct wg_udp *udp, unsigned int i)
{
	return udp->fds[i];
}

enum wg_offload_state wg_udp_offload(const struct wg_udp *udp, enum wg_udp_offload which)
{
	return udp->offloads[which];
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

/* Asked for when somebody wants to know: SO_RXQ_OVFL would tell the same with every
 * datagram, and cost a control message each. Linux 4.12 has it; before that, nothing. */
static void look_at_queue(struct wg_udp *udp, unsigned int i)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (udp->fds[i] < 0 || getsockopt(udp->fds[i], SOL_SOCKET, SO_MEMINFO, info, &len) < 0 ||
	    len <= SK_MEMINFO_DROPS * sizeof(info[0]))
		return;
	udp->stats.dropped_queue += (uint32_t)(info[SK_MEMINFO_DROPS] - udp->dropped_queue[i]);
	udp->dropped_queue[i] = info[SK_MEMINFO_DROPS];
}

const struct wg_udp_stats *wg_udp_stats(struct wg_udp *udp)
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		look_at_queue(udp, i);
	return &udp->stats;
}
