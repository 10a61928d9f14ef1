#include "wgtest.h"

#include "crypto/blake2s.h"
#include "crypto/crypto.h"
#include "crypto/x25519.h"

/* RFC 7693, appendix B. */
static const char abc_hash[] = "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982";

static void test_a_hash_does_not_depend_on_where_its_input_is_cut(void **state)
{
	uint8_t expected[WG_HASH_LEN];
	uint8_t hash[WG_HASH_LEN];

	(void)state;
	wg_test_unhex(expected, sizeof(expected), abc_hash);
	for (size_t cut = 0; cut <= 3; cut++) {
		wg_blake2s_hash(hash, "abc", cut, &"abc"[cut], 3 - cut);
		assert_memory_equal(hash, expected, sizeof(hash));
	}
	wg_blake2s_hash(hash, "abc", 3, NULL, 0);
	assert_memory_equal(hash, expected, sizeof(hash));
	wg_blake2s_hash(hash, NULL, 0, "abc", 3);
	assert_memory_equal(hash, expected, sizeof(hash));
}

static void check_kdf(const struct wg_test_block *block)
{
	uint8_t key[WG_HASH_LEN];
	uint8_t input[256];
	uint8_t expected[3][WG_HASH_LEN];
	uint8_t t[3][WG_HASH_LEN];
	size_t len = wg_test_unhex(input, sizeof(input), wg_test_field(block, "input"));

	wg_test_bytes(block, "key", key, sizeof(key));
	wg_test_bytes(block, "t1", expected[0], WG_HASH_LEN);
	wg_test_bytes(block, "t2", expected[1], WG_HASH_LEN);
	wg_test_bytes(block, "t3", expected[2], WG_HASH_LEN);
	for (size_t n = 1; n <= 3; n++) {
		memset(t, 0, sizeof(t));
		wg_blake2s_kdf(t[0], n > 1 ? t[1] : NULL, n > 2 ? t[2] : NULL, key, input, len);
		assert_memory_equal(t, expected, n * WG_HASH_LEN);
		assert_true(n == 3 || t[n][0] == 0);
	}
}

static void test_the_kdf_gives_its_vectors(void **state)
{
	(void)state;
	assert_int_equal(wg_test_vectors("kdf.txt", check_kdf), 4);
}

static void check_mac(const struct wg_test_block *block)
{
	uint8_t public_key[WG_KEY_LEN];
	uint8_t key[WG_HASH_LEN];
	uint8_t expected[WG_HASH_LEN];
	uint8_t input[256];
	uint8_t mac[WG_MAC_LEN];
	size_t len = wg_test_unhex(input, sizeof(input), wg_test_field(block, "input"));

	wg_test_bytes(block, "public_key", public_key, sizeof(public_key));
	wg_test_bytes(block, "cookie_key", expected, sizeof(expected));
	wg_blake2s_hash(key, "cookie--", 8, public_key, sizeof(public_key));
	assert_memory_equal(key, expected, sizeof(key));
	wg_test_bytes(block, "mac1_key", expected, sizeof(expected));
	wg_blake2s_hash(key, "mac1----", 8, public_key, sizeof(public_key));
	assert_memory_equal(key, expected, sizeof(key));
	wg_test_bytes(block, "mac", expected, sizeof(mac));
	wg_blake2s_mac(mac, key, sizeof(key), input, len);
	assert_memory_equal(mac, expected, sizeof(mac));
}

static void test_keyed_macs_and_label_hashes_give_their_vectors(void **state)
{
	(void)state;
	assert_int_equal(wg_test_vectors("mac.txt", check_mac), 3);
}

/* RFC 2104 from the definition, on one flat buffer. */
static void naive_hmac(uint8_t mac[static WG_HASH_LEN], const uint8_t *key, size_t key_len,
		       const uint8_t *data, size_t len)
{
	uint8_t block[64] = {0};
	uint8_t buffer[64 + 512];

	if (key_len > sizeof(block))
		wg_blake2s_hash(block, key, key_len, NULL, 0);
	else
		memcpy(block, key, key_len);
	for (size_t i = 0; i < sizeof(block); i++)
		buffer[i] = block[i] ^ 0x36;
	memcpy(buffer + 64, data, len);
	wg_blake2s_hash(mac, buffer, 64 + len, NULL, 0);
	for (size_t i = 0; i < sizeof(block); i++)
		buffer[i] = block[i] ^ 0x5c;
	memcpy(buffer + 64, mac, WG_HASH_LEN);
	wg_blake2s_hash(mac, buffer, 64 + WG_HASH_LEN, NULL, 0);
}

static void test_an_hmac_takes_keys_of_any_length(void **state)
{
	struct wg_test_random random = {1};
	uint8_t key[200];
	uint8_t data[300];

	(void)state;
	wg_test_fill(&random, key, sizeof(key));
	wg_test_fill(&random, data, sizeof(data));
	for (size_t key_len = 0; key_len <= sizeof(key); key_len++) {
		uint8_t expected[WG_HASH_LEN];
		uint8_t mac[WG_HASH_LEN];
		size_t len = wg_test_below(&random, sizeof(data) + 1);

		naive_hmac(expected, key, key_len, data, len);
		wg_blake2s_hmac(mac, key, key_len, data, len);
		assert_memory_equal(mac, expected, sizeof(mac));
	}
}

static void test_a_kdf_may_write_over_its_key(void **state)
{
	uint8_t key[WG_HASH_LEN] = {1, 2, 3};
	uint8_t expected[2][WG_HASH_LEN];
	uint8_t t2[WG_HASH_LEN];

	(void)state;
	wg_blake2s_kdf(expected[0], expected[1], NULL, key, "input", 5);
	wg_blake2s_kdf(key, t2, NULL, key, "input", 5);
	assert_memory_equal(key, expected[0], sizeof(key));
	assert_memory_equal(t2, expected[1], sizeof(t2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_hash_does_not_depend_on_where_its_input_is_cut),
		cmocka_unit_test(test_the_kdf_gives_its_vectors),
		cmocka_unit_test(test_keyed_macs_and_label_hashes_give_their_vectors),
		cmocka_unit_test(test_an_hmac_takes_keys_of_any_length),
		cmocka_unit_test(test_a_kdf_may_write_over_its_key),
	};

	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
