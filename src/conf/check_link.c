/* Rules about the link: its addresses, routes, MTU, and forwarding. */
#include <stdlib.h>
#include <string.h>

#include "base/defaults.h"
#include "conf/check_rules.h"

/* IPv6 needs it of every link (RFC 8200, section 5). */

static bool overlap(const struct wg_prefix *a, const struct wg_prefix *b)
{
	return a->bits <= b->bits ? wg_prefix_contains(a, &b->ip) : wg_prefix_contains(b, &a->ip);
}

/* Whether any peer may have a part of the prefix. */
static bool anybody_in(const struct wg_conf *conf, const struct wg_prefix *prefix)
{
	for (size_t i = 0; i < conf->config.n_peers; i++)
		for (size_t j = 0; j < conf->config.peers[i].n_allowed_ips; j++)
			if (overlap(&conf->config.peers[i].allowed_ips[j].prefix, prefix))
				return true;
	return false;
}

/* Every link has fe80::/64, for the hosts on it, and nothing is taken from elsewhere by
 * that. */
static bool is_routed(const struct wg_prefix *prefix)
{
	return prefix->bits < wg_family_bits(prefix->ip.family) &&
	       !wg_ip_is_link_local(&prefix->ip);
}

static void check_addresses(struct wg_check *check, const struct wg_conf *conf)
{
	for (size_t i = 0; i < conf->addresses.n; i++) {
		struct wg_prefix prefix = conf->addresses.items[i].prefix;
		char text[WG_PREFIX_TEXT_LEN];

		wg_prefix_mask(&prefix);
		if (!is_routed(&prefix) || !conf->n_peers || anybody_in(conf, &prefix))
			continue;
		wg_check_add(
			check, WG_CHECK_WARNING, "nobody-answers", conf->addresses.items[i].line,
			"this routes %s into the tunnel, but no peer has any of it in AllowedIPs",
			wg_prefix_format(text, &prefix));
		wg_check_remedy(check,
				"add it to a peer's AllowedIPs, or give the address alone, as /%u",
				wg_family_bits(prefix.ip.family));
	}
}

static bool is_in_own_prefix(const struct wg_conf *conf, const struct wg_ip *ip)
{
	for (size_t i = 0; i < conf->addresses.n; i++)
		if (wg_prefix_contains(&conf->addresses.items[i].prefix, ip))
			return true;
	return false;
}

static void check_via(struct wg_check *check, const struct wg_conf *conf,
		      const struct wg_conf_route *route)
{
	bool own = !route->prefix.bits && is_in_own_prefix(conf, &route->via);
	char prefix[WG_PREFIX_TEXT_LEN];
	char via[WG_IP_TEXT_LEN];

	wg_prefix_format(prefix, &route->prefix);
	wg_ip_format(via, &route->via);
	if (own)
		wg_check_add(check, WG_CHECK_ERROR, "default-via-own-prefix", route->line,
			     "the default route's gateway %s is an address of this tunnel's own "
			     "prefix: it can only be looked for in the tunnel",
			     via);
	else
		wg_check_add(check, WG_CHECK_WARNING, "gateway", route->line,
			     "a gateway (%s) does nothing in a tunnel: AllowedIPs choose the peer",
			     via);
	wg_check_remedy(check, "put %s into the AllowedIPs of the peer that is the gateway",
			prefix);
}

static void check_routes(struct wg_check *check, const struct wg_conf *conf)
{
	for (size_t i = 0; i < conf->n_routes; i++) {
		const struct wg_conf_route *route = &conf->routes[i];
		struct wg_prefix masked = route->prefix;
		char text[WG_PREFIX_TEXT_LEN];

		if (route->via.family)
			check_via(check, conf, route);
		if (wg_prefix_mask(&masked)) {
			wg_check_add(check, WG_CHECK_WARNING, "host-bits", route->line,
				     "the route has bits behind its prefix length");
			wg_check_remedy(check, "write %s", wg_prefix_format(text, &masked));
		}
		if (!conf->n_peers || anybody_in(conf, &masked))
			continue;
		wg_check_add(
			check, WG_CHECK_WARNING, "nobody-answers", route->line,
			"%s is routed into the tunnel, but no peer has any of it in AllowedIPs",
			wg_prefix_format(text, &masked));
		wg_check_remedy(check, "add it to a peer's AllowedIPs");
	}
}

static void check_mtu(struct wg_check *check, const struct wg_conf *conf)
{
	if (!conf->mtu_line || conf->mtu >= WG_IPV6_MIN_MTU ||
	    (!wg_check_has_address(conf, WG_FAMILY_IPV6) &&
	     !wg_check_has_allowed_ip(conf, WG_FAMILY_IPV6)))
		return;
	wg_check_add(check, WG_CHECK_ERROR, "mtu-too-small", conf->mtu_line,
		     "IPv6 needs %u bytes: with %u the link has no IPv6 at all", WG_IPV6_MIN_MTU,
		     conf->mtu);
	wg_check_remedy(check, "MTU = %u, or leave it out", WG_IPV6_MIN_MTU);
}

static void check_uplink(struct wg_check *check, const struct wg_conf *conf)
{
	if (!conf->forward_ipv6.on || conf->forward_ipv6.uplink[0])
		return;
	wg_check_add(check, WG_CHECK_WARNING, "forward-without-uplink", conf->forward_ipv6.line,
		     "a host that forwards IPv6 ignores router advertisements, and so loses the "
		     "default route that it has from them");
	wg_check_remedy(check, "Forward = ipv6 via LINK, the one to the Internet: its accept_ra is "
			       "set to 2");
}

/* "net/ipv6/conf/all/forwarding" set to anything but 0. */
static bool turns_forwarding_on(const struct wg_conf_sysctl *sysctl)
{
	return !strncmp(sysctl->path, "net/ipv6/conf/", 14) &&
	       strstr(sysctl->path, "/forwarding") && strcmp(sysctl->value, "0") != 0;
}

/* "...conf.eth0.accept_ra=2", or "echo 2 > .../conf/eth0/accept_ra". The same of `all`
 * has no effect, of `default` only on links that come later. */
static bool hook_keeps_advertisements(const char *text)
{
	for (const char *at = text; (at = strstr(at, "accept_ra")); at++) {
		size_t before = (size_t)(at - text);
		const char *behind = at + strlen("accept_ra");
		bool no_link = (before > 4 && !strncmp(at - 4, "all", 3)) ||
			       (before > 8 && !strncmp(at - 8, "default", 7));

		behind += strspn(behind, " =");
		if (!no_link && (*behind == '2' || strstr(text, "echo 2")))
			return true;
	}
	return false;
}

static bool sysctl_keeps_advertisements(const struct wg_conf_sysctl *sysctl)
{
	return strstr(sysctl->path, "/accept_ra") && !strstr(sysctl->path, "/all/") &&
	       !strstr(sysctl->path, "/default/") && !strcmp(sysctl->value, "2");
}

static bool keeps_advertisements(const struct wg_conf *conf)
{
	for (size_t i = 0; i < conf->n_sysctls; i++)
		if (sysctl_keeps_advertisements(&conf->sysctls[i]))
			return true;
	for (size_t hook = WG_CONF_PRE_UP; hook <= WG_CONF_POST_UP; hook++)
		for (size_t i = 0; i < conf->hooks[hook].n; i++)
			if (hook_keeps_advertisements(conf->hooks[hook].items[i].text))
				return true;
	return conf->forward_ipv6.on;
}

static void report_forwarding(struct wg_check *check, unsigned int line)
{
	wg_check_add(check, WG_CHECK_WARNING, "forwarding-without-accept-ra", line,
		     "with forwarding on, router advertisements are ignored, and a default route "
		     "that came from one runs out");
	wg_check_remedy(check, "in its place: Forward = ipv6 via LINK, the one to the Internet "
			       "(it sets accept_ra=2 on that very link)");
}

static void check_forwarding(struct wg_check *check, const struct wg_conf *conf)
{
	if (keeps_advertisements(conf))
		return;
	for (size_t i = 0; i < conf->n_sysctls; i++)
		if (turns_forwarding_on(&conf->sysctls[i]))
			report_forwarding(check, conf->sysctls[i].line);
	for (size_t hook = WG_CONF_PRE_UP; hook <= WG_CONF_POST_UP; hook++)
		for (size_t i = 0; i < conf->hooks[hook].n; i++) {
			const char *text = conf->hooks[hook].items[i].text;

			if (strstr(text, "ipv6") && strstr(text, "forwarding") && strchr(text, '1'))
				report_forwarding(check, conf->hooks[hook].items[i].line);
		}
}

void wg_check_link(struct wg_check *check, const struct wg_conf *conf)
{
	check_addresses(check, conf);
	check_routes(check, conf);
	check_mtu(check, conf);
	check_uplink(check, conf);
	check_forwarding(check, conf);
}
