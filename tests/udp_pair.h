/* Two sets of sockets that talk over the loopback of a network namespace of the
 * test's own, or over the machine's where it may not have one (some tests then skip). */
#ifndef WG_TESTS_UDP_PAIR_H
#define WG_TESTS_UDP_PAIR_H

#include "wgtest.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/run.h"
#include "udp/udp.h"

#define POOL_LEN   (16u << 20)
#define WAIT_MS    10000
#define LINK_LOCAL "fe80::30"
#define OTHER_V6   "fd00:7475:6666::5"

struct pair {
	struct wg_pool *pool;
	struct wg_udp *a;
	struct wg_udp *b;
};

static bool own_namespace;
static struct wg_udp_options options; /* of every pair */

static inline void need_namespace(void)
{
	if (!own_namespace)
		wg_test_skip("needs a network namespace of its own");
}

static inline struct wg_endpoint endpoint(const char *ip, const struct wg_udp *udp)
{
	struct wg_endpoint endpoint = {.port = wg_udp_port(udp)};

	assert_true(wg_ip_parse(&endpoint.ip, ip));
	return endpoint;
}

static inline const char *loopback(unsigned int i)
{
	return i ? "::1" : "127.0.0.1";
}

static inline int open_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	pair->pool = wg_pool_new(POOL_LEN);
	assert_int_equal(wg_udp_open(&pair->a, &options), 0);
	assert_int_equal(wg_udp_open(&pair->b, &options), 0);
	*state = pair;
	return 0;
}

static inline int close_pair(void **state)
{
	struct pair *pair = *state;

	wg_udp_close(pair->a);
	wg_udp_close(pair->b);
	wg_pool_free(pair->pool);
	free(pair);
	return 0;
}

static inline void push(struct pair *pair, struct wg_run *run, size_t len, uint8_t seed)
{
	struct wg_packet *packet = wg_pool_get(pair->pool, len);

	assert_non_null(packet);
	packet->len = (uint32_t)len;
	for (size_t i = 0; i < len; i++)
		packet->data[i] = (uint8_t)(seed + i * 5);
	wg_batch_push(&run->batch, packet);
}

static inline void push_all(struct pair *pair, struct wg_run *run, const size_t *lens, size_t n)
{
	for (size_t k = 0; k < n; k++)
		push(pair, run, lens[k], (uint8_t)k);
}

static inline void assert_packet(const struct wg_packet *packet, size_t len, uint8_t seed)
{
	assert_int_equal(packet->len, len);
	assert_true(packet->room >= len);
	for (size_t i = 0; i < len; i++)
		if (packet->data[i] != (uint8_t)(seed + i * 5))
			fail_msg("byte %zu of %zu", i, len);
}

static inline void assert_sent(const struct wg_run *run)
{
	assert_int_equal(run->error, 0);
	assert_false(run->source_rejected);
	assert_true(wg_batch_empty(&run->batch));
}

/* Receives on socket i until n datagrams are there; as one run, which must be. */
static inline struct wg_run receive(struct pair *pair, struct wg_udp *udp, unsigned int i, size_t n)
{
	struct pollfd pollfd = {.fd = wg_udp_fd(udp, i), .events = POLLIN};
	struct wg_run run = {0};

	while (run.batch.n < n) {
		struct wg_run more;
		int got;

		assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
		got = wg_udp_receive(udp, i, pair->pool, &more, 1);
		assert_true(got >= 0);
		if (!got)
			continue;
		if (!run.batch.n) {
			run = more;
			continue;
		}
		assert_true(wg_path_equal(&run.path, &more.path));
		assert_int_equal(run.ds, more.ds);
		wg_batch_append(&run.batch, &more.batch);
	}
	assert_int_equal(run.batch.n, n);
	return run;
}

static inline void assert_arrive_in_order(struct pair *pair, unsigned int i, const size_t *lens,
					  size_t n)
{
	struct wg_run got = receive(pair, pair->b, i, n);
	struct wg_packet *packet;

	for (size_t k = 0; k < n && (packet = wg_batch_pop(&got.batch)); k++) {
		assert_packet(packet, lens[k], (uint8_t)k);
		wg_packet_put(packet);
	}
}

struct in6_ifreq {
	struct in6_addr addr;
	uint32_t prefix_len;
	int index;
};

static inline bool add_ipv6(const char *text)
{
	struct wg_ip ip;
	struct in6_ifreq request = {.prefix_len = 128, .index = (int)if_nametoindex("lo")};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	wg_ip_parse(&ip, text);
	memcpy(&request.addr, ip.bytes, sizeof(request.addr));
	ok = fd >= 0 && ioctl(fd, SIOCSIFADDR, &request) == 0;
	close(fd);
	return ok;
}

/* An address becomes one of the host's own in a thread of the kernel; what is sent to it
 * before is lost without a word. So until the first one arrives. */
static inline bool is_reached(const char *text)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	socklen_t len = sizeof(to);
	struct wg_ip ip;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&to, len) == 0 &&
		  getsockname(fd, (struct sockaddr *)&to, &len) == 0;
	int n = 0;

	wg_ip_parse(&ip, text);
	memcpy(&to.sin6_addr, ip.bytes, sizeof(to.sin6_addr));
	to.sin6_scope_id = if_nametoindex("lo");
	for (int tries = 0; ok && n == 0 && tries < WAIT_MS / 10; tries++) {
		/* There may be no route to it either. */
		(void)sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to));
		n = poll(&pollfd, 1, 10);
	}
	close(fd);
	return n > 0;
}

/* With its loopback up, and IPv6 addresses on it. */
static inline bool enter_namespace(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;
	bool ok;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0;
	close(fd);
	return ok && add_ipv6(OTHER_V6) && add_ipv6(LINK_LOCAL) && is_reached(OTHER_V6) &&
	       is_reached(LINK_LOCAL);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

/* Runs tests with every combination of offloads; returns how many failed. */
#define RUN_WITH_ALL_OFFLOADS(tests)                                                            \
	({                                                                                      \
		int failed = 0;                                                                 \
                                                                                                \
		own_namespace = enter_namespace();                                              \
		for (unsigned int i = 0; i < 1u << WG_UDP_N_OFFLOADS; i++) {                    \
			options.unwanted[WG_UDP_GSO] = i & 1;                                   \
			options.unwanted[WG_UDP_GRO] = i & 2;                                   \
			printf("GSO %s, GRO %s\n", i & 1 ? "off" : "on", i & 2 ? "off" : "on"); \
			failed += cmocka_run_group_tests(tests, NULL, NULL);                    \
		}                                                                               \
		failed;                                                                         \
	})

#endif
