/* Making changes, each journalled before. */
#include <errno.h>
#include <string.h>

#include "host/undo_act.h"
#include "host/undo_journals.h"
#include "host/undo_write.h"

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
	if (exists && wg_undo_find(undo, &undo->own, kind, text))
		return 0;
	/* Somebody else's must not be deleted at the end: it is not journalled. */
	if (exists && !wg_undo_others_have(undo, kind, text))
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

int wg_undo_cancel(struct wg_undo *undo, const char *kind, const char *text)
{
	const struct wg_journal_change *change;
	struct wg_error error;
	int r = wg_undo_lock(undo, &error);

	if (r)
		return r;
	change = wg_undo_find(undo, &undo->own, kind, text);
	r = change ? wg_undo_end(undo, wg_undo_number_of(undo, change)) : -ENOENT;
	wg_undo_unlock(undo);
	return r;
}
