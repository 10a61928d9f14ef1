#include "wgtest.h"

#include <errno.h>

#include "pair.h"
#include "pair/queue.h"

#define ROOM (3 * sizeof(struct wg_pair_on_off))

static struct wg_pair_queue *queue;
static struct wg_pair *keeper;
static struct wg_pair *engine;
static struct wg_pair_datagram datagram;

static int set_up(void **state)
{
	(void)state;
	queue = wg_pair_queue_new(ROOM);
	if (!queue)
		return -1;
	keeper = wg_pair_queue_end(queue, WG_PAIR_KEEPER);
	engine = wg_pair_queue_end(queue, WG_PAIR_ENGINE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wg_pair_queue_free(queue);
	return 0;
}

static int send_one(uint32_t type)
{
	wg_pair_datagram_wipe(&datagram);
	assert_non_null(pair_add(&datagram, type));
	return wg_pair_send(pair_receiver(type) == WG_PAIR_ENGINE ? keeper : engine, &datagram);
}

/* The type of the one message that it receives, or what receiving gave. */
static int receive_one(struct wg_pair *pair)
{
	int result = wg_pair_receive(pair, &datagram);
	size_t at = 0;

	return result == 1 ? (int)wg_pair_next(&datagram, &at)->header.type : result;
}

static void datagrams_arrive_in_order(void **state)
{
	(void)state;
	assert_int_equal(receive_one(engine), -EAGAIN);
	assert_int_equal(send_one(WG_PAIR_CLAMP_MSS), 0);
	assert_int_equal(send_one(WG_PAIR_HELLO), 0);
	assert_int_equal(send_one(WG_PAIR_READY), 0);
	assert_int_equal(receive_one(engine), WG_PAIR_CLAMP_MSS);
	assert_int_equal(datagram.n_fds, 0);
	assert_int_equal(receive_one(engine), WG_PAIR_HELLO);
	assert_int_equal(datagram.n_fds, 2);
	assert_int_equal(receive_one(engine), -EAGAIN);
	assert_int_equal(receive_one(keeper), WG_PAIR_READY);
}

static void a_full_queue_takes_more_when_some_was_received(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(send_one(WG_PAIR_CLAMP_MSS), 0);
	assert_int_equal(send_one(WG_PAIR_CLAMP_MSS), -EAGAIN);
	assert_int_equal(wg_pair_queue_len(queue, WG_PAIR_ENGINE), 3);
	assert_int_equal(receive_one(engine), WG_PAIR_CLAMP_MSS);
	assert_int_equal(send_one(WG_PAIR_CLAMP_MSS), 0);
}

static void the_largest_datagram_fits_an_empty_queue(void **state)
{
	(void)state;
	wg_pair_datagram_wipe(&datagram);
	while (pair_add(&datagram, WG_PAIR_LINK))
		continue;
	assert_int_equal(wg_pair_send(keeper, &datagram), 0);
	assert_int_equal(wg_pair_send(keeper, &datagram), -EAGAIN);
	assert_int_equal(wg_pair_receive(engine, &datagram), 1);
}

static void late_datagrams_arrive_when_they_are_delivered(void **state)
{
	(void)state;
	wg_pair_queue_hold(queue, WG_PAIR_ENGINE, true);
	assert_int_equal(send_one(WG_PAIR_PING), 0);
	assert_int_equal(send_one(WG_PAIR_LINK), 0);
	assert_int_equal(receive_one(engine), -EAGAIN);
	assert_true(wg_pair_queue_deliver(queue, WG_PAIR_ENGINE));
	assert_int_equal(receive_one(engine), WG_PAIR_PING);
	assert_int_equal(receive_one(engine), -EAGAIN);
	wg_pair_close(keeper);
	assert_int_equal(receive_one(engine), -EAGAIN);
	wg_pair_queue_hold(queue, WG_PAIR_ENGINE, false);
	assert_false(wg_pair_queue_deliver(queue, WG_PAIR_ENGINE));
	assert_int_equal(receive_one(engine), WG_PAIR_LINK);
	assert_int_equal(receive_one(engine), 0);
}

static void what_was_sent_outlives_its_sender(void **state)
{
	(void)state;
	assert_int_equal(send_one(WG_PAIR_TRAPPED), 0);
	wg_pair_close(engine);
	assert_int_equal(send_one(WG_PAIR_PING), -EPIPE);
	assert_int_equal(receive_one(keeper), WG_PAIR_TRAPPED);
	assert_int_equal(receive_one(keeper), 0);
}

static void what_breaks_the_rules_is_not_received(void **state)
{
	(void)state;
	wg_pair_datagram_wipe(&datagram);
	pair_add(&datagram, WG_PAIR_PING);
	assert_int_equal(wg_pair_send(engine, &datagram), 0); /* not its to send */
	assert_int_equal(wg_pair_receive(keeper, &datagram), -EPROTO);
	assert_int_equal(datagram.len, 0);
	assert_int_equal(datagram.n_fds, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(datagrams_arrive_in_order),
		TEST(a_full_queue_takes_more_when_some_was_received),
		TEST(the_largest_datagram_fits_an_empty_queue),
		TEST(late_datagrams_arrive_when_they_are_delivered),
		TEST(what_was_sent_outlives_its_sender),
		TEST(what_breaks_the_rules_is_not_received),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
