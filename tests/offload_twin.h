/* For the tests of split and coalesce: packets made field by field, and a segmenter
 * written for clarity, which builds each segment from scratch. */
#ifndef WG_TESTS_OFFLOAD_TWIN_H
#define WG_TESTS_OFFLOAD_TWIN_H

#include "wgtest.h"

#include "tun/inet.h"
#include "tun/offload.h"

struct twin_packet {
	size_t len;
	uint8_t bytes[65536];
};

/* What a packet is to be. Lengths and checksums come by themselves. */
struct twin_spec {
	bool is_ipv6;
	bool is_udp;
	uint8_t flow;      /* goes into addresses and ports */
	uint8_t ds;        /* IPv4 TOS or IPv6 traffic class */
	uint8_t ttl;       /* 0: 64 */
	uint16_t id;       /* IPv4 */
	uint16_t fragment; /* IPv4 flags and offset */
	uint32_t label;    /* IPv6 flow label */
	uint8_t extension; /* IPv6: bytes of a destination options header, 0 or 8 */
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint16_t urgent;
	uint8_t flags;
	uint8_t options_len; /* TCP options, a multiple of 4 */
	uint8_t options;     /* what they are filled with */
	size_t payload;
};

static inline uint16_t twin_sum(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline bool twin_is_ipv6(const uint8_t *ip)
{
	return ip[0] >> 4 == 6;
}

/* Where the transport header is: behind the header and at most one extension header. */
static inline size_t twin_l4(const uint8_t *ip)
{
	if (!twin_is_ipv6(ip))
		return (size_t)(ip[0] & 15) * 4;
	return ip[6] == 60 ? WG_IPV6_LEN + 8u : WG_IPV6_LEN;
}

static inline bool twin_is_udp(const uint8_t *ip)
{
	uint8_t protocol = !twin_is_ipv6(ip) ? ip[9] : ip[6] == 60 ? ip[40] : ip[6];

	return protocol == WG_PROTOCOL_UDP;
}

static inline size_t twin_header_len(const uint8_t *ip)
{
	size_t l4 = twin_l4(ip);

	return l4 + (twin_is_udp(ip) ? 8u : (size_t)(ip[l4 + 12] >> 4) * 4);
}

static inline size_t twin_checksum_at(const uint8_t *ip)
{
	return twin_l4(ip) + (twin_is_udp(ip) ? 6 : 16);
}

static inline uint16_t twin_pseudo(const struct twin_packet *packet)
{
	const uint8_t *ip = packet->bytes;
	size_t l4_len = packet->len - twin_l4(ip);
	uint32_t sum = (uint32_t)l4_len + (twin_is_udp(ip) ? 17 : 6);

	return twin_is_ipv6(ip) ? twin_sum(sum, ip + 8, 32) : twin_sum(sum, ip + 12, 8);
}

/* Lengths and checksums, from what is there. */
static inline void twin_seal(struct twin_packet *packet)
{
	uint8_t *ip = packet->bytes;
	size_t l4 = twin_l4(ip);
	size_t at = twin_checksum_at(ip);
	uint16_t sum;

	if (twin_is_ipv6(ip)) {
		wg_store_be16(ip + 4, (uint16_t)(packet->len - 40));
	} else {
		wg_store_be16(ip + 2, (uint16_t)packet->len);
		wg_store_be16(ip + 10, 0);
		wg_store_be16(ip + 10, (uint16_t)~twin_sum(0, ip, l4));
	}
	if (twin_is_udp(ip))
		wg_store_be16(ip + l4 + 4, (uint16_t)(packet->len - l4));
	wg_store_be16(ip + at, 0);
	sum = (uint16_t)~twin_sum(twin_pseudo(packet), ip + l4, packet->len - l4);
	wg_store_be16(ip + at, twin_is_udp(ip) && sum == 0 ? 0xffff : sum);
}

static inline void twin_put_ip(struct twin_packet *packet, const struct twin_spec *spec)
{
	uint8_t *ip = packet->bytes;
	uint8_t protocol = spec->is_udp ? 17 : 6;

	if (spec->is_ipv6) {
		wg_store_be32(ip, 6u << 28 | (uint32_t)spec->ds << 20 | spec->label);
		ip[6] = spec->extension ? 60 : protocol;
		ip[7] = spec->ttl ? spec->ttl : 64;
		memset(ip + 8, 0xfd, 32);
		ip[23] = 1;
		ip[39] = spec->flow;
		packet->len = 40u + spec->extension;
		if (spec->extension) {
			memset(ip + 40, 0, 8);
			ip[40] = protocol;
			ip[42] = 1; /* PadN of 4 */
			ip[43] = 4;
		}
		return;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = spec->ds;
	wg_store_be16(ip + 4, spec->id);
	wg_store_be16(ip + 6, spec->fragment);
	ip[8] = spec->ttl ? spec->ttl : 64;
	ip[9] = protocol;
	wg_store_be32(ip + 12, 0x0a000001);
	wg_store_be32(ip + 16, 0x0a000100u + spec->flow);
	packet->len = 20;
}

static inline void twin_put_tcp(struct twin_packet *packet, const struct twin_spec *spec)
{
	uint8_t *tcp = packet->bytes + packet->len;

	wg_store_be16(tcp, 443);
	wg_store_be16(tcp + 2, (uint16_t)(1000 + spec->flow));
	wg_store_be32(tcp + 4, spec->seq);
	wg_store_be32(tcp + 8, spec->ack);
	tcp[12] = (uint8_t)((20 + spec->options_len) / 4 << 4);
	tcp[13] = spec->flags;
	wg_store_be16(tcp + 14, spec->window);
	wg_store_be16(tcp + 18, spec->urgent);
	memset(tcp + 20, spec->options, spec->options_len);
	packet->len += 20u + spec->options_len;
}

/* The payload is a function of the seed, so that a mixed-up byte is seen. */
static inline void twin_make(struct twin_packet *packet, const struct twin_spec *spec,
			     uint64_t seed)
{
	struct wg_test_random random = {seed};

	twin_put_ip(packet, spec);
	if (spec->is_udp) {
		wg_store_be16(packet->bytes + packet->len, 53);
		wg_store_be16(packet->bytes + packet->len + 2, (uint16_t)(1000 + spec->flow));
		packet->len += 8;
	} else {
		twin_put_tcp(packet, spec);
	}
	wg_test_fill(&random, packet->bytes + packet->len, spec->payload);
	packet->len += spec->payload;
	twin_seal(packet);
}

/* Segment number i of a super-packet; false when there is none. */
static inline bool twin_segment(const struct twin_packet *super, size_t size, size_t i,
				struct twin_packet *segment)
{
	const uint8_t *ip = super->bytes;
	size_t header_len = twin_header_len(ip);
	size_t payload = super->len - header_len;
	size_t at = i * size;
	size_t len = payload - at < size ? payload - at : size;
	size_t l4 = twin_l4(ip);

	if (at >= payload && i > 0)
		return false;
	memcpy(segment->bytes, ip, header_len);
	memcpy(segment->bytes + header_len, ip + header_len + at, len);
	segment->len = header_len + len;
	if (!twin_is_ipv6(ip))
		wg_store_be16(segment->bytes + 4, (uint16_t)(wg_load_be16(ip + 4) + i));
	if (!twin_is_udp(ip)) {
		wg_store_be32(segment->bytes + l4 + 4, (uint32_t)(wg_load_be32(ip + l4 + 4) + at));
		if (i > 0)
			segment->bytes[l4 + 13] &= (uint8_t)~WG_TCP_CWR;
		if (at + len < payload)
			segment->bytes[l4 + 13] &= (uint8_t) ~(WG_TCP_FIN | WG_TCP_PSH);
	}
	twin_seal(segment);
	return true;
}

/* Leaves of the checksum what a device is given to complete. */
static inline void twin_unseal(struct twin_packet *packet)
{
	wg_store_be16(packet->bytes + twin_checksum_at(packet->bytes), twin_pseudo(packet));
}

static inline struct wg_vnet twin_vnet(const struct twin_packet *packet, size_t size)
{
	const uint8_t *ip = packet->bytes;
	struct wg_vnet vnet = {
		.flags = WG_VNET_NEEDS_CSUM,
		.gso_type = twin_is_udp(ip)    ? WG_VNET_GSO_UDP
			    : twin_is_ipv6(ip) ? WG_VNET_GSO_TCP6
					       : WG_VNET_GSO_TCP4,
		.header_len = (uint16_t)twin_header_len(ip),
		.gso_size = (uint16_t)size,
		.csum_start = (uint16_t)twin_l4(ip),
		.csum_offset = twin_is_udp(ip) ? 6 : 16,
	};

	return vnet;
}

#endif
