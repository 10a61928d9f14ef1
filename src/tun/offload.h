/* Segmentation and checksum offloads between packets and a TUN device with vnet headers.
 * Pure: a read super-packet is split into packets, and packets that are to be written are
 * coalesced. Only this folder includes it. */
#ifndef WG_TUN_OFFLOAD_H
#define WG_TUN_OFFLOAD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet.h"

/* struct virtio_net_hdr of <linux/virtio_net.h>, which stands before every packet that
 * is read or written (VIRTIO 1.2, section 5.1.6). Numbers are in this machine's order. */
struct wg_vnet {
	uint8_t flags;        /* enum wg_vnet_flags */
	uint8_t gso_type;     /* enum wg_vnet_gso, WG_VNET_ECN */
	uint16_t header_len;  /* bytes that are headers; only a hint */
	uint16_t gso_size;    /* payload of every segment except for the last */
	uint16_t csum_start;  /* the summed part begins here and goes to the end */
	uint16_t csum_offset; /* of the checksum, from there */
};
static_assert(sizeof(struct wg_vnet) == 10, "as the kernel has it");
static_assert(sizeof(struct wg_vnet) <= WG_PACKET_HEADROOM, "it stands in the headroom");

enum wg_vnet_flags {
	WG_VNET_NEEDS_CSUM = 1, /* the checksum only has its pseudo header's sum */
	WG_VNET_DATA_VALID = 2
};

enum wg_vnet_gso {
	WG_VNET_GSO_NONE = 0,
	WG_VNET_GSO_TCP4 = 1,
	WG_VNET_GSO_TCP6 = 4,
	WG_VNET_GSO_UDP = 5 /* "UDP_L4", USO: a train of datagrams; since Linux 6.2 */
};

/* Set in gso_type beside TCP4 or TCP6: the first segment has CWR (RFC 3168). */
#define WG_VNET_ECN 0x80u

/* Room that is left behind each packet: up to 15 bytes of padding, and the tag. */
#define WG_OFFLOAD_TAILROOM 32u

/* The header that stands before data. */
struct wg_vnet wg_vnet_load(const uint8_t *data);
void wg_vnet_store(uint8_t *data, const struct wg_vnet *vnet);

/* Splits the result of one read and adds the packets to the batch, the second and later
 * ones with WG_PACKET_SAME_FLOW. The vnet header stands before packet->data, a slot's with
 * the tailroom left free; the part that the slot did not hold is at rest. Takes the packet.
 * 0; -EINVAL when it is malformed, and then nothing was added; -ENOMEM when the pool is at
 * its bound, and then the rest of the segments were dropped. */
int wg_offload_split(struct wg_packet *packet, const uint8_t *rest, size_t rest_len,
		     struct wg_pool *pool, struct wg_batch *batch);

/* A group: packets to be written as one. Its first packet is written whole, with the
 * vnet header before it; of the others only what is behind header_len. */
struct wg_offload_group {
	struct wg_batch packets;
	uint32_t header_len;
	uint32_t len;     /* of all that is written, without the vnet header */
	uint32_t payload; /* of the first, and so of every packet except for the last */
	uint16_t id_step; /* by which the IPv4 identification grows */
	bool verified;    /* the first packet's checksum was */
	bool open;        /* more may follow */
};

/* The most groups that one call makes, and packets in a group. */
#define WG_OFFLOAD_GROUPS    128u
#define WG_OFFLOAD_MAX_GROUP 128u

struct wg_offload_groups {
	bool tcp; /* whether TCP and UDP may be coalesced; the caller's choice */
	bool udp;
	size_t n;
	struct wg_offload_group group[WG_OFFLOAD_GROUPS];
	uint8_t by_flow[256]; /* a hash of the flow: its latest group plus one */
};

/* Takes packets from the batch and makes groups of them, until there are no more packets
 * or groups. The groups are to be written in order, and keep the order within each flow;
 * their packets are the caller's. Call again while the batch is not empty. */
void wg_offload_coalesce(struct wg_offload_groups *groups, struct wg_batch *batch);

/* Takes a group apart into the packets that it was made of, with a vnet header that asks
 * for nothing before each: to be written one by one where the kernel refused the group. */
void wg_offload_ungroup(struct wg_offload_group *group);

#endif
