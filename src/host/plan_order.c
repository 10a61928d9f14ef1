/* The order of a plan's operations, and finding one. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/plan_parts.h"

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* Next hops come after the routes that lead to them, which have none; then the longest
 * prefix is first. */
static int compare_places(const void *one, const void *other)
{
	const struct wg_route *a = &((const struct wg_plan_op *)one)->route;
	const struct wg_route *b = &((const struct wg_plan_op *)other)->route;
	int order = (a->via.family != WG_FAMILY_NONE) - (b->via.family != WG_FAMILY_NONE);

	order = order ? order : compare_numbers(b->dst.bits, a->dst.bits);
	order = order ? order : memcmp(&a->dst.ip, &b->dst.ip, sizeof(a->dst.ip));
	order = order ? order : compare_numbers(a->metric, b->metric);
	order = order ? order : compare_numbers(a->table, b->table);
	return order ? order : compare_numbers(a->link, b->link);
}

static int compare_routes(const void *one, const void *other)
{
	const struct wg_plan_op *a = one;
	const struct wg_plan_op *b = other;
	int order = compare_places(a, b);

	order = order ? order : memcmp(&a->route.via, &b->route.via, sizeof(a->route.via));
	return order ? order : compare_numbers(a->route.type, b->route.type);
}

static int compare_proxies(const void *one, const void *other)
{
	const struct wg_neigh_proxy *a = &((const struct wg_plan_op *)one)->proxy;
	const struct wg_neigh_proxy *b = &((const struct wg_plan_op *)other)->proxy;
	int order = compare_numbers(a->link, b->link);

	return order ? order : memcmp(&a->ip, &b->ip, sizeof(a->ip));
}

typedef int compare(const void *one, const void *other);

/* NULL: there are few of that kind, in the order of the file. */
static compare *order_of(enum wg_plan_kind kind)
{
	if (kind == WG_PLAN_ROUTE)
		return compare_routes;
	return kind == WG_PLAN_PROXY ? compare_proxies : NULL;
}

void wg_plan_sort(struct wg_plan *plan)
{
	for (unsigned int kind = 0; kind < WG_PLAN_N_KINDS; kind++) {
		compare *order = order_of((enum wg_plan_kind)kind);
		size_t n = plan->at[kind + 1] - plan->at[kind];

		if (order && n)
			qsort(&plan->ops[plan->at[kind]], n, sizeof(*plan->ops), order);
	}
}

static bool same(const struct wg_plan_op *a, const struct wg_plan_op *b)
{
	switch (a->kind) {
	case WG_PLAN_MTU:
		return true;
	case WG_PLAN_ADDRESS:
		return a->address.prefix.bits == b->address.prefix.bits &&
		       wg_ip_equal(&a->address.prefix.ip, &b->address.prefix.ip);
	case WG_PLAN_FIREWALL:
		return a->firewall == b->firewall;
	case WG_PLAN_FORWARD:
		return a->forward.family == b->forward.family;
	case WG_PLAN_SYSCTL:
	case WG_PLAN_NEEDED:
		return !strcmp(a->sysctl.name, b->sysctl.name);
	case WG_PLAN_RULE:
		return a->rule.family == b->rule.family && a->rule.table == b->rule.table &&
		       a->rule.fwmark == b->rule.fwmark;
	case WG_PLAN_DNS:
		return a->dns.domain && b->dns.domain
			       ? !strcmp(a->dns.domain, b->dns.domain)
			       : !a->dns.domain && !b->dns.domain &&
					 wg_ip_equal(&a->dns.server, &b->dns.server);
	case WG_PLAN_PROXY:
	case WG_PLAN_ROUTE:
	case WG_PLAN_N_KINDS:
		break;
	}
	return false;
}

const struct wg_plan_op *wg_plan_find(const struct wg_plan *plan, const struct wg_plan_op *op)
{
	size_t n;
	const struct wg_plan_op *ops = wg_plan_ops(plan, op->kind, &n);

	if (n && order_of(op->kind))
		return bsearch(op, ops, n, sizeof(*ops), order_of(op->kind));
	for (size_t i = 0; i < n; i++)
		if (same(&ops[i], op))
			return &ops[i];
	return NULL;
}

const struct wg_plan_op *wg_plan_route_in_place(const struct wg_plan *plan,
						const struct wg_route *route)
{
	static const uint8_t families[] = {WG_FAMILY_NONE, WG_FAMILY_IPV4}; /* any is the same */
	struct wg_plan_op place = {.kind = WG_PLAN_ROUTE, .route = *route};
	const struct wg_plan_op *found = NULL;
	size_t n;
	const struct wg_plan_op *ops = wg_plan_ops(plan, WG_PLAN_ROUTE, &n);

	place.route.link = plan->link;
	for (size_t i = 0; n && !found && i < WG_ARRAY_LEN(families); i++) {
		place.route.via.family = families[i];
		found = bsearch(&place, ops, n, sizeof(*ops), compare_places);
	}
	return found;
}

void wg_plan_keep_rules(struct wg_plan *plan, const struct wg_plan *before)
{
	for (size_t i = plan->at[WG_PLAN_RULE]; i < plan->at[WG_PLAN_RULE + 1]; i++) {
		const struct wg_plan_op *old = wg_plan_find(before, &plan->ops[i]);

		if (old)
			plan->ops[i].rule.priority = old->rule.priority;
	}
}
