/* A TUN link in a network namespace of the test's own. Packets sent into the link by
 * a socket are in its queue when send() returns, so nothing here waits. */
#include "wgtest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
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

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	assert_int_equal(inet_pton(AF_INET, text, &sin.sin_addr), 1);
	return sin;
}

static void set(const char *name, unsigned long request, struct ifreq *ifr)
{
	strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
	assert_int_equal(ioctl(control, request, ifr), 0);
}

static void set_up(const char *name, bool up)
{
	set(name, SIOCSIFFLAGS, &(struct ifreq){.ifr_flags = (short)(up ? IFF_UP : 0)});
}

static void set_mtu(const char *name, int mtu)
{
	set(name, SIOCSIFMTU, &(struct ifreq){.ifr_mtu = mtu});
}

static void set_address(const char *name)
{
	struct sockaddr_in sin = address(OURS);
	struct ifreq ifr = {0};

	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	set(name, SIOCSIFADDR, &ifr);
	sin = address("255.255.255.0");
	memcpy(&ifr.ifr_netmask, &sin, sizeof(sin));
	set(name, SIOCSIFNETMASK, &ifr);
}

static int open_link(void **state)
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

static int close_link(void **state)
{
	struct link *link = *state;

	wg_tun_close(link->tun);
	close(link->socket);
	wg_pool_free(link->pool);
	free(link);
	return 0;
}

static void fill(uint8_t *bytes, size_t len, uint8_t seed)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seed + i * 7);
}

static void send_into(const struct link *link, size_t len, uint8_t seed)
{
	static uint8_t bytes[65536];
	struct sockaddr_in to = address(THEIRS);

	fill(bytes, len, seed);
	assert_int_equal(sendto(link->socket, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)),
			 len);
}

/* Whether the packet is what send_into sent (and not the kernel's own chatter). */
static bool is_ours(const struct wg_packet *packet)
{
	return packet->len >= HEADERS && packet->data[0] >> 4 == 4 &&
	       packet->data[9] == IPPROTO_UDP;
}

static void assert_sent(const struct wg_packet *packet, size_t len, uint8_t seed)
{
	static uint8_t bytes[65536];

	fill(bytes, len, seed);
	assert_int_equal(packet->len, HEADERS + len);
	assert_memory_equal(packet->data + HEADERS, bytes, len);
	assert_true(packet->room >= packet->len + 31);
}

/* Reads all there is; what is not ours is put back. */
static int read_ours(struct link *link, struct wg_batch *batch, size_t max)
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

static uint16_t ip_checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += wg_load_be16(bytes + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An IPv4 UDP packet from THEIRS to OURS; a UDP checksum of 0 is none. */
static struct wg_packet *make_packet(struct link *link, size_t len, uint8_t seed)
{
	struct wg_packet *packet = wg_pool_get(link->pool, HEADERS + len);
	struct sockaddr_in from = address(THEIRS);
	struct sockaddr_in to = address(OURS);
	uint8_t *p = packet->data;

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

static void assert_arrives(const struct link *link, size_t len, uint8_t seed)
{
	static uint8_t got[65536];
	static uint8_t want[65536];

	fill(want, len, seed);
	assert_int_equal(recv(link->socket, got, sizeof(got), 0), len);
	assert_memory_equal(got, want, len);
}

static void test_what_is_sent_into_the_link_is_read_in_order(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;
	struct wg_packet *packet;

	wg_batch_init(&batch);
	for (uint8_t i = 0; i < 100; i++)
		send_into(link, 10u * i, i);
	assert_int_equal(read_ours(link, &batch, 1000), 100);
	for (uint8_t i = 0; (packet = wg_batch_pop(&batch)); i++) {
		assert_sent(packet, 10u * i, i);
		wg_packet_put(packet);
	}
	assert_int_equal(read_ours(link, &batch, 1000), 0);
}

static void test_reading_stops_at_the_maximum(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (uint8_t i = 0; i < 20; i++)
		send_into(link, 100, i);
	assert_in_range(wg_tun_read(link->tun, link->pool, &batch, 7), 7, 7);
	wg_batch_drop(&batch);
	assert_true(wg_tun_read(link->tun, link->pool, &batch, 1000) >= 13);
	wg_batch_drop(&batch);
}

static void test_written_packets_arrive(void **state)
{
	static const size_t lens[] = {0, 1, 100, 1400, 1472};
	struct link *link = *state;
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		wg_batch_push(&batch, make_packet(link, lens[i], (uint8_t)i));
	assert_int_equal(wg_tun_write(link->tun, &batch), 0);
	assert_true(wg_batch_empty(&batch));
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++)
		assert_arrives(link, lens[i], (uint8_t)i);
	assert_int_equal(wg_tun_stats(link->tun)->written_packets, WG_ARRAY_LEN(lens));
}

static void test_packets_of_every_size_pass_both_ways(void **state)
{
	/* Around the end of a slot's share of a read, and the largest there is. */
	static const size_t lens[] = {1500, 1955, 1971, 1972, 1973,  1988,  2004,
				      2005, 2020, 2048, 9000, 40000, 65000, 65507};
	struct link *link = *state;

	set_mtu(NAME, 65535);
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++) {
		struct wg_batch batch;

		wg_batch_init(&batch);
		send_into(link, lens[i], (uint8_t)i);
		assert_int_equal(read_ours(link, &batch, 100), 1);
		assert_sent(batch.head, lens[i], (uint8_t)i);
		wg_batch_drop(&batch);
		wg_batch_push(&batch, make_packet(link, lens[i], (uint8_t)i));
		assert_int_equal(wg_tun_write(link->tun, &batch), 0);
		assert_arrives(link, lens[i], (uint8_t)i);
	}
}

static void test_what_finds_no_memory_is_dropped_and_counted(void **state)
{
	struct link *link = *state;
	struct wg_pool *small = wg_pool_new(300000); /* one slab */
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (unsigned int i = 0; i < 200; i++)
		send_into(link, 10, (uint8_t)i);
	assert_int_equal(wg_tun_read(link->tun, small, &batch, 1000), 128);
	assert_true(wg_tun_stats(link->tun)->dropped_no_memory >= 72);
	wg_batch_drop(&batch);
	assert_int_equal(wg_tun_read(link->tun, small, &batch, 1000), 0);
	wg_pool_free(small);
}

static void test_a_large_packet_without_a_large_buffer_is_dropped_alone(void **state)
{
	struct link *link = *state;
	struct wg_pool *small = wg_pool_new(300000);
	struct wg_batch batch;

	wg_batch_init(&batch);
	set_mtu(NAME, 9000);
	send_into(link, 100, 1);
	send_into(link, 8000, 2);
	send_into(link, 100, 3);
	assert_true(wg_tun_read(link->tun, small, &batch, 1000) >= 2);
	assert_int_equal(wg_tun_stats(link->tun)->dropped_no_memory, 1);
	wg_batch_drop(&batch);
	wg_pool_free(small);
}

static void test_a_refused_packet_does_not_stop_the_ones_behind_it(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (uint8_t i = 0; i < 3; i++)
		wg_batch_push(&batch, make_packet(link, 10, i));
	batch.head->next->data[0] = 0x15; /* neither IPv4 nor IPv6 */
	assert_int_equal(wg_tun_write(link->tun, &batch), 0);
	assert_int_equal(wg_tun_stats(link->tun)->dropped_write, 1);
	assert_arrives(link, 10, 0);
	assert_arrives(link, 10, 2);
}

static void test_a_link_that_is_down_reads_nothing_and_drops_writes(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;

	wg_batch_init(&batch);
	set_up(NAME, false);
	assert_int_equal(wg_tun_is_up(link->tun), 0);
	assert_int_equal(wg_tun_read(link->tun, link->pool, &batch, 10), 0);
	wg_batch_push(&batch, make_packet(link, 10, 0));
	assert_int_equal(wg_tun_write(link->tun, &batch), 0);
	assert_int_equal(wg_tun_stats(link->tun)->dropped_write, 1);
	set_up(NAME, true);
	assert_int_equal(wg_tun_is_up(link->tun), 1);
	wg_batch_push(&batch, make_packet(link, 10, 1));
	assert_int_equal(wg_tun_write(link->tun, &batch), 0);
	assert_arrives(link, 10, 1);
}

static void test_a_link_that_is_gone_is_told_by_every_call(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;
	char name[WG_TUN_NAME_LEN];

	if (system("ip link del " NAME) != 0) {
		print_message("ip(8) cannot delete the link\n");
		skip();
	}
	wg_batch_init(&batch);
	assert_int_equal(wg_tun_read(link->tun, link->pool, &batch, 10), -EBADFD);
	for (uint8_t i = 0; i < 3; i++)
		wg_batch_push(&batch, make_packet(link, 10, i));
	assert_int_equal(wg_tun_write(link->tun, &batch), -EBADFD);
	assert_true(wg_batch_empty(&batch));
	assert_int_equal(wg_tun_stats(link->tun)->dropped_write, 3);
	assert_int_equal(wg_tun_name(link->tun, name), -EBADFD);
	assert_int_equal(wg_tun_mtu(link->tun), -EBADFD);
	assert_int_equal(wg_tun_is_up(link->tun), -EBADFD);
}

static void test_name_and_mtu_follow_the_link(void **state)
{
	struct link *link = *state;
	char name[WG_TUN_NAME_LEN];
	struct ifreq ifr = {0};

	assert_int_equal(wg_tun_mtu(link->tun), 1500);
	set_mtu(NAME, 1420);
	assert_int_equal(wg_tun_mtu(link->tun), 1420);
	set_up(NAME, false);
	strcpy(ifr.ifr_newname, "renamed0");
	set(NAME, SIOCSIFNAME, &ifr);
	assert_int_equal(wg_tun_name(link->tun, name), 0);
	assert_string_equal(name, "renamed0");
	assert_int_equal(wg_tun_mtu(link->tun), 1420);
}

static void test_mtu_and_state_are_known_from_another_namespace(void **state)
{
	struct link *link = *state;
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct wg_tun *other;

	assert_true(home >= 0);
	set_mtu(NAME, 1337);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	/* One of the same name that is not meant. */
	assert_int_equal(wg_tun_open(&other, NAME), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(wg_tun_mtu(link->tun), 1337);
		assert_int_equal(wg_tun_is_up(link->tun), 1);
		assert_int_equal(wg_tun_mtu(other), 1500);
		assert_int_equal(wg_tun_is_up(other), 0);
	}
	wg_tun_close(other);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
}

static void test_a_name_that_is_taken_is_busy(void **state)
{
	struct wg_tun *tun = NULL;

	(void)state;
	assert_int_equal(wg_tun_open(&tun, NAME), -EBUSY);
	assert_int_equal(wg_tun_open(&tun, "lo"), -EBUSY);
	assert_null(tun);
}

static void test_a_bad_name_is_refused(void **state)
{
	static const char *const names[] = {
		"", ".", "..", "a/b", "a b", "wg%d", "wg:0", "a\tb", "sixteen-letters-"};
	struct wg_tun *tun = NULL;

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++)
		assert_int_equal(wg_tun_open(&tun, names[i]), -EINVAL);
}

static int open_raw(const char *name, short flags)
{
	struct ifreq ifr = {.ifr_flags = flags};
	int fd = open("/dev/net/tun", O_RDWR);

	assert_true(fd >= 0);
	strcpy(ifr.ifr_name, name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static void test_a_persistent_link_is_attached_to_without_its_old_settings(void **state)
{
	int fd = open_raw("persist0", IFF_TUN);
	int len = 12;
	struct wg_tun *tun;

	(void)state;
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
	assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &len), 0);
	close(fd);
	assert_int_equal(wg_tun_open(&tun, "persist0"), 0);
	assert_int_equal(ioctl(wg_tun_fd(tun), TUNGETVNETHDRSZ, &len), 0);
	assert_int_equal(len, 10);
	wg_tun_close(tun);
	assert_int_equal(wg_tun_open(&tun, "persist0"), 0);
	assert_int_equal(ioctl(wg_tun_fd(tun), TUNSETPERSIST, 0), 0);
	wg_tun_close(tun);
	assert_int_equal(if_nametoindex("persist0"), 0);
}

static void test_a_descriptor_without_a_vnet_header_can_be_adopted(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;

	wg_tun_close(link->tun);
	assert_int_equal(wg_tun_adopt(&link->tun, open_raw(NAME, IFF_TUN | IFF_NO_PI)), 0);
	set_address(NAME);
	set_mtu(NAME, 9000);
	set_up(NAME, true);
	wg_batch_init(&batch);
	for (uint8_t i = 0; i < 2; i++) {
		size_t len = i ? 8000 : 100;

		send_into(link, len, i);
		assert_int_equal(read_ours(link, &batch, 10), 1);
		assert_sent(batch.head, len, i);
		wg_batch_drop(&batch);
		wg_batch_push(&batch, make_packet(link, len, i));
		assert_int_equal(wg_tun_write(link->tun, &batch), 0);
		assert_arrives(link, len, i);
	}
}

static void test_what_is_no_tun_descriptor_is_not_adopted(void **state)
{
	struct wg_tun *tun = NULL;
	int tap = open_raw("tap0", IFF_TAP | IFF_NO_PI);
	int unattached = open("/dev/net/tun", O_RDWR);
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_true(wg_tun_adopt(&tun, pipes[0]) < 0);
	assert_int_equal(wg_tun_adopt(&tun, tap), -EINVAL);
	assert_int_equal(wg_tun_adopt(&tun, unattached), -EBADFD);
	assert_int_equal(wg_tun_adopt(&tun, -1), -EBADF);
	assert_null(tun);
	assert_int_equal(close(tap) | close(unattached), 0);
	assert_int_equal(close(pipes[0]) | close(pipes[1]), 0);
}

/* A network namespace of our own, with a user namespace where it needs one. */
static bool enter_namespace(void)
{
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

#define LINK_TEST(test) cmocka_unit_test_setup_teardown(test, open_link, close_link)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_what_is_sent_into_the_link_is_read_in_order),
		LINK_TEST(test_reading_stops_at_the_maximum),
		LINK_TEST(test_written_packets_arrive),
		LINK_TEST(test_packets_of_every_size_pass_both_ways),
		LINK_TEST(test_what_finds_no_memory_is_dropped_and_counted),
		LINK_TEST(test_a_large_packet_without_a_large_buffer_is_dropped_alone),
		LINK_TEST(test_a_refused_packet_does_not_stop_the_ones_behind_it),
		LINK_TEST(test_a_link_that_is_down_reads_nothing_and_drops_writes),
		LINK_TEST(test_a_link_that_is_gone_is_told_by_every_call),
		LINK_TEST(test_name_and_mtu_follow_the_link),
		LINK_TEST(test_mtu_and_state_are_known_from_another_namespace),
		LINK_TEST(test_a_name_that_is_taken_is_busy),
		cmocka_unit_test(test_a_bad_name_is_refused),
		cmocka_unit_test(test_a_persistent_link_is_attached_to_without_its_old_settings),
		LINK_TEST(test_a_descriptor_without_a_vnet_header_can_be_adopted),
		cmocka_unit_test(test_what_is_no_tun_descriptor_is_not_adopted),
	};
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0) {
		printf("skipped: /dev/net/tun: %s\n", strerror(errno));
		return 77;
	}
	close(fd);
	if (!enter_namespace()) {
		printf("skipped: no network namespace of its own: %s\n", strerror(errno));
		return 77;
	}
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
