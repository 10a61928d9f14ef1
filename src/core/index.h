/* Session indices: random 32-bit numbers, unique over all handshakes and sessions of a
 * device that are alive. Messages name their receiver by them. Only this folder includes
 * it. */
#ifndef WG_CORE_INDEX_H
#define WG_CORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/random.h"

struct wg_peer;
struct wg_keypair;

/* Embedded in a peer (for its handshake) and in each of its keypairs. */
struct wg_index_entry {
	struct wg_hash_entry hash;
	struct wg_peer *peer;       /* NULL while it is not in the table */
	struct wg_keypair *keypair; /* NULL for a handshake */
	uint32_t index;
};

/* Puts entry in the table under a fresh random index. Its peer must be set. */
void wg_index_new(struct wg_hash *table, struct wg_index_entry *entry, struct wg_peer *peer,
		  const struct wg_random *random);

/* Takes entry out, if it is in. */
void wg_index_remove(struct wg_hash *table, struct wg_index_entry *entry);

/* to takes the index over from from. */
void wg_index_move(struct wg_hash *table, struct wg_index_entry *to, struct wg_index_entry *from);

/* NULL: no such index. */
struct wg_index_entry *wg_index_find(const struct wg_hash *table, uint32_t index);

#endif
