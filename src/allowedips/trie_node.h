/* Nodes of the allowed-IPs trie, and the store they come from. Only this folder includes
 * it. */
#ifndef WG_ALLOWEDIPS_TRIE_NODE_H
#define WG_ALLOWEDIPS_TRIE_NODE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allowedips/trie_key.h"
#include "base/list.h"

struct wg_allowedips_owner;
struct wg_trie_jump;

/* A prefix; its children are longer ones inside it. A node without an owner only parts two
 * children. One cache line, because a look-up pays for each that it touches. */
struct wg_trie_node {
	struct wg_trie_key key; /* bits after the prefix are zero */
	struct wg_allowedips_owner *owner;
	union {
		struct wg_trie_node *child[2]; /* by the first bit after the prefix */
		struct wg_trie_jump *jump;     /* if stride > 0; has the children then */
	};
	uint32_t n;           /* prefixes with an owner, here and below */
	uint8_t bits;         /* the prefix' length */
	uint8_t stride : 7;   /* bits that the jump table looks at; 0: there is none */
	uint8_t is_ipv6 : 1;  /* valid where there is an owner */
	uint16_t place;       /* in its slab, see trie_node.c */
	struct wg_list entry; /* in the owner's list */
};
static_assert(sizeof(void *) != 8 || sizeof(struct wg_trie_node) == 64, "one cache line");

struct wg_trie_store {
	struct wg_list usable; /* slabs with a free node */
	struct wg_list full;
	size_t n_nodes;    /* in all slabs */
	size_t n_free;     /* of them */
	size_t n_promised; /* free ones that wg_trie_store_reserve() promised */
};

void wg_trie_store_init(struct wg_trie_store *store);
/* Frees all nodes at once. */
void wg_trie_store_deinit(struct wg_trie_store *store);

/* Keeps n nodes free, so that taking them cannot fail; n replaces what was promised
 * before, so 0 gives unused room back. 0 or -ENOMEM. */
int wg_trie_store_reserve(struct wg_trie_store *store, size_t n);

/* n of the promised nodes were taken, or are not needed after all. */
void wg_trie_store_charge(struct wg_trie_store *store, size_t n);

/* A zeroed node, or NULL: out of memory. */
struct wg_trie_node *wg_trie_node_new(struct wg_trie_store *store);
void wg_trie_node_free(struct wg_trie_store *store, struct wg_trie_node *node);

/* Memory for nodes and tables, aligned to cache lines, and on huge pages if it is large:
 * look-ups in a large table miss the TLB as often as the cache. To be freed with free(). */
void *wg_trie_memory_new(size_t size);

#endif
