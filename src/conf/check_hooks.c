/* Rules about hooks: those that a key of ours replaces, and routes with a gateway, as
 * many wg-quick files have them. A hook is judged by the words that are in it; PreDown
 * and PostDown only take back what the others did. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "conf/check_rules.h"

struct replaced {
	const char *words[3]; /* all of them, each anywhere in the hook */
	const char *remedy;
};

/* The first that fits counts. */
static const struct replaced replaced_hooks[] = {
	{{"ipv6", "forwarding"}, "Forward = ipv6 via LINK, which is undone at the end"},
	{{"ip_forward"}, "Forward = ipv4, which is undone at the end"},
	{{"TCPMSS"}, "ClampMSS = yes, which needs no firewall"},
	{{"maxseg size set"}, "ClampMSS = yes, which needs no firewall"},
	{{"neigh", "proxy"}, "ProxyNDP = LINK, which follows the peers"},
	{{"wg set", "private-key"}, "PrivateKeyFile = FILE, or credential:NAME"},
	{{"wg set", "preshared-key"}, "PresharedKeyFile = FILE, or credential:NAME, in the peer"},
	{{"fwmark", "REJECT"},
	 "nothing: a default route here comes with an unreachable one behind "
	 "it, so that nothing leaves beside the tunnel"},
	{{"sysctl", "net."}, "Sysctl = KEY=VALUE, which is undone at the end"},
};

static bool fits(const struct replaced *replaced, const char *text)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(replaced->words) && replaced->words[i]; i++)
		if (!strstr(text, replaced->words[i]))
			return false;
	return true;
}

static void check_replaced(struct wg_check *check, const struct wg_conf_text *hook)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(replaced_hooks); i++) {
		if (!fits(&replaced_hooks[i], hook->text))
			continue;
		wg_check_add(check, WG_CHECK_NOTE, "hook-replaced", hook->line,
			     "there is a key for what this hook does");
		wg_check_remedy(check, "%s", replaced_hooks[i].remedy);
		return;
	}
}

/* The word behind another, "via 192.0.2.1". False when it is not there. */
static bool word_after(char *found, size_t size, const char *text, const char *word)
{
	const char *at = strstr(text, word);
	size_t len;

	if (!at)
		return false;
	at += strlen(word);
	at += strspn(at, " \t");
	len = strcspn(at, " \t;&|");
	if (!len || len >= size)
		return false;
	memcpy(found, at, len);
	found[len] = '\0';
	return true;
}

static bool is_inside(const struct wg_conf *conf, const struct wg_ip *ip)
{
	for (size_t i = 0; i < conf->addresses.n; i++)
		if (wg_prefix_contains(&conf->addresses.items[i].prefix, ip))
			return true;
	for (size_t i = 0; i < conf->config.n_peers; i++)
		for (size_t j = 0; j < conf->config.peers[i].n_allowed_ips; j++) {
			const struct wg_prefix *prefix =
				&conf->config.peers[i].allowed_ips[j].prefix;

			if (prefix->bits && wg_prefix_contains(prefix, ip))
				return true;
		}
	return false;
}

static void report_gateway(struct wg_check *check, unsigned int line, const char *via)
{
	wg_check_add(check, WG_CHECK_WARNING, "gateway", line,
		     "a gateway (%s) does nothing in a tunnel: AllowedIPs choose the peer", via);
	wg_check_remedy(check, "put what is routed into the AllowedIPs of the peer that is the "
			       "gateway; its route is then made");
}

static void report_own_prefix(struct wg_check *check, unsigned int line, const char *via)
{
	wg_check_add(check, WG_CHECK_ERROR, "default-via-own-prefix", line,
		     "the default route's gateway %s is inside the tunnel once it is up", via);
	wg_check_remedy(check, "take the router's link-local address (fe80::...), or the default "
			       "route of its advertisements");
}

static void check_route(struct wg_check *check, const struct wg_conf *conf,
			const struct wg_conf_text *hook)
{
	char via[WG_IP_TEXT_LEN];
	char dev[WG_CONF_LINK_LEN] = "";
	struct wg_ip ip;

	if (!strstr(hook->text, "route") || !word_after(via, sizeof(via), hook->text, " via ") ||
	    !wg_ip_parse(&ip, via))
		return;
	word_after(dev, sizeof(dev), hook->text, " dev ");
	if (!strcmp(dev, conf->name))
		report_gateway(check, hook->line, via);
	else if (strstr(hook->text, "default") && is_inside(conf, &ip))
		report_own_prefix(check, hook->line, via);
}

void wg_check_hooks(struct wg_check *check, const struct wg_conf *conf)
{
	for (size_t kind = WG_CONF_PRE_UP; kind <= WG_CONF_POST_UP; kind++)
		for (size_t i = 0; i < conf->hooks[kind].n; i++) {
			check_replaced(check, &conf->hooks[kind].items[i]);
			check_route(check, conf, &conf->hooks[kind].items[i]);
		}
}
