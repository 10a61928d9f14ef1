/* Every timer, on a clock of its own. */
#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

#define JITTER (333 * WG_MILLISECOND)

static bool drop_b(void *ctx, const struct wg_sim_datagram *datagram)
{
	(void)ctx;
	return datagram->from != 1;
}

/* A pair with a session that node 0 initiated at the returned time. */
static wg_time begin(struct wg_sim **sim, uint64_t seed)
{
	wg_time start;

	*sim = wg_sim_pair(seed);
	start = (*sim)->now;
	wg_sim_assert_works(&(*sim)->nodes[0], &(*sim)->nodes[1]);
	return start;
}

static void run_until(struct wg_sim *sim, wg_time when)
{
	assert_true(when >= sim->now);
	wg_sim_run(sim, when - sim->now);
}

static void assert_between(wg_time value, wg_time least, wg_time most)
{
	assert_true(value >= least);
	assert_true(value <= most);
}

/* How many of node's data messages since mark are keepalives. */
static size_t keepalives(const struct wg_sim_node *node, size_t mark)
{
	size_t n = 0;
	const struct wg_sim_datagram *datagram;

	for (size_t i = 0; (datagram = wg_sim_nth(node, WG_MESSAGE_TRANSPORT, mark, i)); i++)
		n += datagram->len == 32;
	return n;
}

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
		cmocka_unit_test(test_received_data_earns_one_keepalive_after_10_s),
		cmocka_unit_test(test_a_pending_keepalive_is_not_moved_but_earns_another),
		cmocka_unit_test(test_any_send_cancels_the_pending_keepalive),
		cmocka_unit_test(test_unanswered_data_starts_a_handshake_15_s_after_the_first),
		cmocka_unit_test(test_a_keepalive_needs_no_answer),
		cmocka_unit_test(test_persistent_keepalives_follow_the_last_packet_either_way),
		cmocka_unit_test(test_a_persistent_keepalive_keeps_a_tunnel_up_for_hours),
		cmocka_unit_test(
			test_a_persistent_keepalive_without_endpoint_sends_and_spins_nothing),
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
