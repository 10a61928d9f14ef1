/* Keepalives, of either kind, on a clock of their own. */
#include "sim/scene.h"
#include "sim/timers.h"

static void test_received_data_earns_one_keepalive_after_10_s(void **state)
{
	struct wg_sim *sim;
	struct wg_sim_node *a;
	struct wg_sim_node *b;
	size_t mark;
	wg_time start;

	(void)state;
	begin(&sim, 11);
	a = &sim->nodes[0];
	b = &sim->nodes[1];
	wg_sim_run(sim, 60 * WG_SECOND);
	mark = wg_sim_mark(sim);
	start = sim->now;
	wg_sim_send(a, b);
	wg_sim_run(sim, 50 * WG_SECOND);
	/* Nothing answers the keepalive itself. */
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_TRANSPORT, mark), 1);
	assert_int_equal(wg_sim_count(b, WG_MESSAGE_TRANSPORT, mark), 1);
	assert_int_equal(keepalives(b, mark), 1);
	assert_int_equal(wg_sim_last(b, WG_MESSAGE_TRANSPORT)->at,
			 start + sim->net.delay + 10 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 0);
	wg_sim_free(sim);
}

static void test_a_pending_keepalive_is_not_moved_but_earns_another(void **state)
{
	struct wg_sim *sim;
	struct wg_sim_node *b;
	size_t mark;
	wg_time start;

	(void)state;
	begin(&sim, 12);
	b = &sim->nodes[1];
	wg_sim_run(sim, 30 * WG_SECOND);
	mark = wg_sim_mark(sim);
	start = sim->now + sim->net.delay;
	wg_sim_send(&sim->nodes[0], b);
	wg_sim_run(sim, 5 * WG_SECOND);
	wg_sim_send(&sim->nodes[0], b);
	wg_sim_run(sim, 50 * WG_SECOND);
	assert_int_equal(keepalives(b, mark), 2);
	assert_int_equal(wg_sim_nth(b, WG_MESSAGE_TRANSPORT, mark, 0)->at, start + 10 * WG_SECOND);
	assert_int_equal(wg_sim_nth(b, WG_MESSAGE_TRANSPORT, mark, 1)->at, start + 20 * WG_SECOND);
	wg_sim_free(sim);
}

static void test_any_send_cancels_the_pending_keepalive(void **state)
{
	struct wg_sim *sim;
	struct wg_sim_node *a;
	struct wg_sim_node *b;
	size_t mark;

	(void)state;
	begin(&sim, 13);
	a = &sim->nodes[0];
	b = &sim->nodes[1];
	wg_sim_run(sim, 30 * WG_SECOND);
	mark = wg_sim_mark(sim);
	wg_sim_send(a, b);
	wg_sim_run(sim, 5 * WG_SECOND);
	wg_sim_send(b, a);
	wg_sim_run(sim, 30 * WG_SECOND);
	assert_int_equal(keepalives(b, mark), 0);
	assert_int_equal(keepalives(a, mark), 1);
	wg_sim_free(sim);
}

static void test_unanswered_data_starts_a_handshake_15_s_after_the_first(void **state)
{
	struct wg_sim *sim;
	struct wg_sim_node *a;
	const struct wg_sim_datagram *initiation;
	size_t mark;
	wg_time start;

	(void)state;
	begin(&sim, 14);
	a = &sim->nodes[0];
	wg_sim_run(sim, 30 * WG_SECOND);
	sim->net.loss = 1000;
	mark = wg_sim_mark(sim);
	start = sim->now;
	for (int i = 0; i < 3; i++) {
		wg_sim_send(a, &sim->nodes[1]);
		wg_sim_run(sim, 5 * WG_SECOND);
	}
	wg_sim_run(sim, 4 * WG_SECOND);
	initiation = wg_sim_nth(a, WG_MESSAGE_INITIATION, mark, 0);
	assert_non_null(initiation);
	assert_between(initiation->at, start + 15 * WG_SECOND, start + 15 * WG_SECOND + JITTER);
	/* The source is pinned by what came in, and forgotten by the timer. */
	assert_int_equal(wg_sim_nth(a, WG_MESSAGE_TRANSPORT, mark, 0)->path.local.family,
			 WG_FAMILY_IPV4);
	assert_int_equal(initiation->path.local.family, WG_FAMILY_NONE);
	wg_sim_free(sim);
}

static void test_a_keepalive_needs_no_answer(void **state)
{
	struct wg_sim *sim;
	struct wg_sim_node *a;
	size_t mark;

	(void)state;
	begin(&sim, 15);
	a = &sim->nodes[0];
	wg_sim_run(sim, 30 * WG_SECOND);
	mark = wg_sim_mark(sim);
	wg_sim_send(&sim->nodes[1], a);
	wg_sim_run(sim, WG_SECOND);
	sim->net.filter = drop_b;
	wg_sim_run(sim, 50 * WG_SECOND);
	assert_int_equal(keepalives(a, mark), 1);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 0);
	wg_sim_free(sim);
}

static void test_persistent_keepalives_follow_the_last_packet_either_way(void **state)
{
	struct wg_puppet *puppet = stage(16, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_sim *sim = node->sim;
	wg_time last;
	size_t mark;

	(void)state;
	wg_sim_set_keepalive(node, puppet->identity.public_key, 25);
	wg_puppet_shake(puppet);
	last = sim->now;
	mark = wg_sim_mark(sim);
	/* The first comes sooner, so that those of many peers are not in step. */
	wg_sim_run(sim, 25 * WG_SECOND);
	assert_int_equal(keepalives(node, mark), 1);
	assert_between(wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, 0)->at,
		       last + 25 * WG_SECOND / 2, last + 25 * WG_SECOND);
	last = wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, 0)->at;
	mark = wg_sim_mark(sim);
	run_until(sim, last + 60 * WG_SECOND);
	assert_int_equal(keepalives(node, mark), 2);
	assert_int_equal(wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, 0)->at,
			 last + 25 * WG_SECOND);
	assert_int_equal(wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, 1)->at,
			 last + 50 * WG_SECOND);
	wg_puppet_send(puppet, NULL, 0);
	wg_sim_run(sim, 30 * WG_SECOND);
	assert_int_equal(keepalives(node, mark), 3);
	assert_int_equal(wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, 2)->at,
			 last + 85 * WG_SECOND);
	wg_sim_set_keepalive(node, puppet->identity.public_key, 0);
	wg_sim_run(sim, 60 * WG_SECOND);
	assert_int_equal(keepalives(node, mark), 3);
	wg_sim_free(sim);
}

static void test_a_persistent_keepalive_keeps_a_tunnel_up_for_hours(void **state)
{
	struct wg_sim *sim = wg_sim_pair(17);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];

	(void)state;
	wg_sim_set_keepalive(a, b->public_key, 25);
	for (int i = 0; i < 100; i++) {
		uint64_t id;

		wg_sim_run(sim, 100 * WG_SECOND);
		id = wg_sim_send(b, a);
		wg_sim_run(sim, 50 * WG_MILLISECOND);
		assert_int_equal(wg_sim_got(a, id), 1);
	}
	/* It wakes for what it sends, and for nothing else. */
	assert_true(a->ticks < 10000 / 25 * 3);
	wg_sim_free(sim);
}

static void test_a_persistent_keepalive_without_endpoint_sends_and_spins_nothing(void **state)
{
	struct wg_puppet *puppet = stage(18, false);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_sim_set_keepalive(node, puppet->identity.public_key, 1);
	wg_sim_run(node->sim, 3600 * WG_SECOND);
	assert_int_equal(node->sim->n_sent, 0);
	assert_true(node->ticks <= 3700);
	wg_sim_free(node->sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received_data_earns_one_keepalive_after_10_s),
		cmocka_unit_test(test_a_pending_keepalive_is_not_moved_but_earns_another),
		cmocka_unit_test(test_any_send_cancels_the_pending_keepalive),
		cmocka_unit_test(test_unanswered_data_starts_a_handshake_15_s_after_the_first),
		cmocka_unit_test(test_a_keepalive_needs_no_answer),
		cmocka_unit_test(test_persistent_keepalives_follow_the_last_packet_either_way),
		cmocka_unit_test(test_a_persistent_keepalive_keeps_a_tunnel_up_for_hours),
		cmocka_unit_test(
			test_a_persistent_keepalive_without_endpoint_sends_and_spins_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
