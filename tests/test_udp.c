/* Receiving, and what goes along with a datagram. */
#include "udp_pair.h"

#include <netinet/ip.h>

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
		struct wg_report report;

		make_error_pending(pair, i);
		assert_int_equal(wg_udp_read_errors(pair->a, i, &report, 1), 1);
		/* There is none after it, but one more call may be needed to see that. */
		wg_udp_read_errors(pair->a, i, &report, 1);
		assert_int_equal(poll(&pollfd, 1, 0), 0);
	}
}

static void test_a_closed_port_is_reported_to_who_wants_to_know(void **state)
{
	struct pair *pair = *state;

	need_namespace();
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_run run = {.path.remote = endpoint(loopback(i), pair->b)};
		struct wg_report reports[2];

		run.path.remote.port = 1;
		push(pair, &run, 50, 0);
		wg_udp_send(pair->a, &run, 1);
		assert_int_equal(wg_udp_read_errors(pair->a, i, reports, 2), 0);
		wg_udp_want_reports(pair->a, true);
		push(pair, &run, 50, 0);
		wg_udp_send(pair->a, &run, 1);
		assert_int_equal(wg_udp_read_errors(pair->a, i, reports, 2), 1);
		assert_int_equal(reports[0].kind, WG_REPORT_PORT_CLOSED);
		assert_true(wg_endpoint_equal(&reports[0].to, &run.path.remote));
		assert_true(wg_ip_equal(&reports[0].by, &run.path.remote.ip));
		wg_udp_want_reports(pair->a, false);
		push(pair, &run, 50, 0);
		wg_udp_send(pair->a, &run, 1);
		assert_int_equal(wg_udp_read_errors(pair->a, i, reports, 2), 0);
	}
}

/* As many as there are reports: whoever reads on finds what there was behind them. */
static void test_errors_without_end_are_read_in_portions(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct wg_report reports[64];

	need_namespace();
	wg_udp_want_reports(pair->a, true);
	run.path.remote.port = 1;
	for (unsigned int k = 0; k < 100; k++) {
		push(pair, &run, 50, 0);
		wg_udp_send(pair->a, &run, 1);
		assert_sent(&run);
	}
	/* Linux reports six at once and then one a second (icmp_ratelimit); not on lo. */
	assert_int_equal(wg_udp_read_errors(pair->a, 0, reports, 64), 64);
	assert_int_equal(wg_udp_read_errors(pair->a, 0, reports, 64), 36);
	assert_int_equal(wg_udp_read_errors(pair->a, 0, reports, 64), 0);
}

static void test_what_finds_no_memory_is_dropped_and_counted(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
	struct wg_pool *none = wg_pool_new(0);
	struct wg_run got;

	for (unsigned int i = 0; i < 5; i++)
		push(pair, &run, 50 + i, 0); /* of growing size, so that they come one by one */
	wg_udp_send(pair->a, &run, 1);
	while (wg_udp_stats(pair->b)->dropped_no_memory < 5) {
		assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
		assert_int_equal(wg_udp_receive(pair->b, 0, none, &got, 1), 0);
	}
	assert_dry(pair, pair->b, 0);
	wg_pool_free(none);
}

static void test_what_the_sockets_queue_did_not_hold_is_counted(void **state)
{
	struct pair *pair = *state;
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
	struct wg_run runs[WG_UDP_RUNS];
	uint64_t received = 0;
	int least = 1;
	int n;

	assert_int_equal(wg_udp_stats(pair->b)->dropped_queue, 0);
	assert_int_equal(setsockopt(pollfd.fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (unsigned int i = 0; i < 50; i++) {
		struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};

		push(pair, &run, 1000, 0);
		wg_udp_send(pair->a, &run, 1);
	}
	while (poll(&pollfd, 1, 0) == 1) {
		n = wg_udp_receive(pair->b, 0, pair->pool, runs, WG_ARRAY_LEN(runs));
		for (int i = 0; i < n; i++) {
			received += runs[i].batch.n;
			wg_batch_drop(&runs[i].batch);
		}
	}
	assert_in_range(received, 1, 49);
	assert_int_equal(wg_udp_stats(pair->b)->dropped_queue, 50 - received);
	assert_int_equal(wg_udp_stats(pair->b)->dropped_queue, 50 - received);
}

static void test_a_large_datagram_without_a_large_buffer_is_dropped_alone(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
	struct wg_pool *slots = wg_pool_new(300000); /* one slab, or one large buffer */
	struct wg_packet *first = wg_pool_get(slots, 0);
	struct wg_run got;
	int n = 0;

	push(pair, &run, 2033, 1);
	wg_udp_send(pair->a, &run, 1);
	push(pair, &run, 2032, 2);
	wg_udp_send(pair->a, &run, 1);
	while (n == 0) {
		assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
		n = wg_udp_receive(pair->b, 0, slots, &got, 1);
	}
	assert_int_equal(n, 1);
	assert_int_equal(wg_udp_stats(pair->b)->dropped_no_memory, 1);
	assert_int_equal(got.batch.n, 1);
	assert_packet(got.batch.head, 2032, 2);
	wg_batch_drop(&got.batch);
	wg_packet_put(first);
	wg_pool_free(slots);
}

static void test_a_train_without_a_large_buffer_is_dropped(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
	struct wg_pool *slots = wg_pool_new(300000);
	struct wg_packet *first = wg_pool_get(slots, 0);
	bool is_train = !options.unwanted[WG_UDP_GSO] && !options.unwanted[WG_UDP_GRO];
	size_t n = 0;

	for (unsigned int i = 0; i < 3; i++)
		push(pair, &run, 100, 0);
	wg_udp_send(pair->a, &run, 1);
	while (n < (is_train ? 1 : 3)) {
		assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
		n += wg_udp_receive(pair->b, 0, slots, &run, 1) ? run.batch.n : 1;
		wg_batch_drop(&run.batch);
	}
	assert_int_equal(wg_udp_stats(pair->b)->dropped_no_memory, is_train);
	wg_packet_put(first);
	wg_pool_free(slots);
}

static void test_one_call_empties_a_socket_of_up_to_64_datagrams(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct pollfd pollfd = {.fd = wg_udp_fd(pair->b, 0), .events = POLLIN};
	struct wg_run got[WG_UDP_RUNS];

	for (unsigned int i = 0; i < 64; i++)
		push(pair, &run, 50 + i, (uint8_t)i); /* of growing size: 64 messages */
	wg_udp_send(pair->a, &run, 1);
	assert_int_equal(poll(&pollfd, 1, WAIT_MS), 1);
	assert_int_equal(wg_udp_receive(pair->b, 0, pair->pool, got, WG_UDP_RUNS), 1);
	assert_int_equal(got[0].batch.n, 64);
	wg_batch_drop(&got[0].batch);
}

static void test_a_lone_datagram_costs_one_call(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};

	push(pair, &run, 50, 0);
	wg_udp_send(pair->a, &run, 1);
	run = receive(pair, pair->b, 0, 1);
	assert_int_equal(wg_udp_stats(pair->b)->receive_calls, 1);
	wg_batch_drop(&run.batch);
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

static void test_slices_of_a_train_lie_apart(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};
	struct wg_packet *packets[64];
	struct wg_packet *packet;
	size_t n = 0;

	for (unsigned int k = 0; k < 64; k++)
		push(pair, &run, 900, (uint8_t)k);
	wg_udp_send(pair->a, &run, 1);
	run = receive(pair, pair->b, 0, 64);
	if (!options.unwanted[WG_UDP_GSO] && !options.unwanted[WG_UDP_GRO])
		assert_int_equal(wg_udp_stats(pair->b)->receive_calls, 1);
	/* From the last to the first, so that one that reaches too far is seen. */
	wg_batch_for_each (packet, &run.batch)
		packets[n++] = packet;
	while (n--)
		memset(packets[n]->data, (int)n, packets[n]->room);
	for (n = 0; n < WG_ARRAY_LEN(packets); n++)
		for (uint32_t k = 0; k < packets[n]->room; k++)
			assert_int_equal(packets[n]->data[k], (uint8_t)n);
	wg_batch_drop(&run.batch);
	assert_int_equal(wg_pool_bytes_used(pair->pool), 0);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_vectors_arrive_whole_and_in_order),
		PAIR_TEST(test_datagrams_of_every_size_arrive),
		PAIR_TEST(test_the_ds_field_travels_and_parts_runs),
		PAIR_TEST(test_one_call_gives_several_runs_but_not_too_many),
		PAIR_TEST(test_the_address_asked_is_the_address_that_answers),
		PAIR_TEST(test_a_link_local_endpoint_keeps_its_scope),
		PAIR_TEST(test_a_pending_error_costs_nothing_that_is_sent),
		PAIR_TEST(test_a_pending_error_costs_nothing_that_is_received),
		PAIR_TEST(test_draining_leaves_no_error_to_a_poller),
		PAIR_TEST(test_a_closed_port_is_reported_to_who_wants_to_know),
		PAIR_TEST(test_errors_without_end_are_read_in_portions),
		PAIR_TEST(test_what_the_sockets_queue_did_not_hold_is_counted),
		PAIR_TEST(test_what_finds_no_memory_is_dropped_and_counted),
		PAIR_TEST(test_a_large_datagram_without_a_large_buffer_is_dropped_alone),
		PAIR_TEST(test_a_train_without_a_large_buffer_is_dropped),
		PAIR_TEST(test_one_call_empties_a_socket_of_up_to_64_datagrams),
		PAIR_TEST(test_a_lone_datagram_costs_one_call),
		PAIR_TEST(test_ipv4_datagrams_may_be_fragmented_on_their_way),
		PAIR_TEST(test_slices_of_a_train_lie_apart),
	};

	return RUN_WITH_ALL_OFFLOADS(tests);
}
