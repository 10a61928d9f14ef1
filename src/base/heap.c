#include "base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define LEAST_CAPACITY 8u

static void put(struct wg_heap *heap, size_t i, struct wg_heap_entry *entry)
{
	heap->entries[i] = entry;
	entry->place = i + 1;
}

static void sift_up(struct wg_heap *heap, size_t i)
{
	struct wg_heap_entry *entry = heap->entries[i];

	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (heap->entries[parent]->due <= entry->due)
			break;
		put(heap, i, heap->entries[parent]);
		i = parent;
	}
	put(heap, i, entry);
}

static void sift_down(struct wg_heap *heap, size_t i)
{
	struct wg_heap_entry *entry = heap->entries[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n &&
		    heap->entries[child + 1]->due < heap->entries[child]->due)
			child++;
		if (entry->due <= heap->entries[child]->due)
			break;
		put(heap, i, heap->entries[child]);
		i = child;
	}
	put(heap, i, entry);
}

static void withdraw(struct wg_heap *heap, struct wg_heap_entry *entry)
{
	size_t i = entry->place - 1;
	struct wg_heap_entry *last = heap->entries[--heap->n];

	entry->place = 0;
	if (last == entry)
		return;
	put(heap, i, last);
	sift_up(heap, i);
	sift_down(heap, last->place - 1);
}

static size_t capacity_for(size_t n)
{
	size_t capacity = LEAST_CAPACITY;

	while (capacity < n)
		capacity *= 2;
	return capacity;
}

static int resize(struct wg_heap *heap, size_t capacity)
{
	struct wg_heap_entry **entries = (struct wg_heap_entry **)reallocarray(
		(void *)heap->entries, capacity, sizeof(struct wg_heap_entry *));

	if (!entries)
		return -ENOMEM;
	heap->entries = entries;
	heap->capacity = capacity;
	return 0;
}

void wg_heap_init(struct wg_heap *heap)
{
	*heap = (struct wg_heap){0};
}

void wg_heap_deinit(struct wg_heap *heap)
{
	free((void *)heap->entries);
	*heap = (struct wg_heap){0};
}

int wg_heap_reserve(struct wg_heap *heap, size_t n)
{
	return n <= heap->capacity ? 0 : resize(heap, capacity_for(n));
}

void wg_heap_fit(struct wg_heap *heap, size_t n)
{
	if (heap->capacity / 4 >= capacity_for(n))
		(void)resize(heap, capacity_for(n));
}

void wg_heap_set(struct wg_heap *heap, struct wg_heap_entry *entry, wg_time due)
{
	if (due == WG_NEVER) {
		if (entry->place)
			withdraw(heap, entry);
		entry->due = WG_NEVER;
		return;
	}
	if (!entry->place) {
		assert(heap->n < heap->capacity);
		entry->due = due;
		put(heap, heap->n++, entry);
		sift_up(heap, entry->place - 1);
		return;
	}
	if (entry->due == due)
		return;
	entry->due = due;
	sift_up(heap, entry->place - 1);
	sift_down(heap, entry->place - 1);
}
