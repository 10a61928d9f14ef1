/* Which peer of a configuration has a public key: a configuration may have 2^20. Only the
 * keeper includes it. */
#ifndef WG_CONF_PEERINDEX_H
#define WG_CONF_PEERINDEX_H

#include "base/hash.h"
#include "core/config.h"
#include "crypto/shorthash.h"

/* An index of a configuration, which has to stay as it is meanwhile. */
struct wg_peerindex {
	const struct wg_config *config;
	struct wg_hash hash;
	struct wg_hash_entry *entries;          /* of config->peers */
	uint8_t hash_key[WG_SHORTHASH_KEY_LEN]; /* peers make their keys themselves */
};

/* 0; or -ENOMEM, and then it holds nothing. */
int wg_peerindex_init(struct wg_peerindex *index, const struct wg_config *config);

/* An index that is all zero, or holds nothing, is ignored. */
void wg_peerindex_deinit(struct wg_peerindex *index);

/* The first peer of that key in the configuration, or its n_peers. */
size_t wg_peerindex_find(const struct wg_peerindex *index,
			 const uint8_t public_key[static WG_KEY_LEN]);

#endif
