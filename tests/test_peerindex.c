#include "wgtest.h"

#include "conf/peerindex.h"

static void add(struct wg_config *config, uint32_t number)
{
	struct wg_config_peer *peer = wg_config_add_peer(config);

	assert_non_null(peer);
	memcpy(peer->public_key, &number, sizeof(number));
}

static size_t find(const struct wg_peerindex *index, uint32_t number)
{
	uint8_t key[WG_KEY_LEN] = {0};

	memcpy(key, &number, sizeof(number));
	return wg_peerindex_find(index, key);
}

static void test_each_key_is_found_and_no_other(void **state)
{
	struct wg_peerindex index;
	struct wg_config config;

	(void)state;
	wg_config_init(&config);
	for (uint32_t n = 0; n < 1000; n++) {
		if (n < 3 || n == 999) {
			assert_int_equal(wg_peerindex_init(&index, &config), 0);
			for (uint32_t i = 0; i < n; i++)
				assert_int_equal(find(&index, 2 * i), i);
			assert_int_equal(find(&index, 2 * n + 1), n);
			wg_peerindex_deinit(&index);
		}
		add(&config, 2 * n);
	}
	wg_config_deinit(&config);
}

static void test_of_two_with_one_key_the_first_is_found(void **state)
{
	struct wg_peerindex index;
	struct wg_config config;

	(void)state;
	wg_config_init(&config);
	for (uint32_t i = 0; i < 4; i++)
		add(&config, i / 2);
	assert_int_equal(wg_peerindex_init(&index, &config), 0);
	assert_int_equal(find(&index, 0), 0);
	assert_int_equal(find(&index, 1), 2);
	wg_peerindex_deinit(&index);
	wg_peerindex_deinit(&index);
	wg_config_deinit(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_is_found_and_no_other),
		cmocka_unit_test(test_of_two_with_one_key_the_first_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
