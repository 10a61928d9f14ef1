/* A plan in the making. Only host/plan*.c includes it. */
#ifndef WG_HOST_PLAN_PARTS_H
#define WG_HOST_PLAN_PARTS_H

#include "host/plan.h"

/* How a family's default route is laid. */
enum wg_plan_way {
	WG_PLAN_WAY_NONE,  /* no allowed IP is a /0 of it, or routes are off */
	WG_PLAN_WAY_PLAIN, /* default dev LINK: nothing else leads there, and the endpoints
			    * are of the other family */
	WG_PLAN_WAY_RULE   /* in a table of its own, for all that has not the mark */
};

struct wg_plan_draft {
	struct wg_plan *plan;
	const struct wg_plan_source *source;
	enum wg_plan_way way[2]; /* IPv4, IPv6 */
	size_t room;             /* of plan->ops */
	bool failed;             /* for lack of memory */
};

static inline enum wg_plan_way *wg_plan_way(struct wg_plan_draft *draft, uint8_t family)
{
	return &draft->way[family == WG_FAMILY_IPV6];
}

/* Adds a copy of an operation and of what it points to. Kinds are added in their order. */
void wg_plan_add(struct wg_plan_draft *draft, const struct wg_plan_op *op);

/* Whether this allowed IP is a default route that may need a table of its own. */
bool wg_plan_is_default(const struct wg_conf *conf, const struct wg_prefix *prefix);

/* Chooses the way of each family's default route, and the table and mark where one is laid
 * by rule. Before anything is added. */
void wg_plan_choose_ways(struct wg_plan_draft *draft);

/* Adds a family's default route the way that was chosen; op is that route in the main table. */
void wg_plan_add_default(struct wg_plan_draft *draft, const struct wg_plan_op *op);

/* Adds the rules of all families that need them. 0, or -ENOSPC: there is no room in front of
 * the host's own. */
int wg_plan_add_rules(struct wg_plan_draft *draft);

/* Adds the link's MTU. */
void wg_plan_add_mtu(struct wg_plan_draft *draft);

/* Sorts what there may be very much of, so that it is found by bsearch(3). at is set. */
void wg_plan_sort(struct wg_plan *plan);

#endif
