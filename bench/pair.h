/* Two engines that are each other's peer and have a session, without a link, a socket
 * or a clock: for benchmarks. */
#ifndef WG_BENCH_PAIR_H
#define WG_BENCH_PAIR_H

#include <stdint.h>

#include "core/device.h"

/* Runs that one end keeps until they are carried over. */
#define WG_PAIR_RUNS 64u
#define WG_PAIR_MTU  1420u

struct wg_pair_end {
	struct wg_device *device;
	struct wg_pool *pool;
	struct wg_out out;
	struct wg_endpoint endpoint;
	struct wg_prefix inside;
	uint8_t private_key[WG_KEY_LEN];
	uint8_t public_key[WG_KEY_LEN];
	struct wg_run sent[WG_PAIR_RUNS];
	size_t n_sent;
	struct wg_batch delivered;
};

/* The time, as both have it. */
extern const struct wg_now wg_pair_now;

/* Makes both ends, with a session that left began. Whatever fails aborts. */
void wg_pair_meet(struct wg_pair_end *left, struct wg_pair_end *right);
void wg_pair_part(struct wg_pair_end *left, struct wg_pair_end *right);

/* An IPv4 packet of len bytes between the inside addresses. */
struct wg_packet *wg_pair_packet(struct wg_pair_end *from, const struct wg_pair_end *to,
				 uint32_t len);

/* Runs the jobs that are planned; finishes those that were. */
void wg_pair_run(struct wg_pair_end *end);
void wg_pair_finish(struct wg_pair_end *end);

/* Empties the out: datagrams to sent, packets to delivered. */
void wg_pair_take(struct wg_pair_end *end);

/* Hands over what one end has sent, as if it had come from there. */
void wg_pair_carry(struct wg_pair_end *from, struct wg_pair_end *to);

#endif
