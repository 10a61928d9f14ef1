#include "core/reserve.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "core/engine.h"
#include "crypto/secret.h"

/* The keys that a change removes. */
struct removals {
	const struct wg_config *config;
	struct wg_hash by_key;
	struct wg_hash_entry *entries; /* of config->peers; NULL: it removes none */
};

static uint64_t hash_of(const struct wg_device *device, const uint8_t *public_key)
{
	return wg_shorthash(device->hash_key, public_key, WG_KEY_LEN);
}

static size_t count(const struct wg_config *config, bool (*counts)(const struct wg_config_peer *))
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_peers; i++)
		n += counts(&config->peers[i]);
	return n;
}

static bool removes(const struct wg_config_peer *peer)
{
	return peer->remove;
}

static int find_removals(struct removals *removals, const struct wg_device *device,
			 const struct wg_config *config)
{
	size_t n = count(config, removes);

	*removals = (struct removals){.config = config};
	wg_hash_init(&removals->by_key);
	if (!n)
		return 0;
	removals->entries = calloc(config->n_peers, sizeof(*removals->entries));
	if (!removals->entries || wg_hash_reserve(&removals->by_key, n))
		return -ENOMEM;
	/* Backwards, since of two entries with one key the last added is found first. */
	for (size_t i = config->n_peers; i-- > 0;)
		if (config->peers[i].remove)
			wg_hash_insert(&removals->by_key, &removals->entries[i],
				       hash_of(device, config->peers[i].public_key));
	return 0;
}

/* The first place where the change removes that key; n_peers: it does not. */
static size_t first_removal(const struct removals *removals, const struct wg_device *device,
			    const uint8_t *public_key)
{
	const struct wg_config *config = removals->config;
	struct wg_hash_entry *entry = wg_hash_first(&removals->by_key, hash_of(device, public_key));

	for (; entry; entry = wg_hash_next(entry)) {
		size_t i = (size_t)(entry - removals->entries);

		if (wg_equal(config->peers[i].public_key, public_key, WG_KEY_LEN))
			return i;
	}
	return config->n_peers;
}

static struct wg_peer *find(const struct wg_reserve *reserve, const struct wg_device *device,
			    const uint8_t *public_key)
{
	struct wg_hash_entry *entry = wg_hash_first(&reserve->by_key, hash_of(device, public_key));

	for (; entry; entry = wg_hash_next(entry)) {
		struct wg_peer *peer = WG_CONTAINER_OF(entry, struct wg_peer, by_key);

		if (wg_equal(peer->remote.public_key, public_key, WG_KEY_LEN))
			return peer;
	}
	return NULL;
}

static int add(struct wg_reserve *reserve, const struct wg_device *device,
	       const uint8_t *public_key)
{
	struct wg_peer *peer = wg_peer_new(public_key);

	if (!peer)
		return -ENOMEM;
	wg_list_push(&reserve->peers, &peer->entry);
	wg_hash_insert(&reserve->by_key, &peer->by_key, hash_of(device, public_key));
	reserve->n++;
	return 0;
}

/* Goes through the change in its order. A peer that it removes somewhere may be there or
 * not when it is named: it gets one each time. n is how many there are in the end. */
static int add_all(struct wg_reserve *reserve, const struct wg_device *device,
		   const struct removals *removals)
{
	const struct wg_config *config = removals->config;
	size_t n = config->replace_peers ? 0 : device->peers_by_key.n;
	int err = 0;

	for (size_t i = 0; !err && i < config->n_peers; i++) {
		const uint8_t *key = config->peers[i].public_key;
		size_t removal = first_removal(removals, device, key);
		bool there = !config->replace_peers && wg_peer_find_key(device, key);

		if (config->peers[i].remove) {
			n -= there && removal == i;
		} else if (wg_reserve_creates(&config->peers[i]) &&
			   (removal < config->n_peers || (!there && !find(reserve, device, key)))) {
			n++;
			err = reserve->n < WG_MAX_PEERS ? add(reserve, device, key) : -ENOSPC;
		}
	}
	return err ?: n > WG_MAX_PEERS ? -ENOSPC : 0;
}

int wg_reserve_make(struct wg_reserve *reserve, const struct wg_device *device,
		    const struct wg_config *config)
{
	struct removals removals;
	int err = find_removals(&removals, device, config);

	*reserve = (struct wg_reserve){.n = 0};
	wg_list_init(&reserve->peers);
	wg_hash_init(&reserve->by_key);
	if (!err)
		err = wg_hash_reserve(&reserve->by_key, count(config, wg_reserve_creates) + 1);
	if (!err)
		err = add_all(reserve, device, &removals);
	wg_hash_deinit(&removals.by_key);
	free(removals.entries);
	return err;
}

struct wg_peer *wg_reserve_take(struct wg_reserve *reserve, const struct wg_device *device,
				const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_peer *peer = find(reserve, device, public_key);

	if (peer) {
		wg_list_remove(&peer->entry);
		wg_hash_remove(&reserve->by_key, &peer->by_key);
	}
	return peer;
}

void wg_reserve_release(struct wg_reserve *reserve)
{
	struct wg_list *entry;

	while ((entry = wg_list_pop(&reserve->peers)))
		wg_peer_free(NULL, WG_CONTAINER_OF(entry, struct wg_peer, entry));
	wg_hash_deinit(&reserve->by_key);
}
