/* Two sets of sockets that talk over the loopback of a network namespace of the
 * test's own, or over the machine's where it may not have one (some tests then skip). */
#include "wgtest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

static void need_namespace(void)
{
	if (!own_namespace) {
		print_message("needs a network namespace of its own\n");
		skip();
	}
}

static struct wg_endpoint endpoint(const char *ip, const struct wg_udp *udp)
{
	struct wg_endpoint endpoint = {.port = wg_udp_port(udp)};

	assert_true(wg_ip_parse(&endpoint.ip, ip));
	return endpoint;
}

static const char *loopback(unsigned int i)
{
	return i ? "::1" : "127.0.0.1";
}

static int open_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	pair->pool = wg_pool_new(POOL_LEN);
	assert_int_equal(wg_udp_open(&pair->a, &(struct wg_udp_options){0}), 0);
	assert_int_equal(wg_udp_open(&pair->b, &(struct wg_udp_options){0}), 0);
	*state = pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;

	wg_udp_close(pair->a);
	wg_udp_close(pair->b);
	wg_pool_free(pair->pool);
	free(pair);
	return 0;
}

static void push(struct pair *pair, struct wg_run *run, size_t len, uint8_t seed)
{
	struct wg_packet *packet = wg_pool_get(pair->pool, len);

	assert_non_null(packet);
	packet->len = (uint32_t)len;
	for (size_t i = 0; i < len; i++)
		packet->data[i] = (uint8_t)(seed + i * 5);
	wg_batch_push(&run->batch, packet);
}

static void assert_packet(const struct wg_packet *packet, size_t len, uint8_t seed)
{
	assert_int_equal(packet->len, len);
	assert_true(packet->room >= len);
	for (size_t i = 0; i < len; i++)
		if (packet->data[i] != (uint8_t)(seed + i * 5))
			fail_msg("byte %zu of %zu", i, len);
}

static void assert_sent(const struct wg_run *run)
{
	assert_int_equal(run->error, 0);
	assert_false(run->source_rejected);
	assert_true(wg_batch_empty(&run->batch));
}

/* Receives on socket i until n datagrams are there; as one run, which must be. */
static struct wg_run receive(struct pair *pair, struct wg_udp *udp, unsigned int i, size_t n)
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

static void assert_dry(struct pair *pair, struct wg_udp *udp, unsigned int i)
{
	struct wg_run run;

	assert_int_equal(wg_udp_receive(udp, i, pair->pool, &run, 1), 0);
}

static void test_vectors_arrive_whole_and_in_order(void **state)
{
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_run run = {.path.remote = endpoint(loopback(i), pair->b)};
		struct wg_run got;
		struct wg_packet *packet;

		for (unsigned int k = 0; k < 300; k++)
			push(pair, &run, 32 + k, (uint8_t)k);
		wg_udp_send(pair->a, &run, 1);
		assert_sent(&run);
		got = receive(pair, pair->b, i, 300);
		assert_int_equal(got.path.remote.port, wg_udp_port(pair->a));
		for (unsigned int k = 0; (packet = wg_batch_pop(&got.batch)); k++) {
			assert_packet(packet, 32 + k, (uint8_t)k);
			wg_packet_put(packet);
		}
		assert_dry(pair, pair->b, i);
	}
	assert_int_equal(wg_udp_stats(pair->a)->sent_datagrams, 600);
	assert_int_equal(wg_udp_stats(pair->b)->received_datagrams, 600);
}

static void test_runs_to_several_places_in_one_call_all_arrive(void **state)
{
	struct pair *pair = *state;
	struct wg_run runs[8] = {0};

	for (unsigned int i = 0; i < WG_ARRAY_LEN(runs); i++) {
		runs[i].path.remote = endpoint(loopback(i % 2), i < 4 ? pair->a : pair->b);
		for (unsigned int k = 0; k < 20; k++)
			push(pair, &runs[i], 100, (uint8_t)i);
	}
	wg_udp_send(pair->a, runs, WG_ARRAY_LEN(runs));
	for (unsigned int i = 0; i < WG_ARRAY_LEN(runs); i++)
		assert_sent(&runs[i]);
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_run got = receive(pair, pair->a, i, 40);

		wg_batch_drop(&got.batch);
		got = receive(pair, pair->b, i, 40);
		wg_batch_drop(&got.batch);
	}
}

static void test_datagrams_of_every_size_arrive(void **state)
{
	/* Around the end of a slot, and the largest there is. */
	static const size_t lens[] = {0,    1,    32,   148,  1452,  2031, 2032,
				      2033, 4000, 9000, 9001, 65000, 65507};
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		for (size_t k = 0; k < WG_ARRAY_LEN(lens); k++) {
			struct wg_run run = {.path.remote = endpoint(loopback(i), pair->b)};
			struct wg_run got;

			push(pair, &run, lens[k], (uint8_t)k);
			wg_udp_send(pair->a, &run, 1);
			assert_sent(&run);
			got = receive(pair, pair->b, i, 1);
			assert_packet(got.batch.head, lens[k], (uint8_t)k);
			/* What is small must not pin a large buffer. */
			assert_true(lens[k] > 2000 || wg_pool_bytes_used(pair->pool) < 4096);
			wg_batch_drop(&got.batch);
		}
	}
}

static void test_the_ds_field_travels_and_parts_runs(void **state)
{
	static const uint8_t fields[] = {0x88, 0, 1, 2, 3, 0xff};
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_run runs[WG_ARRAY_LEN(fields)] = {0};

		for (size_t k = 0; k < WG_ARRAY_LEN(fields); k++) {
			runs[k].path.remote = endpoint(loopback(i), pair->b);
			runs[k].ds = fields[k];
			push(pair, &runs[k], 50, 0);
			push(pair, &runs[k], 50, 0);
		}
		wg_udp_send(pair->a, runs, WG_ARRAY_LEN(runs));
		for (size_t k = 0; k < WG_ARRAY_LEN(fields); k++) {
			struct wg_run got = receive(pair, pair->b, i, 2);

			assert_int_equal(got.ds, fields[k]);
			assert_int_equal(got.batch.head->ds, fields[k]);
			wg_batch_drop(&got.batch);
		}
	}
}

static void test_one_call_gives_several_runs_but_not_too_many(void **state)
{
	struct pair *pair = *state;
	struct wg_run runs[10] = {0};
	size_t n = 0;

	for (unsigned int k = 0; k < WG_ARRAY_LEN(runs); k++) {
		runs[k].path.remote = endpoint("127.0.0.1", pair->b);
		runs[k].ds = (uint8_t)(4 * k);
		push(pair, &runs[k], 50, 0);
	}
	wg_udp_send(pair->a, runs, WG_ARRAY_LEN(runs));
	while (n < WG_ARRAY_LEN(runs)) {
		struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
		struct wg_run got[3];
		int n_got;

		assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
		n_got = wg_udp_receive(pair->b, 0, pair->pool, got, WG_ARRAY_LEN(got));
		assert_in_range(n_got, 1, WG_ARRAY_LEN(got));
		for (int k = 0; k < n_got; k++) {
			assert_int_equal(got[k].ds, 4 * n++);
			assert_int_equal(got[k].batch.n, 1);
			wg_batch_drop(&got[k].batch);
		}
	}
}

static void test_the_address_asked_is_the_address_that_answers(void **state)
{
	static const char *const asked[WG_UDP_SOCKETS] = {"127.0.0.77", OTHER_V6};
	struct pair *pair = *state;

	for (unsigned int i = 0; i < (own_namespace ? 2 : 1); i++) {
		struct wg_run run = {.path.remote = endpoint(asked[i], pair->b)};
		struct wg_run got;
		struct wg_ip ip;

		assert_true(wg_ip_parse(&ip, asked[i]));
		push(pair, &run, 50, 0);
		wg_udp_send(pair->a, &run, 1);
		got = receive(pair, pair->b, i, 1);
		assert_true(wg_ip_equal(&got.path.local, &ip));
		wg_udp_send(pair->b, &got, 1);
		assert_sent(&got);
		got = receive(pair, pair->a, i, 1);
		assert_true(wg_ip_equal(&got.path.remote.ip, &ip));
		wg_batch_drop(&got.batch);
	}
}

static void test_a_source_that_is_gone_is_told_and_costs_no_datagram(void **state)
{
	static const char *const gone[WG_UDP_SOCKETS] = {"198.51.100.9", "2001:db8::9"};
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_run runs[2] = {0};
		struct wg_run got;

		for (unsigned int k = 0; k < 2; k++) {
			runs[k].path.remote = endpoint(loopback(i), pair->b);
			for (unsigned int n = 0; n < 100; n++)
				push(pair, &runs[k], 50, (uint8_t)n);
		}
		assert_true(wg_ip_parse(&runs[0].path.local, gone[i]));
		assert_true(wg_ip_parse(&runs[1].path.local, loopback(i)));
		wg_udp_send(pair->a, runs, 2);
		assert_true(runs[0].source_rejected);
		assert_int_equal(runs[0].error, 0);
		assert_sent(&runs[1]);
		got = receive(pair, pair->b, i, 200);
		for (unsigned int n = 0; n < 100; n++) {
			assert_packet(got.batch.head, 50, (uint8_t)n);
			wg_packet_put(wg_batch_pop(&got.batch));
		}
		wg_batch_drop(&got.batch);
	}
}

static void test_a_source_of_the_other_family_is_ignored(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct wg_run got;

	assert_true(wg_ip_parse(&run.path.local, "::1"));
	push(pair, &run, 50, 0);
	wg_udp_send(pair->a, &run, 1);
	assert_sent(&run);
	got = receive(pair, pair->b, 0, 1);
	wg_batch_drop(&got.batch);
}

static void test_a_link_local_endpoint_keeps_its_scope(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint(LINK_LOCAL, pair->b)};
	struct wg_run got;

	need_namespace();
	run.path.remote.scope = if_nametoindex("lo");
	push(pair, &run, 50, 0);
	wg_udp_send(pair->a, &run, 1);
	assert_sent(&run);
	got = receive(pair, pair->b, 1, 1);
	assert_int_equal(got.path.remote.scope, if_nametoindex("lo"));
	wg_udp_send(pair->b, &got, 1); /* from LINK_LOCAL, without an interface index */
	assert_sent(&got);
	got = receive(pair, pair->a, 1, 1);
	assert_true(wg_ip_equal(&got.path.remote.ip, &run.path.remote.ip));
	wg_batch_drop(&got.batch);
}

static void test_a_failing_datagram_does_not_stop_those_behind_it(void **state)
{
	struct pair *pair = *state;
	struct wg_run runs[5] = {0};
	struct wg_run got;

	for (unsigned int i = 0; i < WG_ARRAY_LEN(runs); i++) {
		runs[i].path.remote = endpoint("127.0.0.1", pair->b);
		push(pair, &runs[i], 50, (uint8_t)i);
	}
	assert_true(wg_ip_parse(&runs[1].path.remote.ip, "255.255.255.255")); /* EACCES */
	runs[3].path.remote.port = 0;                                         /* EINVAL */
	wg_udp_send(pair->a, runs, WG_ARRAY_LEN(runs));
	for (unsigned int i = 0; i < WG_ARRAY_LEN(runs); i++) {
		assert_true(wg_batch_empty(&runs[i].batch));
		assert_true(i % 2 ? runs[i].error < 0 : runs[i].error == 0);
	}
	got = receive(pair, pair->b, 0, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_packet(got.batch.head, 50, (uint8_t)(2 * i));
		wg_packet_put(wg_batch_pop(&got.batch));
	}
	assert_int_equal(wg_udp_stats(pair->a)->sent_datagrams, 3);
	assert_int_equal(wg_udp_stats(pair->a)->dropped_send, 2);
}

static void test_a_datagram_that_is_too_large_is_dropped_alone(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct wg_run got;

	push(pair, &run, 50, 1);
	push(pair, &run, 65508, 2);
	push(pair, &run, 50, 3);
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(run.error, -EMSGSIZE);
	got = receive(pair, pair->b, 0, 2);
	assert_packet(got.batch.tail, 50, 3);
	wg_batch_drop(&got.batch);
}

/* Leaves ECONNREFUSED on the socket: nobody is at that port. */
static void make_error_pending(struct pair *pair, unsigned int i)
{
	struct wg_run run = {.path.remote = endpoint(loopback(i), pair->b)};
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->a, i)};
	int on = 1;
	int level = i ? IPPROTO_IPV6 : IPPROTO_IP;

	assert_int_equal(setsockopt(wg_udp_fd(pair->a, i), level, i ? IPV6_RECVERR : IP_RECVERR,
				    &on, sizeof(on)),
			 0);
	run.path.remote.port = 1;
	push(pair, &run, 50, 0);
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
	assert_true(pollfd.revents & POLLERR);
}

static void test_a_pending_error_costs_nothing_that_is_sent(void **state)
{
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_run run = {.path.remote = endpoint(loopback(i), pair->b)};
		struct wg_run got;

		make_error_pending(pair, i);
		push(pair, &run, 50, 0);
		push(pair, &run, 50, 0);
		wg_udp_send(pair->a, &run, 1);
		assert_sent(&run);
		got = receive(pair, pair->b, i, 2);
		wg_batch_drop(&got.batch);
	}
}

static void test_a_pending_error_costs_nothing_that_is_received(void **state)
{
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_run run = {.path.remote = endpoint(loopback(i), pair->a)};
		struct wg_run got;

		make_error_pending(pair, i);
		push(pair, &run, 50, 0);
		wg_udp_send(pair->b, &run, 1);
		got = receive(pair, pair->a, i, 1);
		wg_batch_drop(&got.batch);
	}
}

static void test_draining_leaves_no_error_to_a_poller(void **state)
{
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct pollfd pollfd = {.fd = wg_udp_fd(pair->a, i), .events = POLLIN};

		make_error_pending(pair, i);
		wg_udp_drain_errors(pair->a, i);
		assert_int_equal(poll(&pollfd, 1, 0), 0);
	}
}

static void test_what_finds_no_memory_is_dropped_and_counted(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
	struct wg_pool *none = wg_pool_new(0);
	struct wg_run got;

	for (unsigned int i = 0; i < 5; i++)
		push(pair, &run, 50, 0);
	wg_udp_send(pair->a, &run, 1);
	while (wg_udp_stats(pair->b)->dropped_no_memory < 5) {
		assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
		assert_int_equal(wg_udp_receive(pair->b, 0, none, &got, 1), 0);
	}
	assert_dry(pair, pair->b, 0);
	wg_pool_free(none);
}

static void test_a_large_datagram_without_a_large_buffer_is_dropped_alone(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
	struct wg_pool *slots = wg_pool_new(300000); /* one slab */
	struct wg_run got;

	push(pair, &run, 2033, 1);
	push(pair, &run, 2032, 2);
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
	assert_int_equal(wg_udp_receive(pair->b, 0, slots, &got, 1), 0);
	assert_int_equal(wg_udp_stats(pair->b)->dropped_no_memory, 1);
	assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
	assert_int_equal(wg_udp_receive(pair->b, 0, slots, &got, 1), 1);
	assert_packet(got.batch.head, 2032, 2);
	wg_batch_drop(&got.batch);
	wg_pool_free(slots);
}

static void test_both_families_share_a_port_that_is_then_taken(void **state)
{
	struct pair *pair = *state;
	struct wg_udp_options options = {.port = wg_udp_port(pair->a)};
	struct wg_udp *other = NULL;

	assert_true(wg_udp_fd(pair->a, 0) >= 0 && wg_udp_fd(pair->a, 1) >= 0);
	assert_int_equal(wg_udp_open(&other, &options), -EADDRINUSE);
	assert_null(other);
	wg_udp_close(pair->a);
	assert_int_equal(wg_udp_open(&pair->a, &options), 0);
	assert_int_equal(wg_udp_port(pair->a), options.port);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		print_message("%s: %s\n", path, strerror(errno));
		skip();
	}
	close(fd);
}

static int bind_ipv6(uint16_t port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	int on = 1;

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)), 0);
	return fd;
}

#define PORTS "/proc/sys/net/ipv4/ip_local_port_range"

static void test_a_port_that_is_busy_on_ipv6_is_not_picked(void **state)
{
	struct wg_udp *udp;
	int fds[4];

	(void)state;
	need_namespace();
	write_file(PORTS, "41000 41003");
	for (unsigned int i = 0; i < 3; i++)
		fds[i] = bind_ipv6((uint16_t)(41000 + i));
	assert_int_equal(wg_udp_open(&udp, &(struct wg_udp_options){0}), 0);
	assert_int_equal(wg_udp_port(udp), 41003);
	assert_int_equal(wg_udp_open(&udp, &(struct wg_udp_options){.port = 41001}), -EADDRINUSE);
	wg_udp_close(udp);
	fds[3] = bind_ipv6(41003);
	assert_int_equal(wg_udp_open(&udp, &(struct wg_udp_options){0}), -EADDRINUSE);
	write_file(PORTS, "32768 60999");
	for (unsigned int i = 0; i < WG_ARRAY_LEN(fds); i++)
		close(fds[i]);
}

/* Runs body in a child; it passes when that exits with 0. */
static void assert_in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* From here on socket(family, ...) says EAFNOSUPPORT. */
static bool forbid_family(uint32_t family)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, family, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = WG_ARRAY_LEN(filter), .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int open_without(uint32_t family, unsigned int left)
{
	struct wg_pool *pool = wg_pool_new(POOL_LEN);
	struct wg_run run = {.path.remote = {.port = 1}};
	struct wg_udp *udp;
	bool ok;

	if (!forbid_family(family) || wg_udp_open(&udp, &(struct wg_udp_options){0}) < 0)
		return 1;
	wg_ip_parse(&run.path.remote.ip, loopback(1 - left));
	wg_batch_push(&run.batch, wg_pool_get(pool, 100));
	wg_udp_send(udp, &run, 1);
	ok = wg_udp_fd(udp, left) >= 0 && wg_udp_fd(udp, 1 - left) == -1 && wg_udp_port(udp) &&
	     run.error == -EAFNOSUPPORT && wg_udp_stats(udp)->dropped_send == 1 &&
	     wg_udp_receive(udp, 1 - left, pool, &run, 1) == 0;
	wg_udp_drain_errors(udp, 1 - left);
	ok = ok && wg_udp_set_mark(udp, 0) == 0;
	wg_udp_close(udp);
	wg_pool_free(pool);
	return !ok;
}

static int open_without_ipv6(void)
{
	return open_without(AF_INET6, 0);
}

static int open_without_ipv4(void)
{
	return open_without(AF_INET, 1);
}

static int open_without_any(void)
{
	struct wg_udp *udp;

	return !forbid_family(AF_INET) || !forbid_family(AF_INET6) ||
	       wg_udp_open(&udp, &(struct wg_udp_options){0}) != -EAFNOSUPPORT;
}

static void test_a_machine_with_one_family_is_served(void **state)
{
	(void)state;
	assert_in_child(open_without_ipv6);
	assert_in_child(open_without_ipv4);
	assert_in_child(open_without_any);
}

static uint32_t mark_of(const struct wg_udp *udp, unsigned int i)
{
	uint32_t mark;
	socklen_t len = sizeof(mark);

	assert_int_equal(getsockopt(wg_udp_fd(udp, i), SOL_SOCKET, SO_MARK, &mark, &len), 0);
	return mark;
}

static void test_the_mark_is_on_both_sockets(void **state)
{
	struct pair *pair = *state;

	need_namespace();
	for (uint32_t mark = 0xcafe0001; mark; mark = mark == 0xcafe0001 ? 7 : 0) {
		assert_int_equal(wg_udp_set_mark(pair->a, mark), 0);
		for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
			assert_int_equal(mark_of(pair->a, i), mark);
	}
	wg_udp_close(pair->a);
	assert_int_equal(wg_udp_open(&pair->a, &(struct wg_udp_options){.fwmark = 0x51}), 0);
	assert_int_equal(mark_of(pair->a, 0), 0x51);
	assert_int_equal(mark_of(pair->a, 1), 0x51);
}

static int use_mark_without_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	struct wg_udp *udp;

	if (syscall(SYS_capset, &header, none) < 0)
		return 1;
	if (wg_udp_open(&udp, &(struct wg_udp_options){.fwmark = 1}) != -EPERM)
		return 2;
	if (wg_udp_open(&udp, &(struct wg_udp_options){0}) < 0)
		return 3;
	return wg_udp_set_mark(udp, 1) == -EPERM ? 0 : 4;
}

static void test_a_mark_that_is_not_allowed_is_refused(void **state)
{
	(void)state;
	assert_in_child(use_mark_without_capability);
}

static void test_ipv4_datagrams_may_be_fragmented_on_their_way(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	uint8_t header[20];
	int raw;

	need_namespace();
	raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	assert_true(raw >= 0);
	push(pair, &run, 50, 0);
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(recv(raw, header, sizeof(header), 0), sizeof(header));
	assert_int_equal(wg_load_be16(header + 6) & IP_DF, 0);
	run = receive(pair, pair->b, 0, 1);
	wg_batch_drop(&run.batch);
	close(raw);
}

struct in6_ifreq {
	struct in6_addr addr;
	uint32_t prefix_len;
	int index;
};

static bool add_ipv6(const char *text)
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

/* With its loopback up, and IPv6 addresses on it. */
static bool enter_namespace(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;
	bool ok;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0;
	close(fd);
	return ok && add_ipv6(OTHER_V6) && add_ipv6(LINK_LOCAL);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_vectors_arrive_whole_and_in_order),
		PAIR_TEST(test_runs_to_several_places_in_one_call_all_arrive),
		PAIR_TEST(test_datagrams_of_every_size_arrive),
		PAIR_TEST(test_the_ds_field_travels_and_parts_runs),
		PAIR_TEST(test_one_call_gives_several_runs_but_not_too_many),
		PAIR_TEST(test_the_address_asked_is_the_address_that_answers),
		PAIR_TEST(test_a_source_that_is_gone_is_told_and_costs_no_datagram),
		PAIR_TEST(test_a_source_of_the_other_family_is_ignored),
		PAIR_TEST(test_a_link_local_endpoint_keeps_its_scope),
		PAIR_TEST(test_a_failing_datagram_does_not_stop_those_behind_it),
		PAIR_TEST(test_a_datagram_that_is_too_large_is_dropped_alone),
		PAIR_TEST(test_a_pending_error_costs_nothing_that_is_sent),
		PAIR_TEST(test_a_pending_error_costs_nothing_that_is_received),
		PAIR_TEST(test_draining_leaves_no_error_to_a_poller),
		PAIR_TEST(test_what_finds_no_memory_is_dropped_and_counted),
		PAIR_TEST(test_a_large_datagram_without_a_large_buffer_is_dropped_alone),
		PAIR_TEST(test_both_families_share_a_port_that_is_then_taken),
		cmocka_unit_test(test_a_port_that_is_busy_on_ipv6_is_not_picked),
		cmocka_unit_test(test_a_machine_with_one_family_is_served),
		PAIR_TEST(test_the_mark_is_on_both_sockets),
		cmocka_unit_test(test_a_mark_that_is_not_allowed_is_refused),
		PAIR_TEST(test_ipv4_datagrams_may_be_fragmented_on_their_way),
	};

	own_namespace = enter_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
