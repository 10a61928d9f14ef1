/* Text that is read and written while memory is out: each allocation fails in turn. Nothing
 * is taken for whole that is not, nothing is lost, and the next time it works. */
#include "scarce.h"
#include "wgtest.h"

#include "conf/check.h"
#include "conf/conf.h"
#include "conf/confwrite.h"
#include "ctl/status.h"
#include "ctl/uapi.h"

#define MANY 40

static uint32_t find_scope(const char *name)
{
	(void)name;
	return 3;
}

static char *read_corpus(const char *name, size_t *len)
{
	char path[512];
	char *text = malloc(65536);
	FILE *file;

	assert_non_null(text);
	snprintf(path, sizeof(path), "%s/%s", WG_TEST_CORPUS, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s", path);
	*len = fread(text, 1, 65535, file);
	text[*len] = '\0';
	fclose(file);
	return text;
}

static struct wg_text request; /* a set of many peers */

static void write_request(void)
{
	wg_text_init(&request);
	wg_text_printf(&request, "set=1\nprivate_key=%064x\nlisten_port=1\n", 7);
	for (int i = 0; i < MANY; i++) {
		wg_text_printf(&request, "public_key=%064x\nendpoint=[fe80::1%%eth0]:1\n", i + 1);
		for (int k = 0; k < 10; k++)
			wg_text_printf(&request, "allowed_ip=10.%d.%d.0/24\n", i, k);
	}
	wg_text_printf(&request, "\n");
	assert_false(request.failed);
}

static bool parse_request(void *ctx)
{
	struct wg_uapi_parser *parser = wg_uapi_parser_new(find_scope);
	size_t used;
	int result;

	(void)ctx;
	if (!parser)
		return false;
	result = wg_uapi_parse(parser, request.data, request.len, &used);
	if (result == 1) {
		assert_int_equal(wg_uapi_config(parser)->n_peers, MANY);
	} else {
		/* Read to its end all the same, so that the connection can go on. */
		assert_int_equal(result, -ENOMEM);
		assert_int_equal(used, request.len);
		assert_true(wg_uapi_parser_in_step(parser));
		assert_int_equal(wg_uapi_config(parser)->n_peers, 0);
		wg_uapi_parser_reset(parser);
		assert_int_equal(wg_uapi_parse(parser, "get=1\n\n", 7, &used), 1);
	}
	wg_uapi_parser_free(parser);
	return result == 1;
}

static void test_a_request_is_read_whole_or_refused_as_a_whole(void **state)
{
	(void)state;
	write_request();
	assert_true(scarce_try(parse_request, NULL) > MANY);
	wg_text_deinit(&request);
}

static void fill(struct wg_status *status)
{
	wg_status_init(status);
	status->detailed = true;
	for (unsigned int i = 0; i < MANY; i++) {
		struct wg_config_peer *peer = wg_config_add_peer(&status->config);
		struct wg_prefix prefix = {{WG_FAMILY_IPV4, {10, (uint8_t)i}}, 16};
		const struct wg_status_lookup lookup = {
			.peer = i, .host = "shale.example", .error = "why", .file = "wg0.conf"};

		assert_non_null(peer);
		peer->public_key[0] = (uint8_t)i;
		for (unsigned int k = 0; k < 5; k++)
			assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
		assert_int_equal(wg_status_name_peer(status, i, "shale"), 0);
		assert_int_equal(wg_status_add_lookup(status, &lookup), 0);
	}
}

static bool format(void *ctx)
{
	const struct wg_status *status = ctx;
	struct wg_text text;
	size_t len;
	char *taken;
	bool failed;

	wg_text_init(&text);
	wg_status_format_interface(&text, status);
	wg_status_format_peers(&text, status);
	wg_uapi_format_device(&text, &status->config);
	wg_uapi_format_peers(&text, &status->config);
	failed = text.failed;
	taken = wg_text_take(&text, &len);
	assert_int_equal(taken == NULL, failed);
	free(taken);
	return !failed;
}

static void test_an_answer_is_written_whole_or_not_at_all(void **state)
{
	struct wg_status status;

	(void)state;
	fill(&status);
	assert_true(scarce_try(format, &status) > 3);
	wg_status_deinit(&status);
}

struct answer {
	char *text;
	size_t len;
	size_t step;
};

static bool read_answer(void *ctx)
{
	const struct answer *answer = ctx;
	struct wg_status_reader reader;
	struct wg_status status;
	int result = 0;

	wg_status_init(&status);
	wg_status_reader_init(&reader, &status, NULL);
	for (size_t i = 0; i < answer->len && !result; i += answer->step) {
		size_t left = answer->len - i;

		result = wg_status_read(&reader, answer->text + i,
					left < answer->step ? left : answer->step);
	}
	wg_status_reader_deinit(&reader);
	if (result == 1)
		assert_string_equal(wg_status_lookup(&status, MANY - 1)->host, "shale.example");
	else
		assert_int_equal(result, -ENOMEM);
	wg_status_deinit(&status);
	return result == 1;
}

static void test_an_answer_is_read_whole_or_not_at_all(void **state)
{
	static const size_t steps[] = {7, 300, 1000000};
	struct wg_status status;
	struct wg_text text;
	struct answer answer;

	(void)state;
	fill(&status);
	wg_text_init(&text);
	wg_status_format_interface(&text, &status);
	wg_status_format_peers(&text, &status);
	wg_text_printf(&text, "errno=0\n\n");
	answer.text = wg_text_take(&text, &answer.len);
	assert_non_null(answer.text);
	for (size_t i = 0; i < WG_ARRAY_LEN(steps); i++) {
		answer.step = steps[i];
		assert_true(scarce_try(read_answer, &answer) > MANY);
	}
	free(answer.text);
	wg_status_deinit(&status);
}

static bool parse_conf(void *ctx)
{
	const struct answer *file = ctx;
	struct wg_error error = {0};
	struct wg_conf conf;
	int err = wg_conf_parse(&conf, "wg0.conf", "wg0", file->text, file->len, &error);

	if (err) {
		assert_int_equal(err, -ENOMEM);
		assert_true(*error.text);
	} else {
		wg_conf_deinit(&conf);
	}
	return !err;
}

static void test_a_file_is_read_whole_or_refused_with_a_reason(void **state)
{
	static const char *const names[] = {
		"ok-basalt", "ok-everything",      "ok-shale",           "ok-spelling",
		"ok-wg",     "ok-wg-quick-client", "ok-wg-quick-server", "ok-wg-quick-table",
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++) {
		struct answer file;

		file.text = read_corpus(names[i], &file.len);
		assert_true(scarce_try(parse_conf, &file) > 3);
		free(file.text);
	}
}

static const char *const files[] = {
	"ok-basalt", "ok-everything",      "ok-shale",           "ok-spelling",       "findings",
	"ok-wg",     "ok-wg-quick-client", "ok-wg-quick-server", "ok-wg-quick-table",
};

/* Does it with each file, parsed with plenty. */
static void try_with_files(bool (*act)(void *ctx))
{
	for (size_t i = 0; i < WG_ARRAY_LEN(files); i++) {
		struct wg_error error = {0};
		struct wg_conf conf;
		size_t len;
		char *text = read_corpus(files[i], &len);

		assert_int_equal(wg_conf_parse(&conf, "wg0.conf", "wg0", text, len, &error), 0);
		assert_true(scarce_try(act, &conf) > 0);
		wg_conf_deinit(&conf);
		free(text);
	}
}

static bool check(void *ctx)
{
	const struct wg_check_host host = {.others_can_read = true};
	struct wg_check check;
	bool failed;

	wg_check_init(&check, "wg0.conf");
	wg_check_conf(&check, ctx, &host);
	failed = check.failed;
	wg_check_deinit(&check);
	return !failed;
}

static void test_a_check_that_is_not_everything_says_so(void **state)
{
	(void)state;
	try_with_files(check);
}

static bool write_conf(void *ctx)
{
	const struct wg_conf *conf = ctx;
	struct wg_text text;
	bool failed;

	wg_confwrite_text(&text, conf, &conf->config);
	failed = text.failed;
	assert_true(failed || strlen(text.data) == text.len);
	wg_text_deinit(&text);
	return !failed;
}

static void test_a_file_is_written_whole_or_not_at_all(void **state)
{
	(void)state;
	try_with_files(write_conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_is_read_whole_or_refused_as_a_whole),
		cmocka_unit_test(test_an_answer_is_written_whole_or_not_at_all),
		cmocka_unit_test(test_an_answer_is_read_whole_or_not_at_all),
		cmocka_unit_test(test_a_file_is_read_whole_or_refused_with_a_reason),
		cmocka_unit_test(test_a_check_that_is_not_everything_says_so),
		cmocka_unit_test(test_a_file_is_written_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
