/* A device that is described in pieces, while it changes between them. */
#include <stdlib.h>

#include "sim/scene.h"
#include "sim/sim.h"

#define N_KEYS 40

struct walk {
	struct wg_sim_node *node;
	struct wg_device_cursor cursor;
	bool more;
	unsigned int told[N_KEYS];
};

static void name_key(uint8_t key[static WG_KEY_LEN], size_t i)
{
	memset(key, 0, WG_KEY_LEN);
	key[0] = (uint8_t)(i + 1);
	key[31] = 9;
}

static void join(struct wg_sim_node *node, size_t i)
{
	struct wg_config change;
	uint8_t key[WG_KEY_LEN];

	name_key(key, i);
	wg_config_init(&change);
	change_peer(&change, key);
	assert_int_equal(wg_sim_apply(node, &change), 0);
}

static void leave(struct wg_sim_node *node, size_t i)
{
	uint8_t key[WG_KEY_LEN];

	name_key(key, i);
	wg_sim_forget(node, key);
}

static struct walk begin(struct wg_sim_node *node)
{
	struct walk walk = {.node = node, .more = true};
	struct wg_config config;

	wg_config_init(&config);
	assert_int_equal(
		wg_device_describe_begin(node->device, &config, &walk.cursor, wg_sim_now(node)), 0);
	assert_true(config.has_private_key);
	assert_int_equal(config.n_peers, 0);
	wg_config_deinit(&config);
	return walk;
}

/* A piece of at most n peers; how many it had. */
static size_t step(struct walk *walk, size_t n)
{
	struct wg_config config;
	size_t got;
	int result;

	wg_config_init(&config);
	result = wg_device_describe_next(walk->node->device, &walk->cursor, n, &config,
					 wg_sim_now(walk->node));
	assert_true(result >= 0);
	walk->more = result > 0;
	got = config.n_peers;
	assert_true(got <= n);
	for (size_t i = 0; i < got; i++)
		walk->told[config.peers[i].public_key[0] - 1]++;
	wg_config_deinit(&config);
	return got;
}

static void test_pieces_have_each_peer_once_and_say_when_they_end(void **state)
{
	struct wg_sim *sim = wg_sim_new(1);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct walk walk;

	(void)state;
	walk = begin(node);
	assert_int_equal(step(&walk, 3), 0);
	assert_false(walk.more);
	for (size_t i = 0; i < 6; i++)
		join(node, i);
	walk = begin(node);
	assert_int_equal(step(&walk, 3), 3);
	assert_true(walk.more);
	assert_int_equal(step(&walk, 3), 3);
	assert_false(walk.more);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(walk.told[i], 1);
	wg_sim_free(sim);
}

static void test_a_piece_goes_on_behind_a_peer_that_went(void **state)
{
	struct wg_sim *sim = wg_sim_new(2);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct walk walk;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		join(node, i);
	walk = begin(node);
	step(&walk, 2);
	leave(node, 1); /* was told */
	leave(node, 2); /* would be next */
	leave(node, 3);
	step(&walk, 9);
	assert_false(walk.more);
	assert_int_equal(walk.told[1], 1);
	assert_int_equal(walk.told[2] + walk.told[3], 0);
	assert_int_equal(walk.told[4] + walk.told[5], 2);
	wg_sim_free(sim);
}

static void test_a_peer_that_comes_again_is_not_told_of_twice(void **state)
{
	struct wg_sim *sim = wg_sim_new(3);
	struct wg_sim_node *node = wg_sim_add(sim);
	struct walk walk;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		join(node, i);
	walk = begin(node);
	step(&walk, 2);
	leave(node, 0);
	leave(node, 2);
	join(node, 0); /* has the slot of the one that would be next */
	join(node, 9);
	step(&walk, 9);
	assert_int_equal(walk.told[0], 1);
	assert_int_equal(walk.told[3], 1);
	assert_int_equal(walk.told[9], 0);
	wg_sim_free(sim);
}

static void test_changes_between_pieces_never_repeat_or_lose_a_peer(void **state)
{
	struct wg_test_random random = {7767};

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct wg_sim *sim = wg_sim_new(4);
		struct wg_sim_node *node = wg_sim_add(sim);
		bool there[N_KEYS] = {false};
		bool stayed[N_KEYS];
		bool was[N_KEYS];
		struct walk walk;

		for (size_t i = 0; i < N_KEYS; i++)
			if (wg_test_below(&random, 3)) {
				join(node, i);
				there[i] = true;
			}
		memcpy(was, there, sizeof(was));
		memcpy(stayed, there, sizeof(stayed));
		walk = begin(node);
		while (walk.more) {
			step(&walk, 1 + wg_test_below(&random, 6));
			for (size_t n = wg_test_below(&random, 8); n; n--) {
				size_t i = wg_test_below(&random, N_KEYS);

				if (there[i])
					leave(node, i);
				else
					join(node, i);
				there[i] = !there[i];
				stayed[i] &= there[i];
			}
		}
		for (size_t i = 0; i < N_KEYS; i++) {
			assert_true(walk.told[i] <= was[i]);
			assert_true(walk.told[i] >= stayed[i]);
		}
		wg_sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_have_each_peer_once_and_say_when_they_end),
		cmocka_unit_test(test_a_piece_goes_on_behind_a_peer_that_went),
		cmocka_unit_test(test_a_peer_that_comes_again_is_not_told_of_twice),
		cmocka_unit_test(test_changes_between_pieces_never_repeat_or_lose_a_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
