/* A TUN link in a network namespace of the test's own. Packets sent into the link by
 * a socket are in its queue when send() returns, so nothing here waits. */
#ifndef WG_TESTS_TUN_LINK_H
#define WG_TESTS_TUN_LINK_H

#include "wgtest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/packet.h"
#include "tun/tun.h"

#define NAME     "tufftest0"
#define OURS     "192.0.2.1"
#define THEIRS   "192.0.2.2"
#define PORT     30567
#define HEADERS  (sizeof(struct iphdr) + sizeof(struct udphdr))
#define POOL_LEN (4u << 20)

struct link {
	struct wg_pool *pool;
	struct wg_tun *tun;
	int socket; /* at OURS, in the link's namespace */
};

static int control; /* for ioctls on links of the namespace */

static inline struct sockaddr_in address(const char *text)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	assert_int_equal(inet_pton(AF_INET, text, &sin.sin_addr), 1);
	return sin;
}

static inline void set(const char *name, unsigned long request, struct ifreq *ifr)
{
	strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
	assert_int_equal(ioctl(control, request, ifr), 0);
}

static inline void set_up(const char *name, bool up)
{
	set(name, SIOCSIFFLAGS, &(struct ifreq){.ifr_flags = (short)(up ? IFF_UP : 0)});
}

static inline void set_mtu(const char *name, int mtu)
{
	set(name, SIOCSIFMTU, &(struct ifreq){.ifr_mtu = mtu});
}

static inline void set_address(const char *name)
{
	struct sockaddr_in sin = address(OURS);
	struct ifreq ifr = {0};

	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	set(name, SIOCSIFADDR, &ifr);
	sin = address("255.255.255.0");
	memcpy(&ifr.ifr_netmask, &sin, sizeof(sin));
	set(name, SIOCSIFNETMASK, &ifr);
}

static inline int open_link(void **state)
{
	struct link *link = calloc(1, sizeof(*link));
	struct sockaddr_in sin = address(OURS);

	link->pool = wg_pool_new(POOL_LEN);
	assert_int_equal(wg_tun_open(&link->tun, NAME), 0);
	set_address(NAME);
	set_up(NAME, true);
	link->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(link->socket, (struct sockaddr *)&sin, sizeof(sin)), 0);
	*state = link;
	return 0;
}

static inline int close_link(void **state)
{
	struct link *link = *state;

	wg_tun_close(link->tun);
	close(link->socket);
	wg_pool_free(link->pool);
	free(link);
	return 0;
}

static inline void fill(uint8_t *bytes, size_t len, uint8_t seed)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seed + i * 7);
}

static inline void send_into(const struct link *link, size_t len, uint8_t seed)
{
	static uint8_t bytes[65536];
	struct sockaddr_in to = address(THEIRS);

	fill(bytes, len, seed);
	assert_int_equal(sendto(link->socket, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)),
			 len);
}

/* Whether the packet is what send_into sent (and not the kernel's own chatter). */
static inline bool is_ours(const struct wg_packet *packet)
{
	return packet->len >= HEADERS && packet->data[0] >> 4 == 4 &&
	       packet->data[9] == IPPROTO_UDP;
}

static inline void assert_sent(const struct wg_packet *packet, size_t len, uint8_t seed)
{
	static uint8_t bytes[65536];

	if (!packet) {
		fail_msg("no packet");
		return;
	}
	fill(bytes, len, seed);
	assert_int_equal(packet->len, HEADERS + len);
	assert_memory_equal(packet->data + HEADERS, bytes, len);
	assert_true(packet->room >= packet->len + 31);
}

/* Reads all there is; what is not ours is put back. */
static inline int read_ours(struct link *link, struct wg_batch *batch, size_t max)
{
	struct wg_batch all;
	struct wg_packet *packet;
	int n;

	wg_batch_init(&all);
	n = wg_tun_read(link->tun, link->pool, &all, max);
	if (n >= 0)
		assert_int_equal(n, all.n);
	while ((packet = wg_batch_pop(&all))) {
		if (is_ours(packet))
			wg_batch_push(batch, packet);
		else
			wg_packet_put(packet);
	}
	return n < 0 ? n : (int)batch->n;
}

static inline uint16_t ip_checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += wg_load_be16(bytes + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An IPv4 UDP packet from THEIRS to OURS; a UDP checksum of 0 is none. */
static inline struct wg_packet *make_packet(struct link *link, size_t len, uint8_t seed)
{
	struct wg_packet *packet = wg_pool_get(link->pool, HEADERS + len);
	struct sockaddr_in from = address(THEIRS);
	struct sockaddr_in to = address(OURS);
	uint8_t *p;

	if (!packet) {
		fail_msg("no memory for a packet");
		return NULL;
	}
	p = packet->data;
	packet->len = (uint32_t)(HEADERS + len);
	memset(p, 0, HEADERS);
	p[0] = 0x45;
	wg_store_be16(p + 2, (uint16_t)packet->len);
	p[8] = 64;
	p[9] = IPPROTO_UDP;
	memcpy(p + 12, &from.sin_addr, 4);
	memcpy(p + 16, &to.sin_addr, 4);
	wg_store_be16(p + 10, ip_checksum(p, 20));
	wg_store_be16(p + 20, PORT);
	wg_store_be16(p + 22, PORT);
	wg_store_be16(p + 24, (uint16_t)(8 + len));
	fill(p + HEADERS, len, seed);
	return packet;
}

static inline void assert_arrives(const struct link *link, size_t len, uint8_t seed)
{
	static uint8_t got[65536];
	static uint8_t want[65536];

	fill(want, len, seed);
	assert_int_equal(recv(link->socket, got, sizeof(got), 0), len);
	assert_memory_equal(got, want, len);
}

/* A network namespace of our own, with a user namespace where it needs one. False, and
 * a reason, when that or the TUN device is not to be had. */
static inline bool enter_namespace(void)
{
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0) {
		printf("skipped: /dev/net/tun: %s\n", strerror(errno));
		return false;
	}
	close(fd);
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		printf("skipped: no network namespace of its own: %s\n", strerror(errno));
		return false;
	}
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return true;
}

#define LINK_TEST(test) cmocka_unit_test_setup_teardown(test, open_link, close_link)

#endif
