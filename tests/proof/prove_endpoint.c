/* Endpoints and prefixes in text of up to 8 characters of any kind: nothing is read or
 * written outside the text, a port is one, and a prefix is no longer than its address.
 * inet_pton is the C library's, and may say anything. */
#include "base/endpoint.h"

#include "proof.h"

#define MAX_LEN 8

int inet_pton(int family, const char *text, void *address)
{
	uint8_t *bytes = address;
	int len = family == 2 ? 4 : 16;

	(void)text;
	for (int i = 0; i < len; i++)
		bytes[i] = nondet_uint8_t();
	return nondet_bool();
}

/* What <string.h> says of it; CBMC knows its other functions. */
size_t strcspn(const char *text, const char *stop)
{
	size_t len = 0;

	while (text[len] && text[len] != stop[0])
		len++;
	return len;
}

int main(void)
{
	char text[MAX_LEN + 1];
	char copy[MAX_LEN + 1];
	struct wg_endpoint endpoint = {.port = 0};
	struct wg_prefix prefix = {.bits = 255};
	struct wg_ip ip;
	char *zone = text;

	text[MAX_LEN] = '\0';
	for (int i = 0; i <= MAX_LEN; i++)
		copy[i] = text[i];
	if (wg_prefix_parse(&prefix, text)) {
		prove(wg_family_len(prefix.ip.family) > 0, "a prefix has a family");
		prove(prefix.bits <= wg_family_bits(prefix.ip.family), "and no more bits than it");
		wg_prefix_mask(&prefix);
		ip = prefix.ip;
		prove(wg_prefix_contains(&prefix, &ip), "and holds itself");
	} else {
		prove(prefix.bits == 255, "what is refused changes nothing");
	}
	for (int i = 0; i <= MAX_LEN; i++)
		prove(text[i] == copy[i], "a prefix's text stays as it is");
	if (wg_endpoint_parse(&endpoint, &zone, text)) {
		prove(wg_family_len(endpoint.ip.family) > 0, "an endpoint has a family");
		prove(!zone || (zone > text && zone <= text + MAX_LEN), "a zone is in the text");
		prove((endpoint.ip.family == WG_FAMILY_IPV6) == (copy[0] == '['),
		      "IPv6 has brackets, IPv4 none");
	} else {
		prove(endpoint.port == 0 && endpoint.ip.family == 0,
		      "a refused one changes nothing");
	}
	return 0;
}
