/* Packets from the link and into it. */
#include "tun_link.h"

/* What the next read fails with. */
static int read_error;

ssize_t __real_read(int fd, void *dst, size_t len);
ssize_t __wrap_read(int fd, void *dst, size_t len);

ssize_t __wrap_read(int fd, void *dst, size_t len)
{
	if (read_error) {
		errno = read_error;
		read_error = 0;
		return -1;
	}
	return __real_read(fd, dst, len);
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

static void test_a_read_that_fails_for_now_gives_nothing(void **state)
{
	static const int errors[] = {EAGAIN, EIO};
	struct link *link = *state;
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (size_t i = 0; i < WG_ARRAY_LEN(errors); i++) {
		send_into(link, 100, 0);
		read_error = errors[i];
		assert_int_equal(wg_tun_read(link->tun, link->pool, &batch, 1), 0);
	}
	read_error = EINTR;
	assert_int_equal(wg_tun_read(link->tun, link->pool, &batch, 1), 1);
	read_error = ENODEV;
	assert_int_equal(wg_tun_read(link->tun, link->pool, &batch, 1), -ENODEV);
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

static void test_dropping_stops_at_the_maximum_too(void **state)
{
	struct link *link = *state;
	struct wg_pool *none = wg_pool_new(0);
	struct wg_batch batch;

	wg_batch_init(&batch);
	for (uint8_t i = 0; i < 20; i++)
		send_into(link, 10, i);
	assert_int_equal(wg_tun_read(link->tun, none, &batch, 7), 0);
	assert_int_equal(wg_tun_stats(link->tun)->dropped_no_memory, 7);
	wg_pool_free(none);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_what_is_sent_into_the_link_is_read_in_order),
		LINK_TEST(test_reading_stops_at_the_maximum),
		LINK_TEST(test_a_read_that_fails_for_now_gives_nothing),
		LINK_TEST(test_written_packets_arrive),
		LINK_TEST(test_packets_of_every_size_pass_both_ways),
		LINK_TEST(test_dropping_stops_at_the_maximum_too),
		LINK_TEST(test_what_finds_no_memory_is_dropped_and_counted),
		LINK_TEST(test_a_large_packet_without_a_large_buffer_is_dropped_alone),
		LINK_TEST(test_a_refused_packet_does_not_stop_the_ones_behind_it),
		LINK_TEST(test_a_link_that_is_down_reads_nothing_and_drops_writes),
	};

	if (!enter_namespace())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
