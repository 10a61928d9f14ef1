/* Addresses, prefixes, endpoints and paths as plain bytes, so that nothing here
 * depends on a socket's idea of them. */
#ifndef WG_BASE_ENDPOINT_H
#define WG_BASE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum wg_family {
	WG_FAMILY_NONE = 0, /* unset */
	WG_FAMILY_IPV4 = 4,
	WG_FAMILY_IPV6 = 6
};

/* An IP address: 4 or 16 bytes in network order; unused bytes are zero, so that
 * two of them may be compared with memcmp. */
struct wg_ip {
	uint8_t family; /* enum wg_family */
	uint8_t bytes[16];
};

/* An address and the number of its leading bits that count (CIDR). */
struct wg_prefix {
	struct wg_ip ip;
	uint8_t bits;
};

/* Where a peer is: the address and port that its datagrams come from. */
struct wg_endpoint {
	struct wg_ip ip;
	uint16_t port;  /* host order */
	uint32_t scope; /* interface index of a link-local IPv6 address, otherwise 0 */
};

/* Both ends of a datagram's way. local.family is WG_FAMILY_NONE where the
 * system may choose the source. */
struct wg_path {
	struct wg_endpoint remote;
	struct wg_ip local;
};

#define WG_IP_TEXT_LEN       46 /* with its NUL */
#define WG_PREFIX_TEXT_LEN   (WG_IP_TEXT_LEN + 4)
#define WG_ENDPOINT_TEXT_LEN (WG_IP_TEXT_LEN + 2 + 1 + 10 + 1 + 5)

static inline uint8_t wg_family_len(uint8_t family)
{
	return family == WG_FAMILY_IPV4 ? 4 : family == WG_FAMILY_IPV6 ? 16 : 0;
}

static inline uint8_t wg_family_bits(uint8_t family)
{
	return (uint8_t)(8 * wg_family_len(family));
}

static inline bool wg_ip_equal(const struct wg_ip *a, const struct wg_ip *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool wg_endpoint_equal(const struct wg_endpoint *a, const struct wg_endpoint *b)
{
	return wg_ip_equal(&a->ip, &b->ip) && a->port == b->port && a->scope == b->scope;
}

static inline bool wg_path_equal(const struct wg_path *a, const struct wg_path *b)
{
	return wg_endpoint_equal(&a->remote, &b->remote) && wg_ip_equal(&a->local, &b->local);
}

/* Of a link, and of no use beyond it (RFC 4291, section 2.5.6). */
static inline bool wg_ip_is_link_local(const struct wg_ip *ip)
{
	return ip->family == WG_FAMILY_IPV6 && ip->bytes[0] == 0xfe &&
	       (ip->bytes[1] & 0xc0) == 0x80;
}

/* An address from its 4 or 16 bytes. */
struct wg_ip wg_ip_from_bytes(enum wg_family family, const uint8_t *bytes);

/* Parses "192.0.2.1" or "2001:db8::1" (RFC 4291, no zone). False when it is neither. */
bool wg_ip_parse(struct wg_ip *ip, const char *text);
const char *wg_ip_format(char text[static WG_IP_TEXT_LEN], const struct wg_ip *ip);

/* True when the address is inside the prefix (families must match). */
bool wg_prefix_contains(const struct wg_prefix *prefix, const struct wg_ip *ip);
/* Clears the bits behind the prefix length. Returns whether any was set. */
bool wg_prefix_mask(struct wg_prefix *prefix);
/* Parses "ADDRESS[/BITS]"; without bits it is a single address. Host bits are kept. */
bool wg_prefix_parse(struct wg_prefix *prefix, const char *text);
const char *wg_prefix_format(char text[static WG_PREFIX_TEXT_LEN], const struct wg_prefix *prefix);

/* "192.0.2.1:30567" or "[2001:db8::1%3]:30567"; "(none)" when unset. */
const char *wg_endpoint_format(char text[static WG_ENDPOINT_TEXT_LEN],
			       const struct wg_endpoint *endpoint);
/* Parses "ADDRESS:PORT", where an IPv6 address is in brackets and may have a zone. A
 * zone may be a number or a name, and the caller finds out which interface it means: *zone
 * is its text, or NULL without one, and the endpoint's scope is 0. text is cut into parts. */
bool wg_endpoint_parse(struct wg_endpoint *endpoint, char **zone, char *text);

#endif
