#include "tun/specimen.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "tun/checksum.h"
#include "tun/inet.h"
#include "tun/offload.h"

/* 192.0.2.1 to 198.51.100.1, 2001:db8::1 to 2001:db8:1::1: documentation's own (RFC 5737,
 * RFC 3849). */
static const uint8_t ipv4_addresses[8] = {192, 0, 2, 1, 198, 51, 100, 1};
static const uint8_t ipv6_addresses[32] = {0x20, 1,    0x0d, 0xb8, [15] = 1, [16] = 0x20,
					   1,    0x0d, 0xb8, 0,    1,        [31] = 1};

/* Beside the short tail: no tail, and one that is only just shorter, both of which a kernel
 * is known to have refused (see tun/kernel.c); the shortest tail; and segments that are
 * shorter than their headers. */
static const struct {
	uint8_t n;
	uint16_t size;
	uint16_t tail;
} trains[] = {{3, 1000, 77}, {3, 1000, 0}, {3, 1000, 990}, {3, 1000, 1}, {5, 24, 7}};

_Static_assert(WG_ARRAY_LEN(trains) * 4 == WG_SPECIMENS, "of every kind");

#define SENT_TTL  64
#define FIRST_ID  0x5475
#define FIRST_SEQ 0xfffffa00u /* so that it passes zero */
#define PORT      9           /* discard */

struct wg_specimen wg_specimen(size_t i)
{
	size_t kind = i / WG_ARRAY_LEN(trains);
	size_t train = i % WG_ARRAY_LEN(trains);

	assert(i < WG_SPECIMENS);
	return (struct wg_specimen){
		.is_ipv6 = kind & 1,
		.is_udp = kind >> 1,
		.n = trains[train].n,
		.size = trains[train].size,
		.tail = trains[train].tail,
	};
}

static size_t ip_len(const struct wg_specimen *specimen)
{
	return specimen->is_ipv6 ? WG_IPV6_LEN : WG_IPV4_LEN;
}

static size_t checksum_offset(const struct wg_specimen *specimen)
{
	return specimen->is_udp ? WG_UDP_CHECKSUM : WG_TCP_CHECKSUM;
}

static uint8_t protocol(const struct wg_specimen *specimen)
{
	return specimen->is_udp ? WG_PROTOCOL_UDP : WG_PROTOCOL_TCP;
}

static size_t payload_len(const struct wg_specimen *specimen)
{
	return (size_t)specimen->n * specimen->size + specimen->tail;
}

size_t wg_specimen_header_len(const struct wg_specimen *specimen)
{
	return ip_len(specimen) + (specimen->is_udp ? WG_UDP_LEN : WG_TCP_LEN);
}

/* One packet of a specimen: where its payload begins in that of the whole, and how long it
 * is. */
struct piece {
	size_t index;
	size_t offset;
	size_t len;
	uint8_t ttl;
};

static void make_ipv4(const struct wg_specimen *specimen, const struct piece *piece, uint8_t *ip,
		      size_t len)
{
	ip[0] = 4 << 4 | WG_IPV4_LEN / 4;
	wg_store_be16(ip + WG_IPV4_TOTAL, (uint16_t)len);
	wg_store_be16(ip + WG_IPV4_ID, (uint16_t)(FIRST_ID + piece->index));
	ip[WG_IPV4_TTL] = piece->ttl;
	ip[WG_IPV4_PROTOCOL] = protocol(specimen);
	memcpy(ip + WG_IPV4_SOURCE, ipv4_addresses, sizeof(ipv4_addresses));
	wg_checksum_store(ip + WG_IPV4_CHECKSUM, wg_checksum_add(0, ip, WG_IPV4_LEN));
}

static void make_ipv6(const struct wg_specimen *specimen, const struct piece *piece, uint8_t *ip,
		      size_t len)
{
	ip[0] = 6 << 4;
	wg_store_be16(ip + WG_IPV6_PAYLOAD, (uint16_t)(len - WG_IPV6_LEN));
	ip[WG_IPV6_NEXT] = protocol(specimen);
	ip[WG_IPV6_NEXT + 1] = piece->ttl;
	memcpy(ip + WG_IPV6_SOURCE, ipv6_addresses, sizeof(ipv6_addresses));
}

static void make_tcp(const struct wg_specimen *specimen, const struct piece *piece, uint8_t *tcp)
{
	bool is_last = piece->offset + piece->len == payload_len(specimen);

	wg_store_be32(tcp + WG_TCP_SEQ, FIRST_SEQ + (uint32_t)piece->offset);
	wg_store_be32(tcp + WG_TCP_ACK, 1);
	tcp[WG_TCP_OFFSET] = WG_TCP_LEN / 4 << 4;
	tcp[WG_TCP_FLAGS] = (uint8_t)(WG_TCP_ACK_FLAG | (is_last ? WG_TCP_PSH : 0));
	wg_store_be16(tcp + WG_TCP_WINDOW, 500);
}

/* Makes a packet with its pseudo header's sum for a checksum. Its length. */
static size_t make(const struct wg_specimen *specimen, const struct piece *piece, uint8_t *ip)
{
	size_t header_len = wg_specimen_header_len(specimen);
	size_t len = header_len + piece->len;
	size_t l4_len = len - ip_len(specimen);
	uint8_t *l4 = ip + ip_len(specimen);

	memset(ip, 0, header_len);
	if (specimen->is_ipv6)
		make_ipv6(specimen, piece, ip, len);
	else
		make_ipv4(specimen, piece, ip, len);
	wg_store_be16(l4, PORT);
	wg_store_be16(l4 + 2, PORT);
	if (specimen->is_udp)
		wg_store_be16(l4 + WG_UDP_LENGTH, (uint16_t)l4_len);
	else
		make_tcp(specimen, piece, l4);
	for (size_t i = 0; i < piece->len; i++)
		ip[header_len + i] = (uint8_t)((piece->offset + i) * 7 + (piece->offset + i) / 251);
	wg_checksum_store_partial(l4 + checksum_offset(specimen),
				  wg_checksum_pseudo(ip, protocol(specimen), (uint16_t)l4_len));
	return len;
}

static void complete(const struct wg_specimen *specimen, uint8_t *ip, size_t len)
{
	wg_checksum_complete(ip + ip_len(specimen), len - ip_len(specimen),
			     checksum_offset(specimen));
}

static struct wg_vnet vnet_of(const struct wg_specimen *specimen)
{
	if (!specimen->n)
		return (struct wg_vnet){0};
	return (struct wg_vnet){
		.flags = WG_VNET_NEEDS_CSUM,
		.gso_type = specimen->is_udp    ? WG_VNET_GSO_UDP
			    : specimen->is_ipv6 ? WG_VNET_GSO_TCP6
						: WG_VNET_GSO_TCP4,
		.header_len = (uint16_t)wg_specimen_header_len(specimen),
		.gso_size = specimen->size,
		.csum_start = (uint16_t)ip_len(specimen),
		.csum_offset = (uint16_t)checksum_offset(specimen),
	};
}

size_t wg_specimen_make(const struct wg_specimen *specimen, uint8_t *data)
{
	const struct piece whole = {.len = payload_len(specimen), .ttl = SENT_TTL};
	const struct wg_vnet vnet = vnet_of(specimen);
	size_t len = make(specimen, &whole, data);

	assert(len <= WG_SPECIMEN_ROOM);
	if (!(vnet.flags & WG_VNET_NEEDS_CSUM))
		complete(specimen, data, len);
	wg_vnet_store(data, &vnet);
	return len;
}

size_t wg_specimen_packets(const struct wg_specimen *specimen)
{
	return (size_t)specimen->n + (specimen->tail > 0);
}

size_t wg_specimen_expect(const struct wg_specimen *specimen, size_t index, uint8_t *packet)
{
	const struct piece piece = {
		.index = index,
		.offset = index * specimen->size,
		.len = index < specimen->n ? specimen->size : specimen->tail,
		.ttl = SENT_TTL - 1, /* one hop older */
	};
	size_t len = make(specimen, &piece, packet);

	complete(specimen, packet, len);
	return len;
}

bool wg_specimen_is_ours(const uint8_t *packet, size_t len)
{
	if (len > WG_IPV6_LEN && packet[0] >> 4 == 6)
		return !memcmp(packet + WG_IPV6_SOURCE, ipv6_addresses, 16);
	return len > WG_IPV4_LEN && packet[0] >> 4 == 4 &&
	       !memcmp(packet + WG_IPV4_SOURCE, ipv4_addresses, 4);
}

/* "3 x 1000 + 77 bytes of TCP over IPv4". The length of the text. */
static size_t name(const struct wg_specimen *specimen, struct wg_offload_finding *finding)
{
	char tail[16] = "";

	if (specimen->tail)
		snprintf(tail, sizeof(tail), " + %u", specimen->tail);
	finding->verdict = WG_OFFLOAD_BAD;
	return (size_t)snprintf(finding->what, sizeof(finding->what),
				"%u x %u%s bytes of %s over IPv%d", specimen->n, specimen->size,
				tail, specimen->is_udp ? "UDP" : "TCP", specimen->is_ipv6 ? 6 : 4);
}

/* The place of the first byte that differs; len: none does. */
static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

/* Whether the packet of that index is as it must be. */
static bool judge_packet(const struct wg_specimen *specimen, size_t index,
			 const struct wg_packet *packet, struct wg_offload_finding *finding)
{
	uint8_t expected[WG_SPECIMEN_ROOM];
	size_t len = wg_specimen_expect(specimen, index, expected);
	size_t same = packet->len == len ? first_difference(packet->data, expected, len) : 0;
	size_t at;

	if (packet->len == len && same == len)
		return true;
	at = name(specimen, finding);
	if (packet->len != len)
		snprintf(finding->what + at, sizeof(finding->what) - at,
			 ": packet %zu came back with %u bytes instead of %zu", index + 1,
			 packet->len, len);
	else
		snprintf(finding->what + at, sizeof(finding->what) - at,
			 ": packet %zu came back different in byte %zu", index + 1, same);
	return false;
}

void wg_specimen_judge(const struct wg_specimen *specimen, const struct wg_batch *came,
		       struct wg_offload_finding *finding)
{
	const struct wg_packet *packet;
	size_t index = 0;
	size_t at;

	*finding = (struct wg_offload_finding){.verdict = WG_OFFLOAD_GOOD};
	if (came->n != wg_specimen_packets(specimen)) {
		at = name(specimen, finding);
		snprintf(finding->what + at, sizeof(finding->what) - at,
			 " came back as %zu packet%s", came->n, came->n == 1 ? "" : "s");
		return;
	}
	wg_batch_for_each (packet, came)
		if (!judge_packet(specimen, index++, packet, finding))
			return;
}

void wg_specimen_refused(const struct wg_specimen *specimen, int error,
			 struct wg_offload_finding *finding)
{
	size_t at = name(specimen, finding);

	snprintf(finding->what + at, sizeof(finding->what) - at, ": write: %s", strerror(-error));
}
