/* How many peers a change needs. "+1" makes peer 1 or changes it, "=1" only changes it,
 * "-1" removes it. */
#include "wgtest.h"

#include "core/device.h"
#include "core/peer.h"
#include "core/reserve.h"
#include "crypto/crypto.h"

static struct wg_pool *pool;
static struct wg_device *device;

/* A change from such words. "!" replaces all peers. */
static void read_change(struct wg_config *config, const char *words)
{
	wg_config_init(config);
	config->replace_peers = *words == '!';
	words += *words == '!';
	for (; *words; words += 2) {
		struct wg_config_peer *peer = wg_config_add_peer(config);

		assert_non_null(peer);
		peer->remove = words[0] == '-';
		peer->update_only = words[0] == '=';
		peer->public_key[0] = (uint8_t)words[1];
	}
}

static void flush(struct wg_out *out)
{
	assert_int_equal(out->n_runs, 0);
}

static int apply(const char *words)
{
	struct wg_out out = {.flush = flush};
	struct wg_config config;
	int err;

	read_change(&config, words);
	err = wg_device_apply(device, &config, (struct wg_now){0}, &out);
	wg_config_deinit(&config);
	return err;
}

static size_t count_peers(void)
{
	struct wg_config config;
	size_t n;

	wg_config_init(&config);
	assert_int_equal(wg_device_describe(device, &config, (struct wg_now){0}), 0);
	n = config.n_peers;
	wg_config_deinit(&config);
	return n;
}

static int set_up(void **state)
{
	struct wg_device_options options = {.random = wg_crypto_random()};

	(void)state;
	pool = wg_pool_new(1 << 20);
	options.pool = pool;
	device = wg_device_new(&options);
	assert_non_null(device);
	return apply("+1+2+3");
}

static int tear_down(void **state)
{
	(void)state;
	wg_device_free(device);
	wg_pool_free(pool);
	return 0;
}

static const struct {
	const char *change;
	size_t reserved;
	size_t left; /* peers afterwards, of which 1, 2 and 3 were there */
} cases[] = {
	{"", 0, 3},         {"+1+2+3", 0, 3}, {"+4+5", 2, 5},
	{"+4+4+4", 1, 4},   {"=4", 0, 3},     {"-1", 0, 2},
	{"-4", 0, 3},       {"-1+2+3", 0, 2}, /* what a removal has to do with others: nothing */
	{"-1+2+3+4", 1, 3},                   /* as wg syncconf sends it */
	{"-1+1", 1, 3},     {"+1-1+1", 2, 3}, {"-1+1-1+1+1", 3, 3},
	{"-1=1", 0, 2},     {"!+1+2", 2, 2},  {"!+1+1", 1, 1},
	{"!-1+1", 1, 1},    {"!", 0, 0},
};

static void test_a_peer_is_made_for_each_that_is_added_and_no_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_reserve reserve;
		struct wg_config config;

		read_change(&config, cases[i].change);
		assert_int_equal(wg_reserve_make(&reserve, device, &config), 0);
		if (reserve.n != cases[i].reserved)
			fail_msg("%s: %zu made", cases[i].change, reserve.n);
		wg_reserve_release(&reserve);
		wg_config_deinit(&config);
	}
}

static void test_what_was_made_is_enough(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		assert_int_equal(apply("!+1+2+3"), 0);
		assert_int_equal(apply(cases[i].change), 0);
		if (count_peers() != cases[i].left)
			fail_msg("%s: %zu left", cases[i].change, count_peers());
	}
}

static void test_each_is_taken_once(void **state)
{
	const uint8_t four[WG_KEY_LEN] = {'4'};
	const uint8_t five[WG_KEY_LEN] = {'5'};
	struct wg_reserve reserve;
	struct wg_config config;
	struct wg_peer *peer;

	(void)state;
	read_change(&config, "+4");
	assert_int_equal(wg_reserve_make(&reserve, device, &config), 0);
	assert_null(wg_reserve_take(&reserve, device, five));
	peer = wg_reserve_take(&reserve, device, four);
	assert_non_null(peer);
	assert_null(wg_reserve_take(&reserve, device, four));
	wg_peer_free(NULL, peer);
	wg_reserve_release(&reserve);
	wg_config_deinit(&config);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_peer_is_made_for_each_that_is_added_and_no_other),
		TEST(test_what_was_made_is_enough),
		TEST(test_each_is_taken_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
