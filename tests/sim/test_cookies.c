/* What an engine does with the cookies that it is given. */
#include "sim/ip.h"
#include "sim/scene.h"
#include "sim/sim.h"

/* A cookie reply from the puppet to the last message that the node sent it. */
static void answer_with_cookie(struct wg_puppet *puppet, struct wg_cookie_checker *checker,
			       enum wg_message kind, struct wg_wire_cookie_reply *reply)
{
	const struct wg_sim_datagram *message = wg_sim_last(puppet->node, kind);
	struct wg_random random = wg_test_source(&puppet->random);

	wg_cookie_reply(checker, reply, message->bytes, message->len, message->bytes + 4,
			&message->source, puppet->node->sim->now, &random);
	wg_puppet_say(puppet, reply, sizeof(*reply));
}

/* Whether the node's last message of a kind carries the checker's cookie. */
static enum wg_mac_verdict verdict(struct wg_puppet *puppet, struct wg_cookie_checker *checker,
				   enum wg_message kind)
{
	const struct wg_sim_datagram *message = wg_sim_last(puppet->node, kind);
	struct wg_random random = wg_test_source(&puppet->random);

	return wg_cookie_check(checker, message->bytes, message->len, &message->source, true,
			       puppet->node->sim->now, &random);
}

static void test_a_received_cookie_waits_for_the_next_retry(void **state)
{
	struct wg_puppet *puppet = stage(12, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_wire_cookie_reply reply;
	const uint8_t zeros[16] = {0};
	wg_time due;

	(void)state;
	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
	soon(puppet);
	assert_memory_equal(wg_sim_last(node, WG_MESSAGE_INITIATION)->bytes + 132, zeros, 16);
	due = wg_device_due(node->device);
	answer_with_cookie(puppet, &puppet->checker, WG_MESSAGE_INITIATION, &reply);
	assert_true(wg_device_due(node->device) == due);
	wg_sim_run(node->sim, 4900 * WG_MILLISECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 1);
	wg_sim_run(node->sim, WG_SECOND);
	assert_int_equal(wg_sim_count(node, WG_MESSAGE_INITIATION, 0), 2);
	assert_int_equal(verdict(puppet, &puppet->checker, WG_MESSAGE_INITIATION),
			 WG_MAC_WITH_COOKIE);
	wg_sim_free(node->sim);
}

static void test_a_cookie_is_taken_once_and_only_for_the_last_mac1(void **state)
{
	struct wg_puppet *puppet = stage(13, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_cookie_checker other = puppet->checker;
	struct wg_wire_cookie_reply reply;
	struct wg_wire_cookie_reply late;

	(void)state;
	wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
	soon(puppet);
	answer_with_cookie(puppet, &puppet->checker, WG_MESSAGE_INITIATION, &reply);
	reply.cookie[0] ^= 1;
	wg_puppet_say(puppet, &reply, sizeof(reply));
	answer_with_cookie(puppet, &other, WG_MESSAGE_INITIATION, &late);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_COOKIE), 2);
	wg_sim_run(node->sim, 6 * WG_SECOND);
	assert_int_equal(verdict(puppet, &puppet->checker, WG_MESSAGE_INITIATION),
			 WG_MAC_WITH_COOKIE);
	assert_int_equal(verdict(puppet, &other, WG_MESSAGE_INITIATION), WG_MAC_VALID);
	/* An answer to the first message is of no use for the second. */
	memcpy(late.receiver, wg_sim_last(node, WG_MESSAGE_INITIATION)->bytes + 4, 4);
	wg_puppet_say(puppet, &late, sizeof(late));
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_COOKIE), 3);
	late.receiver[0] ^= 0xff;
	wg_puppet_say(puppet, &late, sizeof(late));
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_NO_HANDSHAKE), 1);
	wg_sim_free(node->sim);
}

static void test_a_cookie_is_used_for_115_s(void **state)
{
	static const struct {
		wg_time age;
		enum wg_mac_verdict verdict;
	} cases[] = {{114 * WG_SECOND, WG_MAC_WITH_COOKIE}, {116 * WG_SECOND, WG_MAC_VALID}};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_puppet *puppet = stage(14, true);
		struct wg_sim_node *node = puppet->node;
		struct wg_wire_cookie_reply reply;

		wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
		soon(puppet);
		answer_with_cookie(puppet, &puppet->checker, WG_MESSAGE_INITIATION, &reply);
		wg_sim_run(node->sim, cases[i].age);
		wg_sim_send_ip(node, &node->inner4, &puppet->inner4, 0, 100);
		assert_true(wg_sim_last(node, WG_MESSAGE_INITIATION)->at == node->sim->now);
		assert_int_equal(verdict(puppet, &puppet->checker, WG_MESSAGE_INITIATION),
				 cases[i].verdict);
		wg_sim_free(node->sim);
	}
}

static void test_a_cookie_may_answer_a_response_by_its_sessions_index(void **state)
{
	struct wg_puppet *puppet = stage(15, true);
	struct wg_sim_node *node = puppet->node;
	struct wg_wire_cookie_reply reply;

	(void)state;
	wg_puppet_initiate(puppet);
	soon(puppet);
	answer_with_cookie(puppet, &puppet->checker, WG_MESSAGE_RESPONSE, &reply);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_COOKIE), 0);
	assert_int_equal(wg_sim_drops(node, WG_DROP_IN_NO_HANDSHAKE), 0);
	wg_sim_run(node->sim, WG_SECOND);
	wg_puppet_initiate(puppet);
	soon(puppet);
	assert_int_equal(verdict(puppet, &puppet->checker, WG_MESSAGE_RESPONSE),
			 WG_MAC_WITH_COOKIE);
	wg_sim_free(node->sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_received_cookie_waits_for_the_next_retry),
		cmocka_unit_test(test_a_cookie_is_taken_once_and_only_for_the_last_mac1),
		cmocka_unit_test(test_a_cookie_is_used_for_115_s),
		cmocka_unit_test(test_a_cookie_may_answer_a_response_by_its_sessions_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
