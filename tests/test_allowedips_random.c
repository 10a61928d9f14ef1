/* Cryptokey routing with random tables, beside a naive twin. */
#include "allowedips.h"

/* The naive twin: every prefix in a hash table, and a look-up asks for each length. */
#define TWIN_OWNERS 37u

struct twin_entry {
	struct wg_prefix prefix;
	struct wg_allowedips_owner *owner; /* NULL: removed */
	uint64_t turn;                     /* when it came to its owner */
};

struct twin {
	struct wg_allowedips *table;
	struct wg_allowedips_owner owners[TWIN_OWNERS];
	struct wg_test_random random;
	uint64_t turn;
	size_t n_buckets; /* a power of two, never more than half full */
	size_t n_entries;
	struct twin_entry *buckets;
};

static struct twin_entry *twin_find(struct twin *twin, const struct wg_prefix *prefix)
{
	uint64_t hash = prefix->bits;
	size_t at;

	for (size_t i = 0; i < sizeof(prefix->ip); i++)
		hash = (hash ^ ((const uint8_t *)&prefix->ip)[i]) * 0x100000001b3u;
	at = (hash ^ hash >> 32) & (twin->n_buckets - 1);
	while (twin->buckets[at].prefix.ip.family != WG_FAMILY_NONE &&
	       memcmp(&twin->buckets[at].prefix, prefix, sizeof(*prefix)) != 0)
		at = (at + 1) & (twin->n_buckets - 1);
	return &twin->buckets[at];
}

static struct wg_allowedips_owner *twin_look_up(struct twin *twin, const struct wg_ip *ip)
{
	for (int bits = wg_family_bits(ip->family); bits >= 0; bits--) {
		struct wg_prefix prefix = {*ip, (uint8_t)bits};
		struct twin_entry *entry;

		wg_prefix_mask(&prefix);
		entry = twin_find(twin, &prefix);
		if (entry->owner)
			return entry->owner;
	}
	return NULL;
}

static void twin_init(struct twin *twin, struct wg_allowedips *table, size_t max, uint64_t seed)
{
	*twin = (struct twin){.table = table, .random = {seed}, .n_buckets = 2};
	while (twin->n_buckets < 2 * max)
		twin->n_buckets *= 2;
	twin->buckets = calloc(twin->n_buckets, sizeof(*twin->buckets));
	assert_non_null(twin->buckets);
	for (size_t i = 0; i < TWIN_OWNERS; i++)
		wg_allowedips_owner_init(&twin->owners[i]);
}

static void twin_insert(struct twin *twin, struct wg_prefix prefix)
{
	struct wg_allowedips_owner *owner =
		&twin->owners[wg_test_below(&twin->random, TWIN_OWNERS)];
	struct wg_allowedips_owner *previous;
	struct twin_entry *entry;

	assert_int_equal(wg_allowedips_insert(twin->table, &prefix, owner, &previous), 0);
	wg_prefix_mask(&prefix);
	entry = twin_find(twin, &prefix);
	assert_ptr_equal(previous, entry->owner == owner ? NULL : entry->owner);
	if (entry->prefix.ip.family == WG_FAMILY_NONE)
		twin->n_entries++;
	assert_true(twin->n_entries <= twin->n_buckets / 2);
	*entry = (struct twin_entry){prefix, owner, ++twin->turn};
}

static void twin_remove(struct twin *twin, struct wg_prefix prefix)
{
	struct twin_entry *entry;
	struct wg_allowedips_owner *owner;

	wg_prefix_mask(&prefix);
	entry = twin_find(twin, &prefix);
	owner = entry->owner;
	assert_false(
		wg_allowedips_remove(twin->table, &prefix, &twin->owners[owner == twin->owners]));
	assert_int_equal(owner && wg_allowedips_remove(twin->table, &prefix, owner), owner != NULL);
	entry->owner = NULL;
}

static void twin_remove_owner(struct twin *twin)
{
	struct wg_allowedips_owner *owner =
		&twin->owners[wg_test_below(&twin->random, TWIN_OWNERS)];

	wg_allowedips_remove_all(twin->table, owner);
	assert_int_equal(owner->n, 0);
	for (size_t i = 0; i < twin->n_buckets; i++)
		if (twin->buckets[i].owner == owner)
			twin->buckets[i].owner = NULL;
}

static void twin_check(struct twin *twin, const struct wg_ip *ip)
{
	assert_ptr_equal(look_up(twin->table, ip), twin_look_up(twin, ip));
}

/* Every owner has what the twin says, in the order in which it came. */
static void twin_check_lists(struct twin *twin)
{
	size_t n = 0;

	for (size_t i = 0; i < twin->n_buckets; i++)
		n += twin->buckets[i].owner != NULL;
	for (size_t i = 0; i < TWIN_OWNERS; i++) {
		const struct wg_list *cursor = NULL;
		struct wg_prefix prefix = {{0}, 0};
		uint64_t last = 0;

		while (wg_allowedips_next(&twin->owners[i], &cursor, &prefix)) {
			const struct twin_entry *entry = twin_find(twin, &prefix);

			assert_ptr_equal(entry->owner, &twin->owners[i]);
			assert_true(entry->turn > last);
			last = entry->turn;
			n--;
		}
	}
	assert_int_equal(n, 0);
}

static struct wg_prefix random_prefix(struct wg_test_random *random, uint8_t family,
				      unsigned int min, unsigned int max)
{
	struct wg_prefix prefix = {.ip.family = family};

	wg_test_fill(random, prefix.ip.bytes, wg_family_len(family));
	prefix.bits = (uint8_t)(min + wg_test_below(random, max - min + 1));
	return prefix;
}

/* Shapes of tables. Each makes a prefix; its address also serves for look-ups. */
typedef struct wg_prefix shape(struct wg_test_random *random);

static struct wg_prefix sparse4(struct wg_test_random *random)
{
	return random_prefix(random, WG_FAMILY_IPV4, 0, 32);
}

static struct wg_prefix sparse6(struct wg_test_random *random)
{
	return random_prefix(random, WG_FAMILY_IPV6, 0, 128);
}

/* 10.0.0.0/20: most addresses are there, under prefixes of every length. */
static struct wg_prefix dense4(struct wg_test_random *random)
{
	struct wg_prefix prefix = random_prefix(random, WG_FAMILY_IPV4, 16, 32);

	prefix.ip.bytes[0] = 10;
	prefix.ip.bytes[1] = 0;
	prefix.ip.bytes[2] &= 0x0f;
	return prefix;
}

/* The last bits of one /64, across the border of the address' halves too. */
static struct wg_prefix dense6(struct wg_test_random *random)
{
	struct wg_prefix prefix = random_prefix(random, WG_FAMILY_IPV6, 56, 128);

	memcpy(prefix.ip.bytes, (const uint8_t[7]){0x20, 1, 0x0d, 0xb8}, 7);
	prefix.ip.bytes[7] &= 0x03;
	memset(prefix.ip.bytes + 8, 0, 6);
	prefix.ip.bytes[14] &= 0x07;
	return prefix;
}

/* Few sites, each with hosts that are numbered from one; sometimes a whole site. */
static struct wg_prefix sites4(struct wg_test_random *random)
{
	size_t site = wg_test_below(random, 5);
	struct wg_prefix prefix = {.ip.family = WG_FAMILY_IPV4, .bits = 32};

	wg_store_be32(prefix.ip.bytes, (uint32_t)(0x0a000000 + site * site * site * 0x30000 +
						  wg_test_below(random, 300)));
	if (wg_test_below(random, 50) == 0)
		prefix.bits = (uint8_t)wg_test_below(random, 33);
	return prefix;
}

static struct wg_prefix mixed(struct wg_test_random *random)
{
	shape *const shapes[] = {sparse4, sparse6, dense4, dense6, sites4};

	return shapes[wg_test_below(random, WG_ARRAY_LEN(shapes))](random);
}

/* A random walk: mostly insertions while the table is to grow, then mostly removals,
 * with look-ups of near and far addresses in between. */
static void walk(struct twin *twin, shape *make, size_t n_steps, unsigned int percent_inserted)
{
	for (size_t i = 0; i < n_steps; i++) {
		struct wg_prefix prefix = make(&twin->random);

		if (wg_test_below(&twin->random, 100) < percent_inserted)
			twin_insert(twin, prefix);
		else
			twin_remove(twin, prefix);
		twin_check(twin, &prefix.ip);
		prefix = make(&twin->random);
		twin_check(twin, &prefix.ip);
	}
	twin_check_lists(twin);
}

static void compare_with_twin(struct wg_allowedips *table, shape *make, size_t size, uint64_t seed)
{
	struct twin *twin = calloc(1, sizeof(*twin));

	assert_non_null(twin);
	twin_init(twin, table, 6 * size, seed);
	walk(twin, make, size, 95);
	walk(twin, make, size, 50);
	twin_remove_owner(twin);
	walk(twin, make, size, 10);
	walk(twin, make, size, 80);
	for (size_t i = 0; i < twin->n_buckets; i++) {
		struct twin_entry *entry = &twin->buckets[i];

		if (entry->owner && i % 64 != 0)
			twin_remove(twin, entry->prefix);
	}
	walk(twin, make, size / 2, 50);
	for (size_t i = 0; i < TWIN_OWNERS; i++)
		wg_allowedips_remove_all(table, &twin->owners[i]);
	free(twin->buckets);
	free(twin);
}

static void test_random_tables_match_a_naive_twin(void **state)
{
	shape *const shapes[] = {sparse4, sparse6, dense4, dense6, sites4, mixed};
	const size_t sizes[] = {8, 200, 4000};
	uint64_t seed = 1;

	for (size_t i = 0; i < WG_ARRAY_LEN(shapes); i++)
		for (size_t k = 0; k < WG_ARRAY_LEN(sizes); k++)
			compare_with_twin(*state, shapes[i], sizes[k], seed++);
}

static void test_a_large_table_matches_a_naive_twin(void **state)
{
	compare_with_twin(*state, mixed, 20000, 99);
}

static int set_up(void **state)
{
	*state = wg_allowedips_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	wg_allowedips_free(*state);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_random_tables_match_a_naive_twin),
		TEST(test_a_large_table_matches_a_naive_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
