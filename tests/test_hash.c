#include "wgtest.h"

#include "base/hash.h"

struct item {
	struct wg_hash_entry entry;
	uint32_t key;
	bool inside;
};

static struct item *find(const struct wg_hash *hash, uint32_t key, uint64_t value)
{
	struct wg_hash_entry *entry = wg_hash_first(hash, value);

	for (; entry; entry = wg_hash_next(entry)) {
		struct item *item = WG_CONTAINER_OF(entry, struct item, entry);

		if (item->key == key)
			return item;
	}
	return NULL;
}

static void test_entries_are_found_while_they_are_in(void **state)
{
	static struct item items[500];
	struct wg_test_random random = {3};
	struct wg_hash hash;

	(void)state;
	wg_hash_init(&hash);
	assert_null(wg_hash_first(&hash, 1));
	assert_int_equal(wg_hash_reserve(&hash, 1), 0);
	for (uint32_t i = 0; i < WG_ARRAY_LEN(items); i++)
		items[i].key = i;
	for (int round = 0; round < 20000; round++) {
		struct item *item = &items[wg_test_below(&random, WG_ARRAY_LEN(items))];
		uint64_t value = item->key / 3; /* three keys share a value */

		if (item->inside)
			wg_hash_remove(&hash, &item->entry);
		else
			wg_hash_insert(&hash, &item->entry, value);
		item->inside = !item->inside;
		if (round % 500 == 0)
			assert_int_equal(wg_hash_reserve(&hash, hash.n), 0);
		if (round % 2500 == 0)
			assert_int_equal(wg_hash_reserve(&hash, 100000), 0);
		if (round % 2500 == 1250) {
			wg_hash_fit(&hash, hash.n);
			assert_true(hash.n_buckets < 1000);
		}
		item = &items[wg_test_below(&random, WG_ARRAY_LEN(items))];
		assert_ptr_equal(find(&hash, item->key, item->key / 3), item->inside ? item : NULL);
	}
	wg_hash_deinit(&hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_are_found_while_they_are_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
