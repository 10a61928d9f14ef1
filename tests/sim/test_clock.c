/* Clocks that jump: the wall clock by a year, as by a battery that is empty or a typing
 * error, and all clocks by a night's suspend. */
#include "core/timers.h"
#include "sim/scene.h"
#include "sim/sim.h"

#define YEAR  (365 * 86400 * WG_SECOND)
#define NIGHT (8 * 3600 * WG_SECOND)

/* An initiation that was lost is sent again by then, jitter included. */
#define RETRIED (WG_REKEY_TIMEOUT + WG_SECOND)

/* Packets both ways for longer than a session lasts: every one arrives. */
static void assert_nothing_is_lost(struct wg_sim_node *a, struct wg_sim_node *b)
{
	for (int i = 0; i < 30; i++) {
		uint64_t there = wg_sim_send(a, b);
		uint64_t back;

		wg_sim_run(a->sim, WG_SECOND);
		back = wg_sim_send(b, a);
		wg_sim_run(a->sim, WG_SECOND);
		assert_int_equal(wg_sim_got(b, there), 1);
		assert_int_equal(wg_sim_got(a, back), 1);
		wg_sim_run(a->sim, 8 * WG_SECOND);
	}
}

static void test_a_wall_clock_that_steps_by_a_year_costs_no_packet(void **state)
{
	static const int years[] = {-1, 1, 1, -2, 50, -90};

	(void)state;
	for (int which = 0; which < 3; which++) {
		struct wg_sim *sim = wg_sim_pair(1);
		struct wg_sim_node *a = &sim->nodes[0];
		struct wg_sim_node *b = &sim->nodes[1];

		wg_sim_assert_works(a, b);
		for (size_t i = 0; i < WG_ARRAY_LEN(years); i++) {
			if (which != 1)
				a->wall_offset += years[i] * YEAR;
			if (which != 0)
				b->wall_offset += years[i] * YEAR;
			assert_nothing_is_lost(a, b);
			assert_int_equal(wg_sim_drops(a, WG_DROP_IN_OLD_TIMESTAMP), 0);
			assert_int_equal(wg_sim_drops(b, WG_DROP_IN_OLD_TIMESTAMP), 0);
		}
		wg_sim_free(sim);
	}
}

/* Whoever was told to is silent for a night. What is awake goes on calling meanwhile, but
 * only as often as it may; and afterwards it works at once, whoever speaks first. */
static void sleep_through(unsigned int sleepers, uint16_t keepalive, bool sleeper_first)
{
	struct wg_sim *sim = wg_sim_pair(2);
	struct wg_sim_node *a = &sim->nodes[0];
	struct wg_sim_node *b = &sim->nodes[1];
	size_t mark;
	uint64_t id;

	wg_sim_assert_works(a, b);
	wg_sim_set_keepalive(a, b->public_key, keepalive);
	wg_sim_set_keepalive(b, a->public_key, keepalive);
	wg_sim_run(sim, 30 * WG_SECOND); /* until nobody owes an answer */
	mark = wg_sim_mark(sim);
	a->asleep = sleepers & 1;
	b->asleep = sleepers & 2;
	wg_sim_run(sim, NIGHT);
	for (unsigned int i = 0; i < 2; i++)
		assert_true(wg_sim_count(&sim->nodes[i], WG_MESSAGE_INITIATION, mark) <=
			    NIGHT / WG_REKEY_TIMEOUT);
	if (!keepalive)
		assert_int_equal(wg_sim_mark(sim), mark);
	a->asleep = b->asleep = false;
	mark = wg_sim_mark(sim);
	if (!sleeper_first) {
		struct wg_sim_node *other = a;

		a = b;
		b = other;
	}
	id = wg_sim_send(a, b);
	/* Who called in vain just before may have to wait until it may call again; and where
	 * both call at once neither is answered, and chance has them call again apart. */
	wg_sim_run(sim, keepalive ? 2 * RETRIED : WG_SECOND);
	assert_int_equal(wg_sim_got(b, id), 1);
	assert_true(wg_sim_count(a, WG_MESSAGE_INITIATION, mark) <= 3);
	assert_true(wg_sim_count(b, WG_MESSAGE_INITIATION, mark) <= 3);
	wg_sim_assert_works(a, b);
	wg_sim_free(sim);
}

static void test_after_eight_hours_of_suspend_it_works_at_once(void **state)
{
	(void)state;
	for (unsigned int sleepers = 1; sleepers < 4; sleepers++)
		for (int keepalive = 0; keepalive < 2; keepalive++)
			for (int first = 0; first < 2; first++)
				sleep_through(sleepers, keepalive ? 25 : 0, first);
}

/* A machine that starts with a clock of long ago: the peer says why it is refused, and lets
 * it in when the clock is right. */
static void test_who_starts_a_year_back_is_let_in_when_its_clock_is_right(void **state)
{
	struct wg_puppet *puppet = stage(3, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_tai64n_clock right;

	(void)state;
	puppet->clock.sec = wg_sim_now(node).wall_sec + YEAR / WG_SECOND;
	wg_puppet_shake(puppet);
	right = puppet->clock;
	for (uint32_t i = 1; i <= 3; i++) {
		puppet->clock = (struct wg_tai64n_clock){0};
		wg_puppet_initiate(puppet);
		wg_sim_run(node->sim, WG_SECOND);
		assert_false(wg_puppet_complete(puppet));
		assert_int_equal(wg_sim_describe(node, puppet->identity.public_key)
					 .health.timestamps_refused,
				 i);
	}
	puppet->clock = right;
	wg_puppet_shake(puppet);
	assert_int_equal(
		wg_sim_describe(node, puppet->identity.public_key).health.timestamps_refused, 0);
	wg_sim_free(node->sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_wall_clock_that_steps_by_a_year_costs_no_packet),
		cmocka_unit_test(test_after_eight_hours_of_suspend_it_works_at_once),
		cmocka_unit_test(test_who_starts_a_year_back_is_let_in_when_its_clock_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
