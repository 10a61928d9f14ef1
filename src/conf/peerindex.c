#include "conf/peerindex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

static uint64_t hash_of(const struct wg_peerindex *index, const uint8_t *public_key)
{
	return wg_shorthash(index->hash_key, public_key, WG_KEY_LEN);
}

int wg_peerindex_init(struct wg_peerindex *index, const struct wg_config *config)
{
	struct wg_random random = wg_crypto_random();
	size_t n = config->n_peers;

	*index = (struct wg_peerindex){.config = config};
	wg_hash_init(&index->hash);
	index->entries = calloc(n + 1, sizeof(*index->entries));
	if (!index->entries || wg_hash_reserve(&index->hash, n + 1)) {
		wg_peerindex_deinit(index);
		return -ENOMEM;
	}
	wg_random_fill(&random, index->hash_key, sizeof(index->hash_key));
	/* Backwards, since of two peers with one key the last added is found first. */
	while (n--)
		wg_hash_insert(&index->hash, &index->entries[n],
			       hash_of(index, config->peers[n].public_key));
	return 0;
}

void wg_peerindex_deinit(struct wg_peerindex *index)
{
	wg_hash_deinit(&index->hash);
	free(index->entries);
	*index = (struct wg_peerindex){.config = NULL};
}

size_t wg_peerindex_find(const struct wg_peerindex *index,
			 const uint8_t public_key[static WG_KEY_LEN])
{
	const struct wg_config *config = index->config;
	struct wg_hash_entry *entry = wg_hash_first(&index->hash, hash_of(index, public_key));

	/* These are public keys: the time that a comparison takes gives nothing away. */
	for (; entry; entry = wg_hash_next(entry)) {
		size_t i = (size_t)(entry - index->entries);

		if (!memcmp(config->peers[i].public_key, public_key, WG_KEY_LEN))
			return i;
	}
	return config->n_peers;
}
