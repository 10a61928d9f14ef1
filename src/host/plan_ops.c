/* A plan's list of operations. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/plan_parts.h"

static bool has_sysctl(const struct wg_plan_op *op)
{
	return op->kind == WG_PLAN_SYSCTL || op->kind == WG_PLAN_NEEDED;
}

static void free_op(struct wg_plan_op *op)
{
	if (has_sysctl(op)) {
		free(op->sysctl.name);
		free(op->sysctl.value);
	} else if (op->kind == WG_PLAN_DNS) {
		free(op->dns.domain);
	}
}

/* What it points to so far is its caller's. */
static bool own_texts(struct wg_plan_op *op)
{
	const struct wg_plan_op from = *op;

	if (has_sysctl(op)) {
		op->sysctl.name = strdup(from.sysctl.name);
		op->sysctl.value = strdup(from.sysctl.value);
		return op->sysctl.name && op->sysctl.value;
	}
	if (op->kind == WG_PLAN_DNS && from.dns.domain) {
		op->dns.domain = strdup(from.dns.domain);
		return op->dns.domain;
	}
	return true;
}

static bool make_room(struct wg_plan_draft *draft)
{
	struct wg_plan *plan = draft->plan;
	size_t room = draft->room ? 2 * draft->room : 16;
	struct wg_plan_op *grown;

	if (plan->n_ops < draft->room)
		return true;
	grown = reallocarray(plan->ops, room, sizeof(*grown));
	if (!grown)
		return false;
	plan->ops = grown;
	draft->room = room;
	return true;
}

void wg_plan_add(struct wg_plan_draft *draft, const struct wg_plan_op *op)
{
	struct wg_plan *plan = draft->plan;

	assert(!plan->n_ops || plan->ops[plan->n_ops - 1].kind <= op->kind);
	if (!make_room(draft)) {
		draft->failed = true;
		return;
	}
	plan->ops[plan->n_ops] = *op;
	if (!own_texts(&plan->ops[plan->n_ops++]))
		draft->failed = true;
}

void wg_plan_free(struct wg_plan *plan)
{
	for (size_t i = 0; i < plan->n_ops; i++)
		free_op(&plan->ops[i]);
	free(plan->ops);
	free(plan->file);
	*plan = (struct wg_plan){0};
}

const struct wg_plan_op *wg_plan_ops(const struct wg_plan *plan, enum wg_plan_kind kind, size_t *n)
{
	*n = plan->at[kind + 1] - plan->at[kind];
	return *n ? &plan->ops[plan->at[kind]] : NULL;
}

const char *wg_plan_where(char where[static WG_PLAN_WHERE_LEN], const struct wg_plan *plan,
			  const struct wg_plan_op *op)
{
	if (op->line)
		snprintf(where, WG_PLAN_WHERE_LEN, "%s:%u: %s", plan->file, op->line, op->key);
	else
		snprintf(where, WG_PLAN_WHERE_LEN, "%s: %s", plan->name, op->key);
	return where;
}
