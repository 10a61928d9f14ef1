/* The rules of `tuff doctor` about neighbours: single addresses of peers in a prefix that
 * is on-link at another link. Hosts there take them for neighbours of their own, and ask
 * who has them (RFC 4861 7.2, RFC 826). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysctl_name.h"
#include "doctor/diagnosis.h"

/* A prefix whose addresses are neighbours at a link. */
struct vicinity {
	struct wg_prefix prefix;
	const struct wg_link *link;
};

struct neighbours {
	const struct wg_facts *facts;
	struct vicinity *vicinities;
	size_t n_vicinities;
	struct wg_neigh_proxy *proxies; /* of facts, sorted */
};

/* Tunnels have no neighbours. */
static bool has_neighbours(const struct wg_link *link)
{
	return link->up && strcmp(link->name, "lo") != 0 && strcmp(link->kind, "tun") != 0 &&
	       strcmp(link->kind, "wireguard") != 0;
}

static bool find_vicinities(struct neighbours *neighbours)
{
	const struct wg_facts *facts = neighbours->facts;

	neighbours->vicinities = calloc(facts->host.n_routes + 1, sizeof(struct vicinity));
	for (size_t i = 0; neighbours->vicinities && i < facts->host.n_routes; i++) {
		const struct wg_route *route = &facts->host.routes[i];
		const struct wg_link *link;

		if (route->type != WG_ROUTE_UNICAST || route->via.family != WG_FAMILY_NONE ||
		    route->dst.bits == 0 || route->dst.bits == wg_family_bits(route->dst.ip.family))
			continue;
		link = wg_facts_link_at(facts, route->link);
		if (link && has_neighbours(link))
			neighbours->vicinities[neighbours->n_vicinities++] =
				(struct vicinity){route->dst, link};
	}
	return neighbours->vicinities;
}

static int compare_proxies(const void *a, const void *b)
{
	const struct wg_neigh_proxy *left = a;
	const struct wg_neigh_proxy *right = b;

	if (left->link != right->link)
		return left->link < right->link ? -1 : 1;
	return memcmp(&left->ip, &right->ip, sizeof(left->ip));
}

static bool sort_proxies(struct neighbours *neighbours)
{
	const struct wg_facts *facts = neighbours->facts;

	neighbours->proxies = calloc(facts->n_proxies + 1, sizeof(*neighbours->proxies));
	if (!neighbours->proxies)
		return false;
	if (facts->n_proxies) {
		memcpy(neighbours->proxies, facts->proxies,
		       facts->n_proxies * sizeof(*facts->proxies));
		qsort(neighbours->proxies, facts->n_proxies, sizeof(*facts->proxies),
		      compare_proxies);
	}
	return true;
}

static bool is_answered_for(const struct neighbours *neighbours, const struct wg_link *link,
			    const struct wg_ip *ip)
{
	const struct wg_facts_link *parameters = wg_facts_parameters(neighbours->facts, link);
	const struct wg_neigh_proxy proxy = {link->index, *ip};

	if (ip->family == WG_FAMILY_IPV4 && parameters->proxy_arp)
		return true;
	if (ip->family == WG_FAMILY_IPV6 && !parameters->proxy_ndp)
		return false;
	return bsearch(&proxy, neighbours->proxies, neighbours->facts->n_proxies, sizeof(proxy),
		       compare_proxies);
}

static size_t count_solicited(const struct wg_facts *facts, const struct wg_link *link,
			      const struct wg_ip *ip)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->n_solicited; i++)
		n += facts->solicited[i].link == link->index &&
		     wg_ip_equal(&facts->solicited[i].target, ip);
	return n;
}

static void add_on_link(struct wg_check *check, const struct wg_facts *facts,
			const struct vicinity *vicinity, const struct wg_ip *ip, size_t peer)
{
	size_t n_solicited = count_solicited(facts, vicinity->link, ip);
	const char *link = vicinity->link->name;
	char name[WG_DIAGNOSIS_LABEL_LEN];
	char address[WG_IP_TEXT_LEN];
	char network[WG_PREFIX_TEXT_LEN];
	char key[WG_SYSCTL_NAME_LEN];
	char heard[64] = "";

	if (n_solicited)
		snprintf(heard, sizeof(heard), " (%zu such question%s heard)", n_solicited,
			 n_solicited == 1 ? " was" : "s were");
	wg_check_add(check, WG_CHECK_WARNING, "on-link-prefix", 0,
		     "%s of %s is in %s, which is on-link at %s: hosts there ask who has it%s, and "
		     "nobody answers",
		     wg_ip_format(address, ip), wg_diagnosis_label(name, &facts->status, peer),
		     wg_prefix_format(network, &vicinity->prefix), link, heard);
	if (ip->family == WG_FAMILY_IPV6)
		wg_check_remedy(check, "ProxyNDP = %s in the file, or have the prefix routed here",
				link);
	else
		wg_check_remedy(check, "Sysctl = %s=1 in the file, or have the prefix routed here",
				wg_sysctl_conf_key(key, "ipv4", link, "proxy_arp"));
}

static void judge_address(struct wg_check *check, const struct neighbours *neighbours,
			  const struct wg_ip *ip, size_t peer)
{
	for (size_t i = 0; i < neighbours->n_vicinities; i++) {
		const struct vicinity *vicinity = &neighbours->vicinities[i];

		if (!wg_prefix_contains(&vicinity->prefix, ip))
			continue;
		if (!is_answered_for(neighbours, vicinity->link, ip))
			add_on_link(check, neighbours->facts, vicinity, ip, peer);
		return;
	}
}

static void judge_peer(struct wg_check *check, const struct neighbours *neighbours, size_t peer)
{
	const struct wg_facts *facts = neighbours->facts;
	const struct wg_config_peer *config = &facts->status.config.peers[peer];

	for (size_t i = 0; i < config->n_allowed_ips; i++) {
		const struct wg_prefix *allowed = &config->allowed_ips[i].prefix;
		bool forwards = allowed->ip.family == WG_FAMILY_IPV4 ? facts->forwards_ipv4
								     : facts->forwards_ipv6;

		if (forwards && allowed->bits == wg_family_bits(allowed->ip.family) &&
		    !wg_ip_is_link_local(&allowed->ip))
			judge_address(check, neighbours, &allowed->ip, peer);
	}
}

void wg_diagnosis_neighbours(struct wg_check *check, const struct wg_facts *facts)
{
	struct neighbours neighbours = {.facts = facts};

	if (find_vicinities(&neighbours) && sort_proxies(&neighbours))
		for (size_t i = 0; i < facts->status.config.n_peers; i++)
			judge_peer(check, &neighbours, i);
	else
		check->failed = true;
	free(neighbours.vicinities);
	free(neighbours.proxies);
}
