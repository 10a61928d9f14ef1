/* Sending: groups, sources, and what happens when the kernel refuses. */
#include "udp_pair.h"

#include <linux/sockios.h>
#include <netinet/udp.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif

/* What the next messages of sendmmsg and sendmsg fail with, and which of them. */
static struct {
	int err;
	unsigned int n;         /* how many fail */
	unsigned int after;     /* how many pass before */
	bool only_groups;       /* those with a segment size */
	unsigned int idle;      /* calls of sendmmsg that do nothing and say so */
	unsigned int n_groups;  /* such messages so far */
	unsigned int n_singles; /* and others */
	int queued;             /* what SIOCOUTQ tells */
	unsigned int n_asked;   /* how often it did */
} faults;

static bool is_group(const struct msghdr *header)
{
	struct msghdr copy = *header;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c; c = CMSG_NXTHDR(&copy, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT)
			return true;
	return false;
}

static bool fails(const struct msghdr *header)
{
	if (is_group(header))
		faults.n_groups++;
	else
		faults.n_singles++;
	if (!faults.n || (faults.only_groups && !is_group(header)))
		return false;
	if (faults.after) {
		faults.after--;
		return false;
	}
	faults.n--;
	errno = faults.err;
	return true;
}

ssize_t __real_sendmsg(int fd, const struct msghdr *header, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *header, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *headers, unsigned int n, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *header, int flags)
{
	return fails(header) ? -1 : __real_sendmsg(fd, header, flags);
}

/* Like the kernel's: stops at the first that fails. */
int __wrap_sendmmsg(int fd, struct mmsghdr *headers, unsigned int n, int flags)
{
	if (faults.idle) {
		faults.idle--;
		return 0;
	}
	for (unsigned int i = 0; i < n; i++) {
		unsigned int before = faults.n;

		if (__wrap_sendmsg(fd, &headers[i].msg_hdr, flags) < 0) {
			faults.n = i ? before : faults.n; /* it will be met again */
			return i ? (int)i : -1;
		}
	}
	return (int)n;
}

int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	if (request != SIOCOUTQ)
		return __real_ioctl(fd, request, argument);
	faults.n_asked++;
	*(int *)argument = faults.queued;
	return 0;
}

static int open_faultless_pair(void **state)
{
	memset(&faults, 0, sizeof(faults));
	return open_pair(state);
}

static bool groups(const struct pair *pair)
{
	return wg_udp_offload(pair->a, WG_UDP_GSO) == WG_OFFLOAD_IN_USE;
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

static void test_a_refused_source_is_not_tried_for_the_rest_of_its_run(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};

	assert_true(wg_ip_parse(&run.path.local, "198.51.100.9"));
	for (unsigned int n = 0; n < 300; n++)
		push(pair, &run, 50 + n, 0); /* of growing size: one message each */
	wg_udp_send(pair->a, &run, 1);
	/* Two calls for each of the first vector, and few for the rest. */
	assert_in_range(wg_udp_stats(pair->a)->send_calls, 100, 150);
	run = receive(pair, pair->b, 0, 300);
	wg_batch_drop(&run.batch);
}

static void test_failing_alone_costs_the_next_one_no_source(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct wg_ip local;

	assert_true(wg_ip_parse(&local, "127.0.0.9"));
	run.path.local = local;
	push(pair, &run, 50, 1);
	push(pair, &run, 50, 2);
	faults.err = EINVAL;
	/* With the source and without: the group, if there is one, and the first. */
	faults.n = groups(pair) ? 4 : 2;
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(run.error, -EINVAL);
	assert_false(run.source_rejected);
	run = receive(pair, pair->b, 0, 1);
	assert_packet(run.batch.head, 50, 2);
	assert_true(wg_ip_equal(&run.path.remote.ip, &local));
	wg_batch_drop(&run.batch);
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

static void test_a_failing_datagram_does_not_stop_those_behind_it(void **state)
{
	struct pair *pair = *state;
	struct wg_run runs[5] = {0};
	struct wg_run got;

	for (unsigned int i = 0; i < WG_ARRAY_LEN(runs); i++) {
		runs[i].path.remote = endpoint("127.0.0.1", pair->b);
		push(pair, &runs[i], 50, (uint8_t)i);
	}
	push(pair, &runs[1], 60, 1);
	push(pair, &runs[1], 50, 1);
	assert_true(wg_ip_parse(&runs[1].path.remote.ip, "255.255.255.255")); /* EACCES */
	runs[3].path.remote.port = 0;                                         /* EINVAL */
	wg_udp_send(pair->a, runs, WG_ARRAY_LEN(runs));
	for (unsigned int i = 0; i < WG_ARRAY_LEN(runs); i++) {
		assert_true(wg_batch_empty(&runs[i].batch));
		assert_true(i % 2 ? runs[i].error < 0 : runs[i].error == 0);
		assert_int_equal(runs[i].failed, i == 1 ? 3 : i == 3);
	}
	got = receive(pair, pair->b, 0, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_packet(got.batch.head, 50, (uint8_t)(2 * i));
		wg_packet_put(wg_batch_pop(&got.batch));
	}
	assert_int_equal(wg_udp_stats(pair->a)->sent_datagrams, 3);
	assert_int_equal(wg_udp_stats(pair->a)->dropped_send, 4);
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

static void test_any_mixture_of_sizes_arrives_as_it_was(void **state)
{
	static const size_t sizes[] = {0, 1, 96, 97, 512, 513, 1400, 1452, 2032, 2033, 9000, 30000};
	struct pair *pair = *state;
	struct wg_test_random random = {11};

	for (unsigned int round = 0; round < 400; round++) {
		unsigned int i = round % 2;
		struct wg_run run = {.path.remote = endpoint(loopback(i), pair->b)};
		size_t lens[100];
		size_t n = 1 + wg_test_below(&random, WG_ARRAY_LEN(lens));
		size_t total = 0;

		for (size_t k = 0; k < n; k++) {
			lens[k] = k && wg_test_below(&random, 8)
					  ? lens[k - 1]
					  : sizes[wg_test_below(&random, WG_ARRAY_LEN(sizes))];
			total += lens[k];
			if (total > 500000)
				n = k + 1;
		}
		push_all(pair, &run, lens, n);
		wg_udp_send(pair->a, &run, 1);
		assert_sent(&run);
		assert_arrive_in_order(pair, i, lens, n);
	}
	assert_int_equal(wg_udp_stats(pair->a)->dropped_send, 0);
	assert_int_equal(wg_udp_stats(pair->b)->dropped_no_memory, 0);
}

static void test_datagrams_of_one_size_leave_in_groups(void **state)
{
	static const struct {
		size_t len;
		size_t n;
		size_t last; /* length of one more */
		unsigned int n_groups;
		unsigned int n_singles;
	} cases[] = {
		{96, 1, 0, 0, 1},     {96, 2, 0, 1, 0},    {96, 64, 0, 1, 0},   {96, 65, 0, 1, 1},
		{96, 63, 95, 1, 0},   {96, 63, 97, 1, 1},  {1400, 46, 0, 1, 0}, {1400, 47, 0, 1, 1},
		{1400, 100, 1, 3, 0}, {30000, 3, 0, 1, 1}, {96, 1, 97, 0, 2},   {40000, 2, 0, 0, 2},
		{1452, 45, 40, 1, 0},
	};
	struct pair *pair = *state;

	for (unsigned int c = 0; groups(pair) && c < 2 * WG_ARRAY_LEN(cases); c++) {
		unsigned int k = c / 2;
		unsigned int i = c % 2;
		struct wg_run run = {.path.remote = endpoint(loopback(i), pair->b)};
		size_t lens[101];
		size_t n = 0;

		memset(&faults, 0, sizeof(faults));
		while (n < cases[k].n)
			lens[n++] = cases[k].len;
		if (cases[k].last)
			lens[n++] = cases[k].last;
		push_all(pair, &run, lens, n);
		wg_udp_send(pair->a, &run, 1);
		assert_sent(&run);
		assert_int_equal(faults.n_groups, cases[k].n_groups);
		assert_int_equal(faults.n_singles, cases[k].n_singles);
		assert_arrive_in_order(pair, i, lens, n);
	}
}

/* Sends 3 x 100 datagrams, where faults are set, and expects all of them. */
static void assert_faults_cost_nothing(struct pair *pair)
{
	struct wg_run runs[3] = {0};
	size_t lens[300];

	for (size_t k = 0; k < 300; k++) {
		lens[k] = k / 100 == 1 ? 96 : 1400;
		runs[k / 100].path.remote = endpoint("127.0.0.1", pair->b);
		push(pair, &runs[k / 100], lens[k], (uint8_t)k);
	}
	wg_udp_send(pair->a, runs, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_sent(&runs[i]);
	assert_arrive_in_order(pair, 0, lens, 300);
}

/* A report waits on the socket and is told to whoever comes next, in whatever place. */
static void test_what_the_network_reports_of_others_costs_nothing(void **state)
{
	static const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, EMSGSIZE};
	struct pair *pair = *state;

	wg_udp_want_reports(pair->a, true);
	for (unsigned int e = 0; e < WG_ARRAY_LEN(errors); e++) {
		for (unsigned int after = 0; after < 3; after++) {
			memset(&faults, 0, sizeof(faults));
			faults.err = errors[e];
			faults.n = 1;
			faults.after = after;
			assert_faults_cost_nothing(pair);
		}
	}
	assert_int_equal(wg_udp_offload(pair->a, WG_UDP_GSO),
			 groups(pair) ? WG_OFFLOAD_IN_USE : WG_OFFLOAD_UNWANTED);
	memset(&faults, 0, sizeof(faults));
	assert_faults_cost_nothing(pair);
	assert_true(!groups(pair) || faults.n_groups >= 6); /* nothing was learnt of sizes */
}

static void test_an_error_that_stays_is_the_datagrams_own(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};

	wg_udp_want_reports(pair->a, true);
	faults.err = EHOSTUNREACH;
	faults.n = 1000;
	push(pair, &run, 50, 0);
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(run.error, -EHOSTUNREACH);
	assert_true(wg_udp_stats(pair->a)->send_calls <= 4);
}

static void test_a_way_that_cannot_checksum_ends_grouping_for_good(void **state)
{
	struct pair *pair = *state;

	if (!groups(pair))
		return;
	faults.err = EIO;
	faults.n = 1000;
	faults.only_groups = true;
	assert_faults_cost_nothing(pair);
	assert_int_equal(wg_udp_offload(pair->a, WG_UDP_GSO), WG_OFFLOAD_FAILED);
	memset(&faults, 0, sizeof(faults));
	assert_faults_cost_nothing(pair);
	assert_int_equal(faults.n_groups, 0);
}

static void test_a_refused_group_is_sent_singly_and_limits_its_size_for_a_while(void **state)
{
	static const int errors[] = {EINVAL, EMSGSIZE};
	struct pair *pair = *state;

	for (unsigned int e = 0; e < WG_ARRAY_LEN(errors) && groups(pair); e++) {
		memset(&faults, 0, sizeof(faults));
		faults.err = errors[e];
		faults.n = 1;
		faults.only_groups = true;
		assert_faults_cost_nothing(pair);
		assert_true(groups(pair));
		memset(&faults, 0, sizeof(faults));
		assert_faults_cost_nothing(pair);
		assert_int_equal(faults.n_groups, 2); /* of the smaller size */
		for (unsigned int i = 0; i < 100 && faults.n_groups % 8 != 0; i++) {
			memset(&faults, 0, sizeof(faults));
			assert_faults_cost_nothing(pair);
		}
		assert_int_equal(faults.n_groups, 8); /* all again */
	}
}

static void test_a_sendmmsg_that_does_nothing_does_not_hang(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct wg_run got;

	faults.idle = 1;
	push(pair, &run, 50, 1);
	push(pair, &run, 60, 2);
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(run.error, 0);
	assert_int_equal(run.full, 1);
	got = receive(pair, pair->b, 0, 1);
	wg_batch_drop(&got.batch);
	memset(&faults, 0, sizeof(faults));
	faults.idle = 1000;
	push(pair, &run, 50, 1);
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(faults.idle, 999);
}

static void test_a_partial_sendmmsg_loses_nothing(void **state)
{
	struct pair *pair = *state;

	for (unsigned int after = 0; after < 8; after++) {
		faults.err = EINTR;
		faults.n = 1;
		faults.after = after;
		assert_faults_cost_nothing(pair);
	}
}

static void test_a_full_queue_drops_and_counts_and_is_no_error_of_the_destination(void **state)
{
	static const int errors[] = {EAGAIN, ENOBUFS};
	struct pair *pair = *state;

	for (unsigned int e = 0; e < WG_ARRAY_LEN(errors); e++) {
		struct wg_run runs[3] = {0};
		struct wg_run got;

		faults.err = errors[e];
		faults.n = 1;
		faults.after = 1;
		for (unsigned int i = 0; i < 3; i++) {
			runs[i].path.remote = endpoint("127.0.0.1", pair->b);
			push(pair, &runs[i], 50, (uint8_t)i);
		}
		wg_udp_send(pair->a, runs, 3);
		for (unsigned int i = 0; i < 3; i++) {
			assert_sent(&runs[i]);
			assert_int_equal(runs[i].failed, 0);
			assert_int_equal(runs[i].full, i == 1);
		}
		assert_int_equal(wg_udp_stats(pair->a)->dropped_send, 0);
		assert_int_equal(wg_udp_stats(pair->a)->dropped_full, e + 1);
		got = receive(pair, pair->b, 0, 2);
		assert_packet(got.batch.tail, 50, 2);
		wg_batch_drop(&got.batch);
	}
}

/* Nothing is tried again and again, or waited for, while others are there to be sent to. */
static void test_a_full_queue_costs_the_destinations_behind_it_one_call_each(void **state)
{
	static const int errors[] = {EAGAIN, ENOBUFS};
	struct pair *pair = *state;
	struct wg_run got;

	for (unsigned int e = 0; e < WG_ARRAY_LEN(errors); e++) {
		uint64_t before = wg_udp_stats(pair->a)->send_calls;
		struct wg_run runs[20] = {0};

		faults.err = errors[e];
		faults.n = 10;
		for (unsigned int i = 0; i < 20; i++) {
			runs[i].path.remote = endpoint("127.0.0.1", pair->b);
			push(pair, &runs[i], 50, (uint8_t)i);
		}
		wg_udp_send(pair->a, runs, 20);
		for (unsigned int i = 0; i < 20; i++)
			assert_int_equal(runs[i].full, i < 10);
		assert_int_equal(wg_udp_stats(pair->a)->send_calls, before + 11);
		got = receive(pair, pair->b, 0, 10);
		wg_batch_drop(&got.batch);
	}
}

static void test_nothing_is_grouped_while_much_waits_to_leave(void **state)
{
	static const struct {
		int queued;
		bool grouped;
	} steps[] = {{0, true},
		     {1 << 20, true},
		     {(1 << 20) + 1, false},
		     {1 << 30, false},
		     {1 << 10, true}};
	struct pair *pair = *state;

	for (unsigned int i = 0; i < WG_ARRAY_LEN(steps) && groups(pair); i++) {
		memset(&faults, 0, sizeof(faults));
		faults.queued = steps[i].queued;
		assert_faults_cost_nothing(pair);
		assert_int_equal(faults.n_groups > 0, steps[i].grouped);
		assert_int_equal(faults.n_asked, 1); /* once a call */
	}
}

/* One slow link would else refuse the datagrams of all. */
static void test_what_waits_to_leave_is_not_bounded_by_the_socket(void **state)
{
	struct pair *pair = *state;
	const int wish = 1 << 20;
	int len;
	socklen_t size = sizeof(len);

	need_namespace();
	if (setsockopt(wg_udp_fd(pair->b, 0), SOL_SOCKET, SO_SNDBUFFORCE, &wish, sizeof(wish)))
		wg_test_skip("needs CAP_NET_ADMIN in the first user namespace");
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		assert_int_equal(
			getsockopt(wg_udp_fd(pair->a, i), SOL_SOCKET, SO_SNDBUF, &len, &size), 0);
		assert_true(len >= 128 << 20);
	}
}

static void set_loopback_mtu(int mtu)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_mtu = mtu};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(ioctl(fd, SIOCSIFMTU, &ifr), 0);
	close(fd);
}

static void test_groups_larger_than_the_path_still_arrive(void **state)
{
	struct pair *pair = *state;
	size_t lens[80];

	need_namespace();
	set_loopback_mtu(1300);
	for (unsigned int i = 0; i < 4; i++) {
		struct wg_run run = {.path.remote = endpoint(loopback(i % 2), pair->b)};

		for (size_t k = 0; k < WG_ARRAY_LEN(lens); k++)
			lens[k] = k < 40 ? 1400 : 200;
		push_all(pair, &run, lens, WG_ARRAY_LEN(lens));
		memset(&faults, 0, sizeof(faults));
		wg_udp_send(pair->a, &run, 1);
		assert_sent(&run);
		/* The second time round nothing is tried in vain. */
		assert_true(i < 2 || faults.n_groups <= 1);
		assert_arrive_in_order(pair, i % 2, lens, WG_ARRAY_LEN(lens));
	}
	set_loopback_mtu(65536);
}

#define SEND_TEST(test) cmocka_unit_test_setup_teardown(test, open_faultless_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SEND_TEST(test_a_source_that_is_gone_is_told_and_costs_no_datagram),
		SEND_TEST(test_a_refused_source_is_not_tried_for_the_rest_of_its_run),
		SEND_TEST(test_failing_alone_costs_the_next_one_no_source),
		SEND_TEST(test_a_source_of_the_other_family_is_ignored),
		SEND_TEST(test_a_failing_datagram_does_not_stop_those_behind_it),
		SEND_TEST(test_a_datagram_that_is_too_large_is_dropped_alone),
		SEND_TEST(test_runs_to_several_places_in_one_call_all_arrive),
		SEND_TEST(test_any_mixture_of_sizes_arrives_as_it_was),
		SEND_TEST(test_datagrams_of_one_size_leave_in_groups),
		SEND_TEST(test_what_the_network_reports_of_others_costs_nothing),
		SEND_TEST(test_an_error_that_stays_is_the_datagrams_own),
		SEND_TEST(test_a_way_that_cannot_checksum_ends_grouping_for_good),
		SEND_TEST(test_a_refused_group_is_sent_singly_and_limits_its_size_for_a_while),
		SEND_TEST(test_a_sendmmsg_that_does_nothing_does_not_hang),
		SEND_TEST(test_a_partial_sendmmsg_loses_nothing),
		SEND_TEST(test_a_full_queue_drops_and_counts_and_is_no_error_of_the_destination),
		SEND_TEST(test_a_full_queue_costs_the_destinations_behind_it_one_call_each),
		SEND_TEST(test_nothing_is_grouped_while_much_waits_to_leave),
		SEND_TEST(test_what_waits_to_leave_is_not_bounded_by_the_socket),
		SEND_TEST(test_groups_larger_than_the_path_still_arrive),
	};

	return RUN_WITH_ALL_OFFLOADS(tests);
}
