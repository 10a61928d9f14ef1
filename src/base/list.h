/* A circular, doubly linked, intrusive list. An entry that is initialised and on
 * no list points at itself, so removing it twice is harmless. */
#ifndef WG_BASE_LIST_H
#define WG_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct wg_list {
	struct wg_list *next;
	struct wg_list *prev;
};

static inline void wg_list_init(struct wg_list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool wg_list_empty(const struct wg_list *list)
{
	return list->next == list;
}

/* Puts entry at the end of list. */
static inline void wg_list_push(struct wg_list *list, struct wg_list *entry)
{
	entry->prev = list->prev;
	entry->next = list;
	list->prev->next = entry;
	list->prev = entry;
}

/* Takes entry off whatever list it is on. */
static inline void wg_list_remove(struct wg_list *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	wg_list_init(entry);
}

/* The first entry, taken off the list; NULL when it is empty. */
static inline struct wg_list *wg_list_pop(struct wg_list *list)
{
	struct wg_list *entry = list->next;

	if (entry == list)
		return NULL;
	wg_list_remove(entry);
	return entry;
}

#define wg_list_for_each(pos, list) for ((pos) = (list)->next; (pos) != (list); (pos) = (pos)->next)

/* As above, but pos may be removed in the body. */
#define wg_list_for_each_safe(pos, tmp, list)                            \
	for ((pos) = (list)->next, (tmp) = (pos)->next; (pos) != (list); \
	     (pos) = (tmp), (tmp) = (pos)->next)

#endif
