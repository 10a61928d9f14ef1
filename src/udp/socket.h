/* The inside of struct wg_udp, shared by opening, receiving and sending. */
#ifndef WG_UDP_SOCKET_H
#define WG_UDP_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "udp/address.h"
#include "udp/udp.h"

/* The most messages of one recvmmsg or sendmmsg. */
#define WG_UDP_VECTOR 64

/* The scratch memory of wg_udp_receive; nothing in it outlives the call but want. */
struct wg_udp_receiver {
	unsigned int want; /* how many messages the next recvmmsg has room for */
	struct mmsghdr headers[WG_UDP_VECTOR];
	struct iovec iovs[WG_UDP_VECTOR][2];
	union wg_udp_name names[WG_UDP_VECTOR];
	struct wg_udp_control controls[WG_UDP_VECTOR];
	struct wg_packet *slots[WG_UDP_VECTOR];
	struct wg_packet *larges[WG_UDP_VECTOR];
};

/* What one msghdr sends. */
struct wg_udp_message {
	struct wg_run *run;
	struct wg_batch packets;
	struct wg_udp_attributes attributes;
	union wg_udp_name name;
	struct wg_udp_control control;
};

/* The scratch memory of wg_udp_send; empty outside of it. */
struct wg_udp_sender {
	unsigned int n;
	int fd; /* of all n messages */
	struct mmsghdr headers[WG_UDP_VECTOR];
	struct wg_udp_message messages[WG_UDP_VECTOR];
	struct iovec iovs[WG_UDP_VECTOR];
};

struct wg_udp {
	int fds[WG_UDP_SOCKETS]; /* IPv4, IPv6; -1: none */
	uint16_t port;
	uint32_t fwmark;
	struct wg_udp_stats stats;
	struct wg_udp_receiver receiver;
	struct wg_udp_sender sender;
};

#endif
