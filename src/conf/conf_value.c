#include "conf/conf_value.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/sysctl_name.h"
#include "conf/name.h"
#include "conf/offload.h"

#define BLANKS " \t"

const char *wg_conf_value_switch(bool *on, const char *text)
{
	static const char *const yes[] = {"yes", "true", "on"};
	static const char *const no[] = {"no", "false", "off"};

	for (size_t i = 0; i < WG_ARRAY_LEN(yes); i++) {
		*on = !strcasecmp(text, yes[i]);
		if (*on || !strcasecmp(text, no[i]))
			return NULL;
	}
	return "neither yes nor no";
}

const char *wg_conf_value_number(uint32_t *number, uint32_t min, uint32_t max, const char *text)
{
	uint32_t value;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return "not a number";
	if (!wg_number_parse(&value, max, text))
		return "too large";
	if (value < min)
		return "too small";
	*number = value;
	return NULL;
}

const char *wg_conf_value_number_or_off(uint32_t *number, uint32_t max, const char *text)
{
	if (!strcasecmp(text, "off"))
		*number = 0;
	else if (!wg_number_parse_any(number, max, text))
		return "neither off nor a number in range";
	return NULL;
}

const char *wg_conf_value_prefix(struct wg_prefix *prefix, const char *text)
{
	const char *slash = strchr(text, '/');
	struct wg_prefix whole;
	char address[WG_IP_TEXT_LEN] = "";

	if (wg_prefix_parse(prefix, text))
		return NULL;
	if (slash && (size_t)(slash - text) < sizeof(address))
		memcpy(address, text, (size_t)(slash - text));
	if (slash && wg_prefix_parse(&whole, address))
		return whole.bits == 32 ? "the length behind the slash is not 0 to 32"
					: "the length behind the slash is not 0 to 128";
	return "not an IP address or prefix";
}

const char *wg_conf_value_link(char link[static WG_CONF_LINK_LEN], const char *text)
{
	size_t len = strlen(text);

	if (!len)
		return "no link is named";
	if (len >= WG_CONF_LINK_LEN)
		return "a link's name has at most 15 characters";
	if (!wg_name_is_link(text))
		return "not a link's name";
	memcpy(link, text, len + 1);
	return NULL;
}

/* An address in brackets may have a scope, "%eth0" (RFC 4007, section 11). */
static bool is_ipv6(const char *host)
{
	char address[WG_IP_TEXT_LEN];
	size_t len = strcspn(host, "%");
	struct wg_ip ip;

	if (len >= sizeof(address) || (host[len] && !host[len + 1]))
		return false;
	memcpy(address, host, len);
	address[len] = '\0';
	return wg_ip_parse(&ip, address) && ip.family == WG_FAMILY_IPV6;
}

/* An IPv4 address is one, too; a name that looks like one must be one. */
static bool is_host_name(const char *host)
{
	size_t len = strlen(host);
	struct wg_ip ip;

	if (!len || len > 253 || strspn(host, "0123456789.") == len)
		return wg_ip_parse(&ip, host);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr(".-_", host[i]))
			return false;
	return *host != '-' && *host != '.';
}

const char *wg_conf_value_endpoint(char **host, uint16_t *port, char *text)
{
	bool bracket = *text == '[';
	char *end = bracket ? strchr(text, ']') : strchr(text, ':');
	uint32_t number;

	if (!end)
		return bracket ? "the closing ] is missing" : "the port is missing";
	if (!bracket && strchr(end + 1, ':'))
		return "an IPv6 address needs brackets";
	if (bracket)
		*end++ = '\0';
	if (*end != ':')
		return "the port is missing";
	*end++ = '\0';
	if (!wg_number_parse(&number, UINT16_MAX, end) || !number)
		return "the port is not 1 to 65535";
	*host = text + bracket;
	if (bracket ? !is_ipv6(*host) : !is_host_name(*host))
		return bracket ? "no IPv6 address in the brackets" : "not a host name or address";
	*port = (uint16_t)number;
	return NULL;
}

const char *wg_conf_value_domain(const char *text)
{
	size_t len = strlen(text);

	if (strchr(text, ':') || strspn(text, "0123456789.") == len)
		return "not an IP address";
	if (len > 254)
		return "too long for a domain";
	/* systemd-resolved's routing domains start with '~'. */
	for (size_t i = *text == '~'; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(".-_", text[i]))
			return "neither an IP address nor a search domain";
	return NULL;
}

const char *wg_conf_value_table(enum wg_conf_table *mode, uint32_t *table, const char *text)
{
	/* The tables that /etc/iproute2/rt_tables names on every system. */
	static const struct {
		const char *name;
		uint32_t number;
	} known[] = {{"main", 254}, {"default", 253}, {"local", 255}};

	if (!strcasecmp(text, "auto") || !strcasecmp(text, "off")) {
		*mode = strcasecmp(text, "off") ? WG_CONF_TABLE_AUTO : WG_CONF_TABLE_OFF;
		return NULL;
	}
	*mode = WG_CONF_TABLE_NUMBER;
	for (size_t i = 0; i < WG_ARRAY_LEN(known); i++) {
		*table = known[i].number;
		if (!strcmp(text, known[i].name))
			return NULL;
	}
	if (!wg_number_parse_any(table, UINT32_MAX, text) || !*table)
		return "not off, auto or a table's number";
	return NULL;
}

const char *wg_conf_value_route(struct wg_conf_route *route, char *text)
{
	char *rest = NULL;
	char *word = strtok_r(text, BLANKS, &rest);
	const char *why = word ? wg_conf_value_prefix(&route->prefix, word) : "no prefix";

	while (!why && (word = strtok_r(NULL, BLANKS, &rest))) {
		char *value = strtok_r(NULL, BLANKS, &rest);

		if (!value)
			return "a value is missing at its end";
		if (!strcasecmp(word, "via"))
			why = wg_ip_parse(&route->via, value) ? NULL : "via is no IP address";
		else if (!strcasecmp(word, "metric"))
			why = wg_conf_value_number(&route->metric, 1, UINT32_MAX, value)
				      ? "the metric is not 1 to 4294967295"
				      : NULL;
		else
			why = "only via and metric may follow";
	}
	if (!why && route->via.family && route->via.family != route->prefix.ip.family)
		why = "prefix and via are not of one family";
	return why;
}

const char *wg_conf_value_forward(bool *ipv4, bool *ipv6, char link[static WG_CONF_LINK_LEN],
				  char *text)
{
	char *rest = NULL;
	char *family = strtok_r(text, BLANKS, &rest);
	char *via = strtok_r(NULL, BLANKS, &rest);
	char *name = strtok_r(NULL, BLANKS, &rest);
	bool both = family && !strcasecmp(family, "both");

	*ipv4 = both || (family && !strcasecmp(family, "ipv4"));
	*ipv6 = both || (family && !strcasecmp(family, "ipv6"));
	link[0] = '\0';
	if (!*ipv4 && !*ipv6)
		return "not ipv4, ipv6 or both";
	if (!via)
		return NULL;
	if (strcasecmp(via, "via") != 0 || strtok_r(NULL, BLANKS, &rest))
		return "only via and a link's name may follow";
	return wg_conf_value_link(link, name ? name : "");
}

const char *wg_conf_value_sysctl(char **path, char **value, char *text)
{
	char *equals = strchr(text, '=');
	char name[WG_SYSCTL_NAME_LEN];

	if (!equals)
		return "no = between key and value";
	*path = text;
	*value = equals + 1 + strspn(equals + 1, BLANKS);
	while (equals > text && strchr(BLANKS, equals[-1]))
		equals--;
	*equals = '\0';
	if (strncmp(*path, "net/", 4) != 0 && strncmp(*path, "net.", 4) != 0)
		return "only sysctls under net. can be set";
	if ((*path)[strcspn(*path, BLANKS)] || wg_sysctl_name(name, *path))
		return "not a sysctl's name";
	memcpy(*path, name, strlen(name)); /* it is as long */
	return **value ? NULL : "no value";
}

const char *wg_conf_value_offload(unsigned int *offload, const char *text)
{
	*offload = 0;
	return wg_conf_offload_add(offload, text) ? NULL : "not auto, off, tso, uso, gso or gro";
}
