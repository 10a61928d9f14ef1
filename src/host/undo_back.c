/* Taking changes back: all of them, or one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/undo_act.h"
#include "host/undo_journals.h"
#include "host/undo_sysctl.h"
#include "host/undo_table.h"
#include "host/undo_write.h"

static int journal_undoing(struct wg_undo *undo, size_t number)
{
	struct wg_journal_lines lines;
	struct wg_error error;

	wg_journal_lines_init(&lines);
	wg_journal_put_undoing(&lines, number);
	return wg_undo_append(undo, &lines, &error);
}

static int unmake(struct wg_undo *undo, size_t number, const struct wg_undo_act *act)
{
	const struct wg_journal_change *change = &undo->own.changes[number - 1];
	int exists, r;

	if (wg_undo_others_have(undo, change->kind, change->text))
		return 0;
	exists = wg_undo_act_exists(undo->nl, act);
	if (exists > 0) {
		r = journal_undoing(undo, number);
		return r ? r : wg_undo_act_unmake(undo->nl, act);
	}
	/* That what was never made is not there is no news, nor what was being unmade. */
	if (!exists && change->done && !change->undoing)
		wg_undo_note(undo, "%s %s: not there any more", change->kind, change->text);
	return exists;
}

/* A change of the caller's kind: without the lock, since it may take its time. */
static int call_back(struct wg_undo *undo, size_t number)
{
	const struct wg_journal_change *change = &undo->own.changes[number - 1];
	char *kind = strdup(change->kind);
	char *text = strdup(change->text);
	struct wg_error error;
	int r = kind && text ? 0 : -ENOMEM;
	int locked;

	if (!r) {
		wg_undo_unlock(undo);
		r = undo->ops->take_back ? undo->ops->take_back(undo->ops->ctx, kind, text)
					 : -EOPNOTSUPP;
		locked = wg_undo_lock(undo, &error);
		r = locked ? locked : r;
	}
	free(kind);
	free(text);
	return r;
}

/* Under the lock, which is held again afterwards. */
static int take_back(struct wg_undo *undo, size_t number)
{
	const struct wg_journal_change *change = &undo->own.changes[number - 1];
	struct wg_undo_act act;
	int r;

	if (wg_undo_sysctl_is(change))
		return wg_undo_sysctl_take_back(undo, number);
	if (wg_undo_table_is(change))
		r = 0;
	else if (wg_undo_act_parse(&act, change->kind, change->text))
		r = unmake(undo, number, &act);
	else
		r = call_back(undo, number);
	return r && r != -ENOENT ? r : wg_undo_end(undo, number);
}

static int take_back_noting(struct wg_undo *undo, size_t number)
{
	int r = take_back(undo, number);

	/* The journal may have been read anew meanwhile; it only ever grows. */
	if (r && number <= undo->own.n)
		wg_undo_note(undo, "%s %s: cannot be put back: %s",
			     undo->own.changes[number - 1].kind, undo->own.changes[number - 1].text,
			     strerror(-r));
	return r;
}

/* The newest change before a number that is to be undone in this round, or 0. */
static size_t next_before(const struct wg_undo *undo, size_t number, bool last)
{
	if (number > undo->own.n + 1)
		number = undo->own.n + 1;
	while (--number > 0)
		if (wg_undo_is_live(undo, &undo->own.changes[number - 1]) &&
		    wg_undo_sysctl_is_last(&undo->own.changes[number - 1]) == last)
			return number;
	return 0;
}

/* One lock for each change, so that two tunnels go down side by side. */
static int run_round(struct wg_undo *undo, bool last)
{
	size_t number = SIZE_MAX;
	struct wg_error error;
	int failed = 0;
	int r;

	while (number) {
		r = wg_undo_lock(undo, &error);
		if (r) {
			wg_undo_note(undo, "%s", error.text);
			return failed ? failed : r;
		}
		number = next_before(undo, number, last);
		r = number ? take_back_noting(undo, number) : 0;
		wg_undo_unlock(undo);
		failed = failed ? failed : r;
	}
	return failed;
}

/* What this run has nothing to do with. */
static void note_strangers(struct wg_undo *undo)
{
	size_t n_elsewhere = 0, n_before = 0;
	struct wg_error error;

	if (wg_undo_lock(undo, &error))
		return;
	for (size_t i = 0; i < undo->own.n; i++) {
		const struct wg_journal_change *change = &undo->own.changes[i];

		if (change->ended || wg_undo_is_live(undo, change))
			continue;
		n_elsewhere += wg_undo_is_of_this_boot(undo, change);
		n_before += !wg_undo_is_of_this_boot(undo, change);
	}
	if (n_elsewhere)
		wg_undo_note(undo, "%zu changes in another network namespace were left alone",
			     n_elsewhere);
	if (n_before)
		wg_undo_note(undo, "%zu changes of an earlier boot are forgotten", n_before);
	if (undo->own.n_bad)
		wg_undo_note(undo, "%s/%s: %zu lines make no sense", undo->dir, undo->file,
			     undo->own.n_bad);
	wg_undo_unlock(undo);
}

int wg_undo_run(struct wg_undo *undo)
{
	int first, second;

	note_strangers(undo);
	first = run_round(undo, false);
	second = run_round(undo, true);
	return first ? first : second;
}

int wg_undo_take_back(struct wg_undo *undo, const char *kind, const char *text)
{
	struct wg_error error;
	const struct wg_journal_change *change;
	int r = wg_undo_lock(undo, &error);

	if (r)
		return r;
	change = wg_undo_find(undo, &undo->own, kind, text);
	r = change ? take_back_noting(undo, wg_undo_number_of(undo, change)) : -ENOENT;
	wg_undo_unlock(undo);
	return r;
}

/* The newest change of a parameter, or of those that stay while it does. */
static int reset(struct wg_undo *undo, const char *name, bool last)
{
	struct wg_error error;
	int r = wg_undo_lock(undo, &error);
	size_t i;

	if (r)
		return r;
	for (i = undo->own.n; i > 0; i--)
		if (wg_undo_is_live(undo, &undo->own.changes[i - 1]) &&
		    wg_undo_sysctl_names(&undo->own.changes[i - 1], name, last))
			break;
	r = i ? take_back_noting(undo, i) : -ENOENT;
	wg_undo_unlock(undo);
	return r;
}

int wg_undo_sysctl_reset(struct wg_undo *undo, const char *name)
{
	int first = reset(undo, name, false);
	int second = 0;

	if (first && first != -ENOENT)
		return first;
	while (!second) {
		second = reset(undo, name, true);
		if (!second)
			first = 0;
	}
	return second == -ENOENT ? first : second;
}

static int take_back_act(struct wg_undo *undo, const struct wg_undo_act *act)
{
	char text[WG_UNDO_ACT_LEN];

	wg_undo_act_format(text, act);
	return wg_undo_take_back(undo, wg_undo_act_kind_name(act->kind), text);
}

int wg_undo_route_delete(struct wg_undo *undo, const struct wg_route *route)
{
	const struct wg_undo_act act = {.kind = WG_UNDO_ROUTE, .route = *route};

	return take_back_act(undo, &act);
}

int wg_undo_rule_delete(struct wg_undo *undo, const struct wg_rule *rule)
{
	const struct wg_undo_act act = {.kind = WG_UNDO_RULE, .rule = *rule};

	return take_back_act(undo, &act);
}

int wg_undo_proxy_delete(struct wg_undo *undo, const struct wg_neigh_proxy *proxy)
{
	const struct wg_undo_act act = {.kind = WG_UNDO_PROXY, .proxy = *proxy};

	return take_back_act(undo, &act);
}
