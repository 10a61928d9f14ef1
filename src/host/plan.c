#include "host/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysctl_name.h"
#include "host/plan_parts.h"

#define SRC_VALID_MARK ((char *)"net/ipv4/conf/all/src_valid_mark")
#define ON             ((char *)"1")

static void add_addresses(struct wg_plan_draft *draft)
{
	const struct wg_conf_prefixes *addresses = &draft->source->conf->addresses;

	for (size_t i = 0; i < addresses->n; i++) {
		const struct wg_plan_op op = {
			.kind = WG_PLAN_ADDRESS,
			.line = addresses->items[i].line,
			.key = "Address",
			.address = {.link = draft->plan->link,
				    .prefix = addresses->items[i].prefix,
				    .nodad = true},
		};

		wg_plan_add(draft, &op);
	}
}

static void add_firewall(struct wg_plan_draft *draft)
{
	static const enum wg_family families[] = {WG_FAMILY_IPV4, WG_FAMILY_IPV6};

	for (size_t i = 0; i < 2; i++) {
		const struct wg_plan_op op = {.kind = WG_PLAN_FIREWALL, .firewall = families[i]};

		if (*wg_plan_way(draft, (uint8_t)families[i]) == WG_PLAN_WAY_RULE)
			wg_plan_add(draft, &op);
	}
}

static void add_forward(struct wg_plan_draft *draft, const struct wg_conf_forward *forward,
			enum wg_family family)
{
	struct wg_plan_op op = {
		.kind = WG_PLAN_FORWARD,
		.line = forward->line,
		.key = "Forward",
		.forward = {.family = family},
	};

	if (!forward->on)
		return;
	memcpy(op.forward.uplink, forward->uplink, sizeof(op.forward.uplink));
	wg_plan_add(draft, &op);
}

static void add_sysctls(struct wg_plan_draft *draft)
{
	const struct wg_conf *conf = draft->source->conf;

	for (size_t i = 0; i < conf->n_sysctls; i++) {
		const struct wg_plan_op op = {
			.kind = WG_PLAN_SYSCTL,
			.line = conf->sysctls[i].line,
			.key = "Sysctl",
			.sysctl = {.name = conf->sysctls[i].path, .value = conf->sysctls[i].value},
		};

		wg_plan_add(draft, &op);
	}
}

/* Neighbours ask on the uplink for the single addresses of peers. */
static bool is_proxied(const struct wg_prefix *prefix)
{
	return prefix->ip.family == WG_FAMILY_IPV6 && prefix->bits == 128;
}

static bool has_proxies(const struct wg_conf *conf)
{
	for (size_t i = 0; *conf->proxy_ndp && i < conf->n_peers; i++)
		for (size_t k = 0; k < conf->config.peers[i].n_allowed_ips; k++)
			if (is_proxied(&conf->config.peers[i].allowed_ips[k].prefix))
				return true;
	return false;
}

static void add_needed(struct wg_plan_draft *draft)
{
	const struct wg_conf *conf = draft->source->conf;
	char name[WG_SYSCTL_NAME_LEN];
	const struct wg_plan_op answer = {
		.kind = WG_PLAN_NEEDED,
		.line = conf->proxy_ndp_line,
		.key = "ProxyNDP",
		.sysctl = {.name = name, .value = ON},
	};
	/* The reverse path filter then looks the answers up with their mark. */
	const struct wg_plan_op filter = {
		.kind = WG_PLAN_NEEDED,
		.sysctl = {.name = SRC_VALID_MARK, .value = ON, .for_filters = true},
	};

	if (has_proxies(conf)) {
		wg_sysctl_conf(name, "ipv6", conf->proxy_ndp, "proxy_ndp");
		wg_plan_add(draft, &answer);
	}
	if (*wg_plan_way(draft, WG_FAMILY_IPV4) == WG_PLAN_WAY_RULE)
		wg_plan_add(draft, &filter);
}

static int add_proxies(struct wg_plan_draft *draft, struct wg_error *error)
{
	const struct wg_conf *conf = draft->source->conf;
	struct wg_plan_op op = {
		.kind = WG_PLAN_PROXY, .line = conf->proxy_ndp_line, .key = "ProxyNDP"};
	const struct wg_link *uplink;

	if (!*conf->proxy_ndp)
		return 0;
	uplink = wg_hostview_link(draft->source->view, conf->proxy_ndp);
	if (!uplink)
		return wg_error_set(error, -ENODEV, "%s:%u: ProxyNDP %s: No such interface",
				    conf->file, conf->proxy_ndp_line, conf->proxy_ndp);
	for (size_t i = 0; i < conf->n_peers; i++) {
		for (size_t k = 0; k < conf->config.peers[i].n_allowed_ips; k++) {
			const struct wg_prefix *prefix =
				&conf->config.peers[i].allowed_ips[k].prefix;

			op.proxy = (struct wg_neigh_proxy){uplink->index, prefix->ip};
			if (is_proxied(prefix))
				wg_plan_add(draft, &op);
		}
	}
	return 0;
}

/* Whether a route for this prefix to the tunnel comes with one of its addresses. */
static bool is_covered(const struct wg_conf *conf, const struct wg_prefix *prefix)
{
	for (size_t i = 0; i < conf->addresses.n; i++) {
		struct wg_prefix own = conf->addresses.items[i].prefix;

		wg_prefix_mask(&own);
		if (own.bits <= prefix->bits && wg_prefix_contains(&own, &prefix->ip))
			return true;
	}
	return false;
}

static void add_peer_routes(struct wg_plan_draft *draft, size_t peer, bool laid[static 2])
{
	const struct wg_conf *conf = draft->source->conf;
	bool automatic = conf->table_mode == WG_CONF_TABLE_AUTO;

	for (size_t i = 0; i < conf->config.peers[peer].n_allowed_ips; i++) {
		struct wg_plan_op op = {
			.kind = WG_PLAN_ROUTE,
			.line = conf->peers[peer].allowed_ips.items[i].line,
			.key = "AllowedIPs",
			.route = {.dst = conf->config.peers[peer].allowed_ips[i].prefix,
				  .link = draft->plan->link,
				  .table = automatic ? WG_ROUTE_TABLE_MAIN : conf->table,
				  .type = WG_ROUTE_UNICAST,
				  .protocol = WG_ROUTE_FROM_STATIC},
		};
		bool *of_family = &laid[op.route.dst.ip.family == WG_FAMILY_IPV6];

		wg_prefix_mask(&op.route.dst);
		if (!wg_plan_is_default(conf, &op.route.dst)) {
			if (!automatic || !is_covered(conf, &op.route.dst))
				wg_plan_add(draft, &op);
		} else if (!*of_family) {
			/* Two peers may have it; cryptokey routing knows whose it is. */
			wg_plan_add_default(draft, &op);
			*of_family = true;
		}
	}
}

static void add_extra_routes(struct wg_plan_draft *draft)
{
	const struct wg_conf *conf = draft->source->conf;

	for (size_t i = 0; i < conf->n_routes; i++) {
		struct wg_plan_op op = {
			.kind = WG_PLAN_ROUTE,
			.line = conf->routes[i].line,
			.key = "Route",
			.route = {.dst = conf->routes[i].prefix,
				  .via = conf->routes[i].via,
				  .metric = conf->routes[i].metric,
				  .link = draft->plan->link,
				  .table = conf->table_mode == WG_CONF_TABLE_NUMBER
						   ? conf->table
						   : WG_ROUTE_TABLE_MAIN,
				  .type = WG_ROUTE_UNICAST,
				  .protocol = WG_ROUTE_FROM_STATIC},
		};

		wg_prefix_mask(&op.route.dst);
		wg_plan_add(draft, &op);
	}
}

static void add_routes(struct wg_plan_draft *draft)
{
	const struct wg_conf *conf = draft->source->conf;
	bool laid[2] = {false, false};

	for (size_t i = 0; conf->table_mode != WG_CONF_TABLE_OFF && i < conf->n_peers; i++)
		add_peer_routes(draft, i, laid);
	add_extra_routes(draft);
}

static void add_dns(struct wg_plan_draft *draft)
{
	const struct wg_conf *conf = draft->source->conf;

	for (size_t i = 0; i < conf->dns_servers.n; i++) {
		const struct wg_plan_op op = {
			.kind = WG_PLAN_DNS,
			.line = conf->dns_servers.items[i].line,
			.key = "DNS",
			.dns = {.server = conf->dns_servers.items[i].prefix.ip},
		};

		wg_plan_add(draft, &op);
	}
	for (size_t i = 0; i < conf->dns_domains.n; i++) {
		const struct wg_plan_op op = {
			.kind = WG_PLAN_DNS,
			.line = conf->dns_domains.items[i].line,
			.key = "DNS",
			.dns = {.domain = conf->dns_domains.items[i].text},
		};

		wg_plan_add(draft, &op);
	}
}

/* In the order of enum wg_plan_kind. */
static int add_all(struct wg_plan_draft *draft, struct wg_error *error)
{
	const struct wg_conf *conf = draft->source->conf;
	int err;

	wg_plan_choose_ways(draft);
	wg_plan_add_mtu(draft);
	add_addresses(draft);
	add_firewall(draft);
	add_forward(draft, &conf->forward_ipv6, WG_FAMILY_IPV6);
	add_forward(draft, &conf->forward_ipv4, WG_FAMILY_IPV4);
	add_sysctls(draft);
	add_needed(draft);
	err = add_proxies(draft, error);
	if (!err)
		add_routes(draft);
	if (!err)
		err = wg_plan_add_rules(draft);
	if (!err)
		add_dns(draft);
	return err || !draft->failed ? err : -ENOMEM;
}

static void note_kinds(struct wg_plan *plan)
{
	for (size_t i = 0; i < plan->n_ops; i++)
		plan->at[plan->ops[i].kind + 1]++;
	for (unsigned int kind = 0; kind < WG_PLAN_N_KINDS; kind++)
		plan->at[kind + 1] += plan->at[kind];
}

int wg_plan_make(struct wg_plan *plan, const struct wg_plan_source *source, struct wg_error *error)
{
	struct wg_plan_draft draft = {.plan = plan, .source = source};
	int err;

	*plan = (struct wg_plan){.link = source->link};
	memcpy(plan->name, source->conf->name, sizeof(plan->name));
	wg_error_init(error);
	plan->file = strdup(source->conf->file);
	err = plan->file ? add_all(&draft, error) : -ENOMEM;
	if (!err) {
		note_kinds(plan);
		wg_plan_sort(plan);
		return 0;
	}
	if (!*error->text)
		wg_error_set(error, err, "%s: routes: %s", plan->name, strerror(-err));
	wg_plan_free(plan);
	return err;
}
