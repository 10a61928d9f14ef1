/* Two network namespaces of the test's own, joined by a TUN link in each, between which
 * the test carries the packets: with every combination of offloads, what one's sockets
 * send is what the other's receive.
 *
 *   host 0  192.0.2.1  fd00:7475:6666::1   link "pair"
 *                                             |  read, split, coalesced, written
 *   host 1  192.0.2.2  fd00:7475:6666::2   link "pair"
 */
#include "wgtest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/packet.h"
#include "tun/tun.h"

#ifndef SOL_UDP
#define SOL_UDP 17
#endif

#define NAME     "pair"
#define PORT     30567
#define WAIT_MS  10000
#define N_HOSTS  2
#define POOL_LEN (32u << 20)

struct host {
	int namespace;
	struct wg_tun *tun;
};

static struct host hosts[N_HOSTS];
static struct wg_pool *pool;
static bool unwanted[WG_TUN_N_OFFLOADS];

static const char *const names[WG_TUN_N_OFFLOADS] = {
	[WG_TUN_TSO] = "TSO",
	[WG_TUN_USO] = "USO",
	[WG_TUN_TCP_GRO] = "TCP-GRO",
	[WG_TUN_UDP_GRO] = "UDP-GRO",
};

/* How many writes of more than one piece fail with EINVAL, and failed. */
static unsigned int refuse;
static unsigned int refused;

ssize_t __real_writev(int fd, const struct iovec *iov, int n);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int n);

ssize_t __wrap_writev(int fd, const struct iovec *iov, int n)
{
	if (n > 1 && refuse > 0) {
		refuse--;
		refused++;
		errno = EINVAL;
		return -1;
	}
	return __real_writev(fd, iov, n);
}

static bool in_use(enum wg_tun_offload which)
{
	return wg_tun_offload(hosts[0].tun, which) == WG_OFFLOAD_IN_USE;
}

static socklen_t address(struct sockaddr_storage *any, int family, unsigned int host)
{
	struct sockaddr_in *sin = (void *)any;
	struct sockaddr_in6 *sin6 = (void *)any;

	memset(any, 0, sizeof(*any));
	any->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		inet_pton(AF_INET, host ? "192.0.2.2" : "192.0.2.1", &sin->sin_addr);
		sin->sin_port = htons(PORT);
		return sizeof(*sin);
	}
	inet_pton(AF_INET6, host ? "fd00:7475:6666::2" : "fd00:7475:6666::1", &sin6->sin6_addr);
	sin6->sin6_port = htons(PORT);
	return sizeof(*sin6);
}

static void enter(unsigned int host)
{
	assert_int_equal(setns(hosts[host].namespace, CLONE_NEWNET), 0);
}

static void set_ipv4(int fd, unsigned int host)
{
	struct ifreq ifr = {.ifr_name = NAME};
	struct sockaddr_storage any;
	socklen_t len = address(&any, AF_INET, host);

	memcpy(&ifr.ifr_addr, &any, len);
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &ifr), 0);
	inet_pton(AF_INET, "255.255.255.0", &((struct sockaddr_in *)(void *)&any)->sin_addr);
	memcpy(&ifr.ifr_netmask, &any, len);
	assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &ifr), 0);
}

struct in6_ifreq {
	struct in6_addr addr;
	uint32_t prefix_len;
	int index;
};

static void set_ipv6(unsigned int host)
{
	struct in6_ifreq request = {.prefix_len = 64, .index = (int)if_nametoindex(NAME)};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_storage any;
	socklen_t len = address(&any, AF_INET6, host);

	request.addr = ((struct sockaddr_in6 *)(void *)&any)->sin6_addr;
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
	/* The kernel makes it usable in its own time. */
	for (unsigned int i = 0; bind(fd, (struct sockaddr *)&any, len) < 0; i++) {
		assert_in_range(i, 0, WAIT_MS);
		poll(NULL, 0, 1);
	}
	close(fd);
}

static void open_host(unsigned int i)
{
	struct ifreq ifr = {.ifr_name = NAME, .ifr_flags = IFF_UP};
	int fd;

	enter(i);
	assert_int_equal(wg_tun_open(&hosts[i].tun, NAME), 0);
	wg_tun_set_offloads(hosts[i].tun, unwanted);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	set_ipv4(fd, i);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	set_ipv6(i);
	close(fd);
}

static int open_hosts(void **state)
{
	(void)state;
	refuse = refused = 0;
	pool = wg_pool_new(POOL_LEN);
	for (unsigned int i = 0; i < N_HOSTS; i++)
		open_host(i);
	return 0;
}

static int close_hosts(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < N_HOSTS; i++)
		wg_tun_close(hosts[i].tun);
	wg_pool_free(pool);
	return 0;
}

static void set_mtu(int mtu)
{
	struct ifreq ifr = {.ifr_name = NAME, .ifr_mtu = mtu};

	for (unsigned int i = 0; i < N_HOSTS; i++) {
		int fd;

		enter(i);
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(ioctl(fd, SIOCSIFMTU, &ifr), 0);
		close(fd);
	}
}

/* Carries what one host has sent to the other. */
static void carry(unsigned int from)
{
	struct wg_batch batch;
	int n;

	do {
		wg_batch_init(&batch);
		n = wg_tun_read(hosts[from].tun, pool, &batch, 64);
		assert_true(n >= 0);
		assert_int_equal(n, batch.n);
		assert_int_equal(wg_tun_write(hosts[1 - from].tun, &batch), 0);
	} while (n > 0);
}

/* Bound to the port where it waits for what comes. */
static int open_socket(unsigned int host, int family, int type)
{
	struct sockaddr_storage any;
	socklen_t len = address(&any, family, host);
	int on = 1;
	int fd;

	enter(host);
	if (host == 0)
		return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
	return fd;
}

static void start_connecting(int fd, int family, unsigned int to)
{
	struct sockaddr_storage any;
	socklen_t len = address(&any, family, to);

	assert_true(connect(fd, (struct sockaddr *)&any, len) == 0 || errno == EINPROGRESS);
}

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16));
}

/* Sends more of a stream's bytes, as many as the socket takes. */
static size_t send_some(int fd, size_t at, size_t len)
{
	static uint8_t bytes[65536];
	size_t n = len - at < sizeof(bytes) ? len - at : sizeof(bytes);
	ssize_t sent;

	for (size_t i = 0; i < n; i++)
		bytes[i] = pattern(at + i);
	sent = send(fd, bytes, n, MSG_NOSIGNAL);
	return sent > 0 ? at + (size_t)sent : at;
}

static size_t receive_some(int fd, size_t at)
{
	static uint8_t bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] != pattern(at + (size_t)i))
			fail_msg("byte %zu", at + (size_t)i);
	return n > 0 ? at + (size_t)n : at;
}

/* Waits until a link or a socket has something. */
static void await(int a, int b)
{
	struct pollfd pollfds[] = {{.fd = wg_tun_fd(hosts[0].tun), .events = POLLIN},
				   {.fd = wg_tun_fd(hosts[1].tun), .events = POLLIN},
				   {.fd = a, .events = POLLIN},
				   {.fd = b, .events = POLLIN}};

	assert_true(poll(pollfds, WG_ARRAY_LEN(pollfds), WAIT_MS) > 0);
}

static int accept_one(int listener, int connecting)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

		if (fd >= 0)
			return fd;
		carry(0);
		carry(1);
		if (errno == EAGAIN)
			await(listener, connecting);
	}
}

/* A stream from host 0 to host 1. */
static void transfer(int family, size_t len)
{
	int listener = open_socket(1, family, SOCK_STREAM);
	int client = open_socket(0, family, SOCK_STREAM);
	size_t received = 0;
	size_t sent = 0;
	int server;

	assert_int_equal(listen(listener, 1), 0);
	start_connecting(client, family, 1);
	server = accept_one(listener, client);
	while (received < len) {
		size_t before = received + sent;

		if (sent < len)
			sent = send_some(client, sent, len);
		carry(0);
		received = receive_some(server, received);
		carry(1);
		if (received + sent == before)
			await(server, -1);
	}
	close(client);
	close(server);
	close(listener);
}

static void assert_calls(const struct wg_tun_stats *stats, bool reads, bool offloaded)
{
	uint64_t calls = reads ? stats->read_calls : stats->write_calls;
	uint64_t packets = reads ? stats->read_packets : stats->written_packets;

	if (offloaded)
		assert_true(calls * 3 < packets);
	else
		assert_int_equal(calls, packets);
}

static void assert_nothing_dropped(void)
{
	for (unsigned int i = 0; i < N_HOSTS; i++) {
		const struct wg_tun_stats *stats = wg_tun_stats(hosts[i].tun);

		assert_int_equal(stats->dropped_malformed, 0);
		assert_int_equal(stats->dropped_no_memory, 0);
		assert_int_equal(stats->dropped_write, 0);
	}
}

static void test_a_tcp_stream_passes_unharmed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		transfer(i ? AF_INET6 : AF_INET, 3000000);
	assert_calls(wg_tun_stats(hosts[0].tun), true, in_use(WG_TUN_TSO));
	assert_calls(wg_tun_stats(hosts[1].tun), false, in_use(WG_TUN_TCP_GRO));
	assert_nothing_dropped();
}

static void test_a_tcp_stream_passes_in_jumbo_packets(void **state)
{
	static const int mtus[] = {1280, 2000, 2001, 9000, 65535};

	(void)state;
	for (unsigned int i = 0; i < WG_ARRAY_LEN(mtus); i++) {
		set_mtu(mtus[i]);
		transfer(i % 2 ? AF_INET6 : AF_INET, 500000);
	}
	assert_nothing_dropped();
}

/* Sends datagrams of a size, and one of last bytes, in one call. */
static void send_train(int fd, int family, size_t size, size_t n, size_t last)
{
	static uint8_t bytes[65536];
	struct sockaddr_storage any;
	socklen_t len = address(&any, family, 1);
	int segment = (int)size;

	for (size_t i = 0; i < size * n + last; i++)
		bytes[i] = pattern(i);
	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	assert_int_equal(sendto(fd, bytes, size * n + last, 0, (struct sockaddr *)&any, len),
			 size * n + last);
}

static void assert_train(int fd, size_t size, size_t n, size_t last)
{
	uint8_t bytes[2048];
	size_t at = 0;

	for (size_t i = 0; i < n + (last > 0); i++) {
		size_t len = i < n ? size : last;

		assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), len);
		for (size_t k = 0; k < len; k++)
			if (bytes[k] != pattern(at + k))
				fail_msg("byte %zu of datagram %zu", k, i);
		at += len;
	}
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), -1);
}

static void test_trains_of_datagrams_pass_unharmed(void **state)
{
	static const struct {
		size_t size;
		size_t n;
		size_t last;
	} trains[] = {
		{1200, 50, 7}, {96, 64, 0}, {1, 64, 0}, {1392, 40, 1}, {500, 2, 499}, {1372, 1, 0},
	};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;
		int from = open_socket(0, family, SOCK_DGRAM);
		int to = open_socket(1, family, SOCK_DGRAM);

		for (size_t k = 0; k < WG_ARRAY_LEN(trains); k++) {
			send_train(from, family, trains[k].size, trains[k].n, trains[k].last);
			carry(0);
			assert_train(to, trains[k].size, trains[k].n, trains[k].last);
		}
		close(from);
		close(to);
	}
	assert_calls(wg_tun_stats(hosts[0].tun), true, in_use(WG_TUN_USO));
	assert_calls(wg_tun_stats(hosts[1].tun), false, in_use(WG_TUN_UDP_GRO));
	assert_nothing_dropped();
}

static void test_a_refused_group_is_written_singly_and_is_the_last_of_its_kind(void **state)
{
	bool tcp = in_use(WG_TUN_TCP_GRO);
	bool udp = in_use(WG_TUN_UDP_GRO);
	int from = open_socket(0, AF_INET6, SOCK_DGRAM);
	int to = open_socket(1, AF_INET6, SOCK_DGRAM);

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		refuse = 1;
		send_train(from, AF_INET6, 1000, 40, 10);
		carry(0);
		assert_train(to, 1000, 40, 10);
		assert_int_equal(refused, udp ? 1 : 0);
		assert_int_equal(wg_tun_offload(hosts[1].tun, WG_TUN_UDP_GRO),
				 udp ? WG_OFFLOAD_FAILED : WG_OFFLOAD_UNWANTED);
	}
	assert_int_equal(in_use(WG_TUN_TCP_GRO), tcp);
	refuse = 1;
	refused = 0;
	transfer(AF_INET, 1000000);
	assert_int_equal(refused, tcp ? 1 : 0);
	assert_int_equal(wg_tun_offload(hosts[1].tun, WG_TUN_TCP_GRO),
			 tcp ? WG_OFFLOAD_FAILED : WG_OFFLOAD_UNWANTED);
	assert_nothing_dropped();
	close(from);
	close(to);
}

static void test_what_is_decided_later_counts_for_reading_too(void **state)
{
	static const enum wg_offload_state states[] = {WG_OFFLOAD_BROKEN, WG_OFFLOAD_IN_USE};
	int from = open_socket(0, AF_INET, SOCK_DGRAM);

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(states) && in_use(WG_TUN_USO); i++) {
		uint64_t calls;

		wg_tun_decide(hosts[0].tun, WG_TUN_USO, states[i]);
		carry(0);
		calls = wg_tun_stats(hosts[0].tun)->read_calls;
		send_train(from, AF_INET, 1000, 40, 10);
		carry(0);
		calls = wg_tun_stats(hosts[0].tun)->read_calls - calls;
		assert_in_range(calls, in_use(WG_TUN_USO) ? 1 : 40, in_use(WG_TUN_USO) ? 2 : 50);
	}
	close(from);
}

static void test_a_super_packet_that_finds_little_memory_is_cut_short(void **state)
{
	struct wg_pool *small = wg_pool_new(300000); /* one slab */
	int from = open_socket(0, AF_INET, SOCK_DGRAM);
	struct wg_batch batch;

	(void)state;
	wg_batch_init(&batch);
	for (unsigned int i = 0; i < 4; i++)
		send_train(from, AF_INET, 1000, 50, 0);
	assert_int_equal(wg_tun_read(hosts[0].tun, small, &batch, 1000), 128);
	assert_true(wg_tun_stats(hosts[0].tun)->dropped_no_memory > 0);
	wg_batch_drop(&batch);
	wg_pool_free(small);
	close(from);
}

static void test_reading_stops_behind_the_super_packet_that_passes_the_maximum(void **state)
{
	int from = open_socket(0, AF_INET, SOCK_DGRAM);
	struct wg_batch batch;

	(void)state;
	wg_batch_init(&batch);
	for (unsigned int i = 0; i < 3; i++)
		send_train(from, AF_INET, 1000, 50, 0);
	assert_in_range(wg_tun_read(hosts[0].tun, pool, &batch, 10), 10, 10 + 50);
	wg_batch_drop(&batch);
	close(from);
}

static void test_an_unwanted_offload_is_not_used(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		assert_int_equal(wg_tun_offload(hosts[0].tun, i) == WG_OFFLOAD_UNWANTED,
				 unwanted[i]);
}

/* A network namespace for each host, with a user namespace where they need one. */
static bool make_namespaces(void)
{
	bool ok = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;

	for (unsigned int i = 0; i < N_HOSTS && ok; i++) {
		ok = unshare(CLONE_NEWNET) == 0;
		hosts[i].namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		ok = ok && hosts[i].namespace >= 0;
	}
	return ok;
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_hosts, close_hosts)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_a_tcp_stream_passes_unharmed),
		PAIR_TEST(test_a_tcp_stream_passes_in_jumbo_packets),
		PAIR_TEST(test_trains_of_datagrams_pass_unharmed),
		PAIR_TEST(test_a_refused_group_is_written_singly_and_is_the_last_of_its_kind),
		PAIR_TEST(test_what_is_decided_later_counts_for_reading_too),
		PAIR_TEST(test_a_super_packet_that_finds_little_memory_is_cut_short),
		PAIR_TEST(test_reading_stops_behind_the_super_packet_that_passes_the_maximum),
		PAIR_TEST(test_an_unwanted_offload_is_not_used),
	};
	int fd = open("/dev/net/tun", O_RDWR);
	int failed = 0;

	if (fd < 0 || !make_namespaces()) {
		printf("skipped: needs /dev/net/tun and network namespaces of its own: %s\n",
		       strerror(errno));
		return 77;
	}
	close(fd);
	for (unsigned int i = 0; i < 1u << WG_TUN_N_OFFLOADS; i++) {
		printf("without:");
		for (unsigned int k = 0; k < WG_TUN_N_OFFLOADS; k++) {
			unwanted[k] = i >> k & 1;
			printf("%s%s", unwanted[k] ? " " : "", unwanted[k] ? names[k] : "");
		}
		printf("\n");
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failed;
}
