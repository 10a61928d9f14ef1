#include "wgtest.h"

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "crypto/x25519.h"

static void unhex_key(uint8_t key[static WG_KEY_LEN], const char *hex)
{
	assert_int_equal(wg_test_unhex(key, WG_KEY_LEN, hex), WG_KEY_LEN);
}

static void test_multiplication_gives_the_vectors_of_rfc_7748(void **state)
{
	/* sections 5.2 and 6.1: scalar, u-coordinate, output */
	static const char *const cases[][3] = {
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		 "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		 "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		 "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		 "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
		{"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		 "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		 "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
		{"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		 "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		 "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		uint8_t scalar[WG_KEY_LEN];
		uint8_t point[WG_KEY_LEN];
		uint8_t expected[WG_KEY_LEN];
		uint8_t shared[WG_KEY_LEN];

		unhex_key(scalar, cases[i][0]);
		unhex_key(point, cases[i][1]);
		unhex_key(expected, cases[i][2]);
		assert_true(wg_x25519(shared, scalar, point));
		assert_memory_equal(shared, expected, sizeof(shared));
	}
}

static void test_public_keys_give_the_vectors_of_rfc_7748(void **state)
{
	/* section 6.1 */
	static const char *const cases[][2] = {
		{"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		 "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
		{"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		 "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		uint8_t private_key[WG_KEY_LEN];
		uint8_t expected[WG_KEY_LEN];
		uint8_t public_key[WG_KEY_LEN];

		unhex_key(private_key, cases[i][0]);
		unhex_key(expected, cases[i][1]);
		wg_x25519_public(public_key, private_key);
		assert_memory_equal(public_key, expected, sizeof(public_key));
	}
}

/* All u-coordinates of order 1, 2, 4 and 8 on the curve and its twist, below 2^255 and so
 * including those that are not reduced modulo p. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void test_a_point_of_low_order_is_refused_in_every_encoding(void **state)
{
	struct wg_test_random random = {1};

	(void)state;
	for (size_t i = 0; i < 2 * WG_ARRAY_LEN(low_order); i++) {
		uint8_t scalar[WG_KEY_LEN];
		uint8_t point[WG_KEY_LEN];
		uint8_t shared[WG_KEY_LEN];

		wg_test_fill(&random, scalar, sizeof(scalar));
		unhex_key(point, low_order[i / 2]);
		point[31] |= (uint8_t)(i % 2 << 7); /* the unused bit */
		memset(shared, 0xaa, sizeof(shared));
		assert_false(wg_x25519(shared, scalar, point));
		assert_true(wg_is_zero(shared, sizeof(shared)));
	}
}

/* Whether it multiplies to all zeros. */
static void assert_is_judged(const uint8_t point[static WG_KEY_LEN], struct wg_test_random *random)
{
	uint8_t scalar[WG_KEY_LEN];
	uint8_t shared[WG_KEY_LEN];

	wg_test_fill(random, scalar, sizeof(scalar));
	assert_true(wg_x25519_is_low_order(point) == !wg_x25519(shared, scalar, point));
}

static void test_low_order_is_told_without_a_multiplication(void **state)
{
	struct wg_test_random random = {3};
	uint8_t point[WG_KEY_LEN];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(low_order); i++) {
		unhex_key(point, low_order[i]);
		assert_true(wg_x25519_is_low_order(point));
		/* Each of its neighbours by a bit; some of them are of low order too. */
		for (size_t bit = 0; bit < 8 * sizeof(point); bit++) {
			point[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_is_judged(point, &random);
			point[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	for (size_t i = 0; i < 256; i++) {
		wg_test_fill(&random, point, sizeof(point));
		assert_false(wg_x25519_is_low_order(point));
		assert_is_judged(point, &random);
	}
	/* From p - 2 to 2^255 - 1, and the smallest. */
	unhex_key(point, low_order[4]);
	for (unsigned int i = 0xeb; i <= 0xff; i++) {
		point[0] = (uint8_t)i;
		assert_is_judged(point, &random);
	}
	memset(point, 0, sizeof(point));
	for (; point[0] < 32; point[0]++)
		assert_is_judged(point, &random);
}

static void test_clamping_changes_the_bits_that_do_not_count(void **state)
{
	struct wg_test_random random = {2};
	uint8_t key[WG_KEY_LEN];
	uint8_t before[WG_KEY_LEN];
	uint8_t after[WG_KEY_LEN];

	(void)state;
	wg_test_fill(&random, key, sizeof(key));
	key[0] |= 7;
	key[31] = 0x85;
	wg_x25519_public(before, key);
	wg_x25519_clamp(key);
	assert_int_equal(key[0] & 7, 0);
	assert_int_equal(key[31], 0x45);
	wg_x25519_public(after, key);
	assert_memory_equal(before, after, sizeof(after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_multiplication_gives_the_vectors_of_rfc_7748),
		cmocka_unit_test(test_public_keys_give_the_vectors_of_rfc_7748),
		cmocka_unit_test(test_a_point_of_low_order_is_refused_in_every_encoding),
		cmocka_unit_test(test_low_order_is_told_without_a_multiplication),
		cmocka_unit_test(test_clamping_changes_the_bits_that_do_not_count),
	};

	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
