/* What the network reported, and of whom it is told. */
#include "wgtest.h"

#include "engine/hints.h"

static struct wg_hints hints;
static struct wg_config_peer peer;

static struct wg_report report_of(const char *to, uint16_t port)
{
	struct wg_report report = {.kind = WG_REPORT_PORT_CLOSED, .to.port = port};

	assert_true(wg_ip_parse(&report.to.ip, to));
	assert_true(wg_ip_parse(&report.by, "192.0.2.99"));
	return report;
}

static struct wg_now at(int64_t sec)
{
	return (struct wg_now){.boot = sec * WG_SECOND, .wall_sec = 100000 + sec};
}

/* What is told of the peer at that time. */
static enum wg_report_kind told(int64_t sec)
{
	peer.health.report = WG_REPORT_NONE;
	wg_hints_apply(&hints, &peer, at(sec));
	return peer.health.report;
}

static int set_up(void **state)
{
	const struct wg_report report = report_of("192.0.2.7", 30567);

	(void)state;
	memset(&hints, 0, sizeof(hints));
	memset(&peer, 0, sizeof(peer));
	peer.endpoint = report.to;
	peer.has_endpoint = true;
	peer.health.initiations_sent = 2;
	wg_hints_note(&hints, &report, at(50).boot);
	return 0;
}

static void test_a_silent_peers_report_is_told_with_its_age(void **state)
{
	(void)state;
	assert_int_equal(told(62), WG_REPORT_PORT_CLOSED);
	assert_int_equal(peer.health.report_age_sec, 12);
	assert_int_equal(peer.health.reported_by.bytes[3], 99);
}

static void test_of_another_place_nothing_is_told(void **state)
{
	(void)state;
	peer.endpoint.port++;
	assert_int_equal(told(60), WG_REPORT_NONE);
	peer.endpoint.port--;
	peer.endpoint.ip.bytes[3]++;
	assert_int_equal(told(60), WG_REPORT_NONE);
	peer.endpoint.ip.bytes[3]--;
	peer.has_endpoint = false;
	assert_int_equal(told(60), WG_REPORT_NONE);
}

static void test_of_a_peer_that_answers_nothing_is_told(void **state)
{
	(void)state;
	peer.health.initiations_sent = 0;
	assert_int_equal(told(60), WG_REPORT_NONE);
}

static void test_what_was_before_the_last_handshake_is_not_told(void **state)
{
	(void)state;
	peer.handshake_sec = 100000 + 50;
	assert_int_equal(told(60), WG_REPORT_PORT_CLOSED);
	peer.handshake_sec = 100000 + 51;
	assert_int_equal(told(60), WG_REPORT_NONE);
}

static void test_the_last_report_counts(void **state)
{
	struct wg_report later = report_of("192.0.2.7", 30567);

	(void)state;
	later.kind = WG_REPORT_PROHIBITED;
	wg_hints_note(&hints, &later, at(61).boot);
	assert_int_equal(told(62), WG_REPORT_PROHIBITED);
	assert_int_equal(peer.health.report_age_sec, 1);
}

static void test_reports_without_number_take_no_memory_and_lie_of_nobody(void **state)
{
	struct wg_report forged = report_of("198.51.100.1", 1);

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		forged.to.port = (uint16_t)i;
		forged.to.ip.bytes[2] = (uint8_t)(i >> 16);
		wg_hints_note(&hints, &forged, at(60).boot);
	}
	assert_int_equal(told(61), WG_REPORT_NONE); /* forgotten, and no other told in its place */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(test_a_silent_peers_report_is_told_with_its_age),
		TEST(test_of_another_place_nothing_is_told),
		TEST(test_of_a_peer_that_answers_nothing_is_told),
		TEST(test_what_was_before_the_last_handshake_is_not_told),
		TEST(test_the_last_report_counts),
		TEST(test_reports_without_number_take_no_memory_and_lie_of_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
