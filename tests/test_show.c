/* What is shown of a status, to people and as JSON, and the reasons that it names. */
#include <errno.h>

#include <jansson.h>

#include "ctl/show.h"
#include "status.h"

static void test_the_reason_is_the_first_thing_in_the_way(void **state)
{
	struct wg_status status;
	struct wg_config_peer *peer;
	char text[WG_STATUS_TEXT_LEN];

	(void)state;
	fill(&status);
	peer = &status.config.peers[1];
	assert_string_equal(wg_status_reason(&status, 0, text), "");
	assert_non_null(strstr(wg_status_reason(&status, 1, text),
			       "4 initiations sent to 192.0.2.7:51820, no answer"));
	peer->has_endpoint = false;
	assert_string_equal(
		wg_status_reason(&status, 1, text),
		"its name shale.example is not to be resolved: Name or service not known");
	status.lookups[0].peer = 0;
	assert_non_null(strstr(wg_status_reason(&status, 1, text), "no endpoint"));
	peer->health.timestamps_refused = 1;
	assert_non_null(strstr(wg_status_reason(&status, 1, text), "clock"));
	peer->health.send_error = -EHOSTUNREACH;
	assert_non_null(strstr(wg_status_reason(&status, 1, text), "EHOSTUNREACH"));
	peer->health.responses_refused = 1;
	assert_non_null(strstr(wg_status_reason(&status, 1, text), "preshared"));
	peer->health.usable_key = false;
	assert_non_null(strstr(wg_status_reason(&status, 1, text), "low order"));
	status.config.has_private_key = false;
	assert_non_null(strstr(wg_status_reason(&status, 1, text), "no private key"));
	status.link_up = false;
	assert_non_null(strstr(wg_status_reason(&status, 1, text), "link is down"));
	status.detailed = false;
	assert_string_equal(wg_status_reason(&status, 1, text), "");
	wg_status_deinit(&status);
}

static void test_a_peer_with_a_session_is_silent_from_the_third_initiation_on(void **state)
{
	struct wg_status status;
	struct wg_config_peer *peer;
	char text[WG_STATUS_TEXT_LEN];

	(void)state;
	fill(&status);
	peer = &status.config.peers[1];
	assert_string_equal(wg_status_silence(&status, 1, text), ""); /* no session: a reason */
	peer->health.session = true;
	assert_string_equal(wg_status_reason(&status, 1, text), "");
	assert_non_null(strstr(wg_status_silence(&status, 1, text), "4 initiations sent"));
	peer->health.initiations_sent = 2;
	assert_string_equal(wg_status_silence(&status, 1, text), "");
	wg_status_deinit(&status);
}

static void test_show_prints_what_wg_prints_and_more(void **state)
{
	static const char expected[] =
		"interface: wg0\n"
		"  public key: AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		"  private key: (hidden)\n"
		"  listening port: 30567\n"
		"  fwmark: 0xca6c\n"
		"  link: up, mtu 1420\n"
		"  cipher: sodium, 1 worker\n"
		"  engine: started again 2 times, last 1 minute, 1 second ago (the engine hung)\n"
		"  confined: user, seccomp; without landlock (Function not implemented)\n"
		"  offloads: tso gso (off: gro: switched off)\n"
		"  dropped: in-mac1 7, link-queue-full 500, socket-no-memory 3\n"
		"  somebody calls with another public key for us (7 messages with a wrong mac1, "
		"last from 203.0.113.9:51820)\n"
		"  an unknown peer, whose key is BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=, "
		"calls (1 time, last from [fe80::2%3]:1)\n"
		"\n"
		"peer: AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		"  preshared key: (hidden)\n"
		"  endpoint: [fe80::1%3]:30567\n"
		"  allowed ips: 2001:db8:7767::2/128, 0.0.0.0/0\n"
		"  latest handshake: 1 hour, 1 second ago\n"
		"  transfer: 2.00 KiB received, 3.00 MiB sent\n"
		"  persistent keepalive: every 25 seconds\n"
		"\n"
		"peer: AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		"  name: shale\n"
		"  endpoint: 192.0.2.7:51820\n"
		"  endpoint's name: shale.example: Name or service not known (wg0.conf:9; asked "
		"3 times, first 1 minute, 2 seconds ago)\n"
		"  allowed ips: (none)\n"
		"  no session: 4 initiations sent to 192.0.2.7:51820, no answer: a firewall, a "
		"wrong address or port, or it does not know our public key\n";
	struct wg_status status;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	(void)state;
	fill(&status);
	wg_show_interface(file, "wg0", &status);
	for (size_t i = 0; i < status.config.n_peers; i++)
		wg_show_peer(file, &status, i, 4601);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
	wg_status_deinit(&status);
}

static char *brief(const struct wg_status *status, size_t i)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	wg_show_brief(file, "wg0", status, i, 4601);
	fclose(file);
	return text;
}

/* One space in the place of each run of them. */
static char *squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != ' ' || from[1] != ' ')
			*to++ = *from;
	*to = '\0';
	return text;
}

static void test_brief_is_a_line_of_eight_words_a_peer(void **state)
{
	static const struct {
		size_t peer;
		const char *line;
	} cases[] = {
		{0, "wg0 AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= session 3601 2048 3145728 "
		    "[fe80::1%3]:30567 2001:db8:7767::2/128,0.0.0.0/0\n"},
		{1, "wg0 the_dark_shale calling - 0 0 192.0.2.7:51820 -\n"},
	};
	struct wg_status status;

	(void)state;
	fill(&status);
	assert_int_equal(wg_status_name_peer(&status, 1, "the dark shale"), 0);
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		char *text = brief(&status, cases[i].peer);

		assert_string_equal(squeeze(text), cases[i].line);
		free(text);
	}
	wg_status_deinit(&status);
}

static void test_brief_names_the_state_of_a_peer(void **state)
{
	struct wg_status status;
	struct wg_config_health *health;
	static const char *const words[] = {" idle ", " calling ", " session ", " silent ",
					    " down "};

	(void)state;
	fill(&status);
	health = &status.config.peers[1].health;
	for (size_t i = 0; i < WG_ARRAY_LEN(words); i++) {
		char *text;

		health->initiations_sent = i == 0 || i == 2 ? 0 : 3;
		health->session = i >= 2;
		status.link_up = i < 4;
		text = brief(&status, 1);
		if (!strstr(text, words[i]))
			fail_msg("%s: not in %s", words[i], text);
		free(text);
	}
	wg_status_deinit(&status);
}

/* A document of that many tunnels, each with n_peers of the status' peers. */
static char *document(const struct wg_status *status, size_t n_tunnels, size_t n_peers,
		      bool compact)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);
	struct wg_show_json json;

	wg_show_json_begin(&json, file, compact, 1790000000);
	for (size_t i = 0; i < n_tunnels; i++) {
		wg_show_json_interface(&json, "wg0", status);
		for (size_t k = 0; k < n_peers; k++)
			wg_show_json_peer(&json, status, k);
	}
	wg_show_json_end(&json);
	assert_false(json.failed);
	fclose(file);
	return text;
}

static void test_json_in_pieces_looks_as_if_it_were_printed_whole(void **state)
{
	struct wg_status status;

	(void)state;
	fill(&status);
	for (size_t i = 0; i < 18; i++) {
		bool compact = i / 9;
		size_t n_tunnels = i / 3 % 3;
		char *text = document(&status, n_tunnels, i % 3, compact);
		json_t *json = json_loads(text, 0, NULL);
		char *whole;

		assert_non_null(json);
		whole = json_dumps(json, compact ? JSON_COMPACT : JSON_INDENT(2));
		assert_int_equal(strlen(text), strlen(whole) + 1);
		assert_memory_equal(text, whole, strlen(whole));
		assert_int_equal(text[strlen(whole)], '\n');
		assert_int_equal(json_array_size(json_object_get(json, "interfaces")), n_tunnels);
		free(whole);
		free(text);
		json_decref(json);
	}
	wg_status_deinit(&status);
}

static void test_what_the_network_reported_is_the_reason(void **state)
{
	static const char *const said[WG_REPORT_N_KINDS] = {
		[WG_REPORT_NONE] = "4 initiations sent to 192.0.2.7:51820, no answer",
		[WG_REPORT_PORT_CLOSED] = ("nothing listens at 192.0.2.7:51820, as 192.0.2.1 "
					   "reported 6 seconds ago (4 initiations sent)"),
		[WG_REPORT_PROHIBITED] = "a firewall refuses what is sent to 192.0.2.7:51820, as",
		[WG_REPORT_NO_HOST] = "no host answers at the address of 192.0.2.7:51820, as",
		[WG_REPORT_NO_ROUTE] = "there is no route to 192.0.2.7:51820, as",
	};

	(void)state;
	for (int kind = 0; kind < WG_REPORT_N_KINDS; kind++) {
		struct wg_status status;
		char text[WG_STATUS_TEXT_LEN];
		char *shown;
		json_t *json;
		json_t *what;

		fill(&status);
		status.config.peers[1].health.report = (enum wg_report_kind)kind;
		assert_ptr_equal(strstr(wg_status_reason(&status, 1, text), said[kind]), text);
		shown = document(&status, 1, 2, false);
		json = json_loads(shown, 0, NULL);
		what = json_array_get(json_object_get(json, "interfaces"), 0);
		what = json_array_get(json_object_get(what, "peers"), 1);
		what = json_object_get(what, "reported");
		if (kind == WG_REPORT_NONE)
			assert_true(json_is_null(what));
		else
			assert_string_equal(json_string_value(json_object_get(what, "what")),
					    wg_status_report_name((enum wg_report_kind)kind));
		json_decref(json);
		free(shown);
		wg_status_deinit(&status);
	}
}

static void test_json_has_every_field_and_no_secret(void **state)
{
	struct wg_status status;
	char *text;
	json_t *whole;
	json_t *json;
	json_t *peer;
	json_t *lookup;

	(void)state;
	fill(&status);
	status.pid = 4711;
	text = document(&status, 1, 2, false);
	whole = json_loads(text, 0, NULL);
	json = json_array_get(json_object_get(whole, "interfaces"), 0);
	assert_string_equal(json_string_value(json_object_get(json, "interface")), "wg0");
	assert_int_equal(json_integer_value(json_object_get(whole, "time")), 1790000000);
	assert_int_equal(json_integer_value(json_object_get(json, "uptime")), 77);
	assert_int_equal(json_integer_value(json_object_get(json, "pid")), 4711);
	assert_int_equal(json_array_size(json_object_get(json, "offloads")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(json, "drops"), "in-mac1")), 7);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "drops"),
							    "link-queue-full")),
			 500);
	assert_null(json_object_get(json, "private_key"));
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json, "wrong_key_calls"), "calls")),
			 7);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json, "unknown_peer_calls"), "public_key")),
			    "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	peer = json_array_get(json_object_get(json, "peers"), 1);
	assert_string_equal(json_string_value(json_object_get(peer, "name")), "shale");
	assert_true(json_is_false(json_object_get(peer, "session")));
	assert_true(json_is_string(json_object_get(peer, "no_session_reason")));
	assert_true(json_is_null(json_object_get(peer, "silent_reason")));
	lookup = json_object_get(peer, "endpoint_lookup");
	assert_string_equal(json_string_value(json_object_get(lookup, "host")), "shale.example");
	assert_int_equal(json_integer_value(json_object_get(lookup, "line")), 9);
	assert_int_equal(json_integer_value(json_object_get(lookup, "seconds")), 62);
	peer = json_array_get(json_object_get(json, "peers"), 0);
	assert_true(json_is_null(json_object_get(peer, "endpoint_lookup")));
	assert_true(json_is_null(json_object_get(peer, "no_session_reason")));
	assert_null(json_object_get(peer, "preshared_key"));
	json_decref(whole);
	free(text);
	status.config.peers[0].health.initiations_sent = 3;
	status.config.callers[WG_CALLER_WRONG_KEY].age_sec = 181;
	text = document(&status, 1, 1, false);
	whole = json_loads(text, 0, NULL);
	json = json_array_get(json_object_get(whole, "interfaces"), 0);
	peer = json_array_get(json_object_get(json, "peers"), 0);
	assert_true(json_is_string(json_object_get(peer, "silent_reason")));
	assert_int_equal(json_integer_value(json_object_get(peer, "initiations_unanswered")), 3);
	assert_true(json_is_null(json_object_get(json, "wrong_key_calls")));
	json_decref(whole);
	free(text);
	wg_status_deinit(&status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_reason_is_the_first_thing_in_the_way),
		cmocka_unit_test(test_what_the_network_reported_is_the_reason),
		cmocka_unit_test(test_a_peer_with_a_session_is_silent_from_the_third_initiation_on),
		cmocka_unit_test(test_show_prints_what_wg_prints_and_more),
		cmocka_unit_test(test_brief_is_a_line_of_eight_words_a_peer),
		cmocka_unit_test(test_brief_names_the_state_of_a_peer),
		cmocka_unit_test(test_json_in_pieces_looks_as_if_it_were_printed_whole),
		cmocka_unit_test(test_json_has_every_field_and_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
