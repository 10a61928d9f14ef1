/* Which nodes have a table:
 *
 *   - only one that a look-up comes by: none that a table above leaps over;
 *   - with MIN_PREFIXES below it or more, and not nearly all of them on one side:
 *     otherwise the table's other half would be empty, and one step down is cheaper;
 *   - of twice as many slots as prefixes, so that nearly every slot leads straight to
 *     the last node; made anew when that has changed by much, which is linear in the
 *     prefixes and happens after as many changes.
 *
 * Adding a prefix refills the slots under it: one for a long prefix, many for a short.
 * There are as many prefixes of a length as there are times to refill all slots. */
#include "allowedips/trie_jump.h"

#include <stdlib.h>
#include <string.h>

#define MIN_PREFIXES 64u
#define MIN_SHARE    16u /* the smaller side has at least one in so many */
#define MAX_STRIDE   24u
#define SLOT_BYTES   sizeof(void *)
#define SPARE_STRIDE 2u /* slots are 2^this to 2^(this + 1) times the prefixes */

static unsigned int end_of(const struct wg_trie_node *node)
{
	return node->bits + node->stride;
}

static struct wg_trie_node *child(struct wg_trie_node *node, unsigned int side)
{
	return *wg_trie_jump_link(node, side);
}

static struct wg_trie_node *child_towards(struct wg_trie_node *node, struct wg_trie_key key)
{
	return child(node, wg_trie_key_bit(key, node->bits));
}

static bool fits(const struct wg_trie_node *node)
{
	return node->n <= 2 * node->jump->n_built && node->n >= node->jump->n_built / 4;
}

static bool deserves_table(struct wg_trie_node *node)
{
	struct wg_trie_node *left = child(node, 0);
	struct wg_trie_node *right = child(node, 1);

	return node->n >= MIN_PREFIXES && left && right && left->n >= node->n / MIN_SHARE &&
	       right->n >= node->n / MIN_SHARE;
}

/* The length of a typical prefix below: no table needs to reach past it. */
static unsigned int typical_bits(struct wg_trie_node *node)
{
	for (;;) {
		struct wg_trie_node *left = child(node, 0);
		struct wg_trie_node *right = child(node, 1);

		if (!left && !right)
			return node->bits;
		node = !right || (left && left->n > right->n) ? left : right;
	}
}

static unsigned int choose_stride(struct wg_trie_node *node)
{
	unsigned int longest = typical_bits(node) - node->bits;
	unsigned int stride = 1;

	while (stride < MAX_STRIDE && stride < longest &&
	       ((size_t)1 << stride >> SPARE_STRIDE) < node->n)
		stride++;
	return stride;
}

static bool make_best(struct wg_trie_node *node)
{
	struct wg_trie_jump *jump = node->jump;
	size_t size = SLOT_BYTES << node->stride;

	if (jump->best)
		return true;
	jump->best = wg_trie_memory_new(size);
	if (jump->best)
		memset(jump->best, 0, size);
	else
		jump->failed = true;
	return jump->best;
}

static void set(struct wg_trie_node *top, size_t from, size_t to, struct wg_allowedips_owner *best)
{
	struct wg_trie_jump *jump = top->jump;

	if (from == to)
		return;
	memset(&jump->next[from], 0, (to - from) * SLOT_BYTES);
	if ((best || jump->best) && make_best(top))
		for (size_t i = from; i < to; i++)
			jump->best[i] = best;
}

/* Fills the slots from..to, which are those of one prefix: node is the first within
 * this prefix, or NULL, and best the owner of what was met on the way to it. */
static void fill(struct wg_trie_node *top, size_t from, size_t to, struct wg_trie_node *node,
		 struct wg_allowedips_owner *best)
{
	size_t at;
	size_t half;

	if (!node) {
		set(top, from, to, best);
		return;
	}
	at = wg_trie_jump_slot(top, node->key);
	if (node->bits >= end_of(top)) {
		set(top, from, to, best);
		top->jump->next[at] = node;
		return;
	}
	wg_trie_jump_drop(node);
	half = (size_t)1 << (end_of(top) - node->bits - 1);
	set(top, from, at, best);
	set(top, at + 2 * half, to, best);
	if (node->owner)
		best = node->owner;
	__builtin_prefetch(node->child[1]);
	fill(top, at, at + half, node->child[0], best);
	fill(top, at + half, at + 2 * half, node->child[1], best);
}

static void fill_below(struct wg_trie_node *top)
{
	size_t half = (size_t)1 << (top->stride - 1);

	fill(top, 0, half, child(top, 0), NULL);
	fill(top, half, 2 * half, child(top, 1), NULL);
}

/* Refills the slots of one prefix, which is inside top's. */
static void refill(struct wg_trie_node *top, struct wg_trie_key key, unsigned int bits)
{
	unsigned int end = end_of(top);
	struct wg_trie_node *node = child_towards(top, key);
	struct wg_allowedips_owner *best = NULL;
	size_t from;

	if (bits > end)
		bits = end;
	while (node && node->bits < bits && wg_trie_key_agree(node->key, key, node->bits)) {
		if (node->owner)
			best = node->owner;
		node = child_towards(node, key);
	}
	if (node && !wg_trie_key_agree(node->key, key, bits))
		node = NULL;
	from = wg_trie_jump_slot(top, key) >> (end - bits) << (end - bits);
	fill(top, from, from + ((size_t)1 << (end - bits)), node, best);
	if (top->jump->failed)
		wg_trie_jump_drop(top);
}

static bool build(struct wg_trie_node *node)
{
	unsigned int stride = choose_stride(node);
	struct wg_trie_jump *jump = wg_trie_memory_new(sizeof(*jump) + (SLOT_BYTES << stride));

	if (!jump)
		return false;
	*jump = (struct wg_trie_jump){{node->child[0], node->child[1]}, NULL, node->n, false};
	node->jump = jump;
	node->stride = (uint8_t)(stride & 0x7f);
	fill_below(node);
	if (jump->failed) {
		wg_trie_jump_drop(node);
		return false;
	}
	return true;
}

/* Sees to the tables from node downwards, down to where a table stands that fits. */
static void plan(struct wg_trie_node *node)
{
	if (!node || (node->stride && fits(node)))
		return;
	wg_trie_jump_drop(node);
	if (node->n < MIN_PREFIXES)
		return;
	if (deserves_table(node) && build(node)) {
		for (size_t i = 0; i >> node->stride == 0; i++)
			plan(node->jump->next[i]);
	} else {
		plan(node->child[0]);
		plan(node->child[1]);
	}
}

void wg_trie_jump_update(struct wg_trie_node *root, struct wg_trie_key key, unsigned int bits)
{
	unsigned int covered = 0; /* a table above leaps over nodes shorter than this */

	for (struct wg_trie_node *node = root; node; node = child_towards(node, key)) {
		bool above = node->bits < bits && wg_trie_key_agree(node->key, key, node->bits);

		if (node->bits >= covered) {
			if (node->stride ? !fits(node) : deserves_table(node))
				plan(node);
			else if (node->stride && above)
				refill(node, key, bits);
			if (node->stride)
				covered = end_of(node);
		}
		if (!above)
			break;
	}
}

void wg_trie_jump_drop(struct wg_trie_node *node)
{
	struct wg_trie_jump *jump = node->jump;

	if (!node->stride)
		return;
	node->stride = 0;
	node->child[0] = jump->child[0];
	node->child[1] = jump->child[1];
	free(jump->best);
	free(jump);
}

void wg_trie_jump_drop_all(struct wg_trie_node *node)
{
	/* With fewer it does not fit, see fits(). */
	if (!node || node->n < MIN_PREFIXES / 4)
		return;
	wg_trie_jump_drop(node);
	wg_trie_jump_drop_all(node->child[0]);
	wg_trie_jump_drop_all(node->child[1]);
}
