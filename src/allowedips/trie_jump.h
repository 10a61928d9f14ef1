/* Jump tables, which make look-ups in a large trie fast.
 *
 * A node with many prefixes below it may have a table over the next `stride` bits of the
 * address. Each slot has the result of a walk through the nodes in between: the longest
 * prefix met (best) and the node to go on from (next). Tables only repeat what the nodes
 * say, so they may be dropped at any time and never fail anything. Only this folder
 * includes it. */
#ifndef WG_ALLOWEDIPS_TRIE_JUMP_H
#define WG_ALLOWEDIPS_TRIE_JUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "allowedips/trie_node.h"

struct wg_trie_jump {
	struct wg_trie_node *child[2];     /* the node's, whose place the table took */
	struct wg_allowedips_owner **best; /* NULL while no prefix ends within the table */
	uint32_t n_built;                  /* prefixes when the table was made */
	bool failed;                       /* memory ran out for best */
	struct wg_trie_node *next[];
};

/* Where a node's child is noted, whether or not it has a table. */
static inline struct wg_trie_node **wg_trie_jump_link(struct wg_trie_node *node, unsigned int side)
{
	return node->stride ? &node->jump->child[side] : &node->child[side];
}

/* The place of an address in a node's table. */
static inline size_t wg_trie_jump_slot(const struct wg_trie_node *node, struct wg_trie_key key)
{
	return wg_trie_key_slice(key, node->bits, node->stride);
}

/* Brings the tables above a prefix up to date after it, or its owner, or the nodes near
 * it changed; makes, resizes and drops tables as the number of prefixes asks for. */
void wg_trie_jump_update(struct wg_trie_node *root, struct wg_trie_key key, unsigned int bits);

/* Frees the node's own table, if it has one. */
void wg_trie_jump_drop(struct wg_trie_node *node);

/* Frees the tables of the node and of all below. */
void wg_trie_jump_drop_all(struct wg_trie_node *node);

#endif
