/* A chained hash table of intrusive entries. The caller computes hashes (keyed where
 * strangers choose the keys) and compares keys; the table only finds candidates. */
#ifndef WG_BASE_HASH_H
#define WG_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct wg_hash_entry {
	struct wg_hash_entry *next;
	uint64_t hash;
};

struct wg_hash {
	struct wg_hash_entry **buckets;
	size_t n_buckets; /* a power of two, or 0 */
	size_t n;
};

void wg_hash_init(struct wg_hash *hash);

/* Frees the buckets; the entries are their owners'. */
void wg_hash_deinit(struct wg_hash *hash);

/* Makes buckets for n entries in all. 0 or -ENOMEM; without it the table is still
 * right, only slower, but it must have been called once with n > 0. */
int wg_hash_reserve(struct wg_hash *hash, size_t n);

/* Makes do with fewer buckets for n entries (no less than there are), where there are more
 * than four times as many as it takes. Without memory it stays as it is. */
void wg_hash_fit(struct wg_hash *hash, size_t n);

void wg_hash_insert(struct wg_hash *hash, struct wg_hash_entry *entry, uint64_t value);

/* Takes out an entry that is in the table. */
void wg_hash_remove(struct wg_hash *hash, struct wg_hash_entry *entry);

/* The first entry of this hash value, and the next one after it; NULL at the end. */
struct wg_hash_entry *wg_hash_first(const struct wg_hash *hash, uint64_t value);
struct wg_hash_entry *wg_hash_next(const struct wg_hash_entry *entry);

#endif
