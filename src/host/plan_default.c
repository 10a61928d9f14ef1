/* How a plan lays the default routes of the two families: plainly, or in a table of its own
 * with rules and a mark. */
#include <errno.h>
#include <string.h>

#include "host/plan_parts.h"

/* wg-quick's, so that people find it where they look. */
#define FIRST_TABLE  51820u
#define WORST_METRIC UINT32_C(0x7fffffff)

static bool has_default_route(const struct wg_hostview *view, uint8_t family, uint32_t own_link)
{
	for (size_t i = 0; i < view->n_routes; i++) {
		const struct wg_route *route = &view->routes[i];

		if (route->dst.ip.family == family && route->dst.bits == 0 &&
		    route->link != own_link && route->type == WG_ROUTE_UNICAST &&
		    route->table == WG_ROUTE_TABLE_MAIN)
			return true;
	}
	return false;
}

/* Whether some link may learn a default route from router advertisements yet. */
static bool listens_to_routers(const struct wg_hostview *view, uint32_t own_link)
{
	for (size_t i = 0; i < view->n_links; i++) {
		const struct wg_link *link = &view->links[i];
		int least = link->ipv6_forwarding > 0 ? 2 : 1;

		if (link->index != own_link && link->up && link->ipv6_disabled == 0 &&
		    strcmp(link->name, "lo") != 0 && link->ipv6_accept_ra >= least)
			return true;
	}
	return false;
}

/* Whether all endpoints are known, and none is of this family: then what goes to them
 * cannot be caught by this family's default route. */
static bool endpoints_are_apart(const struct wg_conf *conf, uint8_t family)
{
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_config_peer *peer = &conf->config.peers[i];

		if (!peer->has_endpoint || peer->endpoint.ip.family == family)
			return false;
	}
	return conf->n_peers > 0;
}

static enum wg_plan_way choose_way(const struct wg_plan_source *source, uint8_t family)
{
	if (endpoints_are_apart(source->conf, family) &&
	    !has_default_route(source->view, family, source->link) &&
	    !(family == WG_FAMILY_IPV6 && listens_to_routers(source->view, source->link)))
		return WG_PLAN_WAY_PLAIN;
	return WG_PLAN_WAY_RULE;
}

static bool table_is_free(const struct wg_hostview *view, uint32_t table)
{
	for (size_t i = 0; i < view->n_routes; i++)
		if (view->routes[i].table == table)
			return false;
	for (size_t i = 0; i < view->n_rules; i++)
		if (view->rules[i].table == table || view->rules[i].fwmark == table)
			return false;
	return true;
}

/* The mark is the table's number, as with wg-quick. */
static void choose_table(struct wg_plan *plan, const struct wg_plan_source *source)
{
	uint32_t fwmark = source->conf->config.fwmark;

	plan->table = fwmark ? fwmark : source->own_table;
	for (uint32_t table = FIRST_TABLE; !plan->table; table++)
		if (table_is_free(source->view, table))
			plan->table = table;
	plan->fwmark = plan->table;
}

bool wg_plan_is_default(const struct wg_conf *conf, const struct wg_prefix *prefix)
{
	return conf->table_mode == WG_CONF_TABLE_AUTO && prefix->bits == 0;
}

void wg_plan_choose_ways(struct wg_plan_draft *draft)
{
	const struct wg_conf *conf = draft->source->conf;

	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_config_peer *peer = &conf->config.peers[i];

		for (size_t k = 0; k < peer->n_allowed_ips; k++) {
			const struct wg_prefix *prefix = &peer->allowed_ips[k].prefix;
			enum wg_plan_way *way = wg_plan_way(draft, prefix->ip.family);

			if (*way == WG_PLAN_WAY_NONE && wg_plan_is_default(conf, prefix))
				*way = choose_way(draft->source, prefix->ip.family);
		}
	}
	draft->plan->fwmark = conf->config.fwmark;
	if (draft->way[0] == WG_PLAN_WAY_RULE || draft->way[1] == WG_PLAN_WAY_RULE)
		choose_table(draft->plan, draft->source);
}

void wg_plan_add_default(struct wg_plan_draft *draft, const struct wg_plan_op *op)
{
	struct wg_plan_op own = *op;

	if (*wg_plan_way(draft, op->route.dst.ip.family) == WG_PLAN_WAY_PLAIN) {
		wg_plan_add(draft, &own);
		return;
	}
	own.route.table = draft->plan->table;
	wg_plan_add(draft, &own);
	/* Behind it a wall: when the link dies its route goes, and nothing leaks. */
	own.line = 0;
	own.key = NULL;
	own.route.link = 0;
	own.route.type = WG_ROUTE_UNREACHABLE;
	own.route.metric = WORST_METRIC;
	wg_plan_add(draft, &own);
}

/* Lower numbers are asked first: ours come before all that are there, but for the
 * local table's at 0. */
static uint32_t first_priority(const struct wg_hostview *view, uint8_t family)
{
	uint32_t least = 32766;

	for (size_t i = 0; i < view->n_rules; i++)
		if (view->rules[i].family == family && view->rules[i].priority > 0 &&
		    view->rules[i].priority < least)
			least = view->rules[i].priority;
	return least;
}

/* The newest rule is asked first, so the order is the table, then the other. */
static int add_rules(struct wg_plan_draft *draft, uint8_t family)
{
	uint32_t least = first_priority(draft->source->view, family);
	const struct wg_plan_op rules[] = {
		{.kind = WG_PLAN_RULE,
		 .rule = {.family = family,
			  .invert = true,
			  .fwmark = draft->plan->fwmark,
			  .fwmask = UINT32_MAX,
			  .table = draft->plan->table,
			  .priority = least - 1,
			  .suppress_prefixlength = -1}},
		{.kind = WG_PLAN_RULE,
		 .rule = {.family = family,
			  .table = WG_ROUTE_TABLE_MAIN,
			  .priority = least - 2,
			  .suppress_prefixlength = 0}},
	};

	if (least < 3)
		return -ENOSPC;
	wg_plan_add(draft, &rules[0]);
	wg_plan_add(draft, &rules[1]);
	return 0;
}

int wg_plan_add_rules(struct wg_plan_draft *draft)
{
	int err = 0;

	if (*wg_plan_way(draft, WG_FAMILY_IPV4) == WG_PLAN_WAY_RULE)
		err = add_rules(draft, WG_FAMILY_IPV4);
	if (!err && *wg_plan_way(draft, WG_FAMILY_IPV6) == WG_PLAN_WAY_RULE)
		err = add_rules(draft, WG_FAMILY_IPV6);
	return err;
}
