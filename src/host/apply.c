#include "host/apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "host/apply_parts.h"
#include "host/forward.h"
#include "host/sysctl.h"

#define RP_FILTERS "net/ipv4/conf/"

/* With the kernel's own words. */
static int refuse(struct wg_error *error, int code, const struct wg_netlink *nl, const char *what,
		  const char *which)
{
	const char *said = wg_netlink_error(nl);

	return wg_error_set(error, code, "%s %s: %s%s%s%s", what, which, strerror(-code),
			    *said ? " (" : "", said, *said ? ")" : "");
}

static int set_mtu(const struct wg_applying *applying, const struct wg_plan_op *op,
		   struct wg_error *error)
{
	char where[WG_PLAN_WHERE_LEN];
	char text[16];
	int err = wg_link_set_mtu(applying->nl, applying->plan->link, op->mtu);

	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%u", op->mtu);
	return refuse(error, err, applying->nl, wg_plan_where(where, applying->plan, op), text);
}

static int add_address(const struct wg_applying *applying, const struct wg_plan_op *op,
		       struct wg_error *error)
{
	char where[WG_PLAN_WHERE_LEN];
	char text[WG_PREFIX_TEXT_LEN];
	int err = wg_address_add(applying->nl, &op->address);

	if (!err || err == -EEXIST)
		return 0;
	refuse(error, err, applying->nl, wg_plan_where(where, applying->plan, op),
	       wg_prefix_format(text, &op->address.prefix));
	if (err == -EACCES || err == -EOPNOTSUPP)
		wg_error_hint(error, "IPv6 may be off for new links: see sysctl "
				     "net.ipv6.conf.default.disable_ipv6");
	return err;
}

/* What failed in the journal's part gets its place in the file, where it has one. */
static int place(const struct wg_applying *applying, const struct wg_plan_op *op, int err,
		 struct wg_error *error)
{
	char where[WG_PLAN_WHERE_LEN];

	if (err && op->line)
		wg_error_prefix(error, "%s", wg_plan_where(where, applying->plan, op));
	return err;
}

static int forward(const struct wg_applying *applying, const struct wg_plan_op *op,
		   struct wg_error *error)
{
	const char *uplink = *op->forward.uplink ? op->forward.uplink : NULL;
	const char *tunnel = applying->plan->name;
	int err;

	if (op->forward.family == WG_FAMILY_IPV6)
		err = wg_forward_ipv6(applying->undo, applying->nl, uplink, tunnel, error);
	else
		err = wg_forward_ipv4(applying->undo, applying->nl, uplink, tunnel, error);
	return place(applying, op, err, error);
}

static int set_sysctl(const struct wg_applying *applying, const struct wg_plan_op *op,
		      struct wg_error *error)
{
	int err = wg_undo_sysctl(applying->undo, op->sysctl.name, op->sysctl.value, NULL, error);

	if (!op->sysctl.for_filters || !wg_sysctl_is_refused(err) ||
	    wg_sysctl_any(RP_FILTERS, "rp_filter"))
		return place(applying, op, err, error);
	wg_log(WG_LOG_WARNING,
	       "%s; going on, since no reverse path filter (rp_filter) is on: one that is "
	       "switched on later would drop answers",
	       error->text);
	return 0;
}

int wg_apply_refuse_route(const struct wg_applying *applying, const struct wg_plan_op *op, int err,
			  struct wg_error *error)
{
	char text[WG_PREFIX_TEXT_LEN];

	refuse(error, err, applying->nl, "route to", wg_prefix_format(text, &op->route.dst));
	place(applying, op, err, error);
	if (err == -EEXIST)
		wg_error_hint(error, "another link has a route for it: see ip %sroute show %s",
			      op->route.dst.ip.family == WG_FAMILY_IPV6 ? "-6 " : "", text);
	return err;
}

/* Routes of the tunnel's link go with it; others are journalled. */
static int add_route(const struct wg_applying *applying, const struct wg_plan_op *op,
		     struct wg_error *error)
{
	int err;

	if (op->route.link != applying->plan->link)
		return wg_undo_route_add(applying->undo, &op->route, error);
	err = wg_route_add(applying->nl, &op->route);
	if (!err || (err == -EEXIST && wg_route_exists(applying->nl, &op->route) == 1))
		return 0;
	return wg_apply_refuse_route(applying, op, err, error);
}

int wg_apply_op(const struct wg_applying *applying, const struct wg_plan_op *op,
		struct wg_error *error)
{
	switch (op->kind) {
	case WG_PLAN_MTU:
		return set_mtu(applying, op, error);
	case WG_PLAN_ADDRESS:
		return add_address(applying, op, error);
	case WG_PLAN_FORWARD:
		return forward(applying, op, error);
	case WG_PLAN_SYSCTL:
	case WG_PLAN_NEEDED:
		return set_sysctl(applying, op, error);
	case WG_PLAN_PROXY:
		return place(applying, op, wg_undo_proxy_add(applying->undo, &op->proxy, error),
			     error);
	case WG_PLAN_ROUTE:
		return add_route(applying, op, error);
	case WG_PLAN_RULE:
		return wg_undo_rule_add(applying->undo, &op->rule, error);
	case WG_PLAN_FIREWALL: /* host/leakguard.h */
	case WG_PLAN_DNS:      /* host/dns.h */
	case WG_PLAN_N_KINDS:
		break;
	}
	return 0;
}

int wg_apply_kind(const struct wg_applying *applying, enum wg_plan_kind kind,
		  struct wg_error *error)
{
	size_t n;
	const struct wg_plan_op *ops = wg_plan_ops(applying->plan, kind, &n);
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = wg_apply_op(applying, &ops[i], error);
	return err;
}

static int apply_kinds(const struct wg_applying *applying, enum wg_plan_kind first,
		       enum wg_plan_kind last, struct wg_error *error)
{
	int err = 0;

	for (unsigned int kind = first; !err && kind <= last; kind++)
		err = wg_apply_kind(applying, (enum wg_plan_kind)kind, error);
	return err;
}

int wg_apply_link(const struct wg_plan *plan, struct wg_netlink *nl, struct wg_error *error)
{
	const struct wg_applying applying = {.plan = plan, .nl = nl};
	int err = apply_kinds(&applying, WG_PLAN_MTU, WG_PLAN_ADDRESS, error);

	if (err)
		return err;
	err = wg_link_set_up(nl, plan->link, true);
	return err ? refuse(error, err, nl, plan->name, "bring up the link") : 0;
}

int wg_apply_host(const struct wg_plan *plan, struct wg_netlink *nl, struct wg_undo *undo,
		  struct wg_error *error)
{
	const struct wg_applying applying = {.plan = plan, .nl = nl, .undo = undo};

	return apply_kinds(&applying, WG_PLAN_FORWARD, WG_PLAN_RULE, error);
}
