#include "allowedips.h"

#include <errno.h>

/* The store's only allocators, so that memory can be made to run out (ld's --wrap). */
static bool out_of_memory;
static long n_blocks;
static long n_allocations;

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
void __wrap_free(void *block);

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	if (out_of_memory)
		return NULL;
	n_blocks++;
	n_allocations++;
	return __real_aligned_alloc(alignment, size);
}

void __wrap_free(void *block)
{
	if (block)
		n_blocks--;
	__real_free(block);
}

static struct wg_prefix prefix_of(const char *text)
{
	struct wg_prefix prefix;

	assert_true(wg_prefix_parse(&prefix, text));
	return prefix;
}

static struct wg_allowedips_owner *ask(const struct wg_allowedips *table, const char *text)
{
	struct wg_prefix prefix = prefix_of(text);

	return look_up(table, &prefix.ip);
}

/* Inserts; returns who had it before. */
static struct wg_allowedips_owner *give(struct wg_allowedips *table, const char *text,
					struct wg_allowedips_owner *owner)
{
	struct wg_prefix prefix = prefix_of(text);
	struct wg_allowedips_owner *previous = (void *)1;

	assert_int_equal(wg_allowedips_insert(table, &prefix, owner, &previous), 0);
	return previous;
}

static bool take(struct wg_allowedips *table, const char *text, struct wg_allowedips_owner *owner)
{
	struct wg_prefix prefix = prefix_of(text);

	return wg_allowedips_remove(table, &prefix, owner);
}

/* An owner's prefixes as text, separated by blanks. */
static const char *listed(const struct wg_allowedips_owner *owner)
{
	static char text[1024];
	char one[WG_PREFIX_TEXT_LEN];
	const struct wg_list *cursor = NULL;
	struct wg_prefix prefix;
	size_t len = 0;
	size_t n = 0;

	text[0] = '\0';
	while (wg_allowedips_next(owner, &cursor, &prefix))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", n++ ? " " : "",
					wg_prefix_format(one, &prefix));
	assert_int_equal(n, owner->n);
	return text;
}

struct fixture {
	struct wg_allowedips *table;
	struct wg_allowedips_owner a, b, c;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	out_of_memory = false;
	fixture.table = wg_allowedips_new();
	wg_allowedips_owner_init(&fixture.a);
	wg_allowedips_owner_init(&fixture.b);
	wg_allowedips_owner_init(&fixture.c);
	*state = &fixture;
	return fixture.table ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	wg_allowedips_free(f->table);
	return 0;
}

static void test_an_empty_table_owns_nothing(void **state)
{
	struct fixture *f = *state;

	assert_null(ask(f->table, "0.0.0.0"));
	assert_null(ask(f->table, "::"));
	assert_string_equal(listed(&f->a), "");
	assert_false(take(f->table, "10.0.0.0/8", &f->a));
}

static void test_the_longest_prefix_wins(void **state)
{
	struct fixture *f = *state;

	give(f->table, "192.168.4.0/24", &f->a);
	give(f->table, "192.168.4.4/32", &f->b);
	give(f->table, "192.168.0.0/16", &f->c);
	give(f->table, "192.95.5.64/27", &f->a);
	assert_ptr_equal(ask(f->table, "192.168.4.20"), &f->a);
	assert_ptr_equal(ask(f->table, "192.168.4.4"), &f->b);
	assert_ptr_equal(ask(f->table, "192.168.200.182"), &f->c);
	assert_ptr_equal(ask(f->table, "192.95.5.68"), &f->a);
	assert_null(ask(f->table, "192.95.5.96"));
	assert_null(ask(f->table, "191.255.255.255"));
	assert_null(ask(f->table, "c0a8:404::"));

	give(f->table, "2607:5300:6006:6b00::/64", &f->a);
	give(f->table, "2607:5300:6006:6b00::c05f:543", &f->b);
	give(f->table, "2607:5300::/32", &f->c);
	assert_ptr_equal(ask(f->table, "2607:5300:6006:6b00::1"), &f->a);
	assert_ptr_equal(ask(f->table, "2607:5300:6006:6b00::c05f:543"), &f->b);
	assert_ptr_equal(ask(f->table, "2607:5300:6006:6b01::"), &f->c);
	assert_null(ask(f->table, "2607:5301::"));
}

static void test_default_routes_catch_what_nothing_else_does(void **state)
{
	struct fixture *f = *state;

	give(f->table, "10.0.0.0/8", &f->b);
	give(f->table, "0.0.0.0/0", &f->a);
	give(f->table, "::/0", &f->c);
	assert_ptr_equal(ask(f->table, "10.255.0.1"), &f->b);
	assert_ptr_equal(ask(f->table, "11.0.0.0"), &f->a);
	assert_ptr_equal(ask(f->table, "255.255.255.255"), &f->a);
	assert_ptr_equal(ask(f->table, "::"), &f->c);
	assert_ptr_equal(ask(f->table, "ffff::ffff"), &f->c);
	assert_true(take(f->table, "0.0.0.0/0", &f->a));
	assert_null(ask(f->table, "11.0.0.0"));
	assert_ptr_equal(ask(f->table, "10.0.0.0"), &f->b);
	assert_ptr_equal(ask(f->table, "::"), &f->c);
}

static void test_host_bits_are_masked(void **state)
{
	struct fixture *f = *state;

	give(f->table, "10.1.2.3/8", &f->a);
	give(f->table, "2001:db8:ffff::1/33", &f->a);
	assert_string_equal(listed(&f->a), "10.0.0.0/8 2001:db8:8000::/33");
	assert_ptr_equal(ask(f->table, "10.200.0.0"), &f->a);
	assert_ptr_equal(give(f->table, "10.9.9.9/8", &f->b), &f->a);
	assert_true(take(f->table, "10.7.7.7/8", &f->b));
	assert_null(ask(f->table, "10.1.2.3"));
}

static void test_a_prefix_moves_to_its_latest_owner(void **state)
{
	struct fixture *f = *state;

	assert_null(give(f->table, "10.0.0.0/24", &f->a));
	assert_null(give(f->table, "10.0.1.0/24", &f->a));
	assert_ptr_equal(give(f->table, "10.0.0.0/24", &f->b), &f->a);
	assert_string_equal(listed(&f->a), "10.0.1.0/24");
	assert_string_equal(listed(&f->b), "10.0.0.0/24");
	assert_ptr_equal(ask(f->table, "10.0.0.9"), &f->b);
	assert_null(give(f->table, "10.0.0.0/24", &f->b));
	assert_string_equal(listed(&f->b), "10.0.0.0/24");
}

static void test_only_the_owner_removes_exactly_its_prefix(void **state)
{
	struct fixture *f = *state;

	give(f->table, "10.0.0.0/24", &f->a);
	assert_false(take(f->table, "10.0.0.0/24", &f->b));
	assert_false(take(f->table, "10.0.0.0/25", &f->a));
	assert_false(take(f->table, "10.0.0.0/23", &f->a));
	assert_false(take(f->table, "10.0.1.0/24", &f->a));
	assert_ptr_equal(ask(f->table, "10.0.0.1"), &f->a);
	assert_true(take(f->table, "10.0.0.0/24", &f->a));
	assert_false(take(f->table, "10.0.0.0/24", &f->a));
	assert_null(ask(f->table, "10.0.0.1"));
	assert_int_equal(f->a.n, 0);
}

static void test_a_fork_is_nobodys_prefix(void **state)
{
	struct fixture *f = *state;

	give(f->table, "10.0.0.0/32", &f->a);
	give(f->table, "10.0.0.3/32", &f->a);
	assert_false(take(f->table, "10.0.0.0/30", &f->a));
	assert_null(ask(f->table, "10.0.0.1"));
	assert_null(give(f->table, "10.0.0.0/30", &f->b));
	assert_ptr_equal(ask(f->table, "10.0.0.1"), &f->b);
	assert_true(take(f->table, "10.0.0.0/30", &f->b));
	assert_null(ask(f->table, "10.0.0.1"));
	assert_ptr_equal(ask(f->table, "10.0.0.3"), &f->a);
}

static void test_prefixes_are_listed_in_the_order_of_insertion(void **state)
{
	struct fixture *f = *state;

	give(f->table, "10.0.0.5/32", &f->a);
	give(f->table, "fd00::/8", &f->a);
	give(f->table, "10.0.0.0/8", &f->a);
	give(f->table, "10.0.0.1/32", &f->a);
	assert_string_equal(listed(&f->a), "10.0.0.5/32 fd00::/8 10.0.0.0/8 10.0.0.1/32");
	take(f->table, "fd00::/8", &f->a);
	assert_string_equal(listed(&f->a), "10.0.0.5/32 10.0.0.0/8 10.0.0.1/32");
}

static void test_removing_an_owner_leaves_the_others(void **state)
{
	struct fixture *f = *state;

	give(f->table, "10.0.0.0/8", &f->a);
	give(f->table, "10.1.0.0/16", &f->b);
	give(f->table, "10.1.1.0/24", &f->a);
	give(f->table, "fd00::/8", &f->a);
	wg_allowedips_remove_all(f->table, &f->a);
	assert_int_equal(f->a.n, 0);
	assert_null(ask(f->table, "10.0.0.1"));
	assert_null(ask(f->table, "fd00::1"));
	assert_ptr_equal(ask(f->table, "10.1.1.1"), &f->b);
	assert_null(give(f->table, "10.0.0.0/8", &f->a));
	assert_string_equal(listed(&f->a), "10.0.0.0/8");
}

static struct wg_prefix numbered(size_t i)
{
	struct wg_prefix prefix = {.ip.family = WG_FAMILY_IPV4, .bits = 32};

	wg_store_be32(prefix.ip.bytes, (uint32_t)i * 0x9e3779b1u);
	return prefix;
}

static void test_reserved_insertions_need_no_memory(void **state)
{
	struct fixture *f = *state;
	struct wg_prefix prefix;
	size_t n = 5000;

	assert_int_equal(wg_allowedips_reserve(f->table, n), 0);
	out_of_memory = true;
	for (size_t i = 0; i < n; i++) {
		prefix = numbered(i);
		assert_int_equal(wg_allowedips_insert(f->table, &prefix, &f->a, NULL), 0);
	}
	for (size_t i = n; i < 3 * n; i++) {
		prefix = numbered(i);
		if (wg_allowedips_insert(f->table, &prefix, &f->b, NULL))
			break;
	}
	assert_int_equal(wg_allowedips_insert(f->table, &prefix, &f->b, NULL), -ENOMEM);
	assert_null(look_up(f->table, &prefix.ip));
	assert_int_equal(wg_allowedips_reserve(f->table, 3 * n), -ENOMEM);
	assert_int_equal(wg_allowedips_reserve(f->table, SIZE_MAX), -ENOMEM);
	assert_int_equal(f->a.n, n);
	for (size_t i = 0; i < n; i++) {
		prefix = numbered(i);
		assert_ptr_equal(look_up(f->table, &prefix.ip), &f->a);
	}
}

static void test_a_short_prefix_is_found_though_memory_for_tables_is_out(void **state)
{
	struct fixture *f = *state;
	struct wg_prefix prefix;

	for (size_t i = 0; i < 1000; i++) {
		prefix = numbered(i);
		assert_int_equal(wg_allowedips_insert(f->table, &prefix, &f->a, NULL), 0);
	}
	assert_int_equal(wg_allowedips_reserve(f->table, 2), 0);
	out_of_memory = true;
	give(f->table, "128.0.0.0/2", &f->b);
	give(f->table, "0.0.0.0/0", &f->c);
	for (size_t i = 0; i < 2000; i++) {
		prefix = numbered(i);
		assert_ptr_equal(look_up(f->table, &prefix.ip), i < 1000 ? &f->a
								: prefix.ip.bytes[0] >> 6 == 2
									? &f->b
									: &f->c);
	}
}

static void test_removals_do_not_use_up_a_reservation(void **state)
{
	struct fixture *f = *state;
	struct wg_prefix prefix;

	for (size_t i = 0; i < 3000; i++) {
		prefix = numbered(i);
		assert_int_equal(wg_allowedips_insert(f->table, &prefix, &f->a, NULL), 0);
	}
	assert_int_equal(wg_allowedips_reserve(f->table, 4000), 0);
	wg_allowedips_remove_all(f->table, &f->a);
	out_of_memory = true;
	for (size_t i = 0; i < 4000; i++) {
		prefix = numbered(i);
		assert_int_equal(wg_allowedips_insert(f->table, &prefix, &f->a, NULL), 0);
	}
}

static void test_memory_is_given_back(void **state)
{
	struct fixture *f = *state;
	struct wg_prefix prefix;
	long before = n_blocks;

	for (size_t i = 0; i < 30000; i++) {
		prefix = numbered(i);
		assert_int_equal(wg_allowedips_insert(f->table, &prefix, &f->a, NULL), 0);
	}
	assert_true(n_blocks > before);
	wg_allowedips_remove_all(f->table, &f->a);
	assert_int_equal(n_blocks, before);
	assert_int_equal(wg_allowedips_reserve(f->table, 1000), 0);
	assert_true(n_blocks > before);
	assert_int_equal(wg_allowedips_reserve(f->table, 0), 0);
	assert_int_equal(n_blocks, before);
}

static void test_a_prefix_that_comes_and_goes_moves_no_memory(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 3000; i++) {
		struct wg_prefix prefix = numbered(i);
		struct wg_prefix other = numbered(i + 1);
		long before;

		assert_int_equal(wg_allowedips_insert(f->table, &prefix, &f->a, NULL), 0);
		/* Whatever was at its bound has grown now. */
		assert_int_equal(wg_allowedips_insert(f->table, &other, &f->b, NULL), 0);
		before = n_allocations;
		for (int k = 0; k < 5; k++) {
			assert_true(wg_allowedips_remove(f->table, &other, &f->b));
			assert_int_equal(wg_allowedips_insert(f->table, &other, &f->b, NULL), 0);
		}
		assert_int_equal(n_allocations, before);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_an_empty_table_owns_nothing),
		TEST(test_the_longest_prefix_wins),
		TEST(test_default_routes_catch_what_nothing_else_does),
		TEST(test_host_bits_are_masked),
		TEST(test_a_prefix_moves_to_its_latest_owner),
		TEST(test_only_the_owner_removes_exactly_its_prefix),
		TEST(test_a_fork_is_nobodys_prefix),
		TEST(test_prefixes_are_listed_in_the_order_of_insertion),
		TEST(test_removing_an_owner_leaves_the_others),
		TEST(test_reserved_insertions_need_no_memory),
		TEST(test_a_short_prefix_is_found_though_memory_for_tables_is_out),
		TEST(test_removals_do_not_use_up_a_reservation),
		TEST(test_memory_is_given_back),
		TEST(test_a_prefix_that_comes_and_goes_moves_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
