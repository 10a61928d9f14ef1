/* The scene of most tests with a puppet: an engine, its peer the puppet, and short looks
 * and pushes at them. */
#ifndef WG_SIM_SCENE_H
#define WG_SIM_SCENE_H

#include "sim/ip.h"
#include "sim/puppet.h"
#include "sim/sim.h"

/* A node that knows a new puppet. */
static inline struct wg_puppet *stage(uint64_t seed, bool with_endpoint)
{
	struct wg_sim *sim = wg_sim_new(seed);
	struct wg_puppet *puppet = wg_puppet_new(wg_sim_add(sim));

	wg_puppet_befriend(puppet, with_endpoint);
	return puppet;
}

/* Lets as much time pass as messages take. */
static inline void soon(struct wg_puppet *puppet)
{
	wg_sim_run(puppet->node->sim, 50 * WG_MILLISECOND);
}

/* A packet from behind the node for the puppet; its number. */
static inline uint64_t send_to_puppet(struct wg_puppet *puppet)
{
	return wg_sim_send_ip(puppet->node, &puppet->node->inner4, &puppet->inner4, 0, 100);
}

static inline struct wg_prefix prefix(const char *text)
{
	struct wg_prefix parsed;

	assert_true(wg_prefix_parse(&parsed, text));
	return parsed;
}

static inline struct wg_config_peer *change_peer(struct wg_config *change,
						 const uint8_t *public_key)
{
	struct wg_config_peer *peer = wg_config_add_peer(change);

	assert_non_null(peer);
	memcpy(peer->public_key, public_key, WG_KEY_LEN);
	return peer;
}

/* How many peers a snapshot has. */
static inline size_t count_peers(const struct wg_sim_node *node)
{
	struct wg_config config;
	size_t n;

	wg_config_init(&config);
	assert_int_equal(wg_device_describe(node->device, &config, wg_sim_now(node)), 0);
	n = config.n_peers;
	wg_config_deinit(&config);
	return n;
}

#endif
