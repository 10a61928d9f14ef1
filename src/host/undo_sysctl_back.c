/* Taking back a change of a kernel parameter. What each value of the change shall become
 * is decided before any is touched:
 *
 *	another journal has it       it stays (or becomes again what that one made of it)
 *	it is what we made of it     it becomes what it was
 *	we never saw what it became  (a crash came first) it becomes what it was
 *	otherwise                    another program changed it: it stays, and is noted
 *
 * These decisions are journalled too: a write to "all" changes them all, and if the
 * undoing is interrupted behind it, what it left looks like another program's doing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/undo_sysctl.h"
#include "host/undo_write.h"

/* What a value shall become, and what it is. */
struct decision {
	const char *name;
	const char *target; /* NULL: it is gone */
	bool kept;          /* by another tunnel: to be decided anew if we are interrupted */
	char present[WG_SYSCTL_VALUE_LEN];
};

static void note_foreign(const struct wg_undo *undo, const struct wg_journal_value *value,
			 const char *present)
{
	char key[WG_SYSCTL_NAME_LEN];

	wg_undo_note(undo,
		     "%s is %s and was left so: another program changed it (it was %s, we had "
		     "made it %s)",
		     wg_sysctl_key(key, value->name), present, value->was, value->now);
}

/* Whether an earlier undoing of the change was interrupted. */
static bool was_begun(const struct wg_journal_change *change)
{
	for (size_t i = 0; i < change->n_values; i++)
		if (change->values[i].back)
			return true;
	return false;
}

/* For a value that another tunnel keeps. It may have left it, have changed it again,
 * or lost it for a moment to our interrupted undoing. */
static const char *decide_kept(const struct wg_journal_value *value,
			       const struct wg_journal_value *other, const char *present,
			       bool begun)
{
	bool is_ours = value->now && wg_sysctl_equal(present, value->now);

	return other->now && (begun || is_ours) ? other->now : present;
}

static const char *decide_own(const struct wg_undo *undo, const struct wg_journal_change *change,
			      const struct wg_journal_value *value, const char *present)
{
	if (value->back)
		return value->back;
	if (change->done && !value->now)
		return present;
	if (!value->now || wg_sysctl_equal(present, value->now))
		return value->was;
	if (!wg_sysctl_equal(present, value->was))
		note_foreign(undo, value, present);
	return present;
}

/* Decides for each value of the change; returns how many are not yet as decided. */
static size_t decide_all(const struct wg_undo *undo, const struct wg_journal_change *change,
			 struct decision *decisions)
{
	bool begun = was_begun(change);
	size_t n = 0;

	for (size_t i = 0; i < change->n_values; i++) {
		const struct wg_journal_value *value = &change->values[i];
		const struct wg_journal_value *other = wg_undo_sysctl_kept(undo, value->name, NULL);
		struct decision *d = &decisions[i];

		d->name = value->name;
		d->kept = other != NULL;
		if (wg_sysctl_read(value->name, d->present))
			continue;
		d->target = other ? decide_kept(value, other, d->present, begun)
				  : decide_own(undo, change, value, d->present);
		n += !wg_sysctl_equal(d->target, d->present);
	}
	return n;
}

static int journal_decisions(struct wg_undo *undo, size_t number, const struct decision *decisions,
			     size_t n)
{
	struct wg_journal_lines lines;
	struct wg_error error;

	wg_journal_lines_init(&lines);
	for (size_t i = 0; i < n; i++)
		if (decisions[i].target && !decisions[i].kept)
			wg_journal_put_value(&lines, "back", number, decisions[i].name,
					     decisions[i].target);
	return wg_undo_append(undo, &lines, &error);
}

/* The one that was written first, since its write changes the others again. */
static int write_back(const struct decision *decisions, size_t n)
{
	char present[WG_SYSCTL_VALUE_LEN];
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		int r;

		if (!decisions[i].target || wg_sysctl_read(decisions[i].name, present) ||
		    wg_sysctl_equal(present, decisions[i].target))
			continue;
		r = wg_sysctl_write(decisions[i].name, decisions[i].target);
		if (r && r != -ENOENT && !failed)
			failed = r;
	}
	return failed;
}

/* Gives the change to a tunnel that needs it to stay, in the order in which it will
 * be undone there too: after what it stays for. */
static int hand_over(struct wg_undo *undo, const struct wg_journal_change *change,
		     const struct wg_undo_other *other)
{
	struct wg_journal_lines lines;

	wg_undo_lines(undo, &other->journal, &lines);
	wg_journal_put_change(&lines, other->journal.n + 1, change);
	return wg_undo_append_to(undo, other, &lines);
}

static int put_back(struct wg_undo *undo, size_t number, const struct wg_journal_change *change)
{
	struct decision *decisions = calloc(change->n_values + 1, sizeof(*decisions));
	int r = 0;

	if (!decisions)
		return -ENOMEM;
	if (decide_all(undo, change, decisions)) {
		r = journal_decisions(undo, number, decisions, change->n_values);
		r = r ? r : write_back(decisions, change->n_values);
	}
	free(decisions);
	return r ? r : wg_undo_end(undo, number);
}

int wg_undo_sysctl_take_back(struct wg_undo *undo, size_t number)
{
	const struct wg_journal_change *change = &undo->own.changes[number - 1];
	const struct wg_undo_other *other;
	char name[WG_SYSCTL_NAME_LEN];
	const char *meanwhile;
	int r;

	if (!wg_undo_sysctl_split(change->text, name, &meanwhile))
		return -EINVAL;
	if (meanwhile && !wg_undo_sysctl_kept(undo, name, NULL) &&
	    wg_undo_sysctl_kept(undo, meanwhile, &other)) {
		r = hand_over(undo, change, other);
		return r ? r : wg_undo_end(undo, number);
	}
	return put_back(undo, number, change);
}
