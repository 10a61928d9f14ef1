/* Every timer but the keepalives', on a clock of its own. */
#include "sim/scene.h"
#include "sim/timers.h"

static void test_an_unanswered_initiation_is_retried_18_times_and_then_given_up(void **state)
{
	struct wg_sim *sim = wg_sim_pair(1);
	struct wg_sim_node *a = &sim->nodes[0];
	wg_time least = WG_NEVER;
	wg_time most = 0;
	uint64_t id;

	(void)state;
	sim->net.loss = 1000;
	id = wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, 200 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 1 + 18);
	for (size_t i = 0; i < 18; i++) {
		wg_time gap = wg_sim_nth(a, WG_MESSAGE_INITIATION, 0, i + 1)->at -
			      wg_sim_nth(a, WG_MESSAGE_INITIATION, 0, i)->at;

		assert_between(gap, 5 * WG_SECOND, 5 * WG_SECOND + JITTER);
		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
	}
	assert_true(most - least > 50 * WG_MILLISECOND);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_ANSWER), 1);
	wg_sim_run(sim, 600 * WG_SECOND);
	assert_true(wg_device_due(a->device) == WG_NEVER);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, 0), 19);
	sim->net.loss = 0;
	wg_sim_assert_works(a, &sim->nodes[1]);
	assert_int_equal(wg_sim_got(&sim->nodes[1], id), 0);
	wg_sim_free(sim);
}

static void test_new_data_resets_the_count_of_retries(void **state)
{
	struct wg_sim *sim = wg_sim_pair(2);
	struct wg_sim_node *a = &sim->nodes[0];
	wg_time again;

	(void)state;
	sim->net.loss = 1000;
	wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, 61 * WG_SECOND);
	again = sim->now;
	wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, 300 * WG_SECOND);
	assert_between(wg_sim_last(a, WG_MESSAGE_INITIATION)->at, again + 85 * WG_SECOND,
		       again + 102 * WG_SECOND);
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_ANSWER), 2);
	wg_sim_free(sim);
}

static void test_given_up_an_engine_rests_until_there_is_new_data(void **state)
{
	struct wg_sim *sim = wg_sim_pair(3);
	struct wg_sim_node *a = &sim->nodes[0];
	size_t mark;

	(void)state;
	sim->net.loss = 1000;
	wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, 120 * WG_SECOND);
	mark = wg_sim_mark(sim);
	wg_sim_run(sim, 60 * WG_SECOND);
	assert_int_equal(wg_sim_mark(sim), mark);
	wg_sim_send(a, &sim->nodes[1]);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 1);
	wg_sim_run(sim, 120 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 19);
	wg_sim_free(sim);
}

static void test_the_initiator_rekeys_when_it_sends_after_120_s(void **state)
{
	struct wg_sim *sim;
	wg_time start = begin(&sim, 4);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	size_t mark;
	uint64_t id;

	(void)state;
	run_until(sim, start + 119900 * WG_MILLISECOND);
	mark = wg_sim_mark(sim);
	wg_sim_send(a, b);
	run_until(sim, start + 120200 * WG_MILLISECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 0);
	id = wg_sim_send(a, b);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 1);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_TRANSPORT, mark), 2);
	wg_sim_run(sim, WG_SECOND);
	assert_int_equal(wg_sim_got(b, id), 1);
	wg_sim_send(a, b);
	wg_sim_run(sim, 30 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 1);
	wg_sim_free(sim);
}

static void test_the_responder_never_rekeys_on_sending_and_nobody_when_idle(void **state)
{
	struct wg_sim *sim;
	wg_time start = begin(&sim, 5);
	struct wg_sim_node *b = &sim->nodes[1];
	size_t mark = wg_sim_mark(sim);

	(void)state;
	run_until(sim, start + 130 * WG_SECOND);
	assert_int_equal(wg_sim_count(&sim->nodes[0], WG_MESSAGE_INITIATION, mark), 0);
	wg_sim_send(b, &sim->nodes[0]);
	wg_sim_run(sim, 5 * WG_SECOND);
	assert_int_equal(wg_sim_count(b, WG_MESSAGE_INITIATION, mark), 0);
	assert_int_equal(wg_sim_count(b, WG_MESSAGE_TRANSPORT, mark), 1);
	wg_sim_free(sim);
}

static void test_the_initiator_rekeys_when_it_receives_after_165_s(void **state)
{
	static const struct {
		wg_time age;
		size_t initiations;
	} cases[] = {{164500 * WG_MILLISECOND, 0}, {165500 * WG_MILLISECOND, 1}};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_sim *sim;
		wg_time start = begin(&sim, 6);
		size_t mark = wg_sim_mark(sim);

		run_until(sim, start + cases[i].age);
		wg_sim_send(&sim->nodes[1], &sim->nodes[0]);
		wg_sim_run(sim, 200 * WG_MILLISECOND);
		assert_int_equal(wg_sim_count(&sim->nodes[0], WG_MESSAGE_INITIATION, mark),
				 cases[i].initiations);
		wg_sim_free(sim);
	}
}

static void test_a_responder_does_not_rekey_when_it_receives_late(void **state)
{
	struct wg_puppet *puppet = stage(7, true);
	struct wg_sim_node *node = puppet->node;

	(void)state;
	wg_puppet_shake(puppet);
	wg_sim_run(node->sim, 170 * WG_SECOND);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 0);
	wg_sim_free(node->sim);
}

static void test_a_session_does_not_send_after_180_s(void **state)
{
	(void)state;
	for (size_t sender = 0; sender < 2; sender++) {
		struct wg_sim *sim;
		wg_time start = begin(&sim, 8);
		struct wg_sim_node *node = &sim->nodes[sender];
		struct wg_sim_node *other = &sim->nodes[1 - sender];
		size_t mark;
		uint64_t id;

		run_until(sim, start + 180100 * WG_MILLISECOND);
		mark = wg_sim_mark(sim);
		id = wg_sim_send(node, other);
		assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, mark), 0);
		assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, mark), 1);
		wg_sim_run(sim, WG_SECOND);
		assert_int_equal(wg_sim_got(other, id), 1);
		wg_sim_free(sim);
	}
}

static void test_a_session_does_not_receive_after_180_s(void **state)
{
	struct wg_puppet *puppet = stage(9, false);
	struct wg_sim_node *node = puppet->node;
	wg_time start = node->sim->now;

	(void)state;
	wg_puppet_shake(puppet);
	run_until(node->sim, start + 179900 * WG_MILLISECOND);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 1);
	run_until(node->sim, start + 180100 * WG_MILLISECOND);
	assert_int_equal(wg_sim_got(node, wg_puppet_send_data(puppet)), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_EXPIRED), 1);
	wg_sim_free(node->sim);
}

static void test_everything_is_wiped_540_s_after_the_last_session(void **state)
{
	struct wg_puppet *puppet = stage(10, false);
	struct wg_sim_node *node = puppet->node;
	wg_time start = node->sim->now;

	(void)state;
	wg_puppet_shake(puppet);
	run_until(node->sim, start + 539 * WG_SECOND);
	wg_puppet_send_data(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_EXPIRED), 1);
	run_until(node->sim, start + 541 * WG_SECOND);
	wg_puppet_send_data(puppet);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_EXPIRED), 1);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_UNKNOWN_INDEX), 1);
	assert_true(wg_device_due(node->device) == WG_NEVER);
	assert_int_equal(node->n_got, 0);
	wg_sim_free(node->sim);
}

static void test_a_swallowed_try_is_made_up_for_when_5_s_are_over(void **state)
{
	struct wg_puppet *puppet = stage(19, true);
	struct wg_sim_node *node = puppet->node;
	const struct wg_ip *to = &puppet->inner4;
	wg_time start;

	(void)state;
	wg_puppet_initiate(puppet);
	start = node->sim->now;
	wg_sim_run(node->sim, WG_SECOND);
	wg_sim_send_ip(node, &node->inner4, to, 0, 100);
	run_until(node->sim, start + 4990 * WG_MILLISECOND);
	wg_sim_send_ip(node, &node->inner4, to, 0, 100);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 0);
	run_until(node->sim, start + 5 * WG_SECOND + JITTER);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 1);
	soon(puppet);
	assert_true(wg_puppet_respond(puppet));
	soon(puppet);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 2);
	wg_sim_free(node->sim);
}

static void test_what_waited_before_the_other_side_began_does_not_wait_for_ever(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 16; seed++) {
		struct wg_puppet *puppet = stage(seed, true);
		struct wg_sim_node *node = puppet->node;

		/* The peer's initiation takes the place of our own, sometimes before that
		 * has been sent, and is never confirmed. */
		node->sim->jobs = WG_SIM_WORKERS;
		node->busy = true;
		send_to_puppet(puppet);
		wg_puppet_initiate(puppet);
		node->busy = false;
		wg_sim_run(node->sim, WG_SECOND);
		assert_int_equal(wg_sim_count(node, WG_MESSAGE_RESPONSE, 0), 1);
		wg_sim_run(node->sim, 10 * WG_SECOND + 2 * JITTER);
		assert_true(wg_sim_last(node, WG_MESSAGE_INITIATION) != NULL);
		wg_puppet_clear(puppet);
		wg_sim_run(node->sim, 120 * WG_SECOND);
		assert_int_equal(wg_sim_count(node, WG_MESSAGE_TRANSPORT, 0), 0);
		assert_int_equal(wg_sim_drops(node, WG_DROP_OUT_NO_ANSWER), 1);
		wg_sim_free(node->sim);
	}
}

static void test_data_again_and_again_keeps_no_packet_for_longer_than_90_s(void **state)
{
	struct wg_sim *sim = wg_sim_pair(25);
	struct wg_sim_node *a = &sim->nodes[0];

	(void)state;
	sim->net.loss = 1000;
	for (int i = 0; i < 60; i++) {
		wg_sim_send(a, &sim->nodes[1]);
		wg_sim_run(sim, 4 * WG_SECOND);
	}
	/* The first went after 90 s, and then one for each that came. */
	assert_int_equal(wg_sim_drops(a, WG_DROP_OUT_NO_ANSWER), (60 * 4 - 90) / 4 + 1);
	sim->net.loss = 0;
	wg_sim_run(sim, 6 * WG_SECOND);
	assert_true(sim->nodes[1].n_got <= 90 / 4 + 1);
	assert_true(sim->nodes[1].n_got >= 90 / 4 - 2);
	wg_sim_free(sim);
}

static void test_a_suspended_machine_finds_its_sessions_expired(void **state)
{
	struct wg_sim *sim;
	struct wg_sim_node *a;
	size_t mark;

	(void)state;
	begin(&sim, 20);
	a = &sim->nodes[0];
	a->asleep = true;
	wg_sim_run(sim, 200 * WG_SECOND);
	a->asleep = false;
	mark = wg_sim_mark(sim);
	wg_sim_assert_works(a, &sim->nodes[1]);
	assert_int_equal(wg_sim_nth(a, WG_MESSAGE_INITIATION, mark, 0)->at, sim->sent[mark]->at);
	wg_sim_free(sim);
}

static void test_missed_deadlines_are_met_once(void **state)
{
	struct wg_sim *sim = wg_sim_pair(21);
	struct wg_sim_node *a = &sim->nodes[0];
	size_t mark;

	(void)state;
	sim->net.loss = 1000;
	wg_sim_send(a, &sim->nodes[1]);
	wg_sim_run(sim, WG_SECOND);
	a->asleep = true;
	wg_sim_run(sim, 60 * WG_SECOND);
	a->asleep = false;
	mark = wg_sim_mark(sim);
	wg_sim_run(sim, 4 * WG_SECOND);
	assert_int_equal(wg_sim_count(a, WG_MESSAGE_INITIATION, mark), 1);
	wg_sim_free(sim);
}

static void test_the_wall_clock_may_step_either_way(void **state)
{
	struct wg_sim *sim = wg_sim_pair(22);
	struct wg_sim_node *a = &sim->nodes[0];

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t id = wg_sim_send(a, &sim->nodes[1]);

		wg_sim_run(sim, WG_SECOND);
		assert_int_equal(wg_sim_got(&sim->nodes[1], id), 1);
		if (i == 30)
			a->wall_offset -= 86400 * WG_SECOND;
		if (i == 60)
			a->wall_offset += 2 * 86400 * WG_SECOND;
		if (i == 80)
			a->wall_offset -= 7 * 86400 * WG_SECOND;
		wg_sim_run(sim, 9 * WG_SECOND);
	}
	assert_true(wg_sim_count(a, WG_MESSAGE_INITIATION, 0) >= 8);
	wg_sim_free(sim);
}

static void test_an_idle_engine_wants_nothing(void **state)
{
	struct wg_sim *sim = wg_sim_pair(23);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	size_t ticks;

	(void)state;
	assert_true(wg_device_due(a->device) == WG_NEVER);
	wg_sim_assert_works(a, b);
	wg_sim_run(sim, 30 * WG_SECOND);
	ticks = a->ticks + b->ticks;
	wg_sim_run(sim, 570 * WG_SECOND);
	/* The wipe of each, and nothing else. */
	assert_true(a->ticks + b->ticks <= ticks + 2);
	assert_true(wg_device_due(a->device) == WG_NEVER);
	assert_true(wg_device_due(b->device) == WG_NEVER);
	wg_sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_an_unanswered_initiation_is_retried_18_times_and_then_given_up),
		cmocka_unit_test(test_new_data_resets_the_count_of_retries),
		cmocka_unit_test(test_given_up_an_engine_rests_until_there_is_new_data),
		cmocka_unit_test(test_the_initiator_rekeys_when_it_sends_after_120_s),
		cmocka_unit_test(test_the_responder_never_rekeys_on_sending_and_nobody_when_idle),
		cmocka_unit_test(test_the_initiator_rekeys_when_it_receives_after_165_s),
		cmocka_unit_test(test_a_responder_does_not_rekey_when_it_receives_late),
		cmocka_unit_test(test_a_session_does_not_send_after_180_s),
		cmocka_unit_test(test_a_session_does_not_receive_after_180_s),
		cmocka_unit_test(test_everything_is_wiped_540_s_after_the_last_session),
		cmocka_unit_test(test_a_swallowed_try_is_made_up_for_when_5_s_are_over),
		cmocka_unit_test(
			test_what_waited_before_the_other_side_began_does_not_wait_for_ever),
		cmocka_unit_test(test_data_again_and_again_keeps_no_packet_for_longer_than_90_s),
		cmocka_unit_test(test_a_suspended_machine_finds_its_sessions_expired),
		cmocka_unit_test(test_missed_deadlines_are_met_once),
		cmocka_unit_test(test_the_wall_clock_may_step_either_way),
		cmocka_unit_test(test_an_idle_engine_wants_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
