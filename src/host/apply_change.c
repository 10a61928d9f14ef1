/* From one plan to another while the tunnel runs. */
#include <string.h>

#include "host/apply_parts.h"
#include "host/forward.h"

/* Those of one kind that the plan before had not. */
static int add_new(const struct wg_applying *applying, const struct wg_plan *from,
		   enum wg_plan_kind kind, struct wg_error *error)
{
	size_t n;
	const struct wg_plan_op *ops = wg_plan_ops(applying->plan, kind, &n);
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		if (!wg_plan_find(from, &ops[i]))
			err = wg_apply_op(applying, &ops[i], error);
	return err;
}

/* Our own route with another next hop is replaced, so that the destination has one all
 * the time. What another program put there is not. */
static int change_route(const struct wg_applying *applying, const struct wg_plan *from,
			const struct wg_plan_op *op, struct wg_error *error)
{
	const struct wg_plan_op *old = op->route.link == applying->plan->link
					       ? wg_plan_route_in_place(from, &op->route)
					       : NULL;
	int err;

	if (!old || wg_route_exists(applying->nl, &old->route) != 1)
		return wg_apply_op(applying, op, error);
	err = wg_route_replace(applying->nl, &op->route);
	return err ? wg_apply_refuse_route(applying, op, err, error) : 0;
}

static int change_routes(const struct wg_applying *applying, const struct wg_plan *from,
			 struct wg_error *error)
{
	size_t n;
	const struct wg_plan_op *routes = wg_plan_ops(applying->plan, WG_PLAN_ROUTE, &n);
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		if (!wg_plan_find(from, &routes[i]))
			err = change_route(applying, from, &routes[i], error);
	return err;
}

/* One that gets another value goes back first, so that the journal has it once, with the
 * value that it had before the tunnel. */
static int change_sysctls(const struct wg_applying *applying, const struct wg_plan *from,
			  struct wg_error *error)
{
	size_t n;
	const struct wg_plan_op *sysctls = wg_plan_ops(applying->plan, WG_PLAN_SYSCTL, &n);

	for (size_t i = 0; i < n; i++) {
		const struct wg_plan_op *old = wg_plan_find(from, &sysctls[i]);

		if (old && strcmp(old->sysctl.value, sysctls[i].sysctl.value) != 0)
			wg_undo_sysctl_reset(applying->undo, old->sysctl.name);
	}
	return wg_apply_kind(applying, WG_PLAN_SYSCTL, error);
}

/* What the plan before had may have been taken away by somebody else: it is laid again,
 * where that is not seen by whoever uses it. */
int wg_apply_add(const struct wg_plan *from, const struct wg_plan *to, struct wg_netlink *nl,
		 struct wg_undo *undo, struct wg_error *error)
{
	const struct wg_applying applying = {.plan = to, .nl = nl, .undo = undo};
	int err = wg_apply_kind(&applying, WG_PLAN_MTU, error);

	if (!err)
		err = wg_apply_kind(&applying, WG_PLAN_FORWARD, error);
	if (!err)
		err = change_sysctls(&applying, from, error);
	if (!err)
		err = wg_apply_kind(&applying, WG_PLAN_NEEDED, error);
	if (!err)
		err = wg_apply_kind(&applying, WG_PLAN_PROXY, error);
	if (!err)
		err = add_new(&applying, from, WG_PLAN_ADDRESS, error);
	if (!err)
		err = change_routes(&applying, from, error);
	return err ? err : add_new(&applying, from, WG_PLAN_RULE, error);
}

static void remove_route(const struct wg_applying *applying, const struct wg_plan *to,
			 const struct wg_route *route)
{
	if (route->link != applying->plan->link)
		wg_undo_route_delete(applying->undo, route);
	else if (!wg_plan_route_in_place(to, route)) /* else it was replaced */
		wg_route_delete(applying->nl, route);
}

/* What cannot be removed was removed by somebody else. */
static void remove_op(const struct wg_applying *applying, const struct wg_plan *to,
		      const struct wg_plan_op *op)
{
	switch (op->kind) {
	case WG_PLAN_ADDRESS:
		wg_address_delete(applying->nl, &op->address);
		break;
	case WG_PLAN_FORWARD:
		if (op->forward.family == WG_FAMILY_IPV6)
			wg_forward_ipv6_end(applying->undo);
		else
			wg_forward_ipv4_end(applying->undo);
		break;
	case WG_PLAN_SYSCTL:
	case WG_PLAN_NEEDED:
		wg_undo_sysctl_reset(applying->undo, op->sysctl.name);
		break;
	case WG_PLAN_PROXY:
		wg_undo_proxy_delete(applying->undo, &op->proxy);
		break;
	case WG_PLAN_ROUTE:
		remove_route(applying, to, &op->route);
		break;
	case WG_PLAN_RULE:
		wg_undo_rule_delete(applying->undo, &op->rule);
		break;
	case WG_PLAN_MTU:      /* there is one always */
	case WG_PLAN_FIREWALL: /* host/leakguard.h */
	case WG_PLAN_DNS:      /* stays until the tunnel's end */
	case WG_PLAN_N_KINDS:
		break;
	}
}

void wg_apply_remove(const struct wg_plan *from, const struct wg_plan *to, struct wg_netlink *nl,
		     struct wg_undo *undo)
{
	static const enum wg_plan_kind order[] = {WG_PLAN_RULE,  WG_PLAN_ROUTE,  WG_PLAN_ADDRESS,
						  WG_PLAN_PROXY, WG_PLAN_NEEDED, WG_PLAN_FORWARD,
						  WG_PLAN_SYSCTL};
	const struct wg_applying applying = {.plan = from, .nl = nl, .undo = undo};

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
		size_t n;
		const struct wg_plan_op *ops = wg_plan_ops(from, order[k], &n);

		for (size_t i = 0; i < n; i++)
			if (!wg_plan_find(to, &ops[i]))
				remove_op(&applying, to, &ops[i]);
	}
}
