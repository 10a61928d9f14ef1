#include "wgtest.h"

#include "crypto/shorthash.h"

static void test_siphash_gives_its_authors_vectors(void **state)
{
	/* Key 00 01 … 0f, input 00 01 … of the length given (SipHash paper, appendix
	 * A, and the vectors of the reference implementation). */
	static const struct {
		size_t len;
		uint64_t hash;
	} cases[] = {
		{0, 0x726fdb47dd0e0e31u},
		{1, 0x74f839c593dc67fdu},
		{15, 0xa129ca6149be45e5u},
	};
	uint8_t key[WG_SHORTHASH_KEY_LEN];
	uint8_t data[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = data[i] = i;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++)
		assert_true(wg_shorthash(key, data, cases[i].len) == cases[i].hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash_gives_its_authors_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
