/* For the tests of the pair: changes at random, and whether two of them are the same. */
#ifndef WG_TESTS_PAIR_CONFIG_H
#define WG_TESTS_PAIR_CONFIG_H

#include "wgtest.h"

#include "lockedkey.h"
#include "pair/config.h"

static inline bool toss(struct wg_test_random *random)
{
	return wg_test_below(random, 2);
}

static inline struct wg_ip random_ip(struct wg_test_random *random)
{
	struct wg_ip ip = {.family = toss(random) ? WG_FAMILY_IPV4 : WG_FAMILY_IPV6};

	wg_test_fill(random, ip.bytes, wg_family_len(ip.family));
	return ip;
}

static inline void random_peer(struct wg_test_random *random, struct wg_config_peer *peer,
			       size_t max_ips)
{
	size_t n = wg_test_below(random, max_ips + 1);

	wg_test_fill(random, peer->public_key, WG_KEY_LEN);
	peer->has_preshared_key = toss(random);
	if (peer->has_preshared_key && toss(random))
		wg_test_set_key(&peer->preshared_key, 3, (uint8_t)(1 + wg_test_below(random, 99)));
	peer->has_endpoint = toss(random);
	if (peer->has_endpoint) {
		peer->endpoint.ip = random_ip(random);
		peer->endpoint.port = (uint16_t)(1 + wg_test_below(random, 65535));
		if (peer->endpoint.ip.family == WG_FAMILY_IPV6 && toss(random))
			peer->endpoint.scope = (uint32_t)wg_test_next(random);
	}
	peer->has_keepalive = toss(random);
	if (peer->has_keepalive)
		peer->keepalive = (uint16_t)wg_test_next(random);
	peer->remove = toss(random);
	peer->update_only = toss(random);
	peer->replace_allowed_ips = toss(random);
	for (size_t i = 0; i < n; i++) {
		struct wg_prefix prefix = {.ip = random_ip(random)};

		prefix.bits = (uint8_t)wg_test_below(random, wg_family_bits(prefix.ip.family) + 1u);
		assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, toss(random)), 0);
	}
}

static inline void random_config(struct wg_test_random *random, struct wg_config *config,
				 size_t n_peers, size_t max_ips)
{
	wg_config_init(config);
	config->has_private_key = toss(random);
	if (config->has_private_key && toss(random))
		wg_test_set_key(&config->private_key, 31, 5);
	config->has_listen_port = toss(random);
	if (config->has_listen_port)
		config->listen_port = (uint16_t)wg_test_next(random);
	config->has_fwmark = toss(random);
	if (config->has_fwmark)
		config->fwmark = (uint32_t)wg_test_next(random);
	config->replace_peers = toss(random);
	for (size_t i = 0; i < n_peers; i++) {
		struct wg_config_peer *peer = wg_config_add_peer(config);

		assert_non_null(peer);
		random_peer(random, peer, max_ips);
	}
}

static inline bool same_peer(const struct wg_config_peer *a, const struct wg_config_peer *b)
{
	if (memcmp(a->public_key, b->public_key, WG_KEY_LEN) != 0 ||
	    !wg_endpoint_equal(&a->endpoint, &b->endpoint) || a->keepalive != b->keepalive ||
	    a->has_preshared_key != b->has_preshared_key || a->has_endpoint != b->has_endpoint ||
	    a->has_keepalive != b->has_keepalive || a->remove != b->remove ||
	    a->update_only != b->update_only || a->replace_allowed_ips != b->replace_allowed_ips ||
	    a->n_allowed_ips != b->n_allowed_ips ||
	    !wg_lockedkey_equal(&a->preshared_key, &b->preshared_key))
		return false;
	for (size_t i = 0; i < a->n_allowed_ips; i++)
		if (!wg_ip_equal(&a->allowed_ips[i].prefix.ip, &b->allowed_ips[i].prefix.ip) ||
		    a->allowed_ips[i].prefix.bits != b->allowed_ips[i].prefix.bits ||
		    a->allowed_ips[i].remove != b->allowed_ips[i].remove)
			return false;
	return true;
}

static inline bool same_config(const struct wg_config *a, const struct wg_config *b)
{
	if (a->listen_port != b->listen_port || a->fwmark != b->fwmark ||
	    a->has_private_key != b->has_private_key || a->has_listen_port != b->has_listen_port ||
	    a->has_fwmark != b->has_fwmark || a->replace_peers != b->replace_peers ||
	    a->n_peers != b->n_peers || !wg_lockedkey_equal(&a->private_key, &b->private_key))
		return false;
	for (size_t i = 0; i < a->n_peers; i++)
		if (!same_peer(&a->peers[i], &b->peers[i]))
			return false;
	return true;
}

#endif
