#include "core/index.h"

#include <assert.h>
#include <stddef.h>

#include "base/bytes.h"

struct wg_index_entry *wg_index_find(const struct wg_hash *table, uint32_t index)
{
	/* The index is its own hash: it was drawn at random, by us. */
	struct wg_hash_entry *entry = wg_hash_first(table, index);

	return entry ? WG_CONTAINER_OF(entry, struct wg_index_entry, hash) : NULL;
}

void wg_index_new(struct wg_hash *table, struct wg_index_entry *entry, struct wg_peer *peer,
		  const struct wg_random *random)
{
	wg_index_remove(table, entry);
	do
		entry->index = wg_random_u32(random);
	while (wg_index_find(table, entry->index));
	entry->peer = peer;
	wg_hash_insert(table, &entry->hash, entry->index);
}

void wg_index_remove(struct wg_hash *table, struct wg_index_entry *entry)
{
	if (!entry->peer)
		return;
	wg_hash_remove(table, &entry->hash);
	entry->peer = NULL;
}

void wg_index_move(struct wg_hash *table, struct wg_index_entry *to, struct wg_index_entry *from)
{
	struct wg_peer *peer = from->peer;

	assert(peer && !to->peer);
	wg_index_remove(table, from);
	to->index = from->index;
	to->peer = peer;
	wg_hash_insert(table, &to->hash, to->index);
}
