/* One end of the channel between keeper and engine: datagrams in order, none lost, each
 * whole. In earnest it is a socket (socket.h), in simulations a queue (queue.h). */
#ifndef WG_PAIR_PAIR_H
#define WG_PAIR_PAIR_H

#include "pair/codec.h"

struct wg_pair;

/* What a kind of channel has to do. receive does not look at what came; discard gives up
 * descriptors that came along and are of no use. */
struct wg_pair_kind {
	int (*send)(struct wg_pair *pair, const struct wg_pair_datagram *datagram);
	int (*receive)(struct wg_pair *pair, struct wg_pair_datagram *datagram);
	void (*discard)(struct wg_pair *pair, struct wg_pair_datagram *datagram);
	void (*close)(struct wg_pair *pair);
};

struct wg_pair {
	const struct wg_pair_kind *kind;
	enum wg_pair_side side; /* whose end it is */
};

/* Sends it all or nothing; the datagram and its descriptors stay the caller's, who wipes it.
 * 0; -EAGAIN when too much waits at the other end (try again when there is room), -EPIPE
 * when that was closed, -EMSGSIZE or -ENOBUFS when it can never be sent, or another -errno. */
int wg_pair_send(struct wg_pair *pair, const struct wg_pair_datagram *datagram);

/* Receives one datagram and checks it, see wg_pair_check; its descriptors are the caller's
 * then, who also wipes it when it is done. 1; 0 when the other end was closed and all is
 * received; -EAGAIN when nothing is there; -EPROTO when the other end broke the rules, and
 * nothing is to be believed any more; or another -errno. Unless it is 1, the datagram is
 * empty. */
int wg_pair_receive(struct wg_pair *pair, struct wg_pair_datagram *datagram);

/* Closes this end. What was sent can still be received. */
void wg_pair_close(struct wg_pair *pair);

#endif
