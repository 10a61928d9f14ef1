/* A binary min-heap of deadlines. Entries are embedded in what they wake, and
 * know their own place, so a deadline can be moved or withdrawn in O(log n). */
#ifndef WG_BASE_HEAP_H
#define WG_BASE_HEAP_H

#include <stddef.h>

#include "base/time.h"

struct wg_heap_entry {
	wg_time due;
	size_t place; /* index in the heap plus one; 0 while it is not in it */
};

struct wg_heap {
	struct wg_heap_entry **entries;
	size_t n;
	size_t capacity;
};

void wg_heap_init(struct wg_heap *heap);

/* Frees the heap's own memory; the entries are their owners'. */
void wg_heap_deinit(struct wg_heap *heap);

/* Makes room for n entries in all, so that wg_heap_set cannot fail up to
 * there. 0, or -ENOMEM. */
int wg_heap_reserve(struct wg_heap *heap, size_t n);

/* Gives back room that n entries (no fewer than there are) do not need, where that is most
 * of it. */
void wg_heap_fit(struct wg_heap *heap, size_t n);

/* Sets an entry's deadline, inserting or withdrawing (WG_NEVER) it as needed.
 * Room must have been reserved. */
void wg_heap_set(struct wg_heap *heap, struct wg_heap_entry *entry, wg_time due);

/* The entry with the earliest deadline, or NULL. It stays in the heap. */
static inline struct wg_heap_entry *wg_heap_first(const struct wg_heap *heap)
{
	return heap->n ? heap->entries[0] : NULL;
}

/* The earliest deadline, or WG_NEVER. */
static inline wg_time wg_heap_due(const struct wg_heap *heap)
{
	return heap->n ? heap->entries[0]->due : WG_NEVER;
}

#endif
