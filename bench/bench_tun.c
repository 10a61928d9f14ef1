/* What a packet costs to read from a TUN link and to write into it, in a network
 * namespace of its own: alone, and in super-packets of 40 datagrams (USO). One JSON
 * object a line:
 *
 *   {"bench":"tun","mode":"single","len":1400,"read_ns":…,"write_ns":…,"packets":…}
 *
 * What is read was sent to a neighbour; what is written is for a socket that nobody
 * reads, so writing includes the kernel's way to it. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tun/tun.h"
#include "wgbench.h"

#ifndef SOL_UDP
#define SOL_UDP 17
#endif

#define NAME      "tuffbench0"
#define ROUNDS    1000
#define PER_ROUND 400 /* what the link's queue holds */
#define TRAIN     40

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(9)};

	inet_pton(AF_INET, text, &sin.sin_addr);
	return sin;
}

/* A socket behind a link that is up, or -1. */
static int open_link(struct wg_tun **tun)
{
	struct sockaddr_in own = address("192.0.2.1");
	struct sockaddr_in mask = address("255.255.255.0");
	struct ifreq ifr = {.ifr_name = NAME};
	int fd;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -1;
	if (wg_tun_open(tun, NAME) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(&ifr.ifr_addr, &own, sizeof(own));
	if (fd < 0 || ioctl(fd, SIOCSIFADDR, &ifr) < 0)
		return -1;
	memcpy(&ifr.ifr_netmask, &mask, sizeof(mask));
	if (ioctl(fd, SIOCSIFNETMASK, &ifr) < 0)
		return -1;
	ifr.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ? -1 : fd;
}

static void send_round(int fd, size_t len, unsigned int per_call)
{
	static uint8_t bytes[TRAIN * 1500];
	struct sockaddr_in to = address("192.0.2.2");
	int segment = per_call > 1 ? (int)len : 0;

	setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	for (unsigned int i = 0; i < PER_ROUND; i += per_call)
		sendto(fd, bytes, len * per_call, 0, (struct sockaddr *)&to, sizeof(to));
}

/* Turns the packets round, so that they can be written: addresses are summed in any
 * order, and so are ports, so the checksums stay right. */
static void turn(struct wg_batch *batch)
{
	struct wg_packet *packet;

	wg_batch_for_each (packet, batch) {
		uint8_t source[4];

		memcpy(source, packet->data + 12, 4);
		memcpy(packet->data + 12, packet->data + 16, 4);
		memcpy(packet->data + 16, source, 4);
		memcpy(source, packet->data + 20, 2);
		memcpy(packet->data + 20, packet->data + 22, 2);
		memcpy(packet->data + 22, source, 2);
	}
}

static void measure(struct wg_tun *tun, struct wg_pool *pool, int fd, size_t len,
		    unsigned int per_call)
{
	static uint8_t bytes[2048];
	double read_ns = 0;
	double write_ns = 0;
	size_t n = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct wg_batch batch;
		double start;

		wg_batch_init(&batch);
		send_round(fd, len, per_call);
		start = wg_bench_now();
		while (wg_tun_read(tun, pool, &batch, 64) > 0)
			;
		read_ns += wg_bench_now() - start;
		n += batch.n;
		turn(&batch);
		start = wg_bench_now();
		wg_tun_write(tun, &batch);
		write_ns += wg_bench_now() - start;
		while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
			;
	}
	printf("{\"bench\":\"tun\",\"mode\":\"%s\",\"len\":%zu,\"read_ns\":%.1f,\"write_ns\":%.1f,"
	       "\"packets\":%zu}\n",
	       per_call > 1 ? "uso" : "single", len, read_ns / (double)n, write_ns / (double)n, n);
}

int main(void)
{
	static const size_t lens[] = {64, 1200, 1372};
	static const bool unwanted[WG_TUN_N_OFFLOADS] = {true, true, true, true};
	struct wg_pool *pool = wg_pool_new(64u << 20);
	struct wg_tun *tun;
	int fd = open_link(&tun);

	if (fd < 0 || !pool) {
		fprintf(stderr, "bench_tun: no TUN link of its own: %s\n", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		measure(tun, pool, fd, lens[i], TRAIN);
	wg_tun_set_offloads(tun, unwanted);
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		measure(tun, pool, fd, lens[i], 1);
	close(fd);
	wg_tun_close(tun);
	wg_pool_free(pool);
	return 0;
}
