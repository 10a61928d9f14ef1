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

/* Makes buckets for n entries in all. 0 or -ENOMEM. It must have been called once with n >
 * 0; with more entries than room was made for, the table is slower, but still right. */
int wg_hash_reserve(struct wg_hash *hash, size_t n);

/* Gives buckets back where there are more than four times as many as n entries need (no
 * fewer entries than there are). Without memory for the smaller table nothing changes. */
void wg_hash_fit(struct wg_hash *hash, size_t n);

void wg_hash_insert(struct wg_hash *hash, struct wg_hash_entry *entry, uint64_t value);

/* Takes out an entry that is in the table. */
void wg_hash_remove(struct wg_hash *hash, struct wg_hash_entry *entry);

/* The first entry of this hash value, and the next one after it; NULL at the end. */
struct wg_hash_entry *wg_hash_first(const struct wg_hash *hash, uint64_t value);
struct wg_hash_entry *wg_hash_next(const struct wg_hash_entry *entry);

#endif
