/* From super-packets to packets. The first segment stays where it was read; the others
 * are copied once, to where they will be sealed. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "tun/checksum.h"
#include "tun/inet.h"
#include "tun/offload.h"

/* A super-packet in its two pieces, measured and checked. */
struct super {
	const uint8_t *first;
	size_t first_len;
	const uint8_t *rest;
	size_t len; /* of both */
	size_t l4;  /* where TCP or UDP begins */
	size_t header_len;
	size_t gso_size;
	size_t csum_offset; /* from l4 */
};

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Copies len bytes from `at` on, out of both pieces. */
static void gather(uint8_t *dst, const struct super *super, size_t at, size_t len)
{
	size_t n = at < super->first_len ? min(len, super->first_len - at) : 0;

	if (n > 0)
		memcpy(dst, super->first + at, n);
	if (n < len)
		memcpy(dst + n, super->rest + (at + n - super->first_len), len - n);
}

/* Whether the IP header is of the family, and of the protocol, that the GSO type says. */
static bool check_ip(const struct super *super, bool is_ipv6, uint8_t protocol)
{
	const uint8_t *ip = super->first;

	if (ip[0] >> 4 != (is_ipv6 ? 6 : 4))
		return false;
	if (!is_ipv6)
		return super->l4 >= WG_IPV4_LEN && super->l4 == (ip[0] & 0x0fu) * 4 &&
		       ip[WG_IPV4_PROTOCOL] == protocol;
	/* Behind extension headers, csum_start alone says where the transport begins. */
	return super->l4 > WG_IPV6_LEN ||
	       (super->l4 == WG_IPV6_LEN && ip[WG_IPV6_NEXT] == protocol);
}

static bool measure_tcp(struct super *super)
{
	size_t len;

	if (super->csum_offset != WG_TCP_CHECKSUM || super->l4 + WG_TCP_LEN > super->first_len)
		return false;
	len = (super->first[super->l4 + WG_TCP_OFFSET] >> 4) * 4;
	super->header_len = super->l4 + len;
	return len >= WG_TCP_LEN && super->header_len <= super->first_len;
}

static bool measure_udp(struct super *super)
{
	super->header_len = super->l4 + WG_UDP_LEN;
	return super->csum_offset == WG_UDP_CHECKSUM && super->header_len <= super->first_len;
}

/* Measures the headers; false when they are not right. header_len of the vnet header is not
 * looked at: Linux puts the length there that was linear in its buffer. */
static bool measure(struct super *super, const struct wg_vnet *vnet)
{
	uint8_t version = super->first_len > 0 ? super->first[0] >> 4 : 0;

	super->l4 = vnet->csum_start;
	super->csum_offset = vnet->csum_offset;
	super->gso_size = vnet->gso_size;
	if (!(vnet->flags & WG_VNET_NEEDS_CSUM) || super->gso_size == 0 ||
	    super->first_len < WG_IPV4_LEN)
		return false;
	switch (vnet->gso_type & ~WG_VNET_ECN) {
	case WG_VNET_GSO_TCP4:
		return check_ip(super, false, WG_PROTOCOL_TCP) && measure_tcp(super);
	case WG_VNET_GSO_TCP6:
		return check_ip(super, true, WG_PROTOCOL_TCP) && measure_tcp(super);
	case WG_VNET_GSO_UDP:
		return check_ip(super, version == 6, WG_PROTOCOL_UDP) && measure_udp(super);
	}
	return false;
}

static void fix_ip(uint8_t *ip, size_t l4, size_t len, size_t index)
{
	if (ip[0] >> 4 == 6) {
		wg_store_be16(ip + WG_IPV6_PAYLOAD, (uint16_t)(len - WG_IPV6_LEN));
		return;
	}
	wg_store_be16(ip + WG_IPV4_TOTAL, (uint16_t)len);
	wg_store_be16(ip + WG_IPV4_ID, (uint16_t)(wg_load_be16(ip + WG_IPV4_ID) + index));
	wg_store_be16(ip + WG_IPV4_CHECKSUM, 0);
	wg_checksum_store(ip + WG_IPV4_CHECKSUM, wg_checksum_add(0, ip, l4));
}

/* FIN and PSH belong to the last segment, CWR to the first (RFC 3168, section 6.1.2:
 * once for each reduction). */
static void fix_tcp(uint8_t *tcp, size_t offset, bool is_last)
{
	wg_store_be32(tcp + WG_TCP_SEQ, wg_load_be32(tcp + WG_TCP_SEQ) + (uint32_t)offset);
	if (!is_last)
		tcp[WG_TCP_FLAGS] &= (uint8_t) ~(WG_TCP_FIN | WG_TCP_PSH);
	if (offset > 0)
		tcp[WG_TCP_FLAGS] &= (uint8_t)~WG_TCP_CWR;
}

/* Turns the super-packet's headers into those of one segment, whose payload was `offset`
 * bytes into the whole. The checksum has the pseudo header's sum with the whole's
 * length, which is exchanged for the segment's: so a routing header's last destination,
 * which is in that sum, need not be looked for. */
static void fix(const struct super *super, struct wg_packet *packet, size_t offset)
{
	uint8_t *l4 = packet->data + super->l4;
	uint8_t *field = l4 + super->csum_offset;
	uint16_t old_len = (uint16_t)(super->len - super->l4);
	uint16_t len = (uint16_t)(packet->len - super->l4);
	uint64_t sum = wg_checksum_add(0, field, 2);

	fix_ip(packet->data, super->l4, packet->len, offset / super->gso_size);
	if (super->csum_offset == WG_TCP_CHECKSUM)
		fix_tcp(l4, offset, offset + packet->len == super->len);
	else
		wg_store_be16(l4 + WG_UDP_LENGTH, len);
	sum = wg_checksum_add_be16(sum, (uint16_t)~old_len);
	wg_checksum_store_partial(field, wg_checksum_add_be16(sum, len));
	wg_checksum_complete(l4, packet->len - super->l4, super->csum_offset);
}

/* A copy of the headers and of len bytes of the payload. NULL: the pool is at its bound. */
static struct wg_packet *copy(const struct super *super, size_t offset, size_t len,
			      struct wg_pool *pool)
{
	struct wg_packet *packet = wg_pool_get(pool, super->header_len + len + WG_OFFLOAD_TAILROOM);

	if (!packet)
		return NULL;
	memcpy(packet->data, super->first, super->header_len);
	gather(packet->data + super->header_len, super, super->header_len + offset, len);
	packet->len = (uint32_t)(super->header_len + len);
	return packet;
}

/* The first segment: in its slot, or copied where that is too small for it. Its headers
 * stay as they are until the others have copied them. */
static struct wg_packet *first_segment(const struct super *super, struct wg_packet *packet,
				       size_t len, struct wg_pool *pool)
{
	if (super->header_len + len > super->first_len)
		return copy(super, 0, len, pool);
	packet->len = (uint32_t)(super->header_len + len);
	return packet;
}

static int split(const struct super *super, struct wg_packet *packet, struct wg_pool *pool,
		 struct wg_batch *batch)
{
	size_t payload = super->len - super->header_len;
	struct wg_packet *first = first_segment(super, packet, min(payload, super->gso_size), pool);
	int err = 0;

	if (!first) {
		wg_packet_put(packet);
		return -ENOMEM;
	}
	wg_batch_push(batch, first);
	for (size_t offset = super->gso_size; offset < payload; offset += super->gso_size) {
		struct wg_packet *segment =
			copy(super, offset, min(payload - offset, super->gso_size), pool);

		if (!segment) {
			err = -ENOMEM;
			break;
		}
		fix(super, segment, offset);
		segment->flags |= WG_PACKET_SAME_FLOW;
		wg_batch_push(batch, segment);
	}
	fix(super, first, 0);
	if (first != packet)
		wg_packet_put(packet);
	return err;
}

/* One packet that is no super-packet: it stays in its slot if it is there. */
static int pass(const struct super *super, const struct wg_vnet *vnet, struct wg_packet *packet,
		struct wg_pool *pool, struct wg_batch *batch)
{
	struct wg_packet *whole = packet;

	if (vnet->flags & WG_VNET_NEEDS_CSUM &&
	    (size_t)vnet->csum_start + vnet->csum_offset + 2 > super->len) {
		wg_packet_put(packet);
		return -EINVAL;
	}
	if (super->len > super->first_len) {
		whole = wg_pool_get(pool, super->len + WG_OFFLOAD_TAILROOM);
		if (whole) {
			gather(whole->data, super, 0, super->len);
			whole->len = (uint32_t)super->len;
		}
		wg_packet_put(packet);
		if (!whole)
			return -ENOMEM;
	}
	if (vnet->flags & WG_VNET_NEEDS_CSUM)
		wg_checksum_complete(whole->data + vnet->csum_start, whole->len - vnet->csum_start,
				     vnet->csum_offset);
	wg_batch_push(batch, whole);
	return 0;
}

struct wg_vnet wg_vnet_load(const uint8_t *data)
{
	struct wg_vnet vnet;

	memcpy(&vnet, data - sizeof(vnet), sizeof(vnet));
	return vnet;
}

void wg_vnet_store(uint8_t *data, const struct wg_vnet *vnet)
{
	memcpy(data - sizeof(*vnet), vnet, sizeof(*vnet));
}

int wg_offload_split(struct wg_packet *packet, const uint8_t *rest, size_t rest_len,
		     struct wg_pool *pool, struct wg_batch *batch)
{
	struct wg_vnet vnet = wg_vnet_load(packet->data);
	struct super super = {
		.first = packet->data,
		.first_len = packet->len,
		.rest = rest,
		.len = packet->len + rest_len,
	};

	assert(packet->len + WG_OFFLOAD_TAILROOM <= packet->room);
	if (super.len == 0 || super.len > UINT16_MAX ||
	    (vnet.gso_type != WG_VNET_GSO_NONE && !measure(&super, &vnet))) {
		wg_packet_put(packet);
		return -EINVAL;
	}
	if (vnet.gso_type == WG_VNET_GSO_NONE)
		return pass(&super, &vnet, packet, pool, batch);
	return split(&super, packet, pool, batch);
}
