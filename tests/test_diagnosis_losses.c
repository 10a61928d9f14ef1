/* What doctor says of packets that were lost around the engine. */
#include "diagnosis.h"

#define LOSSES (facts.status.lately.losses)
#define DROPS  (facts.status.lately.drops)

/* So many packets went both ways in the last minutes. */
static void carry(uint64_t packets)
{
	facts.status.lately_sec = 7 * 60;
	facts.status.lately.out = packets;
	facts.status.lately.in = packets;
}

static void test_losses_are_noted_and_warned_of_when_they_are_felt(void **state)
{
	static const struct {
		uint64_t *lost;
		const char *note;
		const char *warning;
		const char *remedy;
	} cases[] = {
		{LOSSES + WG_LOSS_LINK_QUEUE, "n link-queue", "w link-queue", "set wg0 txq"},
		{LOSSES + WG_LOSS_SOCKET_QUEUE, "n socket-queue", "w socket-queue", "rmem_max"},
		{LOSSES + WG_LOSS_LINK_MEMORY, "n no-memory", "w no-memory", "MemoryMax"},
		{LOSSES + WG_LOSS_SOCKET_MEMORY, "n no-memory", "w no-memory", "MemoryMax"},
		{DROPS + WG_DROP_OUT_QUEUE_FULL, "n out-queue", "w out-queue", "set eth0 txq"},
		{DROPS + WG_DROP_OUT_NO_MEMORY, "n no-memory", "w no-memory", "MemoryMax"},
		{DROPS + WG_DROP_IN_NO_MEMORY, "n no-memory", "w no-memory", "MemoryMax"},
	};

	(void)state;
	carry(10000);
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		uint64_t *lost = cases[i].lost;

		*lost = 10;
		assert_string_equal(diagnose(), cases[i].note);
		assert_said(cases[i].remedy);
		start_again();
		*lost = 11;
		assert_string_equal(diagnose(), cases[i].warning);
		assert_said("lost in the last 7 minutes, where 10000 went");
		assert_said("11 ");
		start_again();
		*lost = 0;
	}
	LOSSES[WG_LOSS_LINK_MEMORY] = 1;
	LOSSES[WG_LOSS_SOCKET_MEMORY] = 1;
	assert_string_equal(diagnose(), "n no-memory; n no-memory");
	assert_false(wg_check_has_problems(&check));
}

static void test_what_was_lost_long_ago_is_no_finding(void **state)
{
	(void)state;
	carry(10);
	for (int loss = 0; loss < WG_LOSS_COUNT; loss++)
		facts.status.losses[loss] = 1000000;
	for (int reason = 0; reason < WG_DROP_COUNT; reason++)
		facts.status.drops[reason] = 1000000;
	assert_string_equal(diagnose(), "");
}

static void test_a_full_queue_on_one_of_several_ways_out_names_none(void **state)
{
	static struct wg_facts_way two[2];
	struct wg_config_peer *other = wg_config_add_peer(&facts.status.config);

	(void)state;
	assert_non_null(other);
	*other = facts.status.config.peers[0];
	other->allowed_ips = NULL;
	other->n_allowed_ips = 0;
	other->allowed_ips_capacity = 0;
	two[0] = ways[0];
	two[1] = ways[0];
	two[1].route.link = LO;
	facts.ways = two;
	carry(10);
	DROPS[WG_DROP_OUT_QUEUE_FULL] = 1;
	assert_string_equal(diagnose(), "w out-queue");
	assert_said("ip link set LINK txqueuelen");
	start_again();
	two[1].error = -ENETUNREACH;
	diagnose();
	assert_said("ip link set eth0 txqueuelen");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_losses_are_noted_and_warned_of_when_they_are_felt),
		TEST(test_what_was_lost_long_ago_is_no_finding),
		TEST(test_a_full_queue_on_one_of_several_ways_out_names_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
