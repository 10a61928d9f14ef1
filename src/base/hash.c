#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

#define LEAST_BUCKETS 8u

static struct wg_hash_entry **bucket(const struct wg_hash *hash, uint64_t value)
{
	return &hash->buckets[value & (hash->n_buckets - 1)];
}

static struct wg_hash_entry *match(struct wg_hash_entry *entry, uint64_t value)
{
	while (entry && entry->hash != value)
		entry = entry->next;
	return entry;
}

static void link_entry(struct wg_hash *hash, struct wg_hash_entry *entry)
{
	struct wg_hash_entry **head = bucket(hash, entry->hash);

	entry->next = *head;
	*head = entry;
}

static size_t buckets_for(size_t n)
{
	size_t n_buckets = LEAST_BUCKETS;

	while (n_buckets < n)
		n_buckets *= 2;
	return n_buckets;
}

static int resize(struct wg_hash *hash, size_t n_buckets)
{
	struct wg_hash old = *hash;

	hash->buckets = (struct wg_hash_entry **)calloc(n_buckets, sizeof(struct wg_hash_entry *));
	if (!hash->buckets) {
		*hash = old;
		return -ENOMEM;
	}
	hash->n_buckets = n_buckets;
	for (size_t i = 0; i < old.n_buckets; i++) {
		while (old.buckets[i]) {
			struct wg_hash_entry *entry = old.buckets[i];

			old.buckets[i] = entry->next;
			link_entry(hash, entry);
		}
	}
	free((void *)old.buckets);
	return 0;
}

void wg_hash_init(struct wg_hash *hash)
{
	*hash = (struct wg_hash){0};
}

void wg_hash_deinit(struct wg_hash *hash)
{
	free((void *)hash->buckets);
	*hash = (struct wg_hash){0};
}

int wg_hash_reserve(struct wg_hash *hash, size_t n)
{
	return n <= hash->n_buckets ? 0 : resize(hash, buckets_for(n));
}

void wg_hash_fit(struct wg_hash *hash, size_t n)
{
	if (hash->n_buckets / 4 >= buckets_for(n))
		(void)resize(hash, buckets_for(n));
}

void wg_hash_insert(struct wg_hash *hash, struct wg_hash_entry *entry, uint64_t value)
{
	entry->hash = value;
	link_entry(hash, entry);
	hash->n++;
}

void wg_hash_remove(struct wg_hash *hash, struct wg_hash_entry *entry)
{
	struct wg_hash_entry **pos = bucket(hash, entry->hash);

	while (*pos != entry)
		pos = &(*pos)->next;
	*pos = entry->next;
	entry->next = NULL;
	hash->n--;
}

struct wg_hash_entry *wg_hash_first(const struct wg_hash *hash, uint64_t value)
{
	return hash->n_buckets ? match(*bucket(hash, value), value) : NULL;
}

struct wg_hash_entry *wg_hash_next(const struct wg_hash_entry *entry)
{
	return match(entry->next, entry->hash);
}
