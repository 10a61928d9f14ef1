/* The undo journal's parser on any bytes: it must not crash, and what it understood
 * must be understood the same way when it is written again. */
#undef NDEBUG
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "route/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void put_values(struct wg_journal_lines *lines, const char *verb, size_t number,
		       const struct wg_journal_change *change)
{
	for (size_t i = 0; i < change->n_values; i++) {
		const struct wg_journal_value *value = &change->values[i];
		const char *text = !strcmp(verb, "was")   ? value->was
				   : !strcmp(verb, "now") ? value->now
							  : value->back;

		if (text)
			wg_journal_put_value(lines, verb, number, value->name, text);
	}
}

static void put(struct wg_journal_lines *lines, const struct wg_journal *journal)
{
	wg_journal_put_head(lines);
	for (size_t i = 0; i < journal->n; i++) {
		const struct wg_journal_change *change = &journal->changes[i];

		wg_journal_put_place(lines, &change->place);
		wg_journal_put_begin(lines, i + 1, change->kind, change->text);
		put_values(lines, "was", i + 1, change);
		put_values(lines, "now", i + 1, change);
		put_values(lines, "back", i + 1, change);
		if (change->done)
			wg_journal_put_done(lines, i + 1);
		if (change->ended)
			wg_journal_put_end(lines, i + 1);
	}
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void compare(const struct wg_journal_change *a, const struct wg_journal_change *b)
{
	assert(!strcmp(a->kind, b->kind) && !strcmp(a->text, b->text));
	assert(!strcmp(a->place.boot, b->place.boot) && a->place.namespace == b->place.namespace);
	assert(a->done == b->done && a->ended == b->ended && a->n_values == b->n_values);
	for (size_t i = 0; i < a->n_values; i++) {
		assert(same(a->values[i].name, b->values[i].name));
		assert(same(a->values[i].was, b->values[i].was));
		assert(same(a->values[i].now, b->values[i].now));
		assert(same(a->values[i].back, b->values[i].back));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wg_journal journal, again;
	struct wg_journal_lines lines;

	if (wg_journal_parse(&journal, (const char *)data, len))
		return 0;
	assert(journal.whole <= len);
	wg_journal_lines_init(&lines);
	put(&lines, &journal);
	assert(!lines.failed);
	if (lines.len <= WG_JOURNAL_MAX) {
		assert(wg_journal_parse(&again, lines.data, lines.len) == 0);
		assert(again.whole == lines.len && !again.n_bad && again.n == journal.n);
		for (size_t i = 0; i < journal.n; i++)
			compare(&journal.changes[i], &again.changes[i]);
		wg_journal_deinit(&again);
	}
	wg_journal_lines_deinit(&lines);
	wg_journal_deinit(&journal);
	return 0;
}
