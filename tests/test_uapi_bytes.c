/* What a request is said to take in memory while it is read, beside what it does take. */
#include "wgtest.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>

#include "crypto/secret.h"
#include "crypto/text.h"
#include "ctl/uapi.h"

#define MIB ((size_t)1 << 20)

/* 0: it cannot be known, as under sanitizers. */
static size_t bytes_in_use(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd + wg_secret_bytes_held();
#else
	return 0;
#endif
}

static uint32_t find_scope(const char *name)
{
	(void)name;
	return 0;
}

/* What each peer of a request has. */
struct shape {
	size_t peers;
	size_t allowed_ips;
	bool preshared;
};

static void write_request(struct wg_text *text, const struct shape *shape)
{
	wg_text_init(text);
	wg_text_printf(text, "set=1\n");
	for (size_t i = 0; i < shape->peers; i++) {
		wg_text_printf(text, "public_key=%064zx\n", i + 1);
		if (shape->preshared)
			wg_text_printf(text, "preshared_key=%064zx\n", i + 1);
		for (size_t k = 0; k < shape->allowed_ips; k++)
			wg_text_printf(text, "allowed_ip=::%zx\n", k % 4096);
	}
	assert_false(text->failed);
}

/* Reads it in pieces as the server does, and looks at each. */
static void compare(const struct shape *shape)
{
	struct wg_uapi_parser *parser = wg_uapi_parser_new(find_scope);
	struct wg_text text;
	size_t before;

	assert_non_null(parser);
	write_request(&text, shape);
	before = bytes_in_use();
	for (size_t at = 0; at < text.len; at += 65536) {
		size_t len = text.len - at < 65536 ? text.len - at : 65536;
		size_t used;
		size_t said;
		size_t taken;

		assert_int_equal(wg_uapi_parse(parser, text.data + at, len, &used), 0);
		said = wg_uapi_parser_bytes(parser);
		taken = bytes_in_use() - before;
		if (said > 2 * MIB || taken > 2 * MIB)
			assert_in_range(taken, said - said / 10, said + said / 10);
	}
	assert_true(wg_uapi_parser_bytes(parser) > 2 * MIB);
	wg_uapi_parser_free(parser);
	wg_text_deinit(&text);
}

static void test_what_a_request_takes_is_known_to_a_tenth(void **state)
{
	static const struct shape shapes[] = {
		{100000, 0, false}, {60000, 0, true}, {60000, 1, false}, {30000, 5, true},
		{1, 300000, false}, {3, 90000, true}, {5000, 70, false},
	};

	(void)state;
	if (!bytes_in_use()) {
		print_message("skipped: this C library does not say what memory is in use\n");
		skip();
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(shapes); i++)
		compare(&shapes[i]);
}

/* What is held is hardly more than what was asked for, however much that is. */
static void test_room_for_more_is_made_a_little_at_a_time(void **state)
{
	struct wg_config config;
	const struct wg_prefix prefix = {{WG_FAMILY_IPV4, {10}}, 8};
	size_t peers = 100000;

	(void)state;
	wg_config_init(&config);
	for (size_t i = 0; i < peers; i++) {
		assert_non_null(wg_config_add_peer(&config));
		if (i > MIB / sizeof(*config.peers) * 2)
			assert_in_range(config.peers_capacity, i, i + i / 15);
	}
	for (size_t i = 0; i < 300000; i++) {
		assert_int_equal(wg_config_add_allowed_ip(&config.peers[0], &prefix, false), 0);
		if (i > MIB / sizeof(*config.peers->allowed_ips) * 2)
			assert_in_range(config.peers[0].allowed_ips_capacity, i, i + i / 15);
	}
	wg_config_deinit(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_request_takes_is_known_to_a_tenth),
		cmocka_unit_test(test_room_for_more_is_made_a_little_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
