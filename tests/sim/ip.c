#include "sim/ip.h"

#include <string.h>

#include "base/bytes.h"

#define IPV4_LEN 20u
#define IPV6_LEN 40u
#define UDP_LEN  8u
#define ICMP_LEN 8u

#define PROTOCOL_ICMP   1
#define PROTOCOL_UDP    17
#define PROTOCOL_ICMPV6 58

/* RFC 1071's sum, not yet folded. */
static uint32_t sum(uint32_t start, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		start += wg_load_be16(bytes + i);
	if (len % 2)
		start += (uint32_t)bytes[len - 1] << 8;
	return start;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

static size_t header_len(const uint8_t *packet)
{
	return packet[0] >> 4 == 4 ? IPV4_LEN : IPV6_LEN;
}

/* The pseudo-header of RFC 8200, section 8.1. */
static uint32_t sum_pseudo6(const uint8_t *packet, size_t payload_len, uint8_t protocol)
{
	return sum(0, packet + 8, 32) + (uint32_t)payload_len + protocol;
}

static void write_header4(uint8_t *packet, const struct wg_ip *from, const struct wg_ip *to,
			  uint8_t protocol, size_t len)
{
	memset(packet, 0, IPV4_LEN);
	packet[0] = 0x45;
	wg_store_be16(packet + 2, (uint16_t)len);
	packet[8] = 64;
	packet[9] = protocol;
	memcpy(packet + 12, from->bytes, 4);
	memcpy(packet + 16, to->bytes, 4);
	wg_sim_ip_seal(packet);
}

static void write_header6(uint8_t *packet, const struct wg_ip *from, const struct wg_ip *to,
			  uint8_t protocol, size_t len)
{
	memset(packet, 0, IPV6_LEN);
	packet[0] = 0x60;
	wg_store_be16(packet + 4, (uint16_t)(len - IPV6_LEN));
	packet[6] = protocol;
	packet[7] = 64;
	memcpy(packet + 8, from->bytes, 16);
	memcpy(packet + 24, to->bytes, 16);
}

static void write_header(uint8_t *packet, const struct wg_ip *from, const struct wg_ip *to,
			 uint8_t protocol, size_t len)
{
	if (from->family == WG_FAMILY_IPV4)
		write_header4(packet, from, to, protocol, len);
	else
		write_header6(packet, from, to, protocol, len);
}

size_t wg_sim_ip_min(uint8_t family)
{
	return (family == WG_FAMILY_IPV4 ? IPV4_LEN : IPV6_LEN) + UDP_LEN + sizeof(uint64_t);
}

void wg_sim_ip_udp(uint8_t *packet, const struct wg_ip *from, const struct wg_ip *to, uint8_t ds,
		   uint64_t id, size_t len)
{
	size_t start;

	write_header(packet, from, to, PROTOCOL_UDP, len);
	wg_sim_ip_set_ds(packet, ds);
	start = header_len(packet);
	for (size_t i = start; i < len; i++)
		packet[i] = (uint8_t)(id + i);
	if (len < wg_sim_ip_min(from->family))
		return;
	wg_store_be16(packet + start, 1000);
	wg_store_be16(packet + start + 2, 1001);
	wg_store_be16(packet + start + 4, (uint16_t)(len - start));
	wg_store_be16(packet + start + 6, 0);
	wg_store_be64(packet + start + UDP_LEN, id);
}

void wg_sim_ip_carry(uint8_t *packet, const struct wg_ip *from, const struct wg_ip *to,
		     uint8_t protocol, const void *payload, size_t payload_len)
{
	size_t start = from->family == WG_FAMILY_IPV4 ? IPV4_LEN : IPV6_LEN;

	write_header(packet, from, to, protocol, start + payload_len);
	memcpy(packet + start, payload, payload_len);
}

uint64_t wg_sim_ip_id(const uint8_t *packet, size_t len)
{
	size_t start;
	uint8_t protocol;

	if (len < 1 || len < wg_sim_ip_min(packet[0] >> 4))
		return 0;
	start = header_len(packet);
	protocol = packet[0] >> 4 == 4 ? packet[9] : packet[6];
	return protocol == PROTOCOL_UDP ? wg_load_be64(packet + start + UDP_LEN) : 0;
}

uint8_t wg_sim_ip_ds(const uint8_t *packet)
{
	if (packet[0] >> 4 == 4)
		return packet[1];
	return (uint8_t)(packet[0] << 4 | packet[1] >> 4);
}

void wg_sim_ip_set_ds(uint8_t *packet, uint8_t ds)
{
	if (packet[0] >> 4 == 4) {
		packet[1] = ds;
		wg_sim_ip_seal(packet);
	} else {
		packet[0] = (uint8_t)((packet[0] & 0xf0) | ds >> 4);
		packet[1] = (uint8_t)((packet[1] & 0x0f) | (uint8_t)(ds << 4));
	}
}

void wg_sim_ip_seal(uint8_t *packet)
{
	wg_store_be16(packet + 10, 0);
	wg_store_be16(packet + 10, fold(sum(0, packet, IPV4_LEN)));
}

bool wg_sim_ip_sound(const uint8_t *packet, size_t len)
{
	if (len >= IPV4_LEN && packet[0] == 0x45)
		return wg_load_be16(packet + 2) == len && fold(sum(0, packet, IPV4_LEN)) == 0;
	if (len >= IPV6_LEN && packet[0] >> 4 == 6)
		return wg_load_be16(packet + 4) + IPV6_LEN == len;
	return false;
}

static bool parse_error4(const uint8_t *packet, size_t len, struct wg_sim_ip_error *error)
{
	const uint8_t *icmp = packet + IPV4_LEN;

	if (packet[9] != PROTOCOL_ICMP || len < IPV4_LEN + ICMP_LEN + IPV4_LEN)
		return false;
	if (fold(sum(0, icmp, len - IPV4_LEN)) != 0)
		return false;
	error->from = wg_ip_from_bytes(WG_FAMILY_IPV4, packet + 12);
	error->to = wg_ip_from_bytes(WG_FAMILY_IPV4, packet + 16);
	return true;
}

static bool parse_error6(const uint8_t *packet, size_t len, struct wg_sim_ip_error *error)
{
	const uint8_t *icmp = packet + IPV6_LEN;
	size_t icmp_len = len - IPV6_LEN;

	if (packet[6] != PROTOCOL_ICMPV6 || len < IPV6_LEN + ICMP_LEN + IPV6_LEN)
		return false;
	if (fold(sum(sum_pseudo6(packet, icmp_len, PROTOCOL_ICMPV6), icmp, icmp_len)) != 0)
		return false;
	error->from = wg_ip_from_bytes(WG_FAMILY_IPV6, packet + 8);
	error->to = wg_ip_from_bytes(WG_FAMILY_IPV6, packet + 24);
	return true;
}

bool wg_sim_ip_parse_error(const uint8_t *packet, size_t len, struct wg_sim_ip_error *error)
{
	size_t start;

	if (!wg_sim_ip_sound(packet, len))
		return false;
	if (!(packet[0] >> 4 == 4 ? parse_error4(packet, len, error)
				  : parse_error6(packet, len, error)))
		return false;
	start = header_len(packet);
	error->type = packet[start];
	error->code = packet[start + 1];
	error->quote = packet + start + ICMP_LEN;
	error->quote_len = len - start - ICMP_LEN;
	return true;
}
