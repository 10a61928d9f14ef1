#include "core/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MUCH ((size_t)1 << 20)

void wg_config_init(struct wg_config *config)
{
	*config = (struct wg_config){0};
}

void wg_config_clear_peers(struct wg_config *config)
{
	for (size_t i = 0; i < config->n_peers; i++) {
		free(config->peers[i].allowed_ips);
		wg_lockedkey_clear(&config->peers[i].preshared_key);
		config->peers[i] = (struct wg_config_peer){0};
	}
	config->n_peers = 0;
}

void wg_config_deinit(struct wg_config *config)
{
	wg_config_clear_peers(config);
	free(config->peers);
	wg_lockedkey_clear(&config->private_key);
	wg_config_init(config);
}

/* The number of items to have room for next: twice as many while that is little, then a
 * sixteenth more, so that hardly more memory is held than is needed. The system moves
 * blocks of that size by their page tables. */
static size_t more_than(size_t n, size_t item_len)
{
	return n * item_len < MUCH ? 2 * n : n + n / 16;
}

static bool grow_peers(struct wg_config *config)
{
	size_t capacity = config->peers_capacity
				  ? more_than(config->peers_capacity, sizeof(*config->peers))
				  : 8;
	struct wg_config_peer *peers = reallocarray(config->peers, capacity, sizeof(*peers));

	if (!peers)
		return false;
	memset(peers + config->peers_capacity, 0,
	       (capacity - config->peers_capacity) * sizeof(*peers));
	config->peers = peers;
	config->peers_capacity = capacity;
	return true;
}

struct wg_config_peer *wg_config_add_peer(struct wg_config *config)
{
	if (config->n_peers == config->peers_capacity && !grow_peers(config))
		return NULL;
	return &config->peers[config->n_peers++];
}

int wg_config_add_allowed_ip(struct wg_config_peer *peer, const struct wg_prefix *prefix,
			     bool remove)
{
	if (peer->n_allowed_ips == peer->allowed_ips_capacity) {
		size_t capacity = peer->allowed_ips_capacity ? more_than(peer->allowed_ips_capacity,
									 sizeof(*peer->allowed_ips))
							     : 4;
		struct wg_config_allowed_ip *grown =
			reallocarray(peer->allowed_ips, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		peer->allowed_ips = grown;
		peer->allowed_ips_capacity = capacity;
	}
	peer->allowed_ips[peer->n_allowed_ips++] = (struct wg_config_allowed_ip){*prefix, remove};
	return 0;
}
