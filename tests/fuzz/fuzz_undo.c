/* The undo journal's parser on any bytes: it must not crash, and what it understood
 * must be understood the same way when it is written again. */
#undef NDEBUG
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "host/journal.h"
#include "host/undo_act.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void put(struct wg_journal_lines *lines, const struct wg_journal *journal)
{
	wg_journal_put_head(lines);
	for (size_t i = 0; i < journal->n; i++) {
		const struct wg_journal_change *change = &journal->changes[i];

		wg_journal_put_place(lines, &change->place);
		wg_journal_put_change(lines, i + 1, change);
		wg_journal_put_back(lines, i + 1, change);
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
	assert(a->done == b->done && a->undoing == b->undoing && a->ended == b->ended);
	assert(a->n_values == b->n_values);
	for (size_t i = 0; i < a->n_values; i++) {
		assert(same(a->values[i].name, b->values[i].name));
		assert(same(a->values[i].was, b->values[i].was));
		assert(same(a->values[i].now, b->values[i].now));
		assert(same(a->values[i].back, b->values[i].back));
	}
}

/* A change's text, where it is one of the kernel's routes, rules or proxies. */
static void read_act(const struct wg_journal_change *change)
{
	struct wg_undo_act act, again;
	char text[WG_UNDO_ACT_LEN], twice[WG_UNDO_ACT_LEN];

	if (!wg_undo_act_parse(&act, change->kind, change->text))
		return;
	wg_undo_act_format(text, &act);
	assert(wg_undo_act_parse(&again, change->kind, text));
	wg_undo_act_format(twice, &again);
	assert(!strcmp(text, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wg_journal journal, again;
	struct wg_journal_lines lines;

	if (wg_journal_parse(&journal, (const char *)data, len))
		return 0;
	assert(journal.whole <= len);
	for (size_t i = 0; i < journal.n; i++)
		read_act(&journal.changes[i]);
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
