/* From packets to groups that a TUN device takes as one.
 *
 * Linux must accept each group (virtio_net_hdr_to_skb) and, when it forwards one, cut it up
 * again into the packets that came in: so headers are equal except for the fields that
 * segmentation rewrites, by the rules of Linux' GRO (tcp_gro_receive, inet_gro_receive,
 * udp_gro_receive), and all checksums were right before. Checksums are only looked at when
 * two packets meet; a packet that stays alone is left untouched. */
#include <string.h>

#include "base/bytes.h"
#include "tun/checksum.h"
#include "tun/inet.h"
#include "tun/offload.h"

#define MAX_LEN UINT16_MAX

/* Linux' UDP_MAX_SEGMENTS before 6.9. */
#define MAX_DATAGRAMS 64u

#define NO_STEP UINT16_MAX

/* The flags that a group has when its last packet has them. */
#define AT_THE_END (WG_TCP_FIN | WG_TCP_PSH)

#define ICMP   1u
#define ICMPV6 58u

/* A packet's relation to its flow's group. */
enum kind {
	KIND_OTHER,   /* of no flow that is coalesced */
	KIND_UNCLEAR, /* may be of any flow: a fragment, or behind options */
	KIND_ALONE,   /* of a flow, but not to be coalesced */
	KIND_SEGMENT
};

struct view {
	const uint8_t *ip;
	const uint8_t *l4;
	uint32_t len;
	uint32_t header_len;
	uint32_t payload;
	bool is_tcp;
	uint8_t flow; /* hash of addresses and ports */
};

static uint32_t ip_header_len(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 ? WG_IPV6_LEN : WG_IPV4_LEN;
}

/* The protocol behind a header without options, or 0. */
static uint8_t protocol_of(const uint8_t *ip, uint32_t len)
{
	if (len >= WG_IPV4_LEN && ip[0] == 0x45)
		return wg_load_be16(ip + WG_IPV4_TOTAL) == len &&
				       !(wg_load_be16(ip + WG_IPV4_FRAGMENT) &
					 ~WG_IPV4_DONT_FRAGMENT)
			       ? ip[WG_IPV4_PROTOCOL]
			       : 0;
	if (len >= WG_IPV6_LEN && ip[0] >> 4 == 6)
		return wg_load_be16(ip + WG_IPV6_PAYLOAD) == len - WG_IPV6_LEN ? ip[WG_IPV6_NEXT]
									       : 0;
	return 0;
}

/* Addresses and ports; multiplied as in Knuth's multiplicative hashing. */
static uint8_t hash_flow(const uint8_t *ip, const uint8_t *l4)
{
	uint64_t sum = wg_load_le32(l4);

	if (ip[0] >> 4 == 4)
		sum += wg_load_le64(ip + WG_IPV4_SOURCE) * 3;
	else
		for (unsigned int i = 0; i < 4; i++)
			sum = sum * 5 + wg_load_le64(ip + WG_IPV6_SOURCE + 8 * i);
	return (uint8_t)(sum * 0x9e3779b97f4a7c15u >> 56);
}

static enum kind view_tcp(struct view *view)
{
	uint32_t l4_len = view->len - ip_header_len(view->ip);
	uint32_t len;

	if (l4_len < WG_TCP_LEN)
		return KIND_UNCLEAR;
	len = (view->l4[WG_TCP_OFFSET] >> 4) * 4u;
	if (len < WG_TCP_LEN || len > l4_len)
		return KIND_UNCLEAR;
	view->header_len = ip_header_len(view->ip) + len;
	view->payload = l4_len - len;
	return view->payload > 0 && (view->l4[WG_TCP_FLAGS] &
				     (WG_TCP_SYN | WG_TCP_RST | WG_TCP_URG | WG_TCP_ACK_FLAG)) ==
					    WG_TCP_ACK_FLAG
		       ? KIND_SEGMENT
		       : KIND_ALONE;
}

static enum kind view_udp(struct view *view)
{
	uint32_t l4_len = view->len - ip_header_len(view->ip);

	if (l4_len < WG_UDP_LEN)
		return KIND_UNCLEAR;
	view->header_len = ip_header_len(view->ip) + WG_UDP_LEN;
	view->payload = l4_len - WG_UDP_LEN;
	return view->payload > 0 && wg_load_be16(view->l4 + WG_UDP_LENGTH) == l4_len &&
			       wg_load_be16(view->l4 + WG_UDP_CHECKSUM) != 0
		       ? KIND_SEGMENT
		       : KIND_ALONE;
}

static enum kind look(struct view *view, const struct wg_packet *packet)
{
	uint8_t protocol = protocol_of(packet->data, packet->len);
	enum kind kind;

	view->ip = packet->data;
	view->len = packet->len;
	if (protocol == ICMP || protocol == ICMPV6)
		return KIND_OTHER;
	if (protocol != WG_PROTOCOL_TCP && protocol != WG_PROTOCOL_UDP)
		return KIND_UNCLEAR;
	view->l4 = view->ip + ip_header_len(view->ip);
	view->is_tcp = protocol == WG_PROTOCOL_TCP;
	kind = view->is_tcp ? view_tcp(view) : view_udp(view);
	if (kind != KIND_UNCLEAR)
		view->flow = hash_flow(view->ip, view->l4);
	return kind;
}

static bool checksums_are_right(const uint8_t *ip, uint32_t len)
{
	uint32_t l4 = ip_header_len(ip);
	uint8_t protocol = l4 == WG_IPV6_LEN ? ip[WG_IPV6_NEXT] : ip[WG_IPV4_PROTOCOL];
	uint64_t sum = wg_checksum_pseudo(ip, protocol, (uint16_t)(len - l4));

	if (l4 == WG_IPV4_LEN && wg_checksum_fold(wg_checksum_add(0, ip, l4)) != 0xffff)
		return false;
	return wg_checksum_fold(wg_checksum_add(sum, ip + l4, len - l4)) == 0xffff;
}

/* The identification must count up, as segmentation makes it, or may stand still where
 * it means nothing (atomic datagrams, RFC 6864, section 4.1). */
static bool id_fits(const struct wg_offload_group *group, const uint8_t *first, const uint8_t *ip,
		    uint16_t *step)
{
	uint16_t old = wg_load_be16(first + WG_IPV4_ID);
	uint16_t id = wg_load_be16(ip + WG_IPV4_ID);

	*step = group->id_step;
	if (*step == NO_STEP)
		*step = id != old;
	if (*step == 0 && !(wg_load_be16(ip + WG_IPV4_FRAGMENT) & WG_IPV4_DONT_FRAGMENT))
		return false;
	return id == (uint16_t)(old + *step * group->packets.n);
}

/* All fields except for lengths, identification and checksum; the first byte has the
 * version. */
static bool ip_fits(const uint8_t *first, const uint8_t *ip)
{
	if (ip[0] >> 4 == 6)
		return !memcmp(first, ip, WG_IPV6_PAYLOAD) &&
		       !memcmp(first + WG_IPV6_NEXT, ip + WG_IPV6_NEXT, WG_IPV6_LEN - WG_IPV6_NEXT);
	return !memcmp(first, ip, WG_IPV4_TOTAL) &&
	       !memcmp(first + WG_IPV4_FRAGMENT, ip + WG_IPV4_FRAGMENT,
		       WG_IPV4_CHECKSUM - WG_IPV4_FRAGMENT) &&
	       !memcmp(first + WG_IPV4_SOURCE, ip + WG_IPV4_SOURCE, WG_IPV4_LEN - WG_IPV4_SOURCE);
}

/* The same ports, the next sequence number, and beside that no difference that segmentation
 * does not make. Also the window, which GRO does not ask for: it would be the first one's
 * for all. */
static bool tcp_fits(const struct wg_offload_group *group, const uint8_t *first, const uint8_t *tcp,
		     size_t tcp_len)
{
	uint32_t seq = wg_load_be32(first + WG_TCP_SEQ) + group->len - group->header_len;
	uint8_t differing = first[WG_TCP_FLAGS] ^ tcp[WG_TCP_FLAGS];

	return !memcmp(first, tcp, WG_TCP_SEQ) && wg_load_be32(tcp + WG_TCP_SEQ) == seq &&
	       !memcmp(first + WG_TCP_ACK, tcp + WG_TCP_ACK, WG_TCP_FLAGS - WG_TCP_ACK) &&
	       !(differing & ~(WG_TCP_FIN | WG_TCP_PSH | WG_TCP_CWR)) &&
	       !(tcp[WG_TCP_FLAGS] & WG_TCP_CWR) &&
	       !memcmp(first + WG_TCP_WINDOW, tcp + WG_TCP_WINDOW,
		       WG_TCP_CHECKSUM - WG_TCP_WINDOW) &&
	       !memcmp(first + WG_TCP_URGENT, tcp + WG_TCP_URGENT, tcp_len - WG_TCP_URGENT);
}

/* Whether the packet continues the group, without a look at its checksums. */
static bool fits(const struct wg_offload_group *group, const struct view *view, uint16_t *step)
{
	const uint8_t *first = group->packets.head->data;
	uint32_t l4 = ip_header_len(first);
	size_t max = view->is_tcp ? WG_OFFLOAD_MAX_GROUP : MAX_DATAGRAMS;

	if (!group->open || group->packets.n >= max || view->payload > group->payload ||
	    group->len + view->payload > MAX_LEN || !ip_fits(first, view->ip) ||
	    (l4 == WG_IPV4_LEN && !id_fits(group, first, view->ip, step)))
		return false;
	return view->is_tcp ? tcp_fits(group, first + l4, view->l4, view->header_len - l4)
			    : !memcmp(first + l4, view->l4, WG_UDP_LENGTH);
}

static bool ends_group(const struct view *view)
{
	return view->is_tcp && view->l4[WG_TCP_FLAGS] & AT_THE_END;
}

static struct wg_offload_group *add_group(struct wg_offload_groups *groups,
					  struct wg_packet *packet)
{
	struct wg_offload_group *group = &groups->group[groups->n++];

	*group = (struct wg_offload_group){.len = packet->len, .id_step = NO_STEP};
	wg_batch_push(&group->packets, packet);
	return group;
}

static void start(struct wg_offload_groups *groups, struct wg_packet *packet,
		  const struct view *view)
{
	struct wg_offload_group *group = add_group(groups, packet);

	group->header_len = view->header_len;
	group->payload = view->payload;
	group->open = !ends_group(view);
	groups->by_flow[view->flow] = (uint8_t)groups->n;
}

static void join(struct wg_offload_group *group, struct wg_packet *packet, const struct view *view,
		 uint16_t step)
{
	wg_batch_push(&group->packets, packet);
	group->len += view->payload;
	group->id_step = step;
	group->open = view->payload == group->payload && !ends_group(view);
}

/* Adds a packet that may be coalesced: to its flow's group, or as a new one. */
static void add_segment(struct wg_offload_groups *groups, struct wg_packet *packet,
			const struct view *view)
{
	uint8_t *latest = &groups->by_flow[view->flow];
	struct wg_offload_group *group = *latest ? &groups->group[*latest - 1] : NULL;
	const struct wg_packet *first;
	uint16_t step = NO_STEP;

	if (!group || !fits(group, view, &step)) {
		start(groups, packet, view);
		return;
	}
	first = group->packets.head;
	if (!group->verified && !checksums_are_right(first->data, first->len)) {
		start(groups, packet, view);
	} else if (!checksums_are_right(packet->data, packet->len)) {
		add_group(groups, packet);
		*latest = 0;
	} else {
		group->verified = true;
		join(group, packet, view, step);
	}
}

static void add(struct wg_offload_groups *groups, struct wg_packet *packet)
{
	struct view view;

	switch (look(&view, packet)) {
	case KIND_SEGMENT:
		if (view.is_tcp ? groups->tcp : groups->udp) {
			add_segment(groups, packet, &view);
			return;
		}
		break;
	case KIND_ALONE:
		groups->by_flow[view.flow] = 0;
		break;
	case KIND_UNCLEAR:
		memset(groups->by_flow, 0, sizeof(groups->by_flow));
		break;
	case KIND_OTHER:
		break;
	}
	add_group(groups, packet);
}

static void rewrite_ip(uint8_t *ip, uint32_t len)
{
	if (ip[0] >> 4 == 6) {
		wg_store_be16(ip + WG_IPV6_PAYLOAD, (uint16_t)(len - WG_IPV6_LEN));
		return;
	}
	wg_store_be16(ip + WG_IPV4_TOTAL, (uint16_t)len);
	wg_store_be16(ip + WG_IPV4_CHECKSUM, 0);
	wg_checksum_store(ip + WG_IPV4_CHECKSUM, wg_checksum_add(0, ip, WG_IPV4_LEN));
}

static bool is_tcp(const struct wg_offload_group *group)
{
	return group->header_len - ip_header_len(group->packets.head->data) >= WG_TCP_LEN;
}

/* Gives the first packet's headers the length of a group or its own, and a checksum that
 * has only its pseudo header's sum. Returns where that is. */
static uint8_t *rewrite(const struct wg_offload_group *group, uint32_t len)
{
	uint8_t *ip = group->packets.head->data;
	uint32_t l4 = ip_header_len(ip);
	uint16_t l4_len = (uint16_t)(len - l4);
	uint8_t protocol = is_tcp(group) ? WG_PROTOCOL_TCP : WG_PROTOCOL_UDP;
	uint8_t *field = ip + l4 + (is_tcp(group) ? WG_TCP_CHECKSUM : WG_UDP_CHECKSUM);

	rewrite_ip(ip, len);
	if (!is_tcp(group))
		wg_store_be16(ip + l4 + WG_UDP_LENGTH, l4_len);
	wg_checksum_store_partial(field, wg_checksum_pseudo(ip, protocol, l4_len));
	return field;
}

/* The end of the last segment is the end of all of them. */
static uint8_t gso_type(const struct wg_offload_group *group)
{
	uint8_t *ip = group->packets.head->data;
	uint32_t l4 = ip_header_len(ip);
	uint8_t type = l4 == WG_IPV6_LEN ? WG_VNET_GSO_TCP6 : WG_VNET_GSO_TCP4;

	if (!is_tcp(group))
		return WG_VNET_GSO_UDP;
	ip[l4 + WG_TCP_FLAGS] |= group->packets.tail->data[l4 + WG_TCP_FLAGS] & AT_THE_END;
	return ip[l4 + WG_TCP_FLAGS] & WG_TCP_CWR ? type | WG_VNET_ECN : type;
}

/* Makes the first packet's headers those of the whole. The checksum is left to the kernel,
 * which takes a packet that needs one for verified: it was. */
static void finish(const struct wg_offload_group *group)
{
	uint8_t *ip = group->packets.head->data;
	uint8_t *l4 = ip + ip_header_len(ip);
	struct wg_vnet vnet = {0};

	if (group->packets.n > 1) {
		vnet.csum_offset = (uint16_t)(rewrite(group, group->len) - l4);
		vnet.csum_start = (uint16_t)(l4 - ip);
		vnet.flags = WG_VNET_NEEDS_CSUM;
		vnet.header_len = (uint16_t)group->header_len;
		vnet.gso_size = (uint16_t)group->payload;
		vnet.gso_type = gso_type(group);
	}
	wg_vnet_store(ip, &vnet);
}

void wg_offload_coalesce(struct wg_offload_groups *groups, struct wg_batch *batch)
{
	groups->n = 0;
	memset(groups->by_flow, 0, sizeof(groups->by_flow));
	while (groups->n < WG_OFFLOAD_GROUPS && !wg_batch_empty(batch))
		add(groups, wg_batch_pop(batch));
	for (size_t i = 0; i < groups->n; i++)
		finish(&groups->group[i]);
}

void wg_offload_ungroup(struct wg_offload_group *group)
{
	struct wg_packet *first = group->packets.head;
	uint8_t *l4 = first->data + ip_header_len(first->data);
	struct wg_packet *packet;
	uint8_t *field;

	wg_batch_for_each (packet, &group->packets)
		wg_vnet_store(packet->data, &(struct wg_vnet){0});
	if (group->packets.n == 1)
		return;
	if (is_tcp(group))
		l4[WG_TCP_FLAGS] &= (uint8_t)~AT_THE_END; /* or there was no second */
	field = rewrite(group, first->len);
	wg_checksum_complete(l4, (size_t)(first->data + first->len - l4), (size_t)(field - l4));
}
