#include "core/icmp.h"

#include <string.h>

#include "base/bytes.h"
#include "base/defaults.h"
#include "core/inner.h"

#define TOKEN (WG_SECOND / WG_ICMP_PER_SECOND)
#define FULL  (WG_ICMP_BURST * TOKEN)

#define IPV4_HEADER_LEN 20u
#define IPV6_HEADER_LEN 40u
#define ICMP_HEADER_LEN 8u
/* RFC 1812, section 4.3.2.3, and RFC 4443, section 2.4 c. */
#define IPV4_MAX_LEN    576u
#define IPV6_MAX_LEN    WG_IPV6_MIN_MTU

#define PROTO_HOP_BY_HOP   0
#define PROTO_ICMP         1
#define PROTO_ROUTING      43
#define PROTO_FRAGMENT     44
#define PROTO_ICMPV6       58
#define PROTO_DESTINATION  60
#define ICMP_UNREACHABLE   3
#define ICMP_HOST          1
#define ICMPV6_UNREACHABLE 1
#define ICMPV6_ADDRESS     3

static uint32_t sum_words(uint32_t sum, const uint8_t *data, size_t len)
{
	for (; len > 1; data += 2, len -= 2)
		sum += wg_load_be16(data);
	return len ? sum + ((uint32_t)data[0] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An error may answer a query or its answer, but not another error. */
static bool icmp_is_query(uint8_t type)
{
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static bool answerable_ipv4(const struct wg_packet *packet)
{
	const uint8_t *ip = packet->data;
	uint32_t header_len = (ip[0] & 15u) * 4;

	if (header_len < IPV4_HEADER_LEN || header_len > packet->len)
		return false;
	if ((wg_load_be16(ip + 6) & 0x1fff) != 0) /* a later fragment */
		return false;
	/* Packets from nobody, the loopback or a group, and those to a group or to
	 * everybody. */
	if (ip[12] == 0 || ip[12] == 127 || ip[12] >= 224 || ip[16] >= 224)
		return false;
	if (ip[9] != PROTO_ICMP)
		return true;
	return packet->len > header_len && icmp_is_query(ip[header_len]);
}

/* Walks to the upper-layer header. False for a later fragment or one cut off. */
static bool find_upper(const struct wg_packet *packet, uint8_t *proto, uint32_t *offset)
{
	*proto = packet->data[6];
	*offset = IPV6_HEADER_LEN;
	for (;;) {
		const uint8_t *header = packet->data + *offset;
		bool extension = *proto == PROTO_HOP_BY_HOP || *proto == PROTO_ROUTING ||
				 *proto == PROTO_DESTINATION;

		if (!extension && *proto != PROTO_FRAGMENT)
			return true;
		if (packet->len < *offset + 8)
			return false;
		if (*proto == PROTO_FRAGMENT && (wg_load_be16(header + 2) & 0xfff8) != 0)
			return false;
		*proto = header[0];
		*offset += extension ? 8 + header[1] * 8u : 8;
	}
}

static bool answerable_ipv6(const struct wg_packet *packet)
{
	static const uint8_t unspecified[16];
	const uint8_t *ip = packet->data;
	uint8_t proto;
	uint32_t offset;

	if (ip[8] == 0xff || ip[24] == 0xff || !memcmp(ip + 8, unspecified, 16))
		return false;
	if (!find_upper(packet, &proto, &offset))
		return false;
	if (proto != PROTO_ICMPV6)
		return true;
	return packet->len > offset && packet->data[offset] >= 128;
}

static void build_ipv4(struct wg_packet *error, const struct wg_packet *packet)
{
	uint32_t quoted = packet->len;
	uint8_t *ip = error->data;
	uint8_t *icmp = ip + IPV4_HEADER_LEN;

	if (quoted > IPV4_MAX_LEN - IPV4_HEADER_LEN - ICMP_HEADER_LEN)
		quoted = IPV4_MAX_LEN - IPV4_HEADER_LEN - ICMP_HEADER_LEN;
	error->len = IPV4_HEADER_LEN + ICMP_HEADER_LEN + quoted;
	memset(ip, 0, IPV4_HEADER_LEN + ICMP_HEADER_LEN);
	ip[0] = 0x45;
	ip[1] = 0xc0; /* internetwork control, RFC 1812, section 4.3.2.5 */
	wg_store_be16(ip + 2, (uint16_t)error->len);
	ip[8] = 64;
	ip[9] = PROTO_ICMP;
	memcpy(ip + 12, wg_inner_destination(packet), 4);
	memcpy(ip + 16, wg_inner_source(packet), 4);
	wg_store_be16(ip + 10, fold(sum_words(0, ip, IPV4_HEADER_LEN)));
	icmp[0] = ICMP_UNREACHABLE;
	icmp[1] = ICMP_HOST;
	memcpy(icmp + ICMP_HEADER_LEN, packet->data, quoted);
	wg_store_be16(icmp + 2, fold(sum_words(0, icmp, ICMP_HEADER_LEN + quoted)));
}

static void build_ipv6(struct wg_packet *error, const struct wg_packet *packet)
{
	uint32_t quoted = packet->len;
	uint8_t *ip = error->data;
	uint8_t *icmp = ip + IPV6_HEADER_LEN;

	if (quoted > IPV6_MAX_LEN - IPV6_HEADER_LEN - ICMP_HEADER_LEN)
		quoted = IPV6_MAX_LEN - IPV6_HEADER_LEN - ICMP_HEADER_LEN;
	error->len = IPV6_HEADER_LEN + ICMP_HEADER_LEN + quoted;
	memset(ip, 0, IPV6_HEADER_LEN + ICMP_HEADER_LEN);
	ip[0] = 0x60;
	wg_store_be16(ip + 4, (uint16_t)(ICMP_HEADER_LEN + quoted));
	ip[6] = PROTO_ICMPV6;
	ip[7] = 64;
	memcpy(ip + 8, wg_inner_destination(packet), 16);
	memcpy(ip + 24, wg_inner_source(packet), 16);
	icmp[0] = ICMPV6_UNREACHABLE;
	icmp[1] = ICMPV6_ADDRESS;
	memcpy(icmp + ICMP_HEADER_LEN, packet->data, quoted);
	wg_store_be16(icmp + 2,
		      fold(sum_words(sum_words(ICMP_HEADER_LEN + quoted + PROTO_ICMPV6, ip + 8, 32),
				     icmp, ICMP_HEADER_LEN + quoted)));
}

bool wg_icmp_allow(struct wg_icmp_limit *limit, wg_time now)
{
	limit->debt -= now - limit->seen;
	if (limit->debt < 0)
		limit->debt = 0;
	limit->seen = now;
	if (limit->debt + TOKEN > FULL)
		return false;
	limit->debt += TOKEN;
	return true;
}

bool wg_icmp_answerable(const struct wg_packet *packet)
{
	return wg_inner_version(packet) == 4 ? answerable_ipv4(packet) : answerable_ipv6(packet);
}

struct wg_packet *wg_icmp_unreachable(struct wg_pool *pool, const struct wg_packet *packet)
{
	struct wg_packet *error;

	if (!wg_icmp_answerable(packet))
		return NULL;
	error = wg_pool_get(pool, IPV6_MAX_LEN);
	if (!error)
		return NULL;
	if (wg_inner_version(packet) == 4)
		build_ipv4(error, packet);
	else
		build_ipv6(error, packet);
	return error;
}
