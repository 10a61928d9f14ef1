/* The inside of struct wg_udp, shared by opening, receiving and sending. Only this folder
 * includes it. */
#ifndef WG_UDP_SOCKET_H
#define WG_UDP_SOCKET_H

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "udp/address.h"
#include "udp/udp.h"

#ifndef SOL_UDP
#define SOL_UDP 17
#endif

/* The most messages of one recvmmsg or sendmmsg. */
#define WG_UDP_VECTOR 64

/* The scratch memory of wg_udp_receive; nothing in it outlives the call but want. */
struct wg_udp_receiver {
	unsigned int want; /* how many messages the next recvmmsg has room for */
	struct mmsghdr headers[WG_UDP_VECTOR];
	struct iovec iovs[WG_UDP_VECTOR];
	union wg_udp_name names[WG_UDP_VECTOR];
	struct wg_udp_control controls[WG_UDP_VECTOR];
	struct wg_packet *packets[WG_UDP_VECTOR];
};

/* The datagrams that one msghdr sends. */
struct wg_udp_message {
	struct wg_run *run;
	struct wg_batch packets;
	struct wg_udp_attributes attributes;
	union wg_udp_name name;
	struct wg_udp_control control;
};

/* A destination to which datagrams of more than max_len bytes cannot leave grouped,
 * because they have to be fragmented: so until that many more messages were sent. */
struct wg_udp_limit {
	struct wg_endpoint remote;
	uint32_t max_len;
	uint32_t left; /* 0: the entry is free */
};

#define WG_UDP_IOVS   1024
#define WG_UDP_LIMITS 16

/* The scratch memory of wg_udp_send; except for the limits it is empty outside of that
 * function. */
struct wg_udp_sender {
	unsigned int n;
	size_t n_iovs;
	size_t n_copied;
	bool has_limits; /* there may be some */
	int fd;          /* of all n messages */
	int asked;       /* the socket of which queued tells, in this call; -1: none */
	bool queued;     /* much waits to leave */
	struct mmsghdr headers[WG_UDP_VECTOR];
	struct wg_udp_message messages[WG_UDP_VECTOR];
	struct iovec iovs[WG_UDP_IOVS];
	struct wg_udp_limit limits[WG_UDP_LIMITS];
	uint8_t copy[65536]; /* small datagrams of groups, one behind the other */
};

struct wg_udp {
	int fds[WG_UDP_SOCKETS]; /* IPv4, IPv6; -1: none */
	uint16_t port;
	uint32_t fwmark;
	bool reports; /* the network's are wanted */
	enum wg_offload_state offloads[WG_UDP_N_OFFLOADS];
	struct wg_udp_stats stats;
	uint32_t dropped_queue[WG_UDP_SOCKETS]; /* as the kernel said last: it wraps */
	struct wg_udp_receiver receiver;
	struct wg_udp_sender sender;
};

#endif
