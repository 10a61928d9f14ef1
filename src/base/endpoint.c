#include "base/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>

#include "base/number.h"

static int af(uint8_t family)
{
	return family == WG_FAMILY_IPV4 ? AF_INET : AF_INET6;
}

struct wg_ip wg_ip_from_bytes(enum wg_family family, const uint8_t *bytes)
{
	struct wg_ip ip = {.family = (uint8_t)family};

	memcpy(ip.bytes, bytes, wg_family_len(ip.family));
	return ip;
}

bool wg_ip_parse(struct wg_ip *ip, const char *text)
{
	struct wg_ip parsed = {.family = strchr(text, ':') ? WG_FAMILY_IPV6 : WG_FAMILY_IPV4};

	if (inet_pton(af(parsed.family), text, parsed.bytes) != 1)
		return false;
	*ip = parsed;
	return true;
}

const char *wg_ip_format(char text[static WG_IP_TEXT_LEN], const struct wg_ip *ip)
{
	if (!wg_family_len(ip->family) ||
	    !inet_ntop(af(ip->family), ip->bytes, text, WG_IP_TEXT_LEN))
		snprintf(text, WG_IP_TEXT_LEN, "(none)");
	return text;
}

bool wg_prefix_contains(const struct wg_prefix *prefix, const struct wg_ip *ip)
{
	unsigned int whole = prefix->bits / 8;
	unsigned int rest = prefix->bits % 8;

	if (ip->family != prefix->ip.family || memcmp(ip->bytes, prefix->ip.bytes, whole) != 0)
		return false;
	return !rest || ((ip->bytes[whole] ^ prefix->ip.bytes[whole]) >> (8 - rest)) == 0;
}

bool wg_prefix_mask(struct wg_prefix *prefix)
{
	bool changed = false;

	for (unsigned int i = 0; i < wg_family_len(prefix->ip.family); i++) {
		unsigned int bits = prefix->bits > 8 * i ? prefix->bits - 8 * i : 0;
		uint8_t mask = (uint8_t)(bits >= 8 ? 0xffu : 0xff00u >> bits);

		changed |= (prefix->ip.bytes[i] & ~mask) != 0;
		prefix->ip.bytes[i] &= mask;
	}
	return changed;
}

bool wg_prefix_parse(struct wg_prefix *prefix, const char *text)
{
	char address[WG_IP_TEXT_LEN];
	size_t len = strcspn(text, "/");
	unsigned int bits = 0;
	struct wg_ip ip;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!wg_ip_parse(&ip, address))
		return false;
	if (!text[len]) {
		*prefix = (struct wg_prefix){ip, wg_family_bits(ip.family)};
		return true;
	}
	text += len + 1;
	if (!*text || strlen(text) > 3)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		bits = 10 * bits + (unsigned int)(*text - '0');
	}
	if (bits > wg_family_bits(ip.family))
		return false;
	*prefix = (struct wg_prefix){ip, (uint8_t)bits};
	return true;
}

const char *wg_prefix_format(char text[static WG_PREFIX_TEXT_LEN], const struct wg_prefix *prefix)
{
	char address[WG_IP_TEXT_LEN];

	snprintf(text, WG_PREFIX_TEXT_LEN, "%s/%u", wg_ip_format(address, &prefix->ip),
		 prefix->bits);
	return text;
}

const char *wg_endpoint_format(char text[static WG_ENDPOINT_TEXT_LEN],
			       const struct wg_endpoint *endpoint)
{
	char address[WG_IP_TEXT_LEN];

	wg_ip_format(address, &endpoint->ip);
	if (endpoint->ip.family == WG_FAMILY_IPV4)
		snprintf(text, WG_ENDPOINT_TEXT_LEN, "%s:%u", address, endpoint->port);
	else if (endpoint->ip.family == WG_FAMILY_IPV6 && endpoint->scope)
		snprintf(text, WG_ENDPOINT_TEXT_LEN, "[%s%%%u]:%u", address, endpoint->scope,
			 endpoint->port);
	else if (endpoint->ip.family == WG_FAMILY_IPV6)
		snprintf(text, WG_ENDPOINT_TEXT_LEN, "[%s]:%u", address, endpoint->port);
	else
		snprintf(text, WG_ENDPOINT_TEXT_LEN, "(none)");
	return text;
}

/* Cuts "1.2.3.4:port" or "[v6%zone]:port" into its parts. */
static bool split_endpoint(char *text, char **host, char **zone, char **port)
{
	char *end;

	*zone = NULL;
	if (*text != '[') {
		*host = text;
		end = strchr(text, ':');
	} else {
		*host = text + 1;
		end = strchr(text, ']');
		if (!end)
			return false;
		*end++ = '\0';
		*zone = strchr(*host, '%');
		if (*zone)
			*(*zone)++ = '\0';
	}
	if (!end || *end != ':')
		return false;
	*end = '\0';
	*port = end + 1;
	return true;
}

bool wg_endpoint_parse(struct wg_endpoint *endpoint, char **zone, char *text)
{
	bool bracket = *text == '[';
	struct wg_ip ip;
	uint32_t number;
	char *host;
	char *port;

	if (!split_endpoint(text, &host, zone, &port) || !wg_ip_parse(&ip, host) ||
	    (ip.family == WG_FAMILY_IPV6) != bracket || !wg_number_parse(&number, UINT16_MAX, port))
		return false;
	*endpoint = (struct wg_endpoint){.ip = ip, .port = (uint16_t)number};
	return true;
}
