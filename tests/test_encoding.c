#include "wgtest.h"

#include "crypto/encoding.h"

/* The X25519 base point. */
#define NINE_HEX    "0900000000000000000000000000000000000000000000000000000000000000"
#define NINE_BASE64 "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static const uint8_t nine[WG_KEY_LEN] = {9};

static void test_keys_print_as_hex_and_base64(void **state)
{
	char hex[WG_HEX_LEN(WG_KEY_LEN) + 1];
	char base64[WG_KEY_BASE64_LEN + 1];

	(void)state;
	wg_hex_encode(hex, nine, WG_KEY_LEN);
	assert_string_equal(hex, NINE_HEX);
	wg_key_encode(base64, nine);
	assert_string_equal(base64, NINE_BASE64);
}

static void test_only_exact_hex_is_taken(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{"00fF", true},   {"00ff", true},  {"", false},      {"00f", false},
		{"00ff0", false}, {"00fg", false}, {"00 ff", false}, {"0xff", false},
		{"00:ff", false}, {" 0ff", false},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		uint8_t bytes[2] = {1, 1};
		bool ok = wg_hex_decode(bytes, sizeof(bytes), cases[i].text);

		assert_int_equal(ok, cases[i].ok);
		assert_int_equal(bytes[0], 0);
		assert_int_equal(bytes[1], ok ? 0xff : 0);
	}
}

static void test_only_strict_base64_of_a_key_is_taken(void **state)
{
	static const char *const wrong[] = {
		"",
		"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* no padding */
		"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",  /* a bit of no byte */
		"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",  /* 31 bytes */
		"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  /* 33 bytes */
		"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ", /* more behind it */
		"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-A=",  /* the URL alphabet */
		"CQAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};
	uint8_t key[WG_KEY_LEN];

	(void)state;
	assert_true(wg_key_decode(key, NINE_BASE64));
	assert_memory_equal(key, nine, WG_KEY_LEN);
	for (size_t i = 0; i < WG_ARRAY_LEN(wrong); i++) {
		memset(key, 1, sizeof(key));
		assert_false(wg_key_decode(key, wrong[i]));
		assert_memory_equal(key, (uint8_t[WG_KEY_LEN]){0}, WG_KEY_LEN);
	}
}

static void test_what_is_encoded_decodes_again(void **state)
{
	struct wg_test_random random = {1};

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint8_t key[WG_KEY_LEN];
		uint8_t read[WG_KEY_LEN];
		char hex[WG_HEX_LEN(WG_KEY_LEN) + 1];
		char base64[WG_KEY_BASE64_LEN + 1];

		wg_test_fill(&random, key, sizeof(key));
		wg_hex_encode(hex, key, sizeof(key));
		assert_true(wg_hex_decode(read, sizeof(read), hex));
		assert_memory_equal(read, key, sizeof(key));
		wg_key_encode(base64, key);
		assert_true(wg_key_decode(read, base64));
		assert_memory_equal(read, key, sizeof(key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_print_as_hex_and_base64),
		cmocka_unit_test(test_only_exact_hex_is_taken),
		cmocka_unit_test(test_only_strict_base64_of_a_key_is_taken),
		cmocka_unit_test(test_what_is_encoded_decodes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
