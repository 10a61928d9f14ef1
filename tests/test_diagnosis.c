/* What doctor says of the tunnel itself. */
#include "diagnosis.h"

static void test_a_healthy_tunnel_has_no_findings(void **state)
{
	(void)state;
	assert_string_equal(diagnose(), "");
}

static void test_a_tunnel_that_is_not_up_is_found(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	facts.host.n_links = 2;
	assert_string_equal(diagnose(), "e not-up");
	assert_said("tuff up wg0");
}

static void test_a_link_without_a_control_socket_is_found(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	assert_string_equal(diagnose(), "e no-control-socket");
	assert_said("ip link delete wg0");
}

static void test_a_link_of_the_kernels_wireguard_is_told_apart(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	snprintf(links[2].kind, sizeof(links[2].kind), "wireguard");
	assert_string_equal(diagnose(), "e link-taken");
}

static void test_a_link_that_is_no_tunnel_is_nobodys_to_delete(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	snprintf(links[2].kind, sizeof(links[2].kind), "veth");
	assert_string_equal(diagnose(), "e link-taken");
	assert_said("kind veth");
	assert_said("another name");
}

static void test_leftovers_of_a_dead_tunnel_are_counted(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	facts.host.n_links = 2;
	facts.leftovers = 3;
	assert_string_equal(diagnose(), "e not-up; e leftovers");
	assert_non_null(strstr(check.findings[1].reason, "3 changes"));
	assert_non_null(strstr(check.findings[1].remedy, "tuff down wg0"));
}

static void test_a_port_that_another_program_has_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nListenPort = 4711\n");
	facts.runner = WG_FACTS_RUNS_NOT;
	facts.host.n_links = 2;
	facts.port_taken = true;
	assert_string_equal(diagnose(), "e not-up; e port-taken");
	assert_non_null(strstr(check.findings[1].reason, "by another program"));
	assert_non_null(strstr(check.findings[1].remedy, ":4711"));
	start_again();
	strcpy(facts.port_holder, "dnsmasq (process 7)");
	assert_string_equal(diagnose(), "e not-up; e port-taken");
	assert_non_null(strstr(check.findings[1].reason, "4711"));
	assert_non_null(strstr(check.findings[1].reason, "by dnsmasq (process 7)"));
}

static void test_another_program_is_left_to_wg(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_FOREIGN;
	assert_string_equal(diagnose(), "w foreign");
	assert_said("wg show wg0");
}

static void test_what_may_not_be_asked_is_looked_at_from_outside(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_HIDDEN;
	assert_string_equal(diagnose(), "w not-permitted");
	assert_said("sudo tuff doctor wg0");
	start_again();
	links[2].up = false;
	facts.now_sec = 1;
	assert_string_equal(diagnose(), "w not-permitted; e clock; e link-down");
}

static void test_a_link_in_another_namespace_is_found(void **state)
{
	(void)state;
	facts.host.n_links = 2;
	assert_string_equal(diagnose(), "w link-elsewhere");
}

static void test_a_link_that_is_down_is_found(void **state)
{
	(void)state;
	links[2].up = false;
	assert_string_equal(diagnose(), "e link-down");
	assert_said("ip link set wg0 up");
}

static void test_a_missing_private_key_is_found_and_peers_are_not_blamed(void **state)
{
	(void)state;
	facts.status.config.has_private_key = false;
	peer->health.session = false;
	peer->health.initiations_sent = 5;
	assert_string_equal(diagnose(), "e no-private-key");
}

static void test_a_port_that_is_not_the_files_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nListenPort = 4711\n");
	assert_string_equal(diagnose(), "w port");
	assert_said("tuff reload wg0");
}

static void test_a_port_that_had_to_give_way_matters_to_peers_that_call(void **state)
{
	(void)state;
	read_conf("[Interface]\n");
	facts.status.config.listen_port = 40000;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->has_endpoint = false;
	assert_string_equal(diagnose(), "w port");
	assert_said("30567");
	start_again();
	strcpy(facts.port_holder, "dnsmasq (process 7)");
	assert_string_equal(diagnose(), "w port");
	assert_said("dnsmasq (process 7) has it");
}

static void test_an_mtu_below_what_ipv6_needs_is_found(void **state)
{
	(void)state;
	links[2].mtu = 1200;
	assert_string_equal(diagnose(), "");
	start_again();
	allow("2001:db8::/32");
	assert_string_equal(diagnose(), "e mtu-too-small");
	start_again();
	links[2].mtu = 1280;
	assert_string_equal(diagnose(), "");
}

static void test_an_mtu_is_small_for_ipv6_addresses_of_the_tunnel_only(void **state)
{
	(void)state;
	links[2].mtu = 1279;
	addresses[0] = (struct wg_address){.link = ETH0, .prefix = prefix_of("2001:db8::1/64")};
	assert_string_equal(diagnose(), "");
	start_again();
	addresses[0].link = TUNNEL;
	assert_string_equal(diagnose(), "e mtu-too-small");
}

static void test_an_mtu_that_does_not_fit_the_path_is_found(void **state)
{
	(void)state;
	ways[0].mtu = 1480;
	assert_string_equal(diagnose(), "");
	start_again();
	ways[0].mtu = 1479;
	assert_string_equal(diagnose(), "w mtu-too-large");
	assert_said("ip link set wg0 mtu 1419");
}

static void test_a_path_too_narrow_for_ipv6_is_found_but_not_followed(void **state)
{
	(void)state;
	ways[0].mtu = 1300;
	assert_string_equal(diagnose(), "w mtu-too-large");
	assert_said("mtu 1240");
	start_again();
	allow("2001:db8::/32");
	assert_string_equal(diagnose(), "w mtu-too-large");
	assert_said("mtu 1280");
}

static void test_a_path_that_is_not_known_is_not_judged(void **state)
{
	(void)state;
	ways[0].mtu = 0;
	assert_string_equal(diagnose(), "");
	start_again();
	ways[0].mtu = 100;
	peer->has_endpoint = false;
	assert_string_equal(diagnose(), "");
}

static void test_what_ipv6_needs_is_not_too_large(void **state)
{
	(void)state;
	ways[0].mtu = 1300;
	links[2].mtu = 1280;
	assert_string_equal(diagnose(), "");
}

static void test_an_address_that_the_link_lost_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nAddress = 10.7.0.2/24, 2001:db8:7::2/128\n");
	assert_string_equal(diagnose(), "e address-missing");
	assert_said("ip address add 2001:db8:7::2/128 dev wg0");
}

static void test_a_clock_of_before_the_program_is_found(void **state)
{
	(void)state;
	facts.now_sec = 1704067200;
	assert_string_equal(diagnose(), "");
	start_again();
	facts.now_sec = 1704067199;
	assert_string_equal(diagnose(), "e clock");
}

static void test_a_peer_whose_timestamps_are_refused_is_found(void **state)
{
	(void)state;
	peer->health.session = false;
	peer->health.timestamps_refused = 2;
	assert_string_equal(diagnose(), "w peer-clock");
}

static void test_a_peer_that_does_not_answer_is_found_after_the_second_try(void **state)
{
	(void)state;
	peer->health.session = false;
	peer->health.initiations_sent = 1;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->health.initiations_sent = 2;
	assert_string_equal(diagnose(), "w no-session");
	assert_said("192.0.2.7:30567");
	assert_said("UDP port 30567");
}

static void test_a_peer_that_stopped_answering_is_found_while_its_session_lasts(void **state)
{
	(void)state;
	peer->health.initiations_sent = 2;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->health.initiations_sent = 3;
	assert_string_equal(diagnose(), "w no-answer");
	assert_said("shale does not answer any more: 3 initiations sent to 192.0.2.7:30567");
	assert_said("a firewall, a wrong address or port, or it does not know our public key");
	assert_said("UDP port 30567");
}

static void test_the_causes_of_silence_are_told_apart(void **state)
{
	(void)state;
	peer->health.initiations_sent = 3;
	peer->health.responses_refused = 1;
	assert_string_equal(diagnose(), "w no-answer");
	assert_said("its answers do not open");
	assert_said("PresharedKey");
	start_again();
	peer->health.responses_refused = 0;
	peer->health.send_error = -EPERM;
	assert_string_equal(diagnose(), "w no-answer");
	assert_said("EPERM");
	assert_said("a firewall of this host");
	start_again();
	peer->health.send_error = 0;
	peer->health.timestamps_refused = 1;
	assert_string_equal(diagnose(), "w peer-clock");
}

static void test_what_the_network_reported_has_its_remedy(void **state)
{
	static const struct {
		enum wg_report_kind kind;
		const char *reason;
		const char *remedy;
	} cases[] = {
		{WG_REPORT_PORT_CLOSED, "nothing listens at 192.0.2.7:30567",
		 "bring the tunnel up"},
		{WG_REPORT_PROHIBITED, "a firewall refuses", "let UDP port 30567 in"},
		{WG_REPORT_NO_HOST, "no host answers at the address", "whether it is on"},
		{WG_REPORT_NO_ROUTE, "there is no route to 192.0.2.7", "whether Endpoint is"},
	};

	(void)state;
	peer->health.initiations_sent = 3;
	for (size_t i = 0; i < 2 * WG_ARRAY_LEN(cases); i++) {
		peer->health.session = i % 2;
		peer->health.report = cases[i / 2].kind;
		assert_string_equal(diagnose(), i % 2 ? "w no-answer" : "w no-session");
		assert_said(cases[i / 2].reason);
		assert_said(cases[i / 2].remedy);
		start_again();
	}
}

static void test_a_peer_that_calls_and_takes_no_answer_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		peer->health.session = i;
		peer->health.initiations_sent = 0;
		peer->health.responses_sent = 2;
		assert_string_equal(diagnose(), "");
		start_again();
		peer->health.responses_sent = 3;
		assert_string_equal(diagnose(), i ? "w no-answer" : "w no-session");
		assert_said("it calls, but takes no answer (3 sent to 192.0.2.7:30567)");
		assert_said("PresharedKey");
		start_again();
		peer->health.initiations_sent = 3;
		assert_string_equal(diagnose(), i ? "w no-answer" : "w no-session");
		assert_said("3 initiations sent to");
		start_again();
	}
}

static void test_a_firewall_may_be_why_a_peer_with_a_session_is_silent(void **state)
{
	static char suspects[] = "inet filter input";

	(void)state;
	facts.firewall = suspects;
	peer->health.initiations_sent = 2;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->health.initiations_sent = 3;
	assert_string_equal(diagnose(), "w firewall; w no-answer");
	facts.firewall = NULL;
}

static struct wg_config_caller *somebody_calls(enum wg_config_caller_kind kind)
{
	struct wg_config_caller *caller = &facts.status.config.callers[kind];

	*caller = (struct wg_config_caller){.calls = 3, .age_sec = 5};
	caller->source = (struct wg_endpoint){.ip = ip_of("203.0.113.9"), .port = 51820};
	return caller;
}

static void test_calls_with_another_key_for_us_are_found(void **state)
{
	struct wg_config_caller *caller = somebody_calls(WG_CALLER_WRONG_KEY);

	(void)state;
	facts.status.public_key[0] = 4;
	assert_string_equal(diagnose(), "w wrong-key-calls");
	assert_said("somebody calls with another public key for us (3 messages with a wrong mac1, "
		    "last from 203.0.113.9:51820)");
	assert_said("PublicKey = BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	start_again();
	caller->calls = 2;
	assert_string_equal(diagnose(), "");
}

static void test_calls_of_a_key_that_is_no_peers_are_found_with_the_key(void **state)
{
	struct wg_config_caller *caller = somebody_calls(WG_CALLER_UNKNOWN);

	(void)state;
	caller->public_key[0] = 5;
	assert_string_equal(diagnose(), "w unknown-peer-calls");
	assert_said("BQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	assert_said("last from 203.0.113.9:51820");
	assert_said("[Peer]");
	start_again();
	caller->calls = 2;
	assert_string_equal(diagnose(), "");
}

static void test_calls_that_were_mended_or_given_up_are_not_told(void **state)
{
	struct wg_config_caller *wrong = somebody_calls(WG_CALLER_WRONG_KEY);
	struct wg_config_caller *unknown = somebody_calls(WG_CALLER_UNKNOWN);

	(void)state;
	wrong->age_sec = unknown->age_sec = 181;
	assert_string_equal(diagnose(), "");
	start_again();
	wrong->age_sec = unknown->age_sec = 0;
	wrong->source = peer->endpoint;
	unknown->calls = 0;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->health.session = false;
	assert_string_equal(diagnose(), "w wrong-key-calls");
}

static void test_an_endpoint_whose_name_does_not_resolve_is_found(void **state)
{
	const struct wg_status_lookup lookup = {.host = "shale.example",
						.error = "Temporary failure in name resolution",
						.file = "wg0.conf",
						.line = 9,
						.tries = 4,
						.seconds = 62};

	(void)state;
	peer->health.session = false;
	peer->has_endpoint = false;
	allow("10.7.0.3/32");
	assert_int_equal(wg_status_add_lookup(&facts.status, &lookup), 0);
	assert_string_equal(diagnose(), "w endpoint-name");
	assert_said("shale.example (wg0.conf:9), is not to be resolved: Temporary failure in name "
		    "resolution; asked 4 times in 62 seconds");
	assert_said("getent ahosts shale.example");
}

static void test_a_name_that_does_not_exist_is_mended_in_the_file(void **state)
{
	const struct wg_status_lookup lookup = {
		.host = "shale.example", .error = "Name or service not known", .file = "wg0.conf"};

	(void)state;
	assert_int_equal(wg_status_add_lookup(&facts.status, &lookup), 0);
	assert_string_equal(diagnose(), "w endpoint-name");
	assert_said("tuff reload wg0");
}

static void test_a_peer_without_a_name_is_called_by_its_key(void **state)
{
	(void)state;
	wg_status_deinit(&facts.status);
	facts.status.detailed = facts.status.link_up = true;
	facts.status.config.has_private_key = true;
	peer = wg_config_add_peer(&facts.status.config);
	peer->public_key[0] = 9;
	assert_string_equal(diagnose(), "w no-session");
	assert_said("CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= has no session");
}

static void test_a_peer_without_a_session_that_nobody_wanted_is_healthy(void **state)
{
	(void)state;
	peer->health.session = false;
	assert_string_equal(diagnose(), "");
}

static void test_each_cause_has_its_remedy(void **state)
{
	static const struct {
		struct wg_config_health health;
		const char *remedy;
	} causes[] = {
		{{.usable_key = false}, "PublicKey"},
		{{.usable_key = true, .responses_refused = 1}, "PresharedKey"},
		{{.usable_key = true, .send_error = -EHOSTUNREACH}, "ip route get 192.0.2.7"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(causes); i++) {
		peer->health = causes[i].health;
		assert_string_equal(diagnose(), "w no-session");
		assert_said(causes[i].remedy);
		start_again();
	}
}

static void test_the_json_has_each_finding(void **state)
{
	json_t *json;
	json_t *finding;

	(void)state;
	links[2].up = false;
	diagnose();
	json = wg_check_doctor_json(&check);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "interface")), "wg0");
	assert_true(json_is_true(json_object_get(json, "problems")));
	finding = json_array_get(json_object_get(json, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(finding, "code")), "link-down");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_healthy_tunnel_has_no_findings),
		TEST(test_a_tunnel_that_is_not_up_is_found),
		TEST(test_a_link_without_a_control_socket_is_found),
		TEST(test_a_link_of_the_kernels_wireguard_is_told_apart),
		TEST(test_a_link_that_is_no_tunnel_is_nobodys_to_delete),
		TEST(test_leftovers_of_a_dead_tunnel_are_counted),
		TEST(test_a_port_that_another_program_has_is_found),
		TEST(test_another_program_is_left_to_wg),
		TEST(test_what_may_not_be_asked_is_looked_at_from_outside),
		TEST(test_a_link_in_another_namespace_is_found),
		TEST(test_a_link_that_is_down_is_found),
		TEST(test_a_missing_private_key_is_found_and_peers_are_not_blamed),
		TEST(test_a_port_that_is_not_the_files_is_found),
		TEST(test_a_port_that_had_to_give_way_matters_to_peers_that_call),
		TEST(test_an_mtu_below_what_ipv6_needs_is_found),
		TEST(test_an_mtu_is_small_for_ipv6_addresses_of_the_tunnel_only),
		TEST(test_an_mtu_that_does_not_fit_the_path_is_found),
		TEST(test_a_path_too_narrow_for_ipv6_is_found_but_not_followed),
		TEST(test_a_path_that_is_not_known_is_not_judged),
		TEST(test_what_ipv6_needs_is_not_too_large),
		TEST(test_an_address_that_the_link_lost_is_found),
		TEST(test_a_clock_of_before_the_program_is_found),
		TEST(test_a_peer_whose_timestamps_are_refused_is_found),
		TEST(test_a_peer_that_does_not_answer_is_found_after_the_second_try),
		TEST(test_a_peer_that_stopped_answering_is_found_while_its_session_lasts),
		TEST(test_the_causes_of_silence_are_told_apart),
		TEST(test_what_the_network_reported_has_its_remedy),
		TEST(test_a_peer_that_calls_and_takes_no_answer_is_found),
		TEST(test_a_firewall_may_be_why_a_peer_with_a_session_is_silent),
		TEST(test_calls_with_another_key_for_us_are_found),
		TEST(test_calls_of_a_key_that_is_no_peers_are_found_with_the_key),
		TEST(test_calls_that_were_mended_or_given_up_are_not_told),
		TEST(test_an_endpoint_whose_name_does_not_resolve_is_found),
		TEST(test_a_name_that_does_not_exist_is_mended_in_the_file),
		TEST(test_a_peer_without_a_name_is_called_by_its_key),
		TEST(test_a_peer_without_a_session_that_nobody_wanted_is_healthy),
		TEST(test_each_cause_has_its_remedy),
		TEST(test_the_json_has_each_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
