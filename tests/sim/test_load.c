/* What load means, and who gets in while it lasts. */
#include "sim/drive.h"
#include "sim/flood.h"
#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

/* Responses that may wait. */
#define AWAITED_LEN 1024u
/* Cookie replies of one turn. */
#define REPLIES     64u

static void test_cookies_are_asked_for_only_when_the_queue_passed_an_eighth(void **state)
{
	struct wg_puppet *stranger = stage(1, false);
	struct wg_sim_node *node = stranger->node;

	(void)state;
	flood(stranger, LOAD_LEN);
	soon(stranger);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_COOKIE_REPLY, 0), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), LOAD_LEN);
	flood(stranger, LOAD_LEN + 1);
	soon(stranger);
	assert_true(wg_sim_count(node, WG_MESSAGE_COOKIE_REPLY, 0) > 0);
	wg_sim_free(node->sim);
}

static void test_load_ends_a_second_after_the_queue_was_long(void **state)
{
	struct wg_puppet *puppet = stage(2, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	load(stranger);
	wg_sim_run(node->sim, 900 * WG_MILLISECOND);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 0);
	assert_non_null(puppet->inbox);
	wg_sim_run(node->sim, 200 * WG_MILLISECOND);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	wg_sim_free(node->sim);
}

static void test_under_load_a_cookie_opens_the_door(void **state)
{
	struct wg_puppet *puppet = stage(3, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	load(stranger);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 0);
	assert_true(take_cookie(puppet));
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	assert_true(wg_puppet_complete(puppet));
	wg_puppet_send(puppet, NULL, 0);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_free(node->sim);
}

static void test_a_cookie_is_of_one_address_and_port(void **state)
{
	struct wg_puppet *puppet = stage(4, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	load(stranger);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_true(take_cookie(puppet));
	puppet->endpoint.port++;
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 0);
	puppet->endpoint.port--;
	puppet->endpoint.ip.bytes[3]++;
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 0);
	puppet->endpoint.ip.bytes[3]--;
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	wg_sim_free(node->sim);
}

static void test_under_load_a_wrong_mac1_gets_nothing(void **state)
{
	struct wg_puppet *puppet = stage(5, false);
	struct wg_sim_node *node = puppet->node;
	size_t mark;

	(void)state;
	load(puppet);
	mark = wg_sim_mark(node->sim);
	wg_puppet_make_initiation(puppet);
	puppet->initiation.mac1[7] ^= 1;
	wg_puppet_say(puppet, &puppet->initiation, sizeof(puppet->initiation));
	soon(puppet);
	assert_int_equal(wg_sim_mark(node->sim), mark);
	wg_sim_free(node->sim);
}

/* A response that the node awaits, for it has something to send; not sent yet. */
static void be_awaited(struct wg_puppet *puppet)
{
	send_to_puppet(puppet);
	soon(puppet);
	assert_true(wg_puppet_make_response(puppet));
}

/* n responses with a right mac1 and a right index, whose rest is forged. */
static void flood_with_responses(struct wg_puppet *puppet, unsigned int n)
{
	struct wg_cookie_jar jar = puppet->jar;
	bool busy = puppet->node->busy;

	jar.has_cookie = false;
	puppet->node->busy = true;
	for (unsigned int i = 0; i < n; i++) {
		struct wg_wire_response forged = puppet->response;

		wg_test_fill(&puppet->random, forged.ephemeral, sizeof(forged.ephemeral));
		wg_cookie_sign(&jar, &forged, sizeof(forged), 0);
		wg_puppet_say(puppet, &forged, sizeof(forged));
	}
	puppet->node->busy = busy;
}

static void test_a_response_that_is_awaited_needs_no_cookie(void **state)
{
	struct wg_puppet *puppet = stage(6, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	be_awaited(puppet);
	node->busy = true;
	flood(stranger, QUEUE_LEN + 1);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	wg_drive_act(node); /* its turn is the next one, whoever came before */
	node->busy = false;
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	wg_sim_free(node->sim);
}

static void test_a_flood_of_responses_has_to_show_cookies(void **state)
{
	struct wg_puppet *puppet = stage(17, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	be_awaited(puppet);
	flood_with_responses(puppet, AWAITED_LEN);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNDER_LOAD), AWAITED_LEN);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_QUEUE_FULL), 1);
	assert_memory_equal(wg_sim_last(node, WG_MESSAGE_COOKIE_REPLY)->bytes + 4,
			    puppet->response.sender, 4);
	wg_puppet_clear(puppet);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_true(take_cookie(puppet));
	wg_cookie_sign(&puppet->jar, &puppet->response, sizeof(puppet->response), node->sim->now);
	/* With it, it passes even a full lane. */
	node->busy = true;
	flood_with_responses(puppet, AWAITED_LEN);
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	wg_drive_act(node);
	node->busy = false;
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	wg_sim_free(node->sim);
}

static void test_a_response_that_nobody_awaits_takes_no_room(void **state)
{
	struct wg_puppet *puppet = stage(18, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	be_awaited(puppet);
	puppet->response.receiver[0] ^= 1;
	flood_with_responses(puppet, 2 * AWAITED_LEN);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_NO_HANDSHAKE), 2 * AWAITED_LEN);
	puppet->response.receiver[0] ^= 1;
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 1);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_COOKIE_REPLY, 0), 0);
	/* Nor does one that was good once. */
	wg_puppet_say(puppet, &puppet->response, sizeof(puppet->response));
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_NO_HANDSHAKE), 2 * AWAITED_LEN + 1);
	wg_sim_free(node->sim);
}

/* How many of n messages with a cookie pass the rate limit. */
static uint64_t passed(struct wg_puppet *puppet, unsigned int n)
{
	uint64_t before = wg_sim_drops(puppet->node, WG_DROP_IN_HANDSHAKE);
	uint64_t limited = wg_sim_drops(puppet->node, WG_DROP_IN_RATE_LIMITED);

	for (unsigned int i = 0; i < n; i++)
		wg_puppet_say_noise(puppet);
	wg_sim_run(puppet->node->sim, 0);
	before = wg_sim_drops(puppet->node, WG_DROP_IN_HANDSHAKE) - before;
	limited = wg_sim_drops(puppet->node, WG_DROP_IN_RATE_LIMITED) - limited;
	assert_int_equal(before + limited, n);
	return before;
}

/* Gets a cookie for where the puppet is. The node is under load afterwards. */
static void get_cookie(struct wg_puppet *puppet, struct wg_puppet *stranger)
{
	load(stranger);
	wg_puppet_clear(puppet);
	puppet->jar.has_cookie = false;
	wg_puppet_say_noise(puppet);
	soon(puppet);
	assert_true(take_cookie(puppet));
}

static void test_handshakes_of_one_source_are_limited_to_20_a_second(void **state)
{
	struct wg_puppet *puppet = stage(7, false);
	struct wg_sim *sim = puppet->node->sim;
	struct wg_puppet *stranger = wg_puppet_new(puppet->node);

	(void)state;
	get_cookie(puppet, stranger);
	assert_int_equal(passed(puppet, 10), 5);
	wg_sim_run(sim, 49 * WG_MILLISECOND);
	assert_int_equal(passed(puppet, 3), 0);
	wg_sim_run(sim, 2 * WG_MILLISECOND);
	assert_int_equal(passed(puppet, 3), 1);
	wg_sim_run(sim, 200 * WG_MILLISECOND);
	load(stranger);
	assert_int_equal(passed(puppet, 8), 4);
	/* Saved up is never more than five. */
	wg_sim_run(sim, 5 * WG_SECOND);
	load(stranger);
	assert_int_equal(passed(puppet, 10), 5);
	wg_sim_free(sim);
}

static void test_the_limit_is_of_an_ipv4_address_or_an_ipv6_64(void **state)
{
	struct wg_puppet *puppet = stage(8, false);
	struct wg_puppet *stranger = wg_puppet_new(puppet->node);
	uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8, 0x99, [15] = 1};

	(void)state;
	get_cookie(puppet, stranger);
	assert_int_equal(passed(puppet, 9), 5);
	puppet->endpoint.ip.bytes[3] = 77;
	get_cookie(puppet, stranger);
	assert_int_equal(passed(puppet, 9), 5);
	puppet->endpoint.ip = wg_ip_from_bytes(WG_FAMILY_IPV6, six);
	get_cookie(puppet, stranger);
	assert_int_equal(passed(puppet, 9), 5);
	six[15] = 2;
	puppet->endpoint.ip = wg_ip_from_bytes(WG_FAMILY_IPV6, six);
	get_cookie(puppet, stranger);
	assert_true(passed(puppet, 9) <= 1); /* 30 ms went by */
	six[7] = 1;
	puppet->endpoint.ip = wg_ip_from_bytes(WG_FAMILY_IPV6, six);
	get_cookie(puppet, stranger);
	assert_int_equal(passed(puppet, 9), 5);
	wg_sim_free(puppet->node->sim);
}

static void test_the_rate_limiter_sleeps_when_nobody_comes(void **state)
{
	struct wg_puppet *puppet = stage(9, false);
	struct wg_puppet *stranger = wg_puppet_new(puppet->node);

	(void)state;
	get_cookie(puppet, stranger);
	passed(puppet, 9);
	wg_sim_run(puppet->node->sim, 10 * WG_SECOND);
	assert_true(wg_device_due(puppet->node->device) == WG_NEVER);
	wg_sim_free(puppet->node->sim);
}

static void test_a_queue_full_of_strangers_keeps_no_holder_of_a_cookie_out(void **state)
{
	struct wg_puppet *puppet = stage(19, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	get_cookie(puppet, stranger);
	node->busy = true;
	flood(stranger, QUEUE_LEN + 100);
	wg_puppet_initiate(puppet);
	flood(stranger, 100);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_QUEUE_FULL), 200);
	wg_drive_act(node); /* the next turn is its own */
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	node->busy = false;
	soon(puppet);
	assert_true(wg_puppet_complete(puppet));
	wg_puppet_send(puppet, NULL, 0);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_free(node->sim);
}

static void test_a_cookie_that_came_before_the_load_did_counts(void **state)
{
	struct wg_puppet *puppet = stage(20, false);
	struct wg_sim_node *node = puppet->node;
	struct wg_puppet *stranger = wg_puppet_new(node);

	(void)state;
	get_cookie(puppet, stranger);
	wg_sim_run(node->sim, 2 * WG_SECOND);
	node->busy = true;
	wg_puppet_initiate(puppet);
	flood(stranger, LOAD_LEN);
	node->busy = false;
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
	wg_sim_free(node->sim);
}

static void test_a_turn_answers_few_of_many_strangers_with_cookies(void **state)
{
	struct wg_puppet *stranger = stage(21, false);
	struct wg_sim_node *node = stranger->node;
	size_t mark;

	(void)state;
	flood(stranger, QUEUE_LEN);
	node->busy = true;
	for (unsigned int i = 0; i < 5; i++) {
		mark = wg_sim_mark(node->sim);
		wg_drive_act(node);
		assert_int_equal(wg_sim_count(node, WG_MESSAGE_COOKIE_REPLY, mark), REPLIES);
	}
	/* None of them cost more than that. */
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNDER_LOAD), 5 * REPLIES);
	node->busy = false;
	wg_sim_free(node->sim);
}

static void test_cookies_are_handed_out_while_all_exchanges_are_at_work(void **state)
{
	struct wg_puppet *stranger = stage(23, false);
	struct wg_sim_node *node = stranger->node;

	(void)state;
	flood(stranger, 100);
	node->busy = true;
	node->sim->jobs = WG_SIM_WORKERS;
	while (wg_device_due(node->device) <= 0)
		wg_device_tick(node->device, wg_sim_now(node), &node->out);
	flood(stranger, LOAD_LEN);
	assert_true(wg_device_due(node->device) <= 0);
	wg_device_tick(node->device, wg_sim_now(node), &node->out);
	wg_drive_flush(&node->out);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_COOKIE_REPLY, 0), REPLIES);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 0);
	node->busy = false;
	wg_sim_run(node->sim, WG_SECOND);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	wg_sim_free(node->sim);
}

/* All exchanges are at the workers, so turns find few that are free. */
static void test_neither_our_initiations_nor_those_of_others_starve(void **state)
{
	struct wg_puppet *puppet = stage(22, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		struct wg_puppet *peer = wg_puppet_new(node);

		wg_puppet_befriend(peer, true);
		node->busy = true;
		wg_sim_send_ip(node, &node->inner4, &peer->inner4, 0, 100);
	}
	flood(puppet, 400);
	node->busy = false;
	node->sim->jobs = WG_SIM_WORKERS;
	while (wg_sim_count(node, WG_MESSAGE_INITIATION, 0) < 16)
		wg_sim_run(node->sim, WG_MILLISECOND / 10);
	assert_in_range(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 6, 40);
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 400);
	wg_sim_free(node->sim);
}

static void test_a_flood_stops_no_session_and_takes_bounded_memory(void **state)
{
	struct wg_sim *sim = wg_sim_pair(10);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_puppet *stranger = wg_puppet_new(a);
	size_t held;

	(void)state;
	wg_sim_assert_works(a, b);
	held = wg_pool_bytes_held(a->pool);
	a->busy = true;
	for (int i = 0; i < 10; i++) {
		uint64_t there = wg_sim_send(a, b);
		uint64_t back = wg_sim_send(b, a);

		flood(stranger, 1000);
		wg_sim_run(sim, 50 * WG_MILLISECOND);
		assert_int_equal(wg_sim_got(b, there), 1);
		assert_int_equal(wg_sim_got(a, back), 1);
	}
	assert_int_equal(wg_pool_bytes_used(a->pool), 0);
	assert_int_equal(wg_pool_bytes_held(a->pool), held);
	assert_int_equal(wg_sim_drops(a, WG_DROP_IN_QUEUE_FULL), 10000 - QUEUE_LEN);
	a->busy = false;
	wg_sim_assert_works(a, b);
	wg_sim_free(sim);
}

static void test_a_turn_takes_few_of_many_waiting_handshakes(void **state)
{
	struct wg_puppet *puppet = stage(16, false);
	struct wg_sim_node *node = puppet->node;
	size_t most = 0;

	(void)state;
	flood(puppet, 400);
	node->sim->jobs = WG_SIM_WORKERS;
	while (wg_device_due(node->device) <= 0) {
		wg_drive_act(node);
		most = node->n_pending > most ? node->n_pending : most;
	}
	assert_true(most >= 1 && most <= 32);
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_HANDSHAKE), 400);
	wg_sim_free(node->sim);
}

static void test_a_flood_locks_nobody_out(void **state)
{
	struct wg_sim *sim = wg_sim_pair(11);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	struct wg_puppet *stranger = wg_puppet_new(a);
	uint64_t id = wg_sim_send(b, a);

	(void)state;
	/* B's first initiation earns a cookie, its retry carries it. */
	for (int i = 0; i < 60; i++) {
		load(stranger);
		wg_sim_run(sim, 100 * WG_MILLISECOND);
	}
	assert_int_equal(wg_sim_got(a, id), 1);
	assert_true(wg_sim_drops(a, WG_DROP_IN_UNDER_LOAD) > 60 * LOAD_LEN);
	wg_sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookies_are_asked_for_only_when_the_queue_passed_an_eighth),
		cmocka_unit_test(test_load_ends_a_second_after_the_queue_was_long),
		cmocka_unit_test(test_under_load_a_cookie_opens_the_door),
		cmocka_unit_test(test_a_cookie_is_of_one_address_and_port),
		cmocka_unit_test(test_under_load_a_wrong_mac1_gets_nothing),
		cmocka_unit_test(test_a_response_that_is_awaited_needs_no_cookie),
		cmocka_unit_test(test_a_flood_of_responses_has_to_show_cookies),
		cmocka_unit_test(test_a_response_that_nobody_awaits_takes_no_room),
		cmocka_unit_test(test_handshakes_of_one_source_are_limited_to_20_a_second),
		cmocka_unit_test(test_the_limit_is_of_an_ipv4_address_or_an_ipv6_64),
		cmocka_unit_test(test_the_rate_limiter_sleeps_when_nobody_comes),
		cmocka_unit_test(test_a_queue_full_of_strangers_keeps_no_holder_of_a_cookie_out),
		cmocka_unit_test(test_a_cookie_that_came_before_the_load_did_counts),
		cmocka_unit_test(test_a_turn_answers_few_of_many_strangers_with_cookies),
		cmocka_unit_test(test_cookies_are_handed_out_while_all_exchanges_are_at_work),
		cmocka_unit_test(test_neither_our_initiations_nor_those_of_others_starve),
		cmocka_unit_test(test_a_flood_stops_no_session_and_takes_bounded_memory),
		cmocka_unit_test(test_a_turn_takes_few_of_many_waiting_handshakes),
		cmocka_unit_test(test_a_flood_locks_nobody_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
