#include "host/netapply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "host/forward.h"

#define SRC_VALID_MARK "net/ipv4/conf/all/src_valid_mark"
#define RP_FILTERS     "net/ipv4/conf/"

/* With the kernel's own words. */
static int refuse(struct wg_error *error, int code, const struct wg_netlink *nl, const char *what,
		  const char *which)
{
	const char *said = wg_netlink_error(nl);

	return wg_error_set(error, code, "%s %s: %s%s%s%s", what, which, strerror(-code),
			    *said ? " (" : "", said, *said ? ")" : "");
}

/* The i-th of the plan is the i-th of the file. */
static int add_address(const struct wg_netplan *plan, size_t i, const struct wg_conf *conf,
		       struct wg_netlink *nl, struct wg_error *error)
{
	char text[WG_PREFIX_TEXT_LEN];
	int err = wg_address_add(nl, &plan->addresses[i]);

	if (!err || err == -EEXIST)
		return 0;
	refuse(error, err, nl, "Address", wg_prefix_format(text, &plan->addresses[i].prefix));
	wg_error_prefix(error, "%s:%u", conf->file, conf->addresses.items[i].line);
	if (err == -EACCES || err == -EOPNOTSUPP)
		wg_error_hint(error, "IPv6 may be off for new links: see sysctl "
				     "net.ipv6.conf.default.disable_ipv6");
	return err;
}

/* The MTU of the path to each known endpoint, the smallest of a family; 0: none. */
static void path_mtus(const struct wg_conf *conf, const struct wg_netplan *plan,
		      struct wg_netlink *nl, uint32_t mtus[static 2])
{
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_config_peer *peer = &conf->config.peers[i];
		struct wg_route route;
		struct wg_link link;
		uint32_t mtu;
		uint32_t *least;

		if (!peer->has_endpoint ||
		    wg_route_lookup(nl, &peer->endpoint.ip, plan->fwmark, &route) ||
		    route.link == plan->link || wg_link_by_index(nl, route.link, &link))
			continue;
		least = &mtus[peer->endpoint.ip.family == WG_FAMILY_IPV6];
		mtu = route.mtu && route.mtu < link.mtu ? route.mtu : link.mtu;
		if (!*least || mtu < *least)
			*least = mtu;
	}
}

static int set_mtu(const struct wg_netplan *plan, const struct wg_conf *conf, struct wg_netlink *nl,
		   struct wg_error *error)
{
	uint32_t mtus[2] = {0, 0};
	char text[16];
	uint32_t mtu;
	int err;

	if (!conf->mtu)
		path_mtus(conf, plan, nl, mtus);
	mtu = wg_netplan_mtu(conf, mtus[0], mtus[1]);
	err = wg_link_set_mtu(nl, plan->link, mtu);
	if (!err)
		return 0;
	snprintf(text, sizeof(text), "%u", mtu);
	refuse(error, err, nl, "MTU", text);
	if (conf->mtu)
		wg_error_prefix(error, "%s:%u", conf->file, conf->mtu_line);
	else
		wg_error_prefix(error, "%s", conf->name);
	return err;
}

int wg_netapply_link(const struct wg_netplan *plan, const struct wg_conf *conf,
		     struct wg_netlink *nl, struct wg_error *error)
{
	int err = set_mtu(plan, conf, nl, error);

	for (size_t i = 0; !err && i < plan->n_addresses; i++)
		err = add_address(plan, i, conf, nl, error);
	if (err)
		return err;
	err = wg_link_set_up(nl, plan->link, true);
	return err ? refuse(error, err, nl, conf->name, "bring up the link") : 0;
}

static bool same_prefix(const struct wg_prefix *written, const struct wg_prefix *masked)
{
	struct wg_prefix prefix = *written;

	wg_prefix_mask(&prefix);
	return prefix.bits == masked->bits && wg_ip_equal(&prefix.ip, &masked->ip);
}

/* The line that asks for a route, and with which key. */
static unsigned int line_of_route(const struct wg_conf *conf, const struct wg_route *route,
				  const char **key)
{
	*key = "Route";
	for (size_t i = 0; i < conf->n_routes; i++)
		if (same_prefix(&conf->routes[i].prefix, &route->dst) &&
		    wg_ip_equal(&conf->routes[i].via, &route->via))
			return conf->routes[i].line;
	*key = "AllowedIPs";
	for (size_t i = 0; i < conf->n_peers; i++)
		for (size_t k = 0; k < conf->peers[i].allowed_ips.n; k++)
			if (same_prefix(&conf->peers[i].allowed_ips.items[k].prefix, &route->dst))
				return conf->peers[i].allowed_ips.items[k].line;
	return 0;
}

static int refuse_route(struct wg_error *error, int err, const struct wg_netlink *nl,
			const struct wg_conf *conf, const struct wg_route *route)
{
	char text[WG_PREFIX_TEXT_LEN];
	const char *key;
	unsigned int line = line_of_route(conf, route, &key);

	refuse(error, err, nl, "route to", wg_prefix_format(text, &route->dst));
	wg_error_prefix(error, "%s:%u: %s", conf->file, line, key);
	if (err == -EEXIST)
		wg_error_hint(error, "another link has a route for it: see ip %sroute show %s",
			      route->dst.ip.family == WG_FAMILY_IPV6 ? "-6 " : "", text);
	return err;
}

/* Routes of the tunnel's link go with it; others are journalled. */
static int add_route(const struct wg_netplan *plan, const struct wg_route *route,
		     const struct wg_conf *conf, struct wg_netlink *nl, struct wg_undo *undo,
		     struct wg_error *error)
{
	int err;

	if (route->link != plan->link)
		return wg_undo_route_add(undo, route, error);
	err = wg_route_add(nl, route);
	if (!err || (err == -EEXIST && wg_route_exists(nl, route) == 1))
		return 0;
	return refuse_route(error, err, nl, conf, route);
}

static int set_sysctl(struct wg_undo *undo, const char *name, const char *value,
		      struct wg_error *error)
{
	return wg_undo_sysctl(undo, name, value, NULL, error);
}

static int set_sysctls(const struct wg_conf *conf, struct wg_undo *undo, struct wg_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < conf->n_sysctls; i++) {
		err = set_sysctl(undo, conf->sysctls[i].path, conf->sysctls[i].value, error);
		if (err)
			wg_error_prefix(error, "%s:%u: Sysctl", conf->file, conf->sysctls[i].line);
	}
	return err;
}

static int add_proxies(const struct wg_netplan *plan, const struct wg_conf *conf,
		       struct wg_undo *undo, struct wg_error *error)
{
	char name[WG_SYSCTL_NAME_LEN];
	int err = 0;

	if (plan->n_proxies) {
		wg_sysctl_conf(name, "ipv6", conf->proxy_ndp, "proxy_ndp");
		err = set_sysctl(undo, name, "1", error);
	}
	for (size_t i = 0; !err && i < plan->n_proxies; i++)
		err = wg_undo_proxy_add(undo, &plan->proxies[i], error);
	if (err)
		wg_error_prefix(error, "%s:%u: ProxyNDP", conf->file, conf->proxy_ndp_line);
	return err;
}

static int add_default_sysctls(const struct wg_netplan *plan, struct wg_undo *undo,
			       struct wg_error *error)
{
	int err;

	if (!wg_netplan_uses_rule(plan, WG_FAMILY_IPV4))
		return 0;
	/* The reverse path filter then looks the answers up with their mark. */
	err = set_sysctl(undo, SRC_VALID_MARK, "1", error);
	if (!wg_sysctl_is_refused(err) || wg_sysctl_any(RP_FILTERS, "rp_filter"))
		return err;
	wg_log(WG_LOG_WARNING,
	       "%s; going on, since no reverse path filter (rp_filter) is on: one that is "
	       "switched on later would drop answers",
	       error->text);
	return 0;
}

/* The newest rule is asked first, so each family's order is the table, then the other. */
static int add_rules(const struct wg_netplan *plan, struct wg_undo *undo, struct wg_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->n_rules; i++)
		err = wg_undo_rule_add(undo, &plan->rules[i], error);
	return err;
}

static int forward(const struct wg_conf *conf, struct wg_netlink *nl, struct wg_undo *undo,
		   struct wg_error *error)
{
	const struct wg_conf_forward *ipv4 = &conf->forward_ipv4;
	const struct wg_conf_forward *ipv6 = &conf->forward_ipv6;
	unsigned int line = ipv6->line;
	int err = 0;

	if (ipv6->on)
		err = wg_forward_ipv6(undo, nl, *ipv6->uplink ? ipv6->uplink : NULL, conf->name,
				      error);
	if (!err && ipv4->on) {
		line = ipv4->line;
		err = wg_forward_ipv4(undo, nl, *ipv4->uplink ? ipv4->uplink : NULL, conf->name,
				      error);
	}
	if (err)
		wg_error_prefix(error, "%s:%u: Forward", conf->file, line);
	return err;
}

int wg_netapply_host(const struct wg_netplan *plan, const struct wg_conf *conf,
		     struct wg_netlink *nl, struct wg_undo *undo, struct wg_error *error)
{
	int err = forward(conf, nl, undo, error);

	if (!err)
		err = set_sysctls(conf, undo, error);
	if (!err)
		err = add_proxies(plan, conf, undo, error);
	if (!err)
		err = add_default_sysctls(plan, undo, error);
	for (size_t i = 0; !err && i < plan->n_routes; i++)
		err = add_route(plan, &plan->routes[i], conf, nl, undo, error);
	if (!err)
		err = add_rules(plan, undo, error);
	return err;
}

static bool has_address(const struct wg_netplan *plan, const struct wg_address *wanted)
{
	for (size_t i = 0; i < plan->n_addresses; i++)
		if (plan->addresses[i].prefix.bits == wanted->prefix.bits &&
		    wg_ip_equal(&plan->addresses[i].prefix.ip, &wanted->prefix.ip))
			return true;
	return false;
}

static bool has_rule(const struct wg_netplan *plan, const struct wg_rule *wanted)
{
	for (size_t i = 0; i < plan->n_rules; i++)
		if (plan->rules[i].family == wanted->family &&
		    plan->rules[i].table == wanted->table &&
		    plan->rules[i].fwmark == wanted->fwmark)
			return true;
	return false;
}

/* Our own route with another next hop is replaced, so that the destination has one all
 * the time. What another program put there is not. */
static int change_route(const struct wg_netplan *from, const struct wg_netplan *to,
			const struct wg_route *route, const struct wg_conf *conf,
			struct wg_netlink *nl, struct wg_undo *undo, struct wg_error *error)
{
	const struct wg_route *old =
		route->link == to->link ? wg_netplan_route_in_place(from, route) : NULL;
	int err;

	if (!old || wg_route_exists(nl, old) != 1)
		return add_route(to, route, conf, nl, undo, error);
	err = wg_route_replace(nl, route);
	return err ? refuse_route(error, err, nl, conf, route) : 0;
}

static int add_new(const struct wg_netplan *from, const struct wg_netplan *to,
		   const struct wg_conf *conf, struct wg_netlink *nl, struct wg_undo *undo,
		   struct wg_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < to->n_addresses; i++)
		if (!has_address(from, &to->addresses[i]))
			err = add_address(to, i, conf, nl, error);
	for (size_t i = 0; !err && i < to->n_routes; i++)
		if (!wg_netplan_has_route(from, &to->routes[i]))
			err = change_route(from, to, &to->routes[i], conf, nl, undo, error);
	for (size_t i = 0; !err && i < to->n_rules; i++)
		if (!has_rule(from, &to->rules[i]))
			err = wg_undo_rule_add(undo, &to->rules[i], error);
	return err;
}

/* What cannot be removed was removed by somebody else. */
static void remove_old(const struct wg_netplan *from, const struct wg_netplan *to,
		       struct wg_netlink *nl, struct wg_undo *undo)
{
	for (size_t i = 0; i < from->n_rules; i++)
		if (!has_rule(to, &from->rules[i]))
			wg_undo_rule_delete(undo, &from->rules[i]);
	for (size_t i = 0; i < from->n_routes; i++) {
		const struct wg_route *route = &from->routes[i];

		if (wg_netplan_has_route(to, route))
			continue;
		if (route->link != from->link)
			wg_undo_route_delete(undo, route);
		else if (!wg_netplan_route_in_place(to, route)) /* else it was replaced */
			wg_route_delete(nl, route);
	}
	for (size_t i = 0; i < from->n_addresses; i++)
		if (!has_address(to, &from->addresses[i]))
			wg_address_delete(nl, &from->addresses[i]);
	for (size_t i = 0; i < from->n_proxies; i++)
		if (!wg_netplan_has_proxy(to, &from->proxies[i]))
			wg_undo_proxy_delete(undo, &from->proxies[i]);
}

static const struct wg_conf_sysctl *find_sysctl(const struct wg_conf *conf, const char *path)
{
	for (size_t i = 0; i < conf->n_sysctls; i++)
		if (!strcmp(conf->sysctls[i].path, path))
			return &conf->sysctls[i];
	return NULL;
}

/* Parameters that the plan itself needed, and needs no more. */
static void reset_sysctls(const struct wg_netplan *from, const struct wg_conf *from_conf,
			  const struct wg_netplan *to, const struct wg_conf *to_conf,
			  struct wg_undo *undo)
{
	char name[WG_SYSCTL_NAME_LEN];

	if (from->n_proxies &&
	    (!to->n_proxies || strcmp(from_conf->proxy_ndp, to_conf->proxy_ndp) != 0)) {
		wg_sysctl_conf(name, "ipv6", from_conf->proxy_ndp, "proxy_ndp");
		wg_undo_sysctl_reset(undo, name);
	}
	if (wg_netplan_uses_rule(from, WG_FAMILY_IPV4) && !wg_netplan_uses_rule(to, WG_FAMILY_IPV4))
		wg_undo_sysctl_reset(undo, SRC_VALID_MARK);
}

static void unforward(const struct wg_conf *from, const struct wg_conf *to, struct wg_undo *undo)
{
	if (from->forward_ipv6.on && !to->forward_ipv6.on)
		wg_forward_ipv6_end(undo);
	if (from->forward_ipv4.on && !to->forward_ipv4.on)
		wg_forward_ipv4_end(undo);
	for (size_t i = 0; i < from->n_sysctls; i++)
		if (!find_sysctl(to, from->sysctls[i].path))
			wg_undo_sysctl_reset(undo, from->sysctls[i].path);
}

/* One that gets another value goes back first, so that the journal has it once, with the
 * value that it had before the tunnel. */
static int change_sysctls(const struct wg_conf *from, const struct wg_conf *to,
			  struct wg_undo *undo, struct wg_error *error)
{
	for (size_t i = 0; i < to->n_sysctls; i++) {
		const struct wg_conf_sysctl *old = find_sysctl(from, to->sysctls[i].path);

		if (old && strcmp(old->value, to->sysctls[i].value) != 0)
			wg_undo_sysctl_reset(undo, old->path);
	}
	return set_sysctls(to, undo, error);
}

int wg_netapply_add(const struct wg_netplan *from, const struct wg_conf *from_conf,
		    const struct wg_netplan *to, const struct wg_conf *conf, struct wg_netlink *nl,
		    struct wg_undo *undo, struct wg_error *error)
{
	int err = set_mtu(to, conf, nl, error);

	if (!err)
		err = forward(conf, nl, undo, error);
	if (!err)
		err = change_sysctls(from_conf, conf, undo, error);
	if (!err)
		err = add_proxies(to, conf, undo, error);
	if (!err)
		err = add_default_sysctls(to, undo, error);
	return err ? err : add_new(from, to, conf, nl, undo, error);
}

void wg_netapply_remove(const struct wg_netplan *from, const struct wg_conf *from_conf,
			const struct wg_netplan *to, const struct wg_conf *to_conf,
			struct wg_netlink *nl, struct wg_undo *undo)
{
	remove_old(from, to, nl, undo);
	reset_sysctls(from, from_conf, to, to_conf, undo);
	unforward(from_conf, to_conf, undo);
}
