#include "core/inner.h"

#include "base/bytes.h"

#define ECN_ECT1 1u

static bool trim_ipv4(struct wg_packet *packet)
{
	uint32_t header_len = (packet->data[0] & 15u) * 4;
	uint32_t len = wg_load_be16(packet->data + 2);

	if (header_len < WG_INNER_IPV4_LEN || len < header_len || len > packet->len)
		return false;
	packet->len = len;
	return true;
}

static bool trim_ipv6(struct wg_packet *packet)
{
	uint32_t len = WG_INNER_IPV6_LEN + wg_load_be16(packet->data + 4);

	if (len > packet->len)
		return false;
	packet->len = len;
	return true;
}

bool wg_inner_trim(struct wg_packet *packet)
{
	switch (wg_inner_version(packet)) {
	case 4:
		return trim_ipv4(packet);
	case 6:
		return trim_ipv6(packet);
	}
	return false;
}

static uint8_t ecn_of(const struct wg_packet *packet)
{
	if (packet->data[0] >> 4 == 4)
		return packet->data[1] & WG_ECN_MASK;
	return packet->data[1] >> 4 & WG_ECN_MASK;
}

static void set_ecn_ipv4(uint8_t *header, uint8_t ecn)
{
	uint16_t before = wg_load_be16(header);
	uint32_t sum;

	header[1] = (uint8_t)((header[1] & ~WG_ECN_MASK) | ecn);
	/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
	sum = (uint16_t)~wg_load_be16(header + 10);
	sum += (uint16_t)~before;
	sum += wg_load_be16(header);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	wg_store_be16(header + 10, (uint16_t)~sum);
}

static void set_ecn(struct wg_packet *packet, uint8_t ecn)
{
	if (packet->data[0] >> 4 == 4)
		set_ecn_ipv4(packet->data, ecn);
	else
		packet->data[1] = (uint8_t)((packet->data[1] & ~(WG_ECN_MASK << 4)) | ecn << 4);
}

uint8_t wg_inner_encapsulate_ecn(const struct wg_packet *packet)
{
	return ecn_of(packet);
}

bool wg_inner_decapsulate_ecn(struct wg_packet *packet, uint8_t outer)
{
	uint8_t ecn = ecn_of(packet);

	outer &= WG_ECN_MASK;
	if (ecn == 0)
		return outer != WG_ECN_CE;
	/* Of ECT(0), ECT(1) and CE the more severe wins. */
	if (ecn != WG_ECN_CE && (outer == WG_ECN_CE || outer == ECN_ECT1) && ecn != outer)
		set_ecn(packet, outer);
	return true;
}
