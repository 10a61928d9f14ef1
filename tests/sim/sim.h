/* A world of engines: several devices on one virtual clock and one virtual network
 * (net.h), driven exactly as the daemon drives one - a deadline, packets from the
 * link, datagrams from UDP, jobs - and nothing else. The same seed gives the same
 * world: every datagram and delivery is a line of the trace, and the trace has a hash.
 *
 * What no engine may ever do is checked on every datagram (watch.h). A violation, or
 * a harness at a loss, prints the trace's end and aborts. WG_SIM_TRACE=1 in the
 * environment prints all of it. */
#ifndef WG_SIM_SIM_H
#define WG_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/device.h"
#include "sim/net.h"
#include "sim/watch.h"
#include "wgtest.h"

#define WG_SIM_NODES     4u
#define WG_SIM_ADDRESSES 4u
#define WG_SIM_PORT      30567u
#define WG_SIM_MTU       1420u

struct wg_sim;
struct wg_puppet;

/* How jobs are run. */
enum wg_sim_jobs {
	WG_SIM_INLINE,  /* at once, as without workers */
	WG_SIM_WORKERS, /* later, in random order, but for a peer's packets, and its handshakes */
};

struct wg_sim_pending {
	struct wg_job *job;
	wg_time done;
	bool ran;
};

/* An inner packet that came out of a node's link side. */
struct wg_sim_delivery {
	wg_time at;
	size_t len;
	uint8_t bytes[];
};

struct wg_sim_node {
	struct wg_sim *sim;
	unsigned int number;
	struct wg_device *device;
	struct wg_pool *pool;
	struct wg_test_random random;
	struct wg_out out;

	uint8_t private_key[WG_KEY_LEN];
	uint8_t public_key[WG_KEY_LEN];
	struct wg_ip addresses[WG_SIM_ADDRESSES]; /* outer; the first of a family is its default */
	size_t n_addresses;
	uint16_t port;
	struct wg_sim_nat nat;
	struct wg_ip inner4;
	struct wg_ip inner6;

	wg_time boot_offset;    /* its boot clock is this much ahead of the simulation's */
	wg_time wall_offset;    /* its wall clock is this much ahead of the boot clock */
	bool asleep;            /* suspended: hears nothing, no timer fires, the clocks run on */
	bool busy;              /* its loop does not get to its timers and waiting handshakes */
	bool knows_few_numbers; /* its source gives one of 16 as any 32-bit number */
	int send_error;         /* its socket refuses what is sent with this -errno */
	bool queue_full;        /* or has no room for it */

	struct wg_sim_pending *pending;
	size_t n_pending;
	size_t pending_capacity;

	struct wg_sim_delivery **got;
	size_t n_got;
	size_t ticks; /* how often wg_device_tick was called */
	size_t n_rejected_sources;
	struct wg_watch watch;
};

struct wg_sim {
	wg_time now;
	wg_time skew; /* the boot clocks of engines that are added differ by so much */
	struct wg_sim_net net;
	struct wg_test_random random; /* of the harness itself */
	enum wg_sim_jobs jobs;
	struct wg_sim_node nodes[WG_SIM_NODES];
	unsigned int n_nodes;
	struct wg_puppet *puppets;
	struct wg_watch_keys keys;
	uint64_t next_id;

	/* Everything that engines sent, in order; nothing while forgetful. */
	struct wg_sim_datagram **sent;
	size_t n_sent;
	bool forgetful;
	/* Takes deliveries instead of the nodes' logs, where it is set. */
	void (*delivered)(struct wg_sim_node *node, const uint8_t *bytes, size_t len);
	void *ctx;

	uint64_t trace_hash;
	bool trace_loud;
	size_t n_trace;
	char trace_tail[64][160];
};

/* A world with nobody in it. */
struct wg_sim *wg_sim_new(uint64_t seed);
/* Frees the engines and asserts that no packet was leaked. */
void wg_sim_free(struct wg_sim *sim);

/* A new engine, up, with a key and both address families, and no peer. */
struct wg_sim_node *wg_sim_add(struct wg_sim *sim);

/* Two engines that are each other's peer and know each other's IPv4 endpoint. */
struct wg_sim *wg_sim_pair(uint64_t seed);

/* Lets time pass; everything that is due happens. */
void wg_sim_run(struct wg_sim *sim, wg_time duration);

/* The node's clocks now. */
struct wg_now wg_sim_now(const struct wg_sim_node *node);

/* The node's outer endpoint of a family, as its peers would write it down. */
struct wg_endpoint wg_sim_endpoint(const struct wg_sim_node *node, enum wg_family family);

/* --- Configuration: each is one wg_device_apply, which must succeed. --- */

/* Makes peer a peer of node: its key and inner addresses, and its endpoint where one
 * is given. */
void wg_sim_know(struct wg_sim_node *node, const struct wg_sim_node *peer,
		 const struct wg_endpoint *endpoint);
void wg_sim_forget(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN]);
void wg_sim_set_keepalive(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN],
			  uint16_t seconds);
void wg_sim_set_psk(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN],
		    const uint8_t psk[static WG_KEY_LEN]);
void wg_sim_set_endpoint(struct wg_sim_node *node, const uint8_t public_key[static WG_KEY_LEN],
			 const struct wg_endpoint *endpoint);
void wg_sim_set_key(struct wg_sim_node *node, const uint8_t private_key[static WG_KEY_LEN]);

/* Applies and deinitialises any other change; returns what the engine said. */
int wg_sim_apply(struct wg_sim_node *node, struct wg_config *change);

/* The peer of that key in a fresh snapshot; fails where there is none. The snapshot's
 * lists are gone already: read numbers only. */
struct wg_config_peer wg_sim_describe(const struct wg_sim_node *node,
				      const uint8_t public_key[static WG_KEY_LEN]);

/* --- Packets. --- */

/* Hands an identified packet of 100 bytes to node's link, addressed to peer's inner
 * IPv4 address. Returns its identifier. */
uint64_t wg_sim_send(struct wg_sim_node *node, const struct wg_sim_node *peer);
/* As above, with all said. len is of the whole inner packet. */
uint64_t wg_sim_send_ip(struct wg_sim_node *node, const struct wg_ip *from, const struct wg_ip *to,
			uint8_t ds, size_t len);
/* Any bytes as a packet from the link. */
void wg_sim_from_tun(struct wg_sim_node *node, const void *bytes, size_t len);
/* Several at once, all of one flow where the caller says so. */
void wg_sim_from_tun_batch(struct wg_sim_node *node, const uint8_t *const *packets,
			   const size_t *lens, size_t n, bool same_flow);

/* Any bytes as a datagram to node's first address of source's family, now. */
void wg_sim_from_udp(struct wg_sim_node *node, const struct wg_endpoint *source, uint8_t ds,
		     const void *bytes, size_t len);
/* The same, but to a local address of the caller's choice. */
void wg_sim_from_udp_at(struct wg_sim_node *node, const struct wg_path *path, uint8_t ds,
			const void *bytes, size_t len);

void wg_sim_down(struct wg_sim_node *node);
void wg_sim_up(struct wg_sim_node *node);

/* How often the packet of that identifier came out of node's link. */
size_t wg_sim_got(const struct wg_sim_node *node, uint64_t id);
/* Its last delivery, or NULL. */
const struct wg_sim_delivery *wg_sim_find(const struct wg_sim_node *node, uint64_t id);

/* Sends a packet each way and asserts that both arrive, once. */
void wg_sim_assert_works(struct wg_sim_node *a, struct wg_sim_node *b);

/* --- What went over the wire. --- */

/* A place in sim->sent: now. */
size_t wg_sim_mark(const struct wg_sim *sim);
/* How many datagrams of a kind node has sent since the mark. */
size_t wg_sim_count(const struct wg_sim_node *node, enum wg_message kind, size_t mark);
/* The i-th of them, or NULL. */
const struct wg_sim_datagram *wg_sim_nth(const struct wg_sim_node *node, enum wg_message kind,
					 size_t mark, size_t i);
/* The last of them, or NULL. */
const struct wg_sim_datagram *wg_sim_last(const struct wg_sim_node *node, enum wg_message kind);

uint64_t wg_sim_drops(const struct wg_sim_node *node, enum wg_drop reason);

void wg_sim_trace(struct wg_sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints why and the end of the trace, and aborts. */
void wg_sim_fail(const struct wg_sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif
