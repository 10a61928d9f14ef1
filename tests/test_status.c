/* A status as text and back. */
#include <errno.h>

#include "status.h"

#define SOME_PEER "peer=AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

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
	fill(&sent);
	sent.config.peers[1].health.report = WG_REPORT_NO_HOST;
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
	assert_int_equal(got.lately_sec, 61);
	assert_memory_equal(&got.lately, &sent.lately, sizeof(got.lately));
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
		{"drop_lately=in-mac1 x\nerrno=0\n\n", -EPROTO},
		{"lately=1 2\nerrno=0\n\n", -EPROTO},
		{"lately=1 2 x\nerrno=0\n\n", -EPROTO},
		{"lately=1 2 3\nerrno=0\n\n", 1},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_status_survives_its_text),
		cmocka_unit_test(test_text_that_is_none_is_refused),
		cmocka_unit_test(test_a_reader_tells_of_one_peer_after_the_other_and_holds_no_more),
		cmocka_unit_test(test_a_reader_stops_at_its_handlers_error),
		cmocka_unit_test(test_a_line_without_an_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
