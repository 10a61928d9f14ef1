#include "wgtest.h"

#include <errno.h>

#include "crypto/text.h"
#include "ctl/uapi.h"
#include "uapi.h"

#define KEY_A "0100000000000000000000000000000000000000000000000000000000000000"
#define KEY_B "00000000000000000000000000000000000000000000000000000000000000ff"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define PEER  "public_key=" KEY_A "\n"

static uint32_t scope(const char *name)
{
	return strcmp(name, "eth0") == 0 ? 7 : 0;
}

/* Feeds text in pieces of at most step bytes; all of it must be taken. */
static int parse(struct wg_uapi_parser *parser, const char *text, size_t step)
{
	size_t len = strlen(text);
	int result = 0;

	while (len && result == 0) {
		size_t used;

		result = wg_uapi_parse(parser, text, len < step ? len : step, &used);
		text += used;
		len -= used;
	}
	if (wg_uapi_parser_in_step(parser))
		assert_int_equal(len, 0);
	return result;
}

static struct wg_uapi_parser *new_parser(void)
{
	struct wg_uapi_parser *parser = wg_uapi_parser_new(scope);

	assert_non_null(parser);
	return parser;
}

/* The parser of a request that must be right. */
static struct wg_uapi_parser *parsed(const char *text)
{
	struct wg_uapi_parser *parser = new_parser();

	assert_int_equal(parse(parser, text, SIZE_MAX), 1);
	return parser;
}

struct verdict {
	const char *text;
	int result;
};

static const struct verdict verdicts[] = {
	{"get=1\n\n", 1},
	{"set=1\n\n", 1},
	{"set=1\nlisten_port=0\nfwmark=0\nprivate_key=" ZEROS "\nreplace_peers=true\n\n", 1},
	{"set=1\nlisten_port=65535\nfwmark=4294967295\n\n", 1},
	{"set=1\n" PEER PEER "\n", 1},
	{"set=1\npublic_key=" ZEROS "\n\n", 1},
	{"set=1\n" PEER "endpoint=[2001:db8::1]:65535\n\n", 1},
	{"set=1\n" PEER "endpoint=192.0.2.7:1\nendpoint=[fe80::1%9]:1\n\n", 1},
	{"set=1\n" PEER "allowed_ip=-::/0\nallowed_ip=192.0.2.1\n\n", 1},
	{"set=1\n" PEER "protocol_version=1\n\n", 1},
	{"get=1\nlisten_port=1\n\n", -EINVAL},
	{"get=1\nlisten_port\n\n", -EPROTO},
	{"set=1\nset=1\n\n", -EINVAL},
	{"set=1\nget=1\n\n", -EINVAL},
	{"set=1\nlisten_port\n\n", -EPROTO},
	{"set=1\n=\n\n", -EINVAL},
	{"set=1\ncolour=blue\n\n", -EINVAL},
	{"set=1\nlisten_port=65536\n\n", -EINVAL},
	{"set=1\nlisten_port=-1\n\n", -EINVAL},
	{"set=1\nlisten_port=+1\n\n", -EINVAL},
	{"set=1\nlisten_port= 1\n\n", -EINVAL},
	{"set=1\nlisten_port=1\r\n\n", -EINVAL},
	{"set=1\nlisten_port=\n\n", -EINVAL},
	{"set=1\nlisten_port=18446744073709551617\n\n", -EINVAL},
	{"set=1\nfwmark=4294967296\n\n", -EINVAL},
	{"set=1\nfwmark=0x1\n\n", -EINVAL},
	{"set=1\nprivate_key=" ZEROS "00\n\n", -EINVAL},
	{"set=1\nprivate_key=00\n\n", -EINVAL},
	{"set=1\nprivate_key=zz00000000000000000000000000000000000000000000000000000000000000"
	 "\n\n",
	 -EINVAL},
	{"set=1\nreplace_peers=false\n\n", -EINVAL},
	{"set=1\nallowed_ip=::/0\n\n", -EINVAL},
	{"set=1\npublic_key=\n\n", -EINVAL},
	{"set=1\n" PEER "listen_port=1\n\n", -EINVAL},
	{"set=1\n" PEER "remove=yes\n\n", -EINVAL},
	{"set=1\n" PEER "update_only=1\n\n", -EINVAL},
	{"set=1\n" PEER "replace_allowed_ips=TRUE\n\n", -EINVAL},
	{"set=1\n" PEER "preshared_key=0\n\n", -EINVAL},
	{"set=1\n" PEER "persistent_keepalive_interval=65536\n\n", -EINVAL},
	{"set=1\n" PEER "persistent_keepalive_interval=off\n\n", -EINVAL},
	{"set=1\n" PEER "protocol_version=2\n\n", -EINVAL},
	{"set=1\n" PEER "protocol_version=11\n\n", -EINVAL},
	{"set=1\n" PEER "allowed_ip=192.0.2.0/33\n\n", -EINVAL},
	{"set=1\n" PEER "allowed_ip=--192.0.2.0/24\n\n", -EINVAL},
	{"set=1\n" PEER "allowed_ip=+192.0.2.0/24\n\n", -EINVAL},
	{"set=1\n" PEER "allowed_ip=\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=192.0.2.7\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=192.0.2.7:0\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=192.0.2.7:65536\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=192.0.2.7:\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=[192.0.2.7]:1\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=2001:db8::1:1\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=[2001:db8::1\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=[2001:db8::1]1\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=[2001:db8::1]\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=shale.example:30567\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=\n\n", -EINVAL},
	{"set=1\n" PEER "endpoint=[fe80::1%nowhere]:1\n\n", -ENODEV},
	{"set=1\n" PEER "endpoint=[fe80::1%0]:1\n\n", -ENODEV},
	{"set=1\n" PEER "endpoint=[fe80::1%]:1\n\n", -ENODEV},
	{"\n", -EPROTO},
	{"set=2\n", -EPROTO},
	{"get=1 \n", -EPROTO},
	{"listen_port=1\n", -EPROTO},
	/* What came first is what is told. */
	{"set=1\nlisten_port\ncolour=blue\n\n", -EPROTO},
	{"set=1\ncolour=blue\nlisten_port\n\n", -EINVAL},
};

static void test_every_request_gets_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(verdicts); i++) {
		struct wg_uapi_parser *parser = new_parser();
		int result = parse(parser, verdicts[i].text, SIZE_MAX);

		if (result != verdicts[i].result)
			fail_msg("%s: got %d, not %d", verdicts[i].text, result,
				 verdicts[i].result);
		wg_uapi_parser_free(parser);
	}
}

/* Both hold the same; NULLs and capacities aside. */
static void assert_same_config(const struct wg_config *a, const struct wg_config *b)
{
	assert_true(wg_lockedkey_equal(&a->private_key, &b->private_key));
	assert_int_equal(a->listen_port, b->listen_port);
	assert_int_equal(a->fwmark, b->fwmark);
	assert_int_equal(a->has_private_key, b->has_private_key);
	assert_int_equal(a->has_listen_port, b->has_listen_port);
	assert_int_equal(a->has_fwmark, b->has_fwmark);
	assert_int_equal(a->replace_peers, b->replace_peers);
	assert_int_equal(a->n_peers, b->n_peers);
	for (size_t i = 0; i < a->n_peers; i++) {
		struct wg_config_peer *p = &a->peers[i];
		struct wg_config_peer *q = &b->peers[i];

		assert_memory_equal(p, q, offsetof(struct wg_config_peer, allowed_ips));
		assert_true(wg_lockedkey_equal(&p->preshared_key, &q->preshared_key));
		assert_int_equal(p->n_allowed_ips, q->n_allowed_ips);
		assert_memory_equal(p->allowed_ips, q->allowed_ips,
				    p->n_allowed_ips * sizeof(*p->allowed_ips));
	}
}

static void test_a_byte_at_a_time_equals_all_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(verdicts); i++) {
		struct wg_uapi_parser *whole = new_parser();
		struct wg_uapi_parser *bytes = new_parser();

		assert_int_equal(parse(whole, verdicts[i].text, SIZE_MAX),
				 parse(bytes, verdicts[i].text, 1));
		assert_int_equal(wg_uapi_kind(whole), wg_uapi_kind(bytes));
		assert_int_equal(wg_uapi_parser_in_step(whole), wg_uapi_parser_in_step(bytes));
		assert_same_config(wg_uapi_config(whole), wg_uapi_config(bytes));
		wg_uapi_parser_free(whole);
		wg_uapi_parser_free(bytes);
	}
}

static void test_a_request_is_read_into_a_change(void **state)
{
	struct wg_uapi_parser *parser =
		parsed("set=1\nprivate_key=" KEY_A "\nlisten_port=30567\nfwmark=51820\n"
		       "replace_peers=true\n" PEER "preshared_key=" KEY_B "\n"
		       "endpoint=192.0.2.7:30567\npersistent_keepalive_interval=25\n"
		       "replace_allowed_ips=true\nallowed_ip=192.0.2.0/24\n"
		       "allowed_ip=-2001:db8::/32\nupdate_only=true\n"
		       "public_key=" KEY_B "\nremove=true\n\n");
	const struct wg_config *config = wg_uapi_config(parser);
	const struct wg_config_peer *peer = &config->peers[0];
	char text[WG_PREFIX_TEXT_LEN];

	(void)state;
	assert_int_equal(wg_uapi_kind(parser), WG_UAPI_SET);
	assert_true(config->has_private_key && config->has_listen_port && config->has_fwmark &&
		    config->replace_peers);
	assert_int_equal(wg_lockedkey_bytes(&config->private_key)[0], 1);
	assert_int_equal(config->listen_port, 30567);
	assert_int_equal(config->fwmark, 51820);
	assert_int_equal(config->n_peers, 2);
	assert_true(peer->has_preshared_key && peer->has_endpoint && peer->has_keepalive &&
		    peer->update_only && peer->replace_allowed_ips && !peer->remove);
	assert_int_equal(peer->public_key[0], 1);
	assert_int_equal(wg_lockedkey_bytes(&peer->preshared_key)[31], 0xff);
	assert_int_equal(peer->endpoint.port, 30567);
	assert_int_equal(peer->keepalive, 25);
	assert_int_equal(peer->n_allowed_ips, 2);
	assert_string_equal(wg_prefix_format(text, &peer->allowed_ips[0].prefix), "192.0.2.0/24");
	assert_false(peer->allowed_ips[0].remove);
	assert_string_equal(wg_prefix_format(text, &peer->allowed_ips[1].prefix), "2001:db8::/32");
	assert_true(peer->allowed_ips[1].remove);
	assert_true(config->peers[1].remove);
	assert_int_equal(config->peers[1].public_key[31], 0xff);
	wg_uapi_parser_free(parser);
}

static void test_what_a_request_leaves_out_stays_unset(void **state)
{
	struct wg_uapi_parser *parser = parsed("set=1\n" PEER "\n");
	const struct wg_config *config = wg_uapi_config(parser);

	(void)state;
	assert_false(config->has_private_key || config->has_listen_port || config->has_fwmark ||
		     config->replace_peers);
	assert_false(config->peers[0].has_preshared_key || config->peers[0].has_endpoint ||
		     config->peers[0].has_keepalive || config->peers[0].remove ||
		     config->peers[0].update_only || config->peers[0].replace_allowed_ips);
	wg_uapi_parser_free(parser);
}

static void test_host_bits_of_an_allowed_ip_are_masked(void **state)
{
	struct wg_uapi_parser *parser = parsed("set=1\n" PEER "allowed_ip=10.1.2.3/8\n\n");
	char text[WG_PREFIX_TEXT_LEN];

	(void)state;
	wg_prefix_format(text, &wg_uapi_config(parser)->peers[0].allowed_ips[0].prefix);
	assert_string_equal(text, "10.0.0.0/8");
	wg_uapi_parser_free(parser);
}

static void test_a_scope_is_a_name_or_a_number_and_only_for_link_local(void **state)
{
	static const struct {
		const char *endpoint;
		uint32_t scope;
	} cases[] = {
		{"[fe80::1%eth0]:1", 7}, {"[fe80::1%12]:1", 12},      {"[febf::1%eth0]:1", 7},
		{"[fe80::1]:1", 0},      {"[2001:db8::1%eth0]:1", 0},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		char request[256];
		struct wg_uapi_parser *parser;

		snprintf(request, sizeof(request), "set=1\n" PEER "endpoint=%s\n\n",
			 cases[i].endpoint);
		parser = parsed(request);
		assert_int_equal(wg_uapi_config(parser)->peers[0].endpoint.scope, cases[i].scope);
		wg_uapi_parser_free(parser);
	}
}

static void test_a_bad_request_keeps_nothing_and_the_next_one_works(void **state)
{
	struct wg_uapi_parser *parser = new_parser();
	const char *text = "set=1\nlisten_port=1\n" PEER "colour=blue\nlisten_port=2\n\nget=1\n\n";
	size_t used;

	(void)state;
	assert_int_equal(wg_uapi_parse(parser, text, strlen(text), &used), -EINVAL);
	assert_int_equal(used, strlen(text) - strlen("get=1\n\n"));
	assert_int_equal(wg_uapi_config(parser)->n_peers, 0);
	assert_false(wg_uapi_config(parser)->has_listen_port);
	assert_true(wg_uapi_parser_in_step(parser));
	wg_uapi_parser_reset(parser);
	assert_int_equal(parse(parser, text + used, SIZE_MAX), 1);
	assert_int_equal(wg_uapi_kind(parser), WG_UAPI_GET);
	wg_uapi_parser_free(parser);
}

static void test_bytes_behind_a_request_are_left(void **state)
{
	struct wg_uapi_parser *parser = new_parser();
	size_t used;

	(void)state;
	assert_int_equal(wg_uapi_parse(parser, "get=1\n\nset=1\n", 13, &used), 1);
	assert_int_equal(used, 7);
	assert_int_equal(wg_uapi_parse(parser, "set=1\n", 6, &used), 1);
	assert_int_equal(used, 0);
	wg_uapi_parser_free(parser);
}

static void test_without_a_request_line_the_connection_is_lost(void **state)
{
	struct wg_uapi_parser *parser = new_parser();

	(void)state;
	assert_int_equal(parse(parser, "hello\n", SIZE_MAX), -EPROTO);
	assert_false(wg_uapi_parser_in_step(parser));
	wg_uapi_parser_free(parser);
}

static void test_a_long_line_is_refused_but_a_long_first_line_at_once(void **state)
{
	char line[WG_UAPI_MAX_LINE + 32];
	struct wg_uapi_parser *parser = new_parser();
	size_t used;

	(void)state;
	memset(line, 'a', sizeof(line));
	assert_int_equal(wg_uapi_parse(parser, line, WG_UAPI_MAX_LINE, &used), 0);
	assert_int_equal(wg_uapi_parse(parser, line, 1, &used), -EPROTO);
	wg_uapi_parser_reset(parser);

	/* What is kept of it would be right. */
	memset(line, '0', sizeof(line));
	assert_int_equal(parse(parser, "set=1\nlisten_port=", SIZE_MAX), 0);
	assert_int_equal(wg_uapi_parse(parser, line, sizeof(line), &used), 0);
	assert_int_equal(parse(parser, "\n\n", SIZE_MAX), -EINVAL);
	assert_true(wg_uapi_parser_in_step(parser));
	wg_uapi_parser_free(parser);
}

static void test_a_zero_byte_in_a_line_is_refused(void **state)
{
	static const char text[] = "set=1\nlisten_port=1\0002\n\n";
	struct wg_uapi_parser *parser = new_parser();
	size_t used;

	(void)state;
	assert_int_equal(wg_uapi_parse(parser, text, sizeof(text) - 1, &used), -EINVAL);
	wg_uapi_parser_free(parser);
}

static void test_a_request_past_the_limit_is_cut_off(void **state)
{
	static char chunk[1 << 20];
	struct wg_uapi_parser *parser = new_parser();
	size_t total = 0;
	size_t used;
	int result = 0;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	parse(parser, "set=1\n", SIZE_MAX);
	while (result == 0 && total <= WG_UAPI_MAX_REQUEST) {
		result = wg_uapi_parse(parser, chunk, sizeof(chunk), &used);
		total += used;
	}
	assert_int_equal(result, -E2BIG);
	assert_true(total >= WG_UAPI_MAX_REQUEST - sizeof(chunk));
	assert_false(wg_uapi_parser_in_step(parser));
	assert_int_equal(wg_uapi_kind(parser), WG_UAPI_SET);
	wg_uapi_parser_free(parser);
}

static void test_what_a_request_takes_is_known_and_nothing_after_an_error(void **state)
{
	struct wg_uapi_parser *parser = new_parser();
	size_t before;

	(void)state;
	assert_int_equal(wg_uapi_parser_bytes(parser), 0);
	parse(parser, "set=1\n" PEER, SIZE_MAX);
	before = wg_uapi_parser_bytes(parser);
	assert_true(before >= sizeof(struct wg_config_peer));
	for (size_t i = 0; i < 100; i++)
		parse(parser, "allowed_ip=192.0.2.0/24\n", SIZE_MAX);
	assert_true(wg_uapi_parser_bytes(parser) - before >=
		    100 * sizeof(struct wg_config_allowed_ip));
	parse(parser, "colour=blue\n", SIZE_MAX);
	assert_int_equal(wg_uapi_parser_bytes(parser), 0);
	assert_int_equal(parse(parser, "\n", SIZE_MAX), -EINVAL);
	wg_uapi_parser_free(parser);
}

static void assert_formats(const struct wg_config *config, const char *expected)
{
	size_t len;
	char *text = wg_test_answer(config, &len);

	assert_non_null(text);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(text, expected, len);
	free(text);
}

static void test_an_empty_device_answers_with_errno_only(void **state)
{
	struct wg_config config = {
		.has_private_key = true, .has_listen_port = true, .has_fwmark = true};

	(void)state;
	assert_formats(&config, "errno=0\n\n");
}

static void test_a_device_is_printed_for_wg(void **state)
{
	struct wg_uapi_parser *parser =
		parsed("set=1\nprivate_key=" KEY_A "\nlisten_port=30567\nfwmark=51820\n" PEER
		       "endpoint=[fe80::1%eth0]:9\nallowed_ip=::/0\npublic_key=" KEY_B
		       "\npreshared_key=" KEY_A "\npersistent_keepalive_interval=25\n\n");
	struct wg_config *config = wg_uapi_config(parser);

	(void)state;
	config->peers[0].handshake_sec = 1700000000;
	config->peers[0].handshake_nsec = 5;
	config->peers[0].rx_bytes = UINT64_MAX;
	config->peers[0].tx_bytes = 2;
	assert_formats(config,
		       "private_key=" KEY_A "\nlisten_port=30567\nfwmark=51820\n"
		       "public_key=" KEY_A "\npreshared_key=" ZEROS "\nprotocol_version=1\n"
		       "endpoint=[fe80::1%7]:9\nlast_handshake_time_sec=1700000000\n"
		       "last_handshake_time_nsec=5\ntx_bytes=2\nrx_bytes=18446744073709551615\n"
		       "persistent_keepalive_interval=0\nallowed_ip=::/0\n"
		       "public_key=" KEY_B "\npreshared_key=" KEY_A "\nprotocol_version=1\n"
		       "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\n"
		       "tx_bytes=0\nrx_bytes=0\npersistent_keepalive_interval=25\nerrno=0\n\n");
	wg_uapi_parser_free(parser);
}

static void fill_key(struct wg_test_random *random, struct wg_lockedkey *key)
{
	uint8_t bytes[WG_KEY_LEN];

	wg_test_fill(random, bytes, sizeof(bytes));
	assert_int_equal(wg_lockedkey_set(key, bytes), 0);
}

static void make_random_config(struct wg_config *config, struct wg_test_random *random)
{
	wg_config_init(config);
	fill_key(random, &config->private_key);
	config->has_private_key = true;
	config->listen_port = (uint16_t)(1 + wg_test_below(random, UINT16_MAX));
	config->has_listen_port = true;
	for (size_t n = wg_test_below(random, 20); n; n--) {
		struct wg_config_peer *peer = wg_config_add_peer(config);

		wg_test_fill(random, peer->public_key, WG_KEY_LEN);
		fill_key(random, &peer->preshared_key);
		peer->has_preshared_key = true;
		peer->keepalive = (uint16_t)wg_test_next(random);
		peer->has_keepalive = true;
		peer->has_endpoint = true;
		peer->endpoint.ip.family = wg_test_below(random, 2) ? WG_FAMILY_IPV4
								    : WG_FAMILY_IPV6;
		wg_test_fill(random, peer->endpoint.ip.bytes,
			     wg_family_len(peer->endpoint.ip.family));
		peer->endpoint.port = 1 + (uint16_t)wg_test_below(random, UINT16_MAX);
		for (size_t m = wg_test_below(random, 9); m; m--) {
			struct wg_prefix prefix = {.ip = {.family = WG_FAMILY_IPV6}};

			wg_test_fill(random, prefix.ip.bytes, 16);
			prefix.bits = (uint8_t)wg_test_below(random, 129);
			wg_prefix_mask(&prefix);
			wg_config_add_allowed_ip(peer, &prefix, false);
		}
	}
}

/* A get's answer as the set that makes the same: without what a set has not. */
static char *as_request(const char *answer, size_t len)
{
	char *copy = strndup(answer, len);
	char *rest = copy;
	struct wg_text request;
	char *line;

	wg_text_init(&request);
	wg_text_printf(&request, "set=1\n");
	while ((line = strsep(&rest, "\n"))) {
		if (strstr(line, "last_handshake") || strstr(line, "_bytes=") ||
		    strstr(line, "errno=") || !*line)
			continue;
		wg_text_printf(&request, "%s\n", line);
	}
	wg_text_printf(&request, "\n");
	free(copy);
	return wg_text_take(&request, &len);
}

static void test_what_is_printed_reads_back_as_the_same(void **state)
{
	struct wg_test_random random = {30567};

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct wg_config config;
		struct wg_uapi_parser *parser;
		char *request;
		char *answer;
		size_t len;

		make_random_config(&config, &random);
		answer = wg_test_answer(&config, &len);
		assert_non_null(answer);
		request = as_request(answer, len);
		parser = parsed(request);
		assert_same_config(&config, wg_uapi_config(parser));
		wg_uapi_parser_free(parser);
		wg_config_deinit(&config);
		free(request);
		free(answer);
	}
}

static void test_the_sign_of_errno_depends_on_the_request(void **state)
{
	static const struct {
		enum wg_uapi_kind kind;
		int error;
		const char *text;
	} cases[] = {
		{WG_UAPI_SET, 0, "errno=0\n\n"},
		{WG_UAPI_SET, -EINVAL, "errno=-22\n\n"},
		{WG_UAPI_GET, 0, "errno=0\n\n"},
		{WG_UAPI_GET, -EINVAL, "errno=22\n\n"},
		{WG_UAPI_SET, INT32_MIN + 1, "errno=-2147483647\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		char text[WG_UAPI_ERRNO_LEN];
		size_t len = wg_uapi_format_errno(text, cases[i].kind, cases[i].error);

		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_request_gets_its_verdict),
		cmocka_unit_test(test_a_byte_at_a_time_equals_all_at_once),
		cmocka_unit_test(test_a_request_is_read_into_a_change),
		cmocka_unit_test(test_what_a_request_leaves_out_stays_unset),
		cmocka_unit_test(test_host_bits_of_an_allowed_ip_are_masked),
		cmocka_unit_test(test_a_scope_is_a_name_or_a_number_and_only_for_link_local),
		cmocka_unit_test(test_a_bad_request_keeps_nothing_and_the_next_one_works),
		cmocka_unit_test(test_bytes_behind_a_request_are_left),
		cmocka_unit_test(test_without_a_request_line_the_connection_is_lost),
		cmocka_unit_test(test_a_long_line_is_refused_but_a_long_first_line_at_once),
		cmocka_unit_test(test_a_zero_byte_in_a_line_is_refused),
		cmocka_unit_test(test_a_request_past_the_limit_is_cut_off),
		cmocka_unit_test(test_what_a_request_takes_is_known_and_nothing_after_an_error),
		cmocka_unit_test(test_an_empty_device_answers_with_errno_only),
		cmocka_unit_test(test_a_device_is_printed_for_wg),
		cmocka_unit_test(test_what_is_printed_reads_back_as_the_same),
		cmocka_unit_test(test_the_sign_of_errno_depends_on_the_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
