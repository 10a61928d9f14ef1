/* Kernel parameters in the journal: kind "sysctl", text "NAME" or "NAME while OTHER".
 *
 * Making a change takes a picture of all that the write may touch (host/sysctl.h)
 * and journals it; then comes the write; then what became of each value, as far as it
 * changed. A value that another tunnel's change has made was, for us too, what that
 * one found. How a change is taken back is in host/undo_sysctl_back.c. */
#include "host/undo_sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/undo_journals.h"
#include "host/undo_write.h"

#define KIND  "sysctl"
#define WHILE " while "

static bool is_sysctl(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return wg_undo_is_live(undo, change) && !strcmp(change->kind, KIND);
}

bool wg_undo_sysctl_split(const char *text, char name[static WG_SYSCTL_NAME_LEN],
			  const char **meanwhile)
{
	const char *at = strstr(text, WHILE);
	size_t len = at ? (size_t)(at - text) : strlen(text);

	*meanwhile = at ? at + strlen(WHILE) : NULL;
	if (len >= WG_SYSCTL_NAME_LEN)
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	return true;
}

/* The value in the last change of a journal that pictured it; with made, only one that
 * made it what it is, or may have. */
static const struct wg_journal_value *
look_up(const struct wg_undo *undo, const struct wg_journal *journal, const char *name, bool made)
{
	for (size_t i = journal->n; i-- > 0;) {
		const struct wg_journal_value *value;

		if (!is_sysctl(undo, &journal->changes[i]))
			continue;
		value = wg_journal_value(&journal->changes[i], name);
		if (value && (!made || value->now || !journal->changes[i].done))
			return value;
	}
	return NULL;
}

static const struct wg_journal_value *keeps(const struct wg_undo *undo,
					    const struct wg_journal *journal, const char *name)
{
	return look_up(undo, journal, name, true);
}

static bool others_know(const struct wg_undo *undo, const char *name)
{
	for (size_t i = 0; i < undo->n_others; i++)
		if (look_up(undo, &undo->others[i].journal, name, false))
			return true;
	return false;
}

const struct wg_journal_value *wg_undo_sysctl_kept(const struct wg_undo *undo, const char *name,
						   const struct wg_undo_other **whose)
{
	for (size_t i = 0; i < undo->n_others; i++) {
		const struct wg_journal_value *value = keeps(undo, &undo->others[i].journal, name);

		if (value && whose)
			*whose = &undo->others[i];
		if (value)
			return value;
	}
	return NULL;
}

/* What an interface that came later got its value from: "net/ipv6/conf/default/X". */
static bool default_of(char name[static WG_SYSCTL_NAME_LEN], const char *of)
{
	const char *leaf = strrchr(of, '/');
	const char *conf = strstr(of, "/conf/");

	return leaf && conf &&
	       snprintf(name, WG_SYSCTL_NAME_LEN, "%.*s/conf/default%s", (int)(conf - of), of,
			leaf) < WG_SYSCTL_NAME_LEN;
}

/* The value to go back to: the present one, unless it is another tunnel's doing. */
static const char *origin(const struct wg_undo *undo, const struct wg_sysctl *present, bool shared)
{
	const struct wg_journal_value *value = wg_undo_sysctl_kept(undo, present->name, NULL);
	char name[WG_SYSCTL_NAME_LEN];

	/* Nobody saw it when that change was made: it came later, and was born with it. */
	if (!value && shared && !others_know(undo, present->name) &&
	    default_of(name, present->name))
		value = wg_undo_sysctl_kept(undo, name, NULL);
	if (value && (!value->now || wg_sysctl_equal(value->now, present->value)))
		return value->was;
	return present->value;
}

static int journal_before(struct wg_undo *undo, const char *text, const struct wg_sysctl *values,
			  size_t n, struct wg_error *error)
{
	bool shared = wg_undo_sysctl_kept(undo, values[0].name, NULL) != NULL;
	size_t number = undo->own.n + 1;
	struct wg_journal_lines lines;

	wg_undo_lines(undo, &undo->own, &lines);
	wg_journal_put_begin(&lines, number, KIND, text);
	for (size_t i = 0; i < n; i++)
		wg_journal_put_value(&lines, "was", number, values[i].name,
				     origin(undo, &values[i], shared));
	return wg_undo_append(undo, &lines, error);
}

static int journal_after(struct wg_undo *undo, const struct wg_sysctl *values, size_t n,
			 struct wg_error *error)
{
	bool shared = wg_undo_sysctl_kept(undo, values[0].name, NULL) != NULL;
	size_t number = undo->own.n + 1;
	struct wg_journal_lines lines;
	char now[WG_SYSCTL_VALUE_LEN];

	wg_journal_lines_init(&lines);
	for (size_t i = 0; i < n; i++)
		if (!wg_sysctl_read(values[i].name, now) &&
		    !wg_sysctl_equal(now, origin(undo, &values[i], shared)))
			wg_journal_put_value(&lines, "now", number, values[i].name, now);
	wg_journal_put_done(&lines, number);
	return wg_undo_append(undo, &lines, error);
}

/* The key that an interface which is made later begins with. */
static const char *default_key(char key[static WG_SYSCTL_NAME_LEN], const char *of)
{
	char name[WG_SYSCTL_NAME_LEN];

	snprintf(name, sizeof(name), "%.*sdefault%s", (int)wg_sysctl_interface_at(of), of,
		 strrchr(of, '/'));
	return wg_sysctl_key(key, name);
}

static int explain(struct wg_error *error, int r, const struct wg_sysctl *present,
		   const char *value)
{
	char key[WG_SYSCTL_NAME_LEN];
	size_t at;

	wg_sysctl_key(key, present->name);
	wg_error_set(error, r, "%s: is %s, and cannot be set to %s: %s", key, present->value, value,
		     strerror(-r));
	at = wg_sysctl_interface_at(present->name);
	if (r == -EROFS && at && strncmp(present->name + at, "all/", 4) != 0 &&
	    strncmp(present->name + at, "default/", 8) != 0)
		wg_error_hint(
			error,
			"/proc/sys is read-only, as in a container, whose interfaces come "
			"when --sysctl is done: give it --sysctl %s=%s, which they begin with",
			default_key(key, present->name), value);
	else if (r == -EROFS)
		wg_error_hint(error,
			      "/proc/sys is read-only, as in a container: give it --sysctl %s=%s",
			      key, value);
	else if (r == -EACCES || r == -EPERM)
		wg_error_hint(error, "run as root of the network namespace, or set %s=%s outside",
			      key, value);
	return r;
}

static int make(struct wg_undo *undo, const char *text, const char *value,
		const struct wg_sysctl *values, size_t n, struct wg_error *error)
{
	int r = journal_before(undo, text, values, n, error);

	if (r)
		return r;
	if (!wg_sysctl_equal(values[0].value, value)) {
		r = wg_sysctl_write(values[0].name, value);
		if (r) {
			wg_undo_end(undo, undo->own.n + 1);
			return explain(error, r, &values[0], value);
		}
	}
	return journal_after(undo, values, n, error);
}

static int make_if_needed(struct wg_undo *undo, const char *name, const char *value,
			  const char *meanwhile, struct wg_error *error)
{
	char text[2 * WG_SYSCTL_NAME_LEN + sizeof(WHILE)];
	struct wg_sysctl *values;
	size_t n;
	int r;

	r = wg_sysctl_picture(name, &values, &n);
	if (!r && !n)
		r = -ENOENT;
	if (r) {
		free(values);
		return wg_error_set(error, r, "%s: %s", wg_sysctl_key(text, name), strerror(-r));
	}
	snprintf(text, sizeof(text), "%s%s%s", name, meanwhile ? WHILE : "",
		 meanwhile ? meanwhile : "");
	/* Ours already, or nobody's: either way there is nothing to go back to. */
	if (!wg_sysctl_equal(values[0].value, value) ||
	    (wg_undo_sysctl_kept(undo, name, NULL) && !keeps(undo, &undo->own, name)))
		r = make(undo, text, value, values, n, error);
	free(values);
	return r;
}

int wg_undo_sysctl(struct wg_undo *undo, const char *name, const char *value, const char *meanwhile,
		   struct wg_error *error)
{
	int r = wg_undo_lock_to_change(undo, error);

	if (r)
		return r;
	r = make_if_needed(undo, name, value, meanwhile, error);
	wg_undo_unlock(undo);
	return r;
}

bool wg_undo_sysctl_is(const struct wg_journal_change *change)
{
	return !strcmp(change->kind, KIND);
}

bool wg_undo_sysctl_is_last(const struct wg_journal_change *change)
{
	return wg_undo_sysctl_is(change) && strstr(change->text, WHILE);
}

bool wg_undo_sysctl_names(const struct wg_journal_change *change, const char *name, bool last)
{
	char own[WG_SYSCTL_NAME_LEN];
	const char *meanwhile;

	if (!wg_undo_sysctl_is(change) || !wg_undo_sysctl_split(change->text, own, &meanwhile))
		return false;
	return last ? meanwhile && !strcmp(meanwhile, name) : !strcmp(own, name);
}
