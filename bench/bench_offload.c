/* What it costs to split super-packets and to coalesce packets, without the device. One
 * JSON object a line; ns are for each segment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tun/checksum.h"
#include "tun/inet.h"
#include "tun/offload.h"
#include "wgbench.h"

#define SLOT_READ   (WG_SLOT_ROOM - WG_OFFLOAD_TAILROOM)
#define MAX_BATCH   64u
#define HEADERS_LEN 60u /* IPv6 and TCP, the most that is used here */

struct kind {
	const char *name;
	bool is_ipv6;
	bool is_udp;
	size_t segment;  /* payload of each */
	size_t segments; /* in a super-packet, or a batch */
};

static const struct kind kinds[] = {
	{"tcp4", false, false, 1380, 47}, {"tcp6", true, false, 1360, 47},
	{"udp4", false, true, 1200, 52},  {"udp4", false, true, 64, 64},
	{"udp6", true, true, 64, 64},
};

struct bench {
	const struct kind *kind;
	struct wg_pool *pool;
	struct wg_batch batch;
	struct wg_offload_groups groups;
	struct wg_vnet vnet;
	size_t len;
	uint8_t super[65536];
	uint8_t headers[MAX_BATCH][HEADERS_LEN];
	size_t n_groups;
};

static size_t put_ip(uint8_t *ip, const struct kind *kind, size_t l4_len)
{
	uint8_t protocol = kind->is_udp ? WG_PROTOCOL_UDP : WG_PROTOCOL_TCP;

	if (kind->is_ipv6) {
		ip[0] = 0x60;
		wg_store_be16(ip + WG_IPV6_PAYLOAD, (uint16_t)l4_len);
		ip[WG_IPV6_NEXT] = protocol;
		return WG_IPV6_LEN;
	}
	ip[0] = 0x45;
	wg_store_be16(ip + WG_IPV4_TOTAL, (uint16_t)(WG_IPV4_LEN + l4_len));
	ip[WG_IPV4_PROTOCOL] = protocol;
	wg_checksum_store(ip + WG_IPV4_CHECKSUM, wg_checksum_add(0, ip, WG_IPV4_LEN));
	return WG_IPV4_LEN;
}

/* A super-packet of zeros behind headers. */
static void make(struct bench *bench, const struct kind *kind)
{
	size_t header_len = kind->is_udp ? WG_UDP_LEN : WG_TCP_LEN;
	size_t l4_len = header_len + kind->segment * kind->segments;
	uint8_t *ip = bench->super;
	size_t l4;

	memset(ip, 0, sizeof(bench->super));
	l4 = put_ip(ip, kind, l4_len);
	bench->len = l4 + l4_len;
	bench->vnet = (struct wg_vnet){
		.flags = WG_VNET_NEEDS_CSUM,
		.gso_type = kind->is_udp    ? WG_VNET_GSO_UDP
			    : kind->is_ipv6 ? WG_VNET_GSO_TCP6
					    : WG_VNET_GSO_TCP4,
		.gso_size = (uint16_t)kind->segment,
		.csum_start = (uint16_t)l4,
		.csum_offset = kind->is_udp ? WG_UDP_CHECKSUM : WG_TCP_CHECKSUM,
	};
	if (kind->is_udp) {
		wg_store_be16(ip + l4 + WG_UDP_LENGTH, (uint16_t)l4_len);
	} else {
		ip[l4 + WG_TCP_OFFSET] = WG_TCP_LEN / 4 << 4;
		ip[l4 + WG_TCP_FLAGS] = WG_TCP_ACK_FLAG;
	}
	wg_checksum_store_partial(
		ip + l4 + bench->vnet.csum_offset,
		wg_checksum_pseudo(ip, kind->is_udp ? WG_PROTOCOL_UDP : WG_PROTOCOL_TCP,
				   (uint16_t)l4_len));
}

/* Reads the super-packet as from a device, which costs one slot's copy, and splits it. */
static void split(struct bench *bench)
{
	struct wg_packet *packet = wg_pool_get(bench->pool, WG_SLOT_ROOM);

	if (!packet)
		abort();
	packet->len = (uint32_t)(bench->len < SLOT_READ ? bench->len : SLOT_READ);
	memcpy(packet->data, bench->super, packet->len);
	wg_vnet_store(packet->data, &bench->vnet);
	if (wg_offload_split(packet, bench->super + packet->len, bench->len - packet->len,
			     bench->pool, &bench->batch))
		abort();
}

static void step_split(void *ctx)
{
	struct bench *bench = ctx;

	split(bench);
	wg_batch_drop(&bench->batch);
}

/* Coalesces the batch and makes it again, headers too, for the next time. */
static void step_coalesce(void *ctx)
{
	struct bench *bench = ctx;
	struct wg_packet *packet;
	size_t i = 0;

	wg_offload_coalesce(&bench->groups, &bench->batch);
	bench->n_groups = bench->groups.n;
	for (size_t k = 0; k < bench->groups.n; k++) {
		packet = bench->groups.group[k].packets.head;
		memcpy(packet->data, bench->headers[i], HEADERS_LEN);
		i += bench->groups.group[k].packets.n;
		wg_batch_append(&bench->batch, &bench->groups.group[k].packets);
	}
}

static void prepare_coalesce(struct bench *bench)
{
	struct wg_packet *packet;
	size_t i = 0;

	bench->groups.tcp = true;
	bench->groups.udp = true;
	split(bench);
	wg_batch_for_each (packet, &bench->batch)
		memcpy(bench->headers[i++], packet->data, HEADERS_LEN);
}

static void report(const struct bench *bench, const char *what, double ns)
{
	double per_segment = ns / (double)bench->kind->segments;

	printf("{\"bench\":\"offload\",\"what\":\"%s\",\"kind\":\"%s\",\"payload\":%zu,"
	       "\"segments\":%zu,\"ns\":%.1f,\"gbit_s\":%.1f}\n",
	       what, bench->kind->name, bench->kind->segment, bench->kind->segments, per_segment,
	       8 * (double)bench->kind->segment / per_segment);
	fflush(stdout);
}

static void run(struct bench *bench, const struct kind *kind)
{
	bench->kind = kind;
	make(bench, kind);
	report(bench, "split", wg_bench_ns(step_split, bench));
	prepare_coalesce(bench);
	report(bench, "coalesce", wg_bench_ns(step_coalesce, bench));
	if (bench->n_groups != 1)
		abort();
	wg_batch_drop(&bench->batch);
}

struct sum {
	const uint8_t *data;
	size_t len;
	uint64_t sum;
};

static void step_sum(void *ctx)
{
	struct sum *sum = ctx;

	sum->sum = wg_checksum_add(sum->sum, sum->data, sum->len);
}

int main(void)
{
	static const size_t lens[] = {20, 64, 256, 1440, 65535};
	static struct bench bench;

	bench.pool = wg_pool_new(4u << 20);
	if (!bench.pool)
		abort();
	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++)
		run(&bench, &kinds[i]);
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++) {
		struct sum sum = {bench.super, lens[i], 0};
		double ns = wg_bench_ns(step_sum, &sum);

		printf("{\"bench\":\"offload\",\"what\":\"checksum\",\"len\":%zu,\"ns\":%.1f,"
		       "\"gbit_s\":%.1f}\n",
		       lens[i], ns, 8 * (double)lens[i] / ns);
	}
	wg_pool_free(bench.pool);
	return 0;
}
