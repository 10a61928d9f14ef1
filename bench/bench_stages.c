/* What each stage of a packet's way costs, by itself, in nanoseconds per packet and in
 * seconds of a processor per Gbit of what is inside (one JSON object a line):
 *
 *   out   read (TUN), split, look up, seal, send (UDP)
 *   in    receive (UDP), open, check, coalesce, write (TUN)
 *
 *   {"bench":"stages","load":"tcp","way":"out","stage":"seal","len":1400,"ns":…,
 *    "cpu_s_gbit":…}
 *
 * tcp: super-packets of TCP segments. udp64: datagrams of 64 bytes, one by one.
 *
 * With a real link and real sockets in a network namespace of its own: that takes root,
 * and it skips (77) without. What the kernel does at once for the receiver counts as
 * sending (over loopback), and what it does with a packet for nobody as writing.
 *
 * bench_stages --null [SECONDS]: what is left when a tunnel does nothing, see nothing.h. */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "nothing.h"
#include "pair.h"
#include "tun/checksum.h"
#include "tun/inet.h"
#include "tun/offload.h"
#include "tun/tun.h"
#include "udp/udp.h"
#include "wgbench.h"

#define SKIPPED  77
#define ROUNDS   300
#define VNET_LEN sizeof(struct wg_vnet)

enum stage {
	STAGE_READ, /* with splitting, until that is known */
	STAGE_SPLIT,
	STAGE_LOOK_UP, /* and numbering, padding, statistics, timers */
	STAGE_SEAL,
	STAGE_SEND,
	STAGE_RECEIVE,
	STAGE_OPEN,
	STAGE_CHECK, /* session, replay, source, and the same */
	STAGE_COALESCE,
	STAGE_WRITE, /* with coalescing, until that is known */
	STAGE_COUNT
};

/* What comes out of the link at a time. */
struct load {
	const char *name;
	uint8_t protocol;
	uint8_t gso_type;
	uint8_t header_len; /* IPv4 and above */
	uint8_t csum_offset;
	uint32_t len;         /* of a packet */
	unsigned int packets; /* of a super-packet, where there is one, and in all */
};

static const struct load loads[] = {
	{"tcp", WG_PROTOCOL_TCP, WG_VNET_GSO_TCP4, 52, WG_TCP_CHECKSUM, 1400, 44},
	{"udp64", WG_PROTOCOL_UDP, WG_VNET_GSO_NONE, 28, WG_UDP_CHECKSUM, 92, 64},
};

static const char *const names[STAGE_COUNT] = {
	"read", "split", "look-up", "seal", "send", "receive", "open", "check", "coalesce", "write",
};

struct bench {
	struct wg_tun *tun;
	struct wg_udp *from;
	struct wg_udp *to;
	int inject; /* a packet socket */
	struct sockaddr_ll link;
	struct wg_pool *pool;
	struct wg_pair_end left;
	struct wg_pair_end right;
	struct wg_offload_groups groups;
	const struct load *load;
	uint8_t read[VNET_LEN + 65536]; /* what the link gives, behind its vnet header */
	size_t read_len;
	double clock_cost; /* of one look at it */
	double best[STAGE_COUNT];
	double sum[STAGE_COUNT];
};

static bool is_allowed(void)
{
	return !unshare(CLONE_NEWNET) || !unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/* Else the kernel says hello to routers and groups over the link. */
static void do_without_ipv6(void)
{
	FILE *file = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w");

	if (!file)
		return;
	fputs("1", file);
	fclose(file);
}

static bool set_up_link(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ok = fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return ok;
}

/* Of no protocol: it only sends (packet(7)). */
static bool open_injector(struct bench *b, const char *name)
{
	int one = 1;

	b->link = (struct sockaddr_ll){.sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_IP),
				       .sll_ifindex = (int)if_nametoindex(name)};
	b->inject = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return b->inject >= 0 &&
	       !setsockopt(b->inject, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one));
}

static bool inject(const struct bench *b)
{
	unsigned int n = b->load->gso_type ? 1 : b->load->packets;
	size_t len = VNET_LEN + b->read_len;

	for (unsigned int i = 0; i < n; i++)
		if (sendto(b->inject, b->read, len, 0, (const struct sockaddr *)&b->link,
			   sizeof(b->link)) != (ssize_t)len)
			return false;
	return true;
}

/* A packet or super-packet as the kernel hands it to a link: behind a vnet header, with
 * the pseudo header's sum in the place of the checksum. */
static void build(struct bench *b)
{
	const struct load *load = b->load;
	uint32_t payload = load->len - load->header_len;
	uint8_t *ip = b->read + VNET_LEN;
	uint8_t *l4 = ip + WG_IPV4_LEN;
	const struct wg_vnet vnet = {
		.flags = WG_VNET_NEEDS_CSUM,
		.gso_type = load->gso_type,
		.header_len = load->header_len,
		.gso_size = (uint16_t)(load->gso_type ? payload : 0),
		.csum_start = WG_IPV4_LEN,
		.csum_offset = load->csum_offset,
	};

	b->read_len = load->header_len + (load->gso_type ? load->packets : 1) * payload;
	memset(b->read, 0, sizeof(b->read));
	wg_vnet_store(ip, &vnet);
	ip[0] = 0x45;
	wg_store_be16(ip + WG_IPV4_TOTAL, (uint16_t)b->read_len);
	wg_store_be16(ip + WG_IPV4_FRAGMENT, WG_IPV4_DONT_FRAGMENT);
	ip[WG_IPV4_TTL] = 64;
	ip[WG_IPV4_PROTOCOL] = load->protocol;
	memcpy(ip + WG_IPV4_SOURCE, b->left.inside.ip.bytes, 4);
	memcpy(ip + WG_IPV4_SOURCE + 4, b->right.inside.ip.bytes, 4);
	wg_checksum_store(ip + WG_IPV4_CHECKSUM, wg_checksum_add(0, ip, WG_IPV4_LEN));
	if (load->protocol == WG_PROTOCOL_TCP) {
		l4[WG_TCP_OFFSET] = (uint8_t)((load->header_len - WG_IPV4_LEN) / 4 << 4);
		l4[WG_TCP_FLAGS] = WG_TCP_ACK_FLAG;
		/* No-operations instead of timestamps. */
		memset(l4 + WG_TCP_LEN, 1, load->header_len - WG_IPV4_LEN - WG_TCP_LEN);
	} else {
		wg_store_be16(l4 + WG_UDP_LENGTH, (uint16_t)(b->read_len - WG_IPV4_LEN));
	}
	wg_checksum_store_partial(
		l4 + load->csum_offset,
		wg_checksum_pseudo(ip, load->protocol, (uint16_t)(b->read_len - WG_IPV4_LEN)));
}

static bool set_up(struct bench *b)
{
	const struct wg_udp_options options = {0};
	char name[WG_TUN_NAME_LEN];

	if (!is_allowed())
		return false;
	do_without_ipv6();
	if (!set_up_link("lo") || wg_tun_open(&b->tun, "stages0") || wg_tun_name(b->tun, name) ||
	    !set_up_link(name) || !open_injector(b, name) || wg_udp_open(&b->from, &options) ||
	    wg_udp_open(&b->to, &options))
		return false;
	b->pool = wg_pool_new((size_t)16 << 20);
	if (!b->pool)
		abort();
	wg_pair_meet(&b->left, &b->right);
	return true;
}

/* Since the last call; for the stage. */
static void count(struct bench *b, enum stage stage, double *start)
{
	double end = wg_bench_now();

	b->sum[stage] += end - *start - b->clock_cost;
	*start = wg_bench_now();
}

/* What the link gives, until it is dry; false when it gave something else. */
static bool read_link(struct bench *b, struct wg_batch *batch)
{
	double start;

	if (!inject(b))
		return false;
	start = wg_bench_now();
	while (wg_tun_read(b->tun, b->pool, batch, 64) > 0)
		;
	count(b, STAGE_READ, &start);
	return batch->n == b->load->packets;
}

/* The same super-packet once more, in memory. */
static void split(struct bench *b)
{
	struct wg_packet *packet = wg_pool_get(b->pool, WG_SLOT_ROOM);
	const size_t first = WG_SLOT_ROOM - WG_OFFLOAD_TAILROOM;
	const uint8_t *data = b->read + VNET_LEN;
	struct wg_batch batch;
	double start;

	wg_batch_init(&batch);
	memcpy(packet->data - VNET_LEN, b->read, VNET_LEN + first);
	packet->len = (uint32_t)first;
	start = wg_bench_now();
	if (wg_offload_split(packet, data + first, b->read_len - first, b->pool, &batch))
		abort();
	count(b, STAGE_SPLIT, &start);
	wg_batch_drop(&batch);
}

static void send_batch(struct bench *b, struct wg_batch *batch)
{
	struct wg_run *run;
	double start = wg_bench_now();

	wg_device_from_tun(b->left.device, batch, wg_pair_now, &b->left.out);
	count(b, STAGE_LOOK_UP, &start);
	wg_pair_run(&b->left);
	count(b, STAGE_SEAL, &start);
	wg_pair_finish(&b->left);
	count(b, STAGE_LOOK_UP, &start);
	run = &b->left.out.runs[0];
	wg_ip_parse(&run->path.remote.ip, "127.0.0.1");
	run->path.remote.port = wg_udp_port(b->to);
	start = wg_bench_now();
	wg_udp_send(b->from, run, 1);
	count(b, STAGE_SEND, &start);
	b->left.out.n_runs = 0;
}

static void receive_batch(struct bench *b)
{
	struct wg_run runs[WG_UDP_RUNS];
	double start = wg_bench_now();
	int n;

	while ((n = wg_udp_receive(b->to, 0, b->pool, runs, WG_UDP_RUNS)) > 0) {
		count(b, STAGE_RECEIVE, &start);
		for (int i = 0; i < n; i++)
			wg_device_from_udp(b->right.device, &runs[i], wg_pair_now, &b->right.out);
		count(b, STAGE_CHECK, &start);
	}
	count(b, STAGE_RECEIVE, &start);
	wg_pair_run(&b->right);
	count(b, STAGE_OPEN, &start);
	wg_pair_finish(&b->right);
	count(b, STAGE_CHECK, &start);
}

static void coalesce(struct bench *b, const struct wg_batch *batch)
{
	struct wg_batch copy;
	const struct wg_packet *packet;
	double start;

	wg_batch_init(&copy);
	wg_batch_for_each (packet, batch) {
		struct wg_packet *twin = wg_pool_get(b->pool, packet->len);

		if (!twin)
			abort();
		memcpy(twin->data, packet->data, packet->len);
		twin->len = packet->len;
		wg_batch_push(&copy, twin);
	}
	b->groups = (struct wg_offload_groups){.tcp = true, .udp = true};
	start = wg_bench_now();
	wg_offload_coalesce(&b->groups, &copy);
	count(b, STAGE_COALESCE, &start);
	for (size_t i = 0; i < b->groups.n; i++)
		wg_batch_drop(&b->groups.group[i].packets);
}

static bool run_once(struct bench *b)
{
	struct wg_batch batch;
	double start;

	wg_batch_init(&batch);
	if (!read_link(b, &batch))
		return false;
	if (b->load->gso_type)
		split(b);
	send_batch(b, &batch);
	receive_batch(b);
	if (b->right.out.tun.n != b->load->packets)
		return false;
	coalesce(b, &b->right.out.tun);
	start = wg_bench_now();
	wg_tun_write(b->tun, &b->right.out.tun);
	count(b, STAGE_WRITE, &start);
	return true;
}

static bool run_rounds(struct bench *b)
{
	for (int round = 0; round < WG_BENCH_ROUNDS; round++) {
		memset(b->sum, 0, sizeof(b->sum));
		for (int i = 0; i < ROUNDS; i++)
			if (!run_once(b))
				return false;
		for (int stage = 0; stage < STAGE_COUNT; stage++)
			if (!round || b->sum[stage] < b->best[stage])
				b->best[stage] = b->sum[stage];
	}
	b->best[STAGE_READ] -= b->best[STAGE_SPLIT];
	b->best[STAGE_WRITE] -= b->best[STAGE_COALESCE];
	return true;
}

static void print(const struct bench *b)
{
	for (int stage = 0; stage < STAGE_COUNT; stage++) {
		double ns = b->best[stage] / ((double)ROUNDS * b->load->packets);

		if (stage == STAGE_SPLIT && !b->load->gso_type)
			continue;
		printf("{\"bench\":\"stages\",\"load\":\"%s\",\"way\":\"%s\",\"stage\":\"%s\","
		       "\"len\":%u,\"ns\":%.1f,\"cpu_s_gbit\":%.4f}\n",
		       b->load->name, stage < STAGE_RECEIVE ? "out" : "in", names[stage],
		       b->load->len, ns, ns / (b->load->len * 8));
	}
}

static void look_at_clock(void *ctx)
{
	(void)ctx;
	wg_bench_now();
}

static int measure_stages(void)
{
	static struct bench b;
	bool ok = true;

	if (!set_up(&b)) {
		printf("skip: no network namespace with a TUN link: %s\n", strerror(errno));
		return SKIPPED;
	}
	b.clock_cost = wg_bench_ns(look_at_clock, NULL);
	for (size_t i = 0; i < WG_ARRAY_LEN(loads) && ok; i++) {
		b.load = &loads[i];
		build(&b);
		ok = run_rounds(&b);
		if (ok)
			print(&b);
		else
			fprintf(stderr, "bench_stages: %s: a vector did not arrive whole\n",
				b.load->name);
	}
	close(b.inject);
	wg_tun_close(b.tun);
	wg_udp_close(b.from);
	wg_udp_close(b.to);
	wg_pair_part(&b.left, &b.right);
	wg_pool_free(b.pool);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (wg_crypto_init(getenv("TUFF_AEAD")))
		return 1;
	if (argc > 1 && !strcmp(argv[1], "--null"))
		return wg_nothing_measure(argc > 2 ? atoi(argv[2]) : 5);
	return measure_stages();
}
