#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "ways.h"

WG_WAY(udp, SYS_socket, AF_INET, SOCK_DGRAM, 0)
WG_WAY(tcp, SYS_socket, AF_INET, SOCK_STREAM, 0)
WG_WAY(raw, SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP)
WG_WAY(udp6, SYS_socket, AF_INET6, SOCK_DGRAM, 0)
WG_WAY(tcp6, SYS_socket, AF_INET6, SOCK_STREAM, 0)
WG_WAY(unix_socket, SYS_socket, AF_UNIX, SOCK_STREAM, 0)
WG_WAY(netlink, SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
WG_WAY(packet, SYS_socket, AF_PACKET, SOCK_RAW, 0)
WG_WAY(vsock, SYS_socket, AF_VSOCK, SOCK_STREAM, 0)
WG_WAY(alg, SYS_socket, AF_ALG, SOCK_SEQPACKET, 0)
WG_WAY(pf_key, SYS_socket, AF_KEY, SOCK_RAW, 2)
WG_WAY(xdp, SYS_socket, AF_XDP, SOCK_RAW, 0)
WG_WAY(can, SYS_socket, AF_CAN, SOCK_RAW, 1)
WG_WAY(bluetooth, SYS_socket, AF_BLUETOOTH, SOCK_RAW, 1)
WG_WAY(tipc, SYS_socket, AF_TIPC, SOCK_DGRAM, 0)

static long pair(const struct wg_breakout *target)
{
	int fds[2];

	(void)target;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

/* Any that has no line of its own. */
static long other(const struct wg_breakout *target)
{
	long fd = -1;

	(void)target;
	for (int family = AF_APPLETALK; family < 64 && fd < 0; family++)
		for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET && fd < 0; type++)
			if (family != AF_INET6 && family != AF_NETLINK && family != AF_PACKET &&
			    family != AF_VSOCK)
				fd = socket(family, type, 0);
	return fd;
}

static const struct wg_way ways[] = {
	{"socket: UDP", udp},
	{"socket: TCP", tcp},
	{"socket: raw", raw},
	{"socket: UDP over IPv6", udp6},
	{"socket: TCP over IPv6", tcp6},
	{"socket: UNIX", unix_socket},
	{"socket: netlink", netlink},
	{"socket: packet", packet},
	{"socket: vsock", vsock},
	{"socket: ALG", alg},
	{"socket: KEY", pf_key},
	{"socket: XDP", xdp},
	{"socket: CAN", can},
	{"socket: Bluetooth", bluetooth},
	{"socket: TIPC", tipc},
	{"socket: any other family", other},
	{"socketpair", pair},
};

const struct wg_ways wg_ways_to_sockets = WG_WAYS(ways);
