#include "wgtest.h"

#include <errno.h>

#include <jansson.h>

#include "ctl/show.h"
#include "ctl/status.h"

static void add_callers(struct wg_config *config)
{
	struct wg_config_caller *wrong = &config->callers[WG_CALLER_WRONG_KEY];
	struct wg_config_caller *unknown = &config->callers[WG_CALLER_UNKNOWN];

	*wrong = (struct wg_config_caller){.calls = 7, .age_sec = 3, .source.port = 51820};
	*unknown = (struct wg_config_caller){.calls = 1, .age_sec = 180, .source.port = 1};
	unknown->source.scope = 3;
	unknown->public_key[0] = 4;
	assert_true(wg_ip_parse(&wrong->source.ip, "203.0.113.9"));
	assert_true(wg_ip_parse(&unknown->source.ip, "fe80::2"));
}

#define SOME_PEER "peer=AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static const struct wg_status_lookup unresolved = {
	.peer = 1,
	.host = "shale.example",
	.error = "Name or service not known",
	.file = "wg0.conf",
	.line = 9,
	.tries = 3,
	.seconds = 62,
};

static enum wg_report_kind report;

/* A tunnel with a peer that talks, and one that does not. */
static void fill(struct wg_status *status)
{
	struct wg_config_peer *peer;
	struct wg_prefix prefix;

	wg_status_init(status);
	status->config.has_private_key = true;
	status->public_key[0] = 1;
	status->config.has_listen_port = true;
	status->config.listen_port = 30567;
	status->config.has_fwmark = true;
	status->config.fwmark = 0xca6c;
	status->detailed = true;
	status->link_up = true;
	status->uptime_sec = 77;
	status->mtu = 1420;
	status->workers = 1;
	strcpy(status->aead, "sodium");
	strcpy(status->offloads, "tso gso");
	strcpy(status->offloads_off, "gro: switched off");
	status->drops[WG_DROP_IN_MAC1] = 7;
	status->unmarked = 12;
	status->losses[WG_LOSS_LINK_QUEUE] = 500;
	status->losses[WG_LOSS_SOCKET_MEMORY] = 3;
	add_callers(&status->config);

	peer = wg_config_add_peer(&status->config);
	peer->public_key[0] = 2;
	peer->has_preshared_key = true;
	peer->handshake_sec = 1000;
	peer->handshake_nsec = 5;
	peer->rx_bytes = 2048;
	peer->tx_bytes = 3 * 1024 * 1024;
	peer->keepalive = 25;
	peer->health.session = true;
	peer->health.usable_key = true;
	peer->has_endpoint = true;
	peer->endpoint = (struct wg_endpoint){.port = 30567, .scope = 3};
	assert_true(wg_ip_parse(&peer->endpoint.ip, "fe80::1"));
	assert_true(wg_prefix_parse(&prefix, "2001:db8:7767::2/128"));
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	assert_true(wg_prefix_parse(&prefix, "0.0.0.0/0"));
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);

	peer = wg_config_add_peer(&status->config);
	peer->public_key[0] = 3;
	peer->has_endpoint = true;
	peer->health.usable_key = true;
	peer->health.initiations_sent = 4;
	peer->endpoint.port = 51820;
	assert_true(wg_ip_parse(&peer->endpoint.ip, "192.0.2.7"));
	peer->health.report = report;
	peer->health.report_age_sec = 6;
	assert_true(wg_ip_parse(&peer->health.reported_by, "192.0.2.1"));
	assert_int_equal(wg_status_name_peer(status, 1, "shale"), 0);
	assert_int_equal(wg_status_add_lookup(status, &unresolved), 0);
}

static char *format(const struct wg_status *status, size_t *len)
{
	struct wg_text text;

	wg_text_init(&text);
	wg_status_format_interface(&text, status);
	wg_status_format_peers(&text, status);
	wg_text_printf(&text, "errno=0\n\n");
	return wg_text_take(&text, len);
}

/* Reads text, some bytes at a time. */
static int parse(struct wg_status *status, const struct wg_status_handler *handler,
		 const char *text, size_t len, size_t step)
{
	struct wg_status_reader reader;
	int result = 0;

	wg_status_reader_init(&reader, status, handler);
	for (size_t i = 0; i < len && !result; i += step)
		result = wg_status_read(&reader, text + i, len - i < step ? len - i : step);
	wg_status_reader_deinit(&reader);
	return result;
}

static void test_a_status_survives_its_text(void **state)
{
	struct wg_status sent;
	struct wg_status got;
	size_t len;
	size_t again_len;
	char *text;
	char *again;

	(void)state;
	report = WG_REPORT_NO_HOST;
	fill(&sent);
	report = WG_REPORT_NONE;
	sent.config.peers[1].health.responses_sent = 8;
	text = format(&sent, &len);
	assert_non_null(text);
	wg_status_init(&got);
	assert_int_equal(parse(&got, NULL, text, len, SIZE_MAX / 2), 1);
	again = format(&got, &again_len);
	assert_int_equal(len, again_len);
	assert_memory_equal(text, again, len);
	assert_true(got.detailed);
	assert_string_equal(wg_status_peer_name(&got, 1), "shale");
	assert_int_equal(got.config.callers[WG_CALLER_WRONG_KEY].calls, 7);
	assert_int_equal(got.config.peers[1].health.report, WG_REPORT_NO_HOST);
	assert_int_equal(got.config.peers[1].health.report_age_sec, 6);
	assert_int_equal(got.config.peers[1].health.responses_sent, 8);
	assert_int_equal(got.config.callers[WG_CALLER_UNKNOWN].source.scope, 3);
	assert_null(wg_status_peer_name(&got, 0));
	free(text);
	free(again);
	wg_status_deinit(&got);
	wg_status_deinit(&sent);
}

static void test_text_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{"", 0},
		{"mtu=1420\n", 0}, /* cut off */
		{"\n", -EPROTO},
		{"mtu\nerrno=0\n\n", -EPROTO},
		{"mtu=-1\nerrno=0\n\n", -EPROTO},
		{"mtu=4294967296\nerrno=0\n\n", -EPROTO},
		{"link=up\npeer=AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nsession=5\nerrno="
		 "0\n\n",
		 -EPROTO},
		{"own_key=x\nerrno=0\n\n", -EPROTO},
		{SOME_PEER "lookup=1 2\nerrno=0\n\n", -EPROTO},
		{SOME_PEER "lookup_host=x\nerrno=0\n\n", -EPROTO},
		{SOME_PEER "lookup=1 2 3\nlookup=1 2 3\nerrno=0\n\n", -EPROTO},
		{SOME_PEER "lookup=1 2 3\n" SOME_PEER "lookup_host=x\nerrno=0\n\n", -EPROTO},
		{SOME_PEER "lookup=1 2 3\nlookup_new=x\nerrno=0\n\n", 1},
		{"peer=x\nerrno=0\n\n", -EPROTO},
		{"drop=in-mac1\nerrno=0\n\n", -EPROTO},
		{"drop=in-mac1 x\nerrno=0\n\n", -EPROTO},
		{"drop=link-no-memory x\nerrno=0\n\n", -EPROTO},
		{"caller=wrong_key 1 2\nerrno=0\n\n", -EPROTO},
		{"caller=wrong_key 1 2 AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "
		 "192.0.2.7:1\nerrno=0\n\n",
		 1},
		{"caller=wrong_key 1 x AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "
		 "192.0.2.7:1\nerrno=0\n\n",
		 -EPROTO},
		{"caller=new_kind 1 2 AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "
		 "192.0.2.7:1\nerrno=0\n\n",
		 1},
		{SOME_PEER "reported=no-host 1\nerrno=0\n\n", -EPROTO},
		{SOME_PEER "reported=new 1 ::1\nerrno=0\n\n", 1},
		{"errno=2\n\n", -ENOENT},
		{"errno=x\n\n", -EPROTO},
		{"new=thing\ndrop=new-reason 3\nerrno=0\n\n", 1},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_status status;

		wg_status_init(&status);
		assert_int_equal(parse(&status, NULL, cases[i].text, strlen(cases[i].text), 7),
				 cases[i].result);
		wg_status_deinit(&status);
	}
}

/* What a handler was told, as text again. */
struct told {
	struct wg_text text;
	size_t most_peers; /* that were held at a time */
	int error;         /* of the handler, at the first peer */
};

static int tell_interface(void *ctx, const struct wg_status *status)
{
	struct told *told = ctx;

	assert_int_equal(told->text.len, 0);
	wg_status_format_interface(&told->text, status);
	return 0;
}

static int tell_peer(void *ctx, const struct wg_status *status)
{
	struct told *told = ctx;

	if (status->config.n_peers > told->most_peers)
		told->most_peers = status->config.n_peers;
	wg_status_format_peers(&told->text, status);
	return told->error;
}

static void test_a_reader_tells_of_one_peer_after_the_other_and_holds_no_more(void **state)
{
	struct told told = {.most_peers = 0};
	const struct wg_status_handler handler = {tell_interface, tell_peer, &told};
	struct wg_status sent;
	size_t len;
	char *text;

	(void)state;
	fill(&sent);
	text = format(&sent, &len);
	for (size_t step = 1; step < 300; step += 23) {
		struct wg_status status;

		wg_text_init(&told.text);
		wg_status_init(&status);
		assert_int_equal(parse(&status, &handler, text, len, step), 1);
		wg_text_printf(&told.text, "errno=0\n\n");
		assert_int_equal(told.text.len, len);
		assert_memory_equal(told.text.data, text, len);
		assert_int_equal(told.most_peers, 1);
		wg_status_deinit(&status);
		wg_text_deinit(&told.text);
	}
	free(text);
	wg_status_deinit(&sent);
}

static void test_a_reader_stops_at_its_handlers_error(void **state)
{
	struct told told = {.error = -EIO};
	const struct wg_status_handler handler = {tell_interface, tell_peer, &told};
	struct wg_status sent;
	struct wg_status status;
	size_t len;
	char *text;

	(void)state;
	fill(&sent);
	text = format(&sent, &len);
	wg_text_init(&told.text);
	wg_status_init(&status);
	assert_int_equal(parse(&status, &handler, text, len, len), -EIO);
	assert_null(strstr(told.text.data, "shale"));
	wg_status_deinit(&status);
	wg_text_deinit(&told.text);
	free(text);
	wg_status_deinit(&sent);
}

static void test_a_line_without_an_end_is_refused(void **state)
{
	struct wg_status status;
	char chunk[4096];
	struct wg_status_reader reader;
	int result = 0;

	(void)state;
	memset(chunk, 'a', sizeof(chunk));
	wg_status_init(&status);
	wg_status_reader_init(&reader, &status, NULL);
	for (int i = 0; i < 64 && !result; i++)
		result = wg_status_read(&reader, chunk, sizeof(chunk));
	assert_int_equal(result, -EPROTO);
	wg_status_reader_deinit(&reader);
	wg_status_deinit(&status);
}

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

		report = (enum wg_report_kind)kind;
		fill(&status);
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
					    wg_status_report_name(report));
		json_decref(json);
		free(shown);
		wg_status_deinit(&status);
	}
	report = WG_REPORT_NONE;
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
		cmocka_unit_test(test_a_status_survives_its_text),
		cmocka_unit_test(test_text_that_is_none_is_refused),
		cmocka_unit_test(test_a_reader_tells_of_one_peer_after_the_other_and_holds_no_more),
		cmocka_unit_test(test_a_reader_stops_at_its_handlers_error),
		cmocka_unit_test(test_a_line_without_an_end_is_refused),
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
