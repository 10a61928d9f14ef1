#include "host/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/undo_act.h"
#include "host/undo_file.h"
#include "host/undo_sysctl.h"
#include "host/undo_table.h"

static int read_boot(char boot[static WG_JOURNAL_BOOT_LEN])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, boot, WG_JOURNAL_BOOT_LEN - 1);
	close(fd);
	if (len <= 0)
		return -EIO;
	boot[len] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	return 0;
}

static int set_up(struct wg_undo *undo, const char *dir, const char *name, struct wg_error *error)
{
	int r;

	undo->dir_fd = undo->fd = undo->lock_fd = -1;
	undo->dir = strdup(dir);
	if (asprintf(&undo->file, "%s.undo", name) < 0)
		undo->file = NULL;
	if (asprintf(&undo->new_file, "%s.undo.new", name) < 0)
		undo->new_file = NULL;
	if (!undo->dir || !undo->file || !undo->new_file)
		return wg_error_set(error, -ENOMEM, "%s", strerror(ENOMEM));
	r = read_boot(undo->here.boot);
	r = r ? r : wg_netlink_namespace(&undo->here.namespace);
	r = r ? r : wg_netlink_open(&undo->nl);
	if (r)
		return wg_error_set(error, r, "boot and network namespace: %s", strerror(-r));
	return wg_undo_file_open(undo, error);
}

static void tear_down(struct wg_undo *undo)
{
	wg_undo_file_close(undo);
	wg_netlink_close(undo->nl);
	free(undo->dir);
	free(undo->file);
	free(undo->new_file);
	free(undo);
}

int wg_undo_open(struct wg_undo **out, const char *dir, const char *name,
		 const struct wg_undo_ops *ops, struct wg_error *error)
{
	struct wg_undo *undo;
	int r;

	if (!*name || strchr(name, '/'))
		return wg_error_set(error, -EINVAL, "%s: no name of a tunnel", name);
	undo = calloc(1, sizeof(*undo));
	if (!undo)
		return wg_error_set(error, -ENOMEM, "%s", strerror(ENOMEM));
	undo->ops = ops;
	r = set_up(undo, dir, name, error);
	if (r) {
		tear_down(undo);
		return r;
	}
	*out = undo;
	return 0;
}

static bool is_of_this_boot(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return !change->ended && !strcmp(change->place.boot, undo->here.boot);
}

void wg_undo_close(struct wg_undo *undo)
{
	struct wg_error error;
	bool needed = false;

	if (!undo)
		return;
	if (!wg_undo_lock(undo, &error)) {
		for (size_t i = 0; i < undo->own.n && !needed; i++)
			needed = is_of_this_boot(undo, &undo->own.changes[i]);
		if (!needed)
			unlinkat(undo->dir_fd, undo->file, 0);
		wg_undo_unlock(undo);
	}
	tear_down(undo);
}

int wg_undo_pending(struct wg_undo *undo)
{
	struct wg_error error;
	int n = 0;
	int r = wg_undo_lock(undo, &error);

	if (r)
		return r;
	for (size_t i = 0; i < undo->own.n; i++)
		n += wg_undo_is_live(undo, &undo->own.changes[i]);
	wg_undo_unlock(undo);
	return n;
}

static const struct wg_journal_change *find(const struct wg_undo *undo,
					    const struct wg_journal *journal, const char *kind,
					    const char *text)
{
	for (size_t i = journal->n; i-- > 0;) {
		const struct wg_journal_change *change = &journal->changes[i];

		if (wg_undo_is_live(undo, change) && !strcmp(change->kind, kind) &&
		    !strcmp(change->text, text))
			return change;
	}
	return NULL;
}

static bool others_have(const struct wg_undo *undo, const char *kind, const char *text)
{
	for (size_t i = 0; i < undo->n_others; i++)
		if (find(undo, &undo->others[i].journal, kind, text))
			return true;
	return false;
}

static int explain(struct wg_undo *undo, int r, const struct wg_undo_act *act, const char *text,
		   struct wg_error *error)
{
	const char *kernel = wg_netlink_error(undo->nl);

	return wg_error_set(error, r, "%s %s: %s%s%s%s", wg_undo_act_kind_name(act->kind), text,
			    strerror(-r), *kernel ? " (" : "", kernel, *kernel ? ")" : "");
}

static int journal_done(struct wg_undo *undo, struct wg_error *error)
{
	struct wg_journal_lines lines;

	wg_journal_lines_init(&lines);
	wg_journal_put_done(&lines, undo->own.n + 1);
	return wg_undo_append(undo, &lines, error);
}

static int make(struct wg_undo *undo, const struct wg_undo_act *act, const char *text,
		struct wg_error *error)
{
	const char *kind = wg_undo_act_kind_name(act->kind);
	int exists = wg_undo_act_exists(undo->nl, act);
	int r;

	if (exists < 0)
		return explain(undo, exists, act, text, error);
	if (exists && find(undo, &undo->own, kind, text))
		return 0;
	/* Somebody else's must not be deleted at the end: it is not journalled. */
	if (exists && !others_have(undo, kind, text))
		return explain(undo, -EEXIST, act, text, error);
	r = wg_undo_append_begin(undo, kind, text, error);
	if (r)
		return r;
	r = exists ? 0 : wg_undo_act_make(undo->nl, act);
	if (!r)
		return journal_done(undo, error);
	explain(undo, r, act, text, error);
	wg_undo_end(undo, undo->own.n + 1);
	return r;
}

static int add(struct wg_undo *undo, const struct wg_undo_act *act, struct wg_error *error)
{
	char text[WG_UNDO_ACT_LEN];
	int r = wg_undo_lock_to_change(undo, error);

	if (r)
		return r;
	wg_undo_act_format(text, act);
	r = make(undo, act, text, error);
	wg_undo_unlock(undo);
	return r;
}

int wg_undo_route_add(struct wg_undo *undo, const struct wg_route *route, struct wg_error *error)
{
	const struct wg_undo_act act = {.kind = WG_UNDO_ROUTE, .route = *route};

	return add(undo, &act, error);
}

int wg_undo_rule_add(struct wg_undo *undo, const struct wg_rule *rule, struct wg_error *error)
{
	const struct wg_undo_act act = {.kind = WG_UNDO_RULE, .rule = *rule};

	return add(undo, &act, error);
}

int wg_undo_proxy_add(struct wg_undo *undo, const struct wg_neigh_proxy *proxy,
		      struct wg_error *error)
{
	const struct wg_undo_act act = {.kind = WG_UNDO_PROXY, .proxy = *proxy};

	return add(undo, &act, error);
}

int wg_undo_begin(struct wg_undo *undo, const char *kind, const char *text, struct wg_error *error)
{
	int r = wg_undo_lock_to_change(undo, error);

	if (r)
		return r;
	r = wg_undo_append_begin(undo, kind, text, error);
	wg_undo_unlock(undo);
	return r;
}

static size_t number_of(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return (size_t)(change - undo->own.changes) + 1;
}

int wg_undo_cancel(struct wg_undo *undo, const char *kind, const char *text)
{
	const struct wg_journal_change *change;
	struct wg_error error;
	int r = wg_undo_lock(undo, &error);

	if (r)
		return r;
	change = find(undo, &undo->own, kind, text);
	r = change ? wg_undo_end(undo, number_of(undo, change)) : -ENOENT;
	wg_undo_unlock(undo);
	return r;
}

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

	if (others_have(undo, change->kind, change->text))
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
		n_elsewhere += is_of_this_boot(undo, change);
		n_before += !is_of_this_boot(undo, change);
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
	change = find(undo, &undo->own, kind, text);
	r = change ? take_back_noting(undo, number_of(undo, change)) : -ENOENT;
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
