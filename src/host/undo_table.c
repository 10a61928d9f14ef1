/* Kind "table", text the number. A claim is what keeps two tunnels that come up together
 * from the same table, when neither has put anything into it yet. */
#include "host/undo_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/undo_journals.h"
#include "host/undo_write.h"

#define KIND "table"

bool wg_undo_table_is(const struct wg_journal_change *change)
{
	return !strcmp(change->kind, KIND);
}

/* The number that a change claims, or 0. */
static uint32_t claimed(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	if (!wg_undo_is_live(undo, change) || !wg_undo_table_is(change))
		return 0;
	return (uint32_t)strtoul(change->text, NULL, 10);
}

static bool is_claimed(const struct wg_undo *undo, uint32_t table)
{
	for (size_t i = 0; i < undo->n_others; i++) {
		const struct wg_journal *journal = &undo->others[i].journal;

		for (size_t k = 0; k < journal->n; k++)
			if (claimed(undo, &journal->changes[k]) == table)
				return true;
	}
	return false;
}

static bool is_used(const struct wg_route *routes, size_t n_routes, const struct wg_rule *rules,
		    size_t n_rules, uint32_t table)
{
	for (size_t i = 0; i < n_routes; i++)
		if (routes[i].table == table)
			return true;
	for (size_t i = 0; i < n_rules; i++)
		if (rules[i].table == table || (rules[i].fwmask && rules[i].fwmark == table))
			return true;
	return false;
}

static int find_free(struct wg_undo *undo, uint32_t first, uint32_t *table)
{
	struct wg_route *routes = NULL;
	struct wg_rule *rules = NULL;
	size_t n_routes, n_rules;
	int r;

	r = wg_route_list(undo->nl, WG_FAMILY_NONE, 0, &routes, &n_routes);
	r = r ? r : wg_rule_list(undo->nl, WG_FAMILY_NONE, &rules, &n_rules);
	if (!r) {
		*table = first;
		while (is_claimed(undo, *table) ||
		       is_used(routes, n_routes, rules, n_rules, *table))
			++*table;
	}
	free(routes);
	free(rules);
	return r;
}

static int claim(struct wg_undo *undo, uint32_t first, uint32_t *table, struct wg_error *error)
{
	char text[16];
	int r;

	for (size_t i = 0; i < undo->own.n; i++) {
		*table = claimed(undo, &undo->own.changes[i]);
		if (*table)
			return 0;
	}
	r = find_free(undo, first, table);
	if (r)
		return wg_error_set(error, r, "look for a free routing table: %s", strerror(-r));
	snprintf(text, sizeof(text), "%u", *table);
	return wg_undo_append_begin(undo, KIND, text, error);
}

int wg_undo_table_claim(struct wg_undo *undo, uint32_t first, uint32_t *table,
			struct wg_error *error)
{
	int r = wg_undo_lock_to_change(undo, error);

	if (r)
		return r;
	r = claim(undo, first, table, error);
	wg_undo_unlock(undo);
	return r;
}
