/* The virtual network between engines: delay, loss, reordering and duplication from
 * a seeded source, and address translators that forget and rebind.
 *
 * It knows datagrams and endpoints, no engines: who sits at an endpoint is asked of
 * its owner when a datagram arrives. */
#ifndef WG_SIM_NET_H
#define WG_SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/time.h"
#include "noise/wire.h"
#include "wgtest.h"

struct wg_sim_datagram {
	struct wg_sim_datagram *next;
	wg_time at;                     /* when it was sent; in flight: when it arrives */
	int from;                       /* number of the node, or -1 */
	struct wg_path path;            /* as the engine asked: local may be unset */
	struct wg_endpoint source;      /* as it is on the wire, behind any translator */
	struct wg_endpoint destination; /* as it is on the wire */
	uint8_t ds;
	enum wg_message kind;
	uint32_t len;
	uint8_t bytes[];
};

struct wg_sim_net {
	struct wg_test_random random;
	struct wg_sim_datagram *in_flight; /* by arrival, then by sending */
	size_t n_in_flight;

	wg_time delay;           /* one way */
	wg_time spread;          /* up to this much more, at random: reordering */
	unsigned int loss;       /* of 1000 */
	unsigned int duplicates; /* of 1000 */
	uint8_t mark_ecn;        /* what ECN-capable datagrams become on the way; 0: nothing */

	/* Whether a datagram may pass, asked before chance is. NULL: all may. */
	bool (*filter)(void *ctx, const struct wg_sim_datagram *datagram);
	void *ctx;
};

/* An address and port translator for IPv4: one outside endpoint while it is in use,
 * another port after it was idle or rebound. It lets in only what it was asked by. */
#define WG_SIM_NAT_PEERS 4

struct wg_sim_nat {
	bool on;
	struct wg_endpoint outside;
	wg_time timeout;
	wg_time used; /* last datagram from inside */
	struct wg_endpoint peers[WG_SIM_NAT_PEERS];
	size_t n_peers;
};

void wg_sim_net_init(struct wg_sim_net *net, uint64_t seed);
void wg_sim_net_deinit(struct wg_sim_net *net);

/* A datagram in memory of its own; free() it. */
struct wg_sim_datagram *wg_sim_datagram_new(const void *bytes, size_t len);
struct wg_sim_datagram *wg_sim_datagram_copy(const struct wg_sim_datagram *datagram);

/* Sends it at its time: loses it, or lets it (or several of it) arrive later. Takes it. */
void wg_sim_net_send(struct wg_sim_net *net, struct wg_sim_datagram *datagram);

/* When the next datagram arrives, or WG_NEVER. */
wg_time wg_sim_net_due(const struct wg_sim_net *net);

/* The next datagram to arrive; the caller's from then on. */
struct wg_sim_datagram *wg_sim_net_take(struct wg_sim_net *net);

/* The outside source of a datagram to destination. */
struct wg_endpoint wg_sim_nat_out(struct wg_sim_nat *nat, const struct wg_endpoint *destination,
				  wg_time now);

/* Whether a datagram to the outside endpoint is let in. */
bool wg_sim_nat_in(const struct wg_sim_nat *nat, const struct wg_sim_datagram *datagram,
		   wg_time now);

/* Forgets the mapping: the next datagram from inside gets another port. */
void wg_sim_nat_rebind(struct wg_sim_nat *nat);

#endif
