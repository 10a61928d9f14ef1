/* The channel as a socket pair: a datagram is a packet of it (unix(7), SOCK_SEQPACKET), and
 * descriptors go along. The only file of this folder that makes system calls: sendmsg and
 * recvmsg, once an end is there. */
#ifndef WG_PAIR_SOCKET_H
#define WG_PAIR_SOCKET_H

#include "pair/pair.h"

struct wg_pair_socket {
	struct wg_pair pair;
	int fd; /* to be polled; -1: closed */
};

/* Makes both ends, by enum wg_pair_side: non-blocking, closed at exec. 0; -ENOBUFS when the
 * machine allows no buffer for the largest datagram, or another -errno. */
int wg_pair_socket_open(int fds[static 2]);

/* Takes over one end, whose side it is. The keeper's takes no descriptors at all. */
void wg_pair_socket_init(struct wg_pair_socket *socket, int fd, enum wg_pair_side side);

#endif
