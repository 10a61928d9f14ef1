/* The rules of `tuff doctor` about the network around the tunnel. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysctl_name.h"
#include "doctor/diagnosis.h"

#define RULE_TEXT_LEN 96

/* A default route that does not lead into the tunnel, or NULL. */
static const struct wg_route *default_route(const struct wg_facts *facts, uint8_t family,
					    const struct wg_link *tunnel)
{
	for (size_t i = 0; i < facts->host.n_routes; i++) {
		const struct wg_route *route = &facts->host.routes[i];

		if (route->dst.ip.family == family && route->dst.bits == 0 && route->link &&
		    route->link != tunnel->index && route->type == WG_ROUTE_UNICAST)
			return route;
	}
	return NULL;
}

static bool rule_matches(const struct wg_rule *rule, uint32_t mark)
{
	bool matches = (mark & rule->fwmask) == (rule->fwmark & rule->fwmask);

	return matches != rule->invert;
}

/* The rule that sends a packet with that mark to the table; NULL when it cannot be told. */
static const struct wg_rule *rule_to(const struct wg_facts *facts, const struct wg_route *route,
				     uint32_t mark)
{
	for (size_t i = 0; i < facts->host.n_rules; i++) {
		const struct wg_rule *rule = &facts->host.rules[i];

		if (rule->family == route->dst.ip.family && rule->table == route->table &&
		    !rule->other && rule->suppress_prefixlength < 0 && rule_matches(rule, mark))
			return rule;
	}
	return NULL;
}

static const char *rule_text(char text[static RULE_TEXT_LEN], const struct wg_rule *rule)
{
	if (!rule)
		snprintf(text, RULE_TEXT_LEN, "a rule");
	else if (rule->fwmask)
		snprintf(text, RULE_TEXT_LEN, "rule %" PRIu32 " (%sfwmark 0x%" PRIx32 ")",
			 rule->priority, rule->invert ? "not " : "", rule->fwmark);
	else
		snprintf(text, RULE_TEXT_LEN, "rule %" PRIu32, rule->priority);
	return text;
}

/* Either the mark that the rule excepts, or a route of its own for the endpoint. */
static void add_way_out(struct wg_check *check, const struct wg_facts *facts,
			const struct wg_rule *rule, const struct wg_ip *to,
			const struct wg_link *tunnel)
{
	const struct wg_route *out = default_route(facts, to->family, tunnel);
	const struct wg_link *uplink = out ? wg_facts_link_at(facts, out->link) : NULL;
	char address[WG_IP_TEXT_LEN];
	char via[WG_IP_TEXT_LEN + 8] = "";
	char gateway[WG_IP_TEXT_LEN];

	wg_ip_format(address, to);
	if (rule && rule->invert && rule->fwmark) {
		wg_check_remedy(check, "give its datagrams the mark: wg set %s fwmark 0x%" PRIx32,
				facts->name, rule->fwmark);
		return;
	}
	if (!uplink) {
		wg_check_remedy(check, "ip route add %s via GATEWAY dev UPLINK", address);
		return;
	}
	if (out->via.family != WG_FAMILY_NONE)
		snprintf(via, sizeof(via), " via %s", wg_ip_format(gateway, &out->via));
	wg_check_remedy(check, "ip route add %s%s dev %s", address, via, uplink->name);
}

static void judge_way(struct wg_check *check, const struct wg_facts *facts,
		      const struct wg_link *tunnel, size_t peer)
{
	const struct wg_ip *to = &facts->status.config.peers[peer].endpoint.ip;
	const struct wg_facts_way *way = &facts->ways[peer];
	const struct wg_rule *rule;
	char name[WG_DIAGNOSIS_LABEL_LEN];
	char text[RULE_TEXT_LEN];
	char address[WG_IP_TEXT_LEN];

	wg_diagnosis_label(name, &facts->status, peer);
	wg_ip_format(address, to);
	if (way->error) {
		wg_check_add(check, WG_CHECK_ERROR, "no-route-to-endpoint", 0,
			     "there is no route to %s, the endpoint of %s: %s", address, name,
			     strerror(-way->error));
		wg_check_remedy(check, "look at it with: ip route get %s mark %" PRIu32, address,
				facts->status.config.fwmark);
	} else if (way->route.link == tunnel->index) {
		rule = rule_to(facts, &way->route, facts->status.config.fwmark);
		wg_check_add(check, WG_CHECK_ERROR, "endpoint-inside", 0,
			     "the route to %s, the endpoint of %s, leads into the tunnel itself: "
			     "%s, table %" PRIu32,
			     address, name, rule_text(text, rule), way->route.table);
		add_way_out(check, facts, rule, to, tunnel);
	}
}

static void judge_ways(struct wg_check *check, const struct wg_facts *facts,
		       const struct wg_link *tunnel)
{
	for (size_t i = 0; i < facts->status.config.n_peers; i++)
		if (facts->status.config.peers[i].has_endpoint)
			judge_way(check, facts, tunnel, i);
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct wg_prefix *left = a;
	const struct wg_prefix *right = b;
	int order = memcmp(&left->ip, &right->ip, sizeof(left->ip));

	return order ? order : left->bits - right->bits;
}

/* Where the routes into the tunnel lead, sorted. */
static struct wg_prefix *sort_routes(const struct wg_facts *facts, const struct wg_link *tunnel,
				     size_t *n)
{
	struct wg_prefix *prefixes = calloc(facts->host.n_routes + 1, sizeof(*prefixes));

	*n = 0;
	for (size_t i = 0; prefixes && i < facts->host.n_routes; i++)
		if (facts->host.routes[i].link == tunnel->index)
			prefixes[(*n)++] = facts->host.routes[i].dst;
	if (*n)
		qsort(prefixes, *n, sizeof(*prefixes), compare_prefixes);
	return prefixes;
}

/* Whether one of the prefixes holds all of this one. */
static bool is_held(struct wg_prefix prefix, const struct wg_prefix *prefixes, size_t n)
{
	for (;; prefix.bits--) {
		wg_prefix_mask(&prefix);
		if (bsearch(&prefix, prefixes, n, sizeof(prefix), compare_prefixes))
			return true;
		if (!prefix.bits)
			return false;
	}
}

/* Of what the file has routed into the tunnel: the kernel drops a link's routes with
 * its last address of a family, and when it goes down. */
static void judge_routes(struct wg_check *check, const struct wg_facts *facts,
			 const struct wg_link *tunnel)
{
	const struct wg_config *config = &facts->status.config;
	const struct wg_prefix *missing = NULL;
	char text[WG_PREFIX_TEXT_LEN];
	size_t n_missing = 0;
	size_t n;
	struct wg_prefix *prefixes;

	if (!facts->conf || facts->conf->table_mode == WG_CONF_TABLE_OFF)
		return;
	prefixes = sort_routes(facts, tunnel, &n);
	for (size_t i = 0; prefixes && i < config->n_peers; i++) {
		for (size_t k = 0; k < config->peers[i].n_allowed_ips; k++) {
			if (is_held(config->peers[i].allowed_ips[k].prefix, prefixes, n))
				continue;
			missing = &config->peers[i].allowed_ips[k].prefix;
			n_missing++;
		}
	}
	free(prefixes);
	if (!n_missing)
		return;
	wg_check_add(check, WG_CHECK_ERROR, "route-missing", 0,
		     "%zu allowed IP%s no route into the tunnel: %s%s", n_missing,
		     n_missing == 1 ? " has" : "s have", wg_prefix_format(text, missing),
		     n_missing == 1 ? "" : " and others");
	wg_check_remedy(check, "lay them anew with: tuff down %s; tuff up %s", facts->name,
			facts->name);
}

static void judge_forward(struct wg_check *check, const struct wg_facts *facts)
{
	static const char *const keys[] = {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"};
	const struct wg_conf *conf = facts->conf;
	bool missing[2] = {conf && conf->forward_ipv4.on && !facts->forwards_ipv4,
			   conf && conf->forward_ipv6.on && !facts->forwards_ipv6};

	for (size_t i = 0; i < 2; i++) {
		if (!missing[i])
			continue;
		wg_check_add(check, WG_CHECK_ERROR, "forwarding-off", 0,
			     "the file says Forward, but %s is 0: another program set it back",
			     keys[i]);
		wg_check_remedy(check, "sysctl -w %s=1", keys[i]);
	}
}

/* What a link has learnt from router advertisements: its default route, or else
 * anything with an end. */
static const struct wg_route *learnt_on(const struct wg_facts *facts, const struct wg_link *link)
{
	const struct wg_route *learnt = NULL;

	for (size_t i = 0; i < facts->host.n_routes; i++) {
		const struct wg_route *route = &facts->host.routes[i];
		bool advertised = route->protocol == WG_ROUTE_FROM_RA;

		if (route->link != link->index || route->dst.ip.family != WG_FAMILY_IPV6)
			continue;
		if (advertised && route->dst.bits == 0)
			return route;
		if (advertised || route->expires)
			learnt = route;
	}
	return learnt;
}

static void add_deaf(struct wg_check *check, const struct wg_link *link,
		     const struct wg_route *learnt)
{
	char gateway[WG_IP_TEXT_LEN];
	char left[48] = "has no end, but will not be renewed";
	char key[WG_SYSCTL_NAME_LEN];

	if (learnt->expires)
		snprintf(left, sizeof(left), "lasts %" PRIu32 " seconds more", learnt->expires);
	if (learnt->dst.bits == 0)
		wg_check_add(check, WG_CHECK_ERROR, "accept-ra", 0,
			     "%s forwards, so it ignores router advertisements: the default route "
			     "via %s, learnt there, %s",
			     link->name, wg_ip_format(gateway, &learnt->via), left);
	else
		wg_check_add(check, WG_CHECK_ERROR, "accept-ra", 0,
			     "%s forwards, so it ignores router advertisements: no default route "
			     "is left of what it learnt there",
			     link->name);
	wg_check_remedy(check, "Forward = ipv6 via %s in the file, or: sysctl -w %s=2", link->name,
			wg_sysctl_conf_key(key, "ipv6", link->name, "accept_ra"));
}

/* A router ignores router advertisements (RFC 4861 6.2.7), unless accept_ra is 2. */
static void judge_accept_ra(struct wg_check *check, const struct wg_facts *facts,
			    const struct wg_link *tunnel)
{
	for (size_t i = 0; i < facts->host.n_links; i++) {
		const struct wg_link *link = &facts->host.links[i];
		const struct wg_route *learnt;

		if (link == tunnel || !link->up || link->ipv6_forwarding <= 0 ||
		    link->ipv6_accept_ra != 1)
			continue;
		learnt = learnt_on(facts, link);
		if (learnt &&
		    (learnt->dst.bits == 0 || !default_route(facts, WG_FAMILY_IPV6, tunnel)))
			add_deaf(check, link, learnt);
	}
}

/* Whether datagrams to this family's endpoints pass a rule by because of their mark. */
static bool is_marked_out(const struct wg_facts *facts, uint8_t family)
{
	uint32_t mark = facts->status.config.fwmark;

	for (size_t i = 0; mark && i < facts->host.n_rules; i++)
		if (facts->host.rules[i].family == family && facts->host.rules[i].invert &&
		    facts->host.rules[i].fwmark == mark)
			return true;
	return false;
}

/* Strict filtering (RFC 3704 2.2) asks for the way back without the mark, and that is
 * the tunnel; src_valid_mark lets it look at the mark. IPv6 has no such filter. */
static void judge_rp_filter(struct wg_check *check, const struct wg_facts *facts)
{
	if (!is_marked_out(facts, WG_FAMILY_IPV4))
		return;
	for (size_t i = 0; i < facts->status.config.n_peers; i++) {
		const struct wg_config_peer *peer = &facts->status.config.peers[i];
		const struct wg_link *link;

		if (!peer->has_endpoint || peer->endpoint.ip.family != WG_FAMILY_IPV4 ||
		    facts->ways[i].error)
			continue;
		link = wg_facts_link_at(facts, facts->ways[i].route.link);
		if (!link || wg_facts_parameters(facts, link)->rp_filter != 1 ||
		    wg_facts_parameters(facts, link)->src_valid_mark)
			continue;
		wg_check_add(check, WG_CHECK_ERROR, "rp-filter", 0,
			     "the strict reverse path filter of %s drops what the peers send, "
			     "because their way back without the mark is the tunnel",
			     link->name);
		wg_check_remedy(check, "sysctl -w net.ipv4.conf.all.src_valid_mark=1");
		return;
	}
}

static bool somebody_is_missing(const struct wg_facts *facts)
{
	for (size_t i = 0; i < facts->status.config.n_peers; i++)
		if (!facts->status.config.peers[i].health.session ||
		    wg_status_is_silent(&facts->status.config.peers[i].health))
			return true;
	return false;
}

/* Rules are listed and not guessed; and only as long as somebody does not come through. */
static void judge_firewall(struct wg_check *check, const struct wg_facts *facts)
{
	uint16_t port = facts->status.config.listen_port;

	if (!facts->firewall || !somebody_is_missing(facts))
		return;
	wg_check_add(check, WG_CHECK_WARNING, "firewall", 0,
		     "the firewall may drop what comes for UDP port %u: %s", port, facts->firewall);
	wg_check_remedy(check,
			"look at it with: nft list ruleset; let it in with: udp dport %u "
			"accept",
			port);
}

void wg_diagnosis_host(struct wg_check *check, const struct wg_facts *facts,
		       const struct wg_link *link)
{
	judge_ways(check, facts, link);
	judge_routes(check, facts, link);
	judge_forward(check, facts);
	judge_accept_ra(check, facts, link);
	wg_diagnosis_neighbours(check, facts);
	judge_rp_filter(check, facts);
	judge_firewall(check, facts);
}
