/* Rules about each peer: what it is allowed, where it is, how it is reached. */
#include <stdlib.h>
#include <string.h>

#include "conf/check_rules.h"
#include "crypto/secret.h"

static void check_host_bits(struct wg_check *check, const struct wg_conf *conf, size_t i)
{
	const struct wg_conf_prefixes *list = &conf->peers[i].allowed_ips;

	for (size_t j = 0; j < list->n; j++) {
		struct wg_prefix masked = list->items[j].prefix;
		char written[WG_PREFIX_TEXT_LEN];
		char meant[WG_PREFIX_TEXT_LEN];
		char single[WG_IP_TEXT_LEN];

		if (!wg_prefix_mask(&masked))
			continue;
		wg_prefix_format(meant, &masked);
		wg_check_add(check, WG_CHECK_WARNING, "host-bits", list->items[j].line,
			     "%s means all of %s",
			     wg_prefix_format(written, &list->items[j].prefix), meant);
		wg_check_remedy(check, "write %s, or %s/%u for that one address", meant,
				wg_ip_format(single, &list->items[j].prefix.ip),
				wg_family_bits(masked.ip.family));
	}
}

/* A route of the user's own that names the endpoint. */
static bool hook_routes_endpoint(const struct wg_conf *conf, const char *host)
{
	for (size_t hook = WG_CONF_PRE_UP; hook <= WG_CONF_POST_UP; hook++)
		for (size_t i = 0; i < conf->hooks[hook].n; i++)
			if (strstr(conf->hooks[hook].items[i].text, host))
				return true;
	return false;
}

/* The way out of a default route is a rule for marked packets, which `up` makes; a
 * narrower prefix has none, and the tunnel's own packets would go into the tunnel. */
static void check_loop(struct wg_check *check, const struct wg_conf *conf, size_t i)
{
	const struct wg_config_peer *peer = &conf->config.peers[i];

	if (!peer->has_endpoint || conf->table_mode != WG_CONF_TABLE_AUTO ||
	    hook_routes_endpoint(conf, conf->peers[i].endpoint_host))
		return;
	for (size_t j = 0; j < peer->n_allowed_ips; j++) {
		const struct wg_prefix *prefix = &peer->allowed_ips[j].prefix;
		char text[WG_PREFIX_TEXT_LEN];

		if (!prefix->bits || !wg_prefix_contains(prefix, &peer->endpoint.ip))
			continue;
		wg_check_add(check, WG_CHECK_ERROR, "endpoint-inside", conf->peers[i].endpoint_line,
			     "the endpoint %s is inside %s of its own peer (line %u): the tunnel's "
			     "packets would go into the tunnel",
			     conf->peers[i].endpoint_host, wg_prefix_format(text, prefix),
			     conf->peers[i].allowed_ips.items[j].line);
		wg_check_remedy(check, "leave that address out of AllowedIPs, or take all of the "
				       "family (/0), for which a way out is made");
		return;
	}
}

static bool has_default(const struct wg_conf *conf, uint8_t family, unsigned int *line)
{
	for (size_t i = 0; i < conf->n_peers; i++)
		for (size_t j = 0; j < conf->peers[i].allowed_ips.n; j++) {
			const struct wg_conf_prefix *item = &conf->peers[i].allowed_ips.items[j];

			*line = item->line;
			if (!item->prefix.bits && item->prefix.ip.family == family)
				return true;
		}
	return false;
}

static void check_default(struct wg_check *check, const struct wg_conf *conf, uint8_t family,
			  const struct wg_conf_forward *forward)
{
	bool ipv4 = family == WG_FAMILY_IPV4;
	unsigned int line;

	if (forward->on || wg_check_has_address(conf, family) || !has_default(conf, family, &line))
		return;
	wg_check_add(check, WG_CHECK_WARNING, "default-without-address", line,
		     "%s is routed into the tunnel, but this host has no %s address there to send "
		     "from",
		     ipv4 ? "0.0.0.0/0" : "::/0", ipv4 ? "IPv4" : "IPv6");
	wg_check_remedy(check, "add the Address that the peer allows this host, or leave the "
			       "prefix out");
}

/* Private and shared address space: RFC 1918, RFC 6598, RFC 4193. */
static bool is_private(const struct wg_ip *ip)
{
	static const char *const prefixes[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					       "100.64.0.0/10", "fc00::/7"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct wg_prefix prefix;

		if (wg_prefix_parse(&prefix, prefixes[i]) && wg_prefix_contains(&prefix, ip))
			return true;
	}
	return false;
}

/* Neither private nor for the link, this host, or documentation (RFC 5737, 3849). */
static bool is_global(const struct wg_ip *ip)
{
	static const char *const prefixes[] = {
		"0.0.0.0/8",       "127.0.0.0/8",    "169.254.0.0/16", "192.0.2.0/24",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",    "::/8",
		"fe80::/10",       "2001:db8::/32",  "ff00::/8"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct wg_prefix prefix;

		if (wg_prefix_parse(&prefix, prefixes[i]) && wg_prefix_contains(&prefix, ip))
			return false;
	}
	return !is_private(ip);
}

static void check_keepalive(struct wg_check *check, const struct wg_conf *conf, size_t i,
			    const struct wg_check_host *host)
{
	const struct wg_config_peer *peer = &conf->config.peers[i];
	char label[WG_CHECK_LABEL_LEN];
	char text[WG_IP_TEXT_LEN];
	struct wg_ip source;

	if (peer->keepalive || !peer->has_endpoint || !host->source ||
	    !is_global(&peer->endpoint.ip) || !host->source(&source, &peer->endpoint) ||
	    !is_private(&source))
		return;
	wg_check_add(check, WG_CHECK_NOTE, "no-keepalive", conf->peers[i].line,
		     "this host reaches %s from %s, a private address: behind NAT it can be "
		     "answered, but after a silence not be called",
		     wg_check_label(label, conf, i), wg_ip_format(text, &source));
	wg_check_remedy(check, "PersistentKeepalive = 25, if it has to be reachable at all times");
}

static void check_no_allowed_ips(struct wg_check *check, const struct wg_conf *conf, size_t i)
{
	char label[WG_CHECK_LABEL_LEN];

	if (conf->peers[i].allowed_ips.n)
		return;
	wg_check_add(check, WG_CHECK_WARNING, "no-allowed-ips", conf->peers[i].line,
		     "%s has no AllowedIPs: nothing is sent to it or taken from it",
		     wg_check_label(label, conf, i));
	wg_check_remedy(check, "add the addresses that are behind it");
}

/* Peers by what must differ between them. */
struct identity {
	const struct wg_conf *conf;
	size_t peer;
};

static int by_key(const void *a, const void *b)
{
	const struct identity *left = a;
	const struct identity *right = b;
	int order = memcmp(left->conf->config.peers[left->peer].public_key,
			   right->conf->config.peers[right->peer].public_key, WG_KEY_LEN);

	return order ? order : left->peer < right->peer ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct identity *left = a;
	const struct identity *right = b;
	const char *left_name = left->conf->peers[left->peer].name;
	const char *right_name = right->conf->peers[right->peer].name;
	int order = strcmp(left_name ? left_name : "", right_name ? right_name : "");

	return order ? order : left->peer < right->peer ? -1 : 1;
}

static void check_same_keys(struct wg_check *check, const struct wg_conf *conf,
			    struct identity *peers)
{
	qsort(peers, conf->n_peers, sizeof(*peers), by_key);
	for (size_t i = 1; i < conf->n_peers; i++) {
		const struct wg_config_peer *config = conf->config.peers;
		const uint8_t *key = config[peers[i].peer].public_key;

		if (wg_is_zero(key, WG_KEY_LEN) ||
		    memcmp(key, config[peers[i - 1].peer].public_key, WG_KEY_LEN) != 0)
			continue;
		wg_check_add(check, WG_CHECK_ERROR, "equal-keys",
			     conf->peers[peers[i].peer].public_key.line,
			     "the peer of line %u has the same public key: they are one peer",
			     conf->peers[peers[i - 1].peer].line);
		wg_check_remedy(check,
				"give each host a key of its own, or make one section of both");
	}
}

static void check_same_names(struct wg_check *check, const struct wg_conf *conf,
			     struct identity *peers)
{
	qsort(peers, conf->n_peers, sizeof(*peers), by_name);
	for (size_t i = 1; i < conf->n_peers; i++) {
		const struct wg_conf_peer *peer = &conf->peers[peers[i].peer];
		const struct wg_conf_peer *before = &conf->peers[peers[i - 1].peer];

		if (!peer->name || !before->name || strcmp(peer->name, before->name) != 0)
			continue;
		wg_check_add(check, WG_CHECK_WARNING, "equal-names", peer->name_line,
			     "the peer of line %u is called %s, too", before->line, peer->name);
		wg_check_remedy(check, "give each a name of its own");
	}
}

static void check_identities(struct wg_check *check, const struct wg_conf *conf)
{
	struct identity *peers = calloc(conf->n_peers + 1, sizeof(*peers));

	if (!peers) {
		check->failed = true;
		return;
	}
	for (size_t i = 0; i < conf->n_peers; i++)
		peers[i] = (struct identity){conf, i};
	check_same_keys(check, conf, peers);
	check_same_names(check, conf, peers);
	free(peers);
}

void wg_check_peers(struct wg_check *check, const struct wg_conf *conf,
		    const struct wg_check_host *host)
{
	for (size_t i = 0; i < conf->n_peers; i++) {
		check_no_allowed_ips(check, conf, i);
		check_host_bits(check, conf, i);
		check_loop(check, conf, i);
		check_keepalive(check, conf, i, host);
	}
	check_default(check, conf, WG_FAMILY_IPV4, &conf->forward_ipv4);
	check_default(check, conf, WG_FAMILY_IPV6, &conf->forward_ipv6);
	check_identities(check, conf);
}
