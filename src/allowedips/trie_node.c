/* Nodes come in slabs that double in size, so a small table is small and a large one lies
 * in few, large pieces. A slab's first place is its header; a node knows its own place and
 * thereby its slab. All empty slabs except for one go when their last node does. */
#include "allowedips/trie_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"

#define FIRST_PLACES 32u
#define MAX_PLACES   32768u
#define CACHE_LINE   64u
#define HUGE_PAGE    ((size_t)2 << 20)

struct slab {
	struct wg_list entry; /* in usable while a node is free, otherwise in full */
	struct wg_trie_node *free;
	uint32_t n_places; /* with the header's */
	uint32_t n_fresh;  /* places from here on were never handed out */
	uint32_t n_used;   /* nodes handed out */
};
static_assert(sizeof(struct slab) <= sizeof(struct wg_trie_node), "the header takes one place");

static struct wg_trie_node *place_of(struct slab *slab, uint32_t place)
{
	return (struct wg_trie_node *)(void *)slab + place;
}

static struct slab *slab_of(struct wg_trie_node *node)
{
	return (struct slab *)(void *)(node - node->place);
}

static struct slab *entry_slab(struct wg_list *entry)
{
	return WG_CONTAINER_OF(entry, struct slab, entry);
}

static int grow(struct wg_trie_store *store)
{
	size_t n_places = FIRST_PLACES;
	struct slab *slab;

	while (n_places < store->n_nodes && n_places < MAX_PLACES)
		n_places *= 2;
	slab = wg_trie_memory_new(n_places * sizeof(struct wg_trie_node));
	if (!slab)
		return -ENOMEM;
	*slab = (struct slab){.n_places = (uint32_t)n_places, .n_fresh = 1};
	wg_list_push(&store->usable, &slab->entry);
	store->n_nodes += n_places - 1;
	store->n_free += n_places - 1;
	return 0;
}

/* An empty slab stays while there is little else: a prefix that comes and goes should
 * not make it come and go. */
static bool may_go(const struct wg_trie_store *store, const struct slab *slab)
{
	size_t n_nodes = slab->n_places - 1;
	size_t others = store->n_free - n_nodes;

	return slab->n_used == 0 && others >= store->n_promised &&
	       (others >= n_nodes / 4 || store->n_free == store->n_nodes);
}

static void give_back(struct wg_trie_store *store, struct slab *slab)
{
	store->n_nodes -= slab->n_places - 1;
	store->n_free -= slab->n_places - 1;
	wg_list_remove(&slab->entry);
	free(slab);
}

static void trim(struct wg_trie_store *store)
{
	struct wg_list *pos;
	struct wg_list *tmp;

	wg_list_for_each_safe (pos, tmp, &store->usable)
		if (may_go(store, entry_slab(pos)))
			give_back(store, entry_slab(pos));
}

static void free_list(struct wg_list *slabs)
{
	struct wg_list *pos;
	struct wg_list *tmp;

	wg_list_for_each_safe (pos, tmp, slabs)
		free(entry_slab(pos));
}

void wg_trie_store_init(struct wg_trie_store *store)
{
	*store = (struct wg_trie_store){.n_nodes = 0};
	wg_list_init(&store->usable);
	wg_list_init(&store->full);
}

void wg_trie_store_deinit(struct wg_trie_store *store)
{
	free_list(&store->usable);
	free_list(&store->full);
}

int wg_trie_store_reserve(struct wg_trie_store *store, size_t n)
{
	while (store->n_free < n)
		if (grow(store))
			return -ENOMEM;
	store->n_promised = n;
	trim(store);
	return 0;
}

void wg_trie_store_charge(struct wg_trie_store *store, size_t n)
{
	if (store->n_promised == 0)
		return;
	store->n_promised -= n < store->n_promised ? n : store->n_promised;
	if (store->n_promised == 0)
		trim(store);
}

struct wg_trie_node *wg_trie_node_new(struct wg_trie_store *store)
{
	struct wg_trie_node *node;
	struct slab *slab;
	uint32_t place;

	if (wg_list_empty(&store->usable) && grow(store))
		return NULL;
	slab = entry_slab(store->usable.next);
	node = slab->free;
	if (node)
		slab->free = node->child[0];
	else
		node = place_of(slab, slab->n_fresh++);
	place = (uint32_t)(node - place_of(slab, 0));
	*node = (struct wg_trie_node){.place = (uint16_t)place};
	wg_list_init(&node->entry);
	store->n_free--;
	if (++slab->n_used == slab->n_places - 1) {
		wg_list_remove(&slab->entry);
		wg_list_push(&store->full, &slab->entry);
	}
	return node;
}

void wg_trie_node_free(struct wg_trie_store *store, struct wg_trie_node *node)
{
	struct slab *slab = slab_of(node);

	if (slab->n_used-- == slab->n_places - 1) {
		wg_list_remove(&slab->entry);
		wg_list_push(&store->usable, &slab->entry);
	}
	node->child[0] = slab->free;
	slab->free = node;
	store->n_free++;
	if (store->n_free == store->n_nodes)
		trim(store);
	else if (may_go(store, slab))
		give_back(store, slab);
}

void *wg_trie_memory_new(size_t size)
{
	size_t alignment = size < HUGE_PAGE ? CACHE_LINE : HUGE_PAGE;
	void *memory;

	size = (size + alignment - 1) / alignment * alignment;
	memory = aligned_alloc(alignment, size);
	/* A wish: without huge pages it is slower, no more. */
	if (memory && size >= HUGE_PAGE)
		madvise(memory, size, MADV_HUGEPAGE);
	return memory;
}
