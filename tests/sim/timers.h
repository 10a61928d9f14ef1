/* For the tests of timers: a pair with a session, and looks at what it sends and when. */
#ifndef WG_SIM_TIMERS_H
#define WG_SIM_TIMERS_H

#include "sim/ip.h"
#include "sim/sim.h"

#define JITTER (333 * WG_MILLISECOND)

static inline bool drop_b(void *ctx, const struct wg_sim_datagram *datagram)
{
	(void)ctx;
	return datagram->from != 1;
}

/* A pair with a session that node 0 initiated at the returned time. */
static inline wg_time begin(struct wg_sim **sim, uint64_t seed)
{
	wg_time start;

	*sim = wg_sim_pair(seed);
	start = (*sim)->now;
	wg_sim_assert_works(&(*sim)->nodes[0], &(*sim)->nodes[1]);
	return start;
}

static inline void run_until(struct wg_sim *sim, wg_time when)
{
	assert_true(when >= sim->now);
	wg_sim_run(sim, when - sim->now);
}

static inline void assert_between(wg_time value, wg_time least, wg_time most)
{
	assert_true(value >= least);
	assert_true(value <= most);
}

/* How many of node's data messages since mark are keepalives. */
static inline size_t keepalives(const struct wg_sim_node *node, size_t mark)
{
	size_t n = 0;
	const struct wg_sim_datagram *datagram;

	for (size_t i = 0; (datagram = wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, i)); i++)
		n += datagram->len == 32;
	return n;
}

#endif
