#include "host/undo_act.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
	[WG_UNDO_ROUTE] = "route",
	[WG_UNDO_RULE] = "rule",
	[WG_UNDO_PROXY] = "proxy",
};

const char *wg_undo_act_kind_name(enum wg_undo_act_kind kind)
{
	return kinds[kind];
}

static void format_route(char *text, const struct wg_route *route)
{
	char dst[WG_PREFIX_TEXT_LEN], via[WG_IP_TEXT_LEN] = "-";

	if (route->via.family != WG_FAMILY_NONE)
		wg_ip_format(via, &route->via);
	snprintf(text, WG_UNDO_ACT_LEN, "%s %s %u %u %u %u %u %u",
		 wg_prefix_format(dst, &route->dst), via, route->link, route->metric, route->table,
		 route->type, route->protocol, route->mtu);
}

static bool parse_route(struct wg_route *route, const char *text)
{
	char dst[WG_PREFIX_TEXT_LEN], via[WG_IP_TEXT_LEN];
	unsigned int type, protocol;
	int end = -1;

	if (sscanf(text, "%49s %45s %u %u %u %u %u %u%n", dst, via, &route->link, &route->metric,
		   &route->table, &type, &protocol, &route->mtu, &end) != 8 ||
	    end < 0 || text[end] || type > UINT8_MAX || protocol > UINT8_MAX)
		return false;
	route->type = (uint8_t)type;
	route->protocol = (uint8_t)protocol;
	return wg_prefix_parse(&route->dst, dst) &&
	       (!strcmp(via, "-") || wg_ip_parse(&route->via, via));
}

static void format_rule(char *text, const struct wg_rule *rule)
{
	snprintf(text, WG_UNDO_ACT_LEN, "%u %u %u/%u %s %u %d", rule->family, rule->priority,
		 rule->fwmark, rule->fwmask, rule->invert ? "not" : "-", rule->table,
		 rule->suppress_prefixlength);
}

static bool parse_rule(struct wg_rule *rule, const char *text)
{
	unsigned int family;
	char invert[4];
	int end = -1;

	if (sscanf(text, "%u %u %u/%u %3s %u %d%n", &family, &rule->priority, &rule->fwmark,
		   &rule->fwmask, invert, &rule->table, &rule->suppress_prefixlength, &end) != 7 ||
	    end < 0 || text[end] || (family != WG_FAMILY_IPV4 && family != WG_FAMILY_IPV6))
		return false;
	rule->family = (uint8_t)family;
	rule->invert = !strcmp(invert, "not");
	return rule->invert || !strcmp(invert, "-");
}

static bool parse_proxy(struct wg_neigh_proxy *proxy, const char *text)
{
	char ip[WG_IP_TEXT_LEN];
	int end = -1;

	return sscanf(text, "%45s %u%n", ip, &proxy->link, &end) == 2 && end >= 0 && !text[end] &&
	       wg_ip_parse(&proxy->ip, ip);
}

void wg_undo_act_format(char text[static WG_UNDO_ACT_LEN], const struct wg_undo_act *act)
{
	char ip[WG_IP_TEXT_LEN];

	switch (act->kind) {
	case WG_UNDO_ROUTE:
		format_route(text, &act->route);
		return;
	case WG_UNDO_RULE:
		format_rule(text, &act->rule);
		return;
	case WG_UNDO_PROXY:
		snprintf(text, WG_UNDO_ACT_LEN, "%s %u", wg_ip_format(ip, &act->proxy.ip),
			 act->proxy.link);
		return;
	}
}

bool wg_undo_act_parse(struct wg_undo_act *act, const char *kind, const char *text)
{
	memset(act, 0, sizeof(*act));
	if (!strcmp(kind, kinds[WG_UNDO_ROUTE])) {
		act->kind = WG_UNDO_ROUTE;
		return parse_route(&act->route, text);
	}
	if (!strcmp(kind, kinds[WG_UNDO_RULE])) {
		act->kind = WG_UNDO_RULE;
		return parse_rule(&act->rule, text);
	}
	act->kind = WG_UNDO_PROXY;
	return !strcmp(kind, kinds[WG_UNDO_PROXY]) && parse_proxy(&act->proxy, text);
}

int wg_undo_act_exists(struct wg_netlink *nl, const struct wg_undo_act *act)
{
	switch (act->kind) {
	case WG_UNDO_ROUTE:
		return wg_route_exists(nl, &act->route);
	case WG_UNDO_RULE:
		return wg_rule_exists(nl, &act->rule);
	case WG_UNDO_PROXY:
		return wg_neigh_proxy_exists(nl, &act->proxy);
	}
	return 0;
}

int wg_undo_act_make(struct wg_netlink *nl, const struct wg_undo_act *act)
{
	switch (act->kind) {
	case WG_UNDO_ROUTE:
		return wg_route_add(nl, &act->route);
	case WG_UNDO_RULE:
		return wg_rule_add(nl, &act->rule);
	case WG_UNDO_PROXY:
		return wg_neigh_proxy_add(nl, &act->proxy);
	}
	return 0;
}

int wg_undo_act_unmake(struct wg_netlink *nl, const struct wg_undo_act *act)
{
	switch (act->kind) {
	case WG_UNDO_ROUTE:
		return wg_route_delete(nl, &act->route);
	case WG_UNDO_RULE:
		return wg_rule_delete(nl, &act->rule);
	case WG_UNDO_PROXY:
		return wg_neigh_proxy_delete(nl, &act->proxy);
	}
	return 0;
}
