/* A binary trie for each family, path-compressed: a node is made only where a prefix
 * ends or where two part, so n prefixes take less than 2n nodes. Where there are many,
 * jump tables leap over most of them (trie_jump.h). */
#include "allowedips/allowedips.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allowedips/trie_jump.h"
#include "allowedips/trie_node.h"
#include "base/bytes.h"

/* Nodes that one insertion takes at most: the prefix and a fork above it. */
#define NODES_PER_INSERT 2u

struct wg_allowedips {
	struct wg_trie_node *ipv4;
	struct wg_trie_node *ipv6;
	struct wg_trie_store store;
};

static struct wg_trie_key key_of4(const uint8_t ip[static 4])
{
	return (struct wg_trie_key){.hi = (uint64_t)wg_load_be32(ip) << 32};
}

static struct wg_trie_key key_of6(const uint8_t ip[static 16])
{
	return (struct wg_trie_key){.hi = wg_load_be64(ip), .lo = wg_load_be64(ip + 8)};
}

static struct wg_trie_key key_of(const struct wg_prefix *prefix)
{
	assert(wg_family_len(prefix->ip.family) &&
	       prefix->bits <= wg_family_bits(prefix->ip.family));
	return wg_trie_key_masked(prefix->ip.family == WG_FAMILY_IPV6 ? key_of6(prefix->ip.bytes)
								      : key_of4(prefix->ip.bytes),
				  prefix->bits);
}

static struct wg_trie_node **root_of(struct wg_allowedips *table, bool is_ipv6)
{
	return is_ipv6 ? &table->ipv6 : &table->ipv4;
}

static bool holds(const struct wg_trie_node *node, struct wg_trie_key key)
{
	return wg_trie_key_agree(node->key, key, node->bits);
}

static struct wg_trie_node **child_towards(struct wg_trie_node *node, struct wg_trie_key key)
{
	return wg_trie_jump_link(node, wg_trie_key_bit(key, node->bits));
}

/* Where the prefix is or, if it is not there, where it belongs: the link to the first node
 * on its way that is as long, or that does not hold it. */
static struct wg_trie_node **find(struct wg_trie_node **link, struct wg_trie_key key,
				  unsigned int bits)
{
	while (*link && (*link)->bits < bits && holds(*link, key))
		link = child_towards(*link, key);
	return link;
}

static bool is_at(const struct wg_trie_node *node, struct wg_trie_key key, unsigned int bits)
{
	return node && node->bits == bits && holds(node, key);
}

/* Adds to the count of every node from the root to the prefix. */
static void count(struct wg_trie_node *node, struct wg_trie_key key, unsigned int bits, int change)
{
	while (node && node->bits <= bits && holds(node, key)) {
		node->n += (uint32_t)change;
		node = *child_towards(node, key);
	}
}

/* Puts node in front of what is at link: above it, beside it under a fork, or alone. */
static void place(struct wg_trie_node **link, struct wg_trie_node *node, struct wg_trie_node *fork)
{
	struct wg_trie_node *other = *link;
	unsigned int common;

	*link = node;
	if (!other)
		return;
	common = wg_trie_key_common(node->key, other->key);
	if (common < node->bits) {
		assert(fork);
		fork->key = wg_trie_key_masked(node->key, common);
		fork->bits = (uint8_t)common;
		fork->n = other->n;
		*child_towards(fork, node->key) = node;
		*child_towards(fork, other->key) = other;
		*link = fork;
	} else {
		node->n = other->n;
		*child_towards(node, other->key) = other;
	}
}

static bool needs_fork(const struct wg_trie_node *other, struct wg_trie_key key, unsigned int bits)
{
	return other && wg_trie_key_common(key, other->key) < bits;
}

/* A node for the prefix, linked in; NULL when memory is out. */
static struct wg_trie_node *add(struct wg_allowedips *table, struct wg_trie_node **link,
				struct wg_trie_key key, unsigned int bits)
{
	struct wg_trie_node *node;
	struct wg_trie_node *fork = NULL;

	node = wg_trie_node_new(&table->store);
	if (!node)
		return NULL;
	if (needs_fork(*link, key, bits)) {
		fork = wg_trie_node_new(&table->store);
		if (!fork) {
			wg_trie_node_free(&table->store, node);
			return NULL;
		}
	}
	node->key = key;
	node->bits = (uint8_t)bits;
	place(link, node, fork);
	return node;
}

/* Takes the node at link out where nothing needs it any more. */
static void prune(struct wg_allowedips *table, struct wg_trie_node **link)
{
	struct wg_trie_node *node = *link;

	if (node->owner || (*wg_trie_jump_link(node, 0) && *wg_trie_jump_link(node, 1)))
		return;
	wg_trie_jump_drop(node);
	*link = node->child[0] ? node->child[0] : node->child[1];
	wg_trie_node_free(&table->store, node);
}

/* Takes a prefix, which must be there, out of the trie. */
static void erase(struct wg_allowedips *table, const struct wg_trie_node *node)
{
	struct wg_trie_node **root = root_of(table, node->is_ipv6);
	struct wg_trie_node **above = root;
	struct wg_trie_node **link = root;
	struct wg_trie_key key = node->key;
	unsigned int bits = node->bits;

	count(*root, key, bits, -1);
	while (*link != node) {
		assert(*link);
		above = link;
		link = child_towards(*link, key);
	}
	(*link)->owner = NULL;
	prune(table, link);
	if (above != link)
		prune(table, above);
	wg_trie_jump_update(*root, key, bits);
}

static void disown(struct wg_trie_node *node)
{
	node->owner->n--;
	wg_list_remove(&node->entry);
}

static void own(struct wg_trie_node *node, struct wg_allowedips_owner *owner)
{
	node->owner = owner;
	wg_list_push(&owner->prefixes, &node->entry);
	owner->n++;
}

/* Always inlined with a constant is_ipv6: IPv4 needs a third of the arithmetic. The owners
 * are chosen without branches, for a load that misses the cache should not wait for a wrong
 * guess to be put right. */
static inline __attribute__((always_inline)) struct wg_allowedips_owner *
look_up(const struct wg_trie_node *node, struct wg_trie_key key, bool is_ipv6)
{
	struct wg_allowedips_owner *found = NULL;

	while (node) {
		if (is_ipv6 ? !wg_trie_key_agree(node->key, key, node->bits)
			    : !wg_trie_key_agree4(node->key, key, node->bits))
			break;
		found = node->owner ? node->owner : found;
		if (node->n == 1 && node->owner)
			break; /* nothing is below, as most often */
		if (!node->stride) {
			node = node->child[wg_trie_key_bit(key, node->bits)];
		} else {
			const struct wg_trie_jump *jump = node->jump;
			size_t slot = wg_trie_jump_slot(node, key);

			if (jump->best)
				found = jump->best[slot] ? jump->best[slot] : found;
			node = jump->next[slot];
		}
	}
	return found;
}

void wg_allowedips_owner_init(struct wg_allowedips_owner *owner)
{
	wg_list_init(&owner->prefixes);
	owner->n = 0;
}

struct wg_allowedips *wg_allowedips_new(void)
{
	struct wg_allowedips *table = calloc(1, sizeof(*table));

	if (table)
		wg_trie_store_init(&table->store);
	return table;
}

void wg_allowedips_free(struct wg_allowedips *table)
{
	if (!table)
		return;
	wg_trie_jump_drop_all(table->ipv4);
	wg_trie_jump_drop_all(table->ipv6);
	wg_trie_store_deinit(&table->store);
	free(table);
}

int wg_allowedips_reserve(struct wg_allowedips *table, size_t n)
{
	if (n > SIZE_MAX / NODES_PER_INSERT)
		return -ENOMEM;
	return wg_trie_store_reserve(&table->store, n * NODES_PER_INSERT);
}

int wg_allowedips_insert(struct wg_allowedips *table, const struct wg_prefix *prefix,
			 struct wg_allowedips_owner *owner, struct wg_allowedips_owner **previous)
{
	bool is_ipv6 = prefix->ip.family == WG_FAMILY_IPV6;
	struct wg_trie_key key = key_of(prefix);
	struct wg_trie_node **root = root_of(table, is_ipv6);
	struct wg_trie_node **link = find(root, key, prefix->bits);
	struct wg_trie_node *node = *link;

	if (previous)
		*previous = NULL;
	if (!is_at(node, key, prefix->bits)) {
		node = add(table, link, key, prefix->bits);
		if (!node)
			return -ENOMEM;
	}
	if (!node->owner) {
		node->is_ipv6 = is_ipv6;
		count(*root, key, prefix->bits, 1);
	} else {
		if (previous && node->owner != owner)
			*previous = node->owner;
		disown(node);
	}
	own(node, owner);
	wg_trie_jump_update(*root, key, prefix->bits);
	wg_trie_store_charge(&table->store, NODES_PER_INSERT);
	return 0;
}

bool wg_allowedips_remove(struct wg_allowedips *table, const struct wg_prefix *prefix,
			  struct wg_allowedips_owner *owner)
{
	struct wg_trie_key key = key_of(prefix);
	struct wg_trie_node **root = root_of(table, prefix->ip.family == WG_FAMILY_IPV6);
	struct wg_trie_node *node = *find(root, key, prefix->bits);

	if (!is_at(node, key, prefix->bits) || node->owner != owner)
		return false;
	disown(node);
	erase(table, node);
	return true;
}

void wg_allowedips_remove_all(struct wg_allowedips *table, struct wg_allowedips_owner *owner)
{
	struct wg_list *entry;

	while ((entry = wg_list_pop(&owner->prefixes)))
		erase(table, WG_CONTAINER_OF(entry, struct wg_trie_node, entry));
	owner->n = 0;
}

struct wg_allowedips_owner *wg_allowedips_lookup4(const struct wg_allowedips *table,
						  const uint8_t ip[static 4])
{
	return look_up(table->ipv4, key_of4(ip), false);
}

struct wg_allowedips_owner *wg_allowedips_lookup6(const struct wg_allowedips *table,
						  const uint8_t ip[static 16])
{
	return look_up(table->ipv6, key_of6(ip), true);
}

bool wg_allowedips_next(const struct wg_allowedips_owner *owner, const struct wg_list **cursor,
			struct wg_prefix *prefix)
{
	const struct wg_trie_node *node;

	*cursor = *cursor ? (*cursor)->next : owner->prefixes.next;
	if (*cursor == &owner->prefixes)
		return false;
	node = WG_CONTAINER_OF(*cursor, const struct wg_trie_node, entry);
	*prefix = (struct wg_prefix){.bits = node->bits};
	prefix->ip.family = node->is_ipv6 ? WG_FAMILY_IPV6 : WG_FAMILY_IPV4;
	if (node->is_ipv6) {
		wg_store_be64(prefix->ip.bytes, node->key.hi);
		wg_store_be64(prefix->ip.bytes + 8, node->key.lo);
	} else {
		wg_store_be32(prefix->ip.bytes, (uint32_t)(node->key.hi >> 32));
	}
	return true;
}
