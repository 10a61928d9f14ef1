#include "wgtest.h"

#include "base/packet.h"

#define MIB (1024u * 1024u)

static void test_a_packet_has_headroom_and_the_room_asked_for(void **state)
{
	struct wg_pool *pool = wg_pool_new(MIB);
	static const size_t rooms[] = {0, 1, 1500, WG_SLOT_ROOM, WG_SLOT_ROOM + 1, WG_LARGE_ROOM};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(rooms); i++) {
		struct wg_packet *packet = wg_pool_get(pool, rooms[i]);

		assert_non_null(packet);
		assert_true(packet->room >= rooms[i]);
		memset(packet->data - WG_PACKET_HEADROOM, 0xa5, WG_PACKET_HEADROOM + packet->room);
		wg_packet_put(packet);
	}
	wg_pool_free(pool);
}

static void test_the_pool_stops_at_its_bound_and_recovers(void **state)
{
	struct wg_pool *pool = wg_pool_new(MIB);
	struct wg_batch batch;
	struct wg_packet *packet;

	(void)state;
	wg_batch_init(&batch);
	while ((packet = wg_pool_get(pool, 1500)))
		wg_batch_push(&batch, packet);
	assert_int_equal(batch.n, MIB / 2048);
	assert_true(wg_pool_bytes_held(pool) <= MIB);
	assert_null(wg_pool_get(pool, WG_LARGE_ROOM));
	wg_packet_put(wg_batch_pop(&batch));
	packet = wg_pool_get(pool, 1500);
	assert_non_null(packet);
	wg_packet_put(packet);
	wg_batch_drop(&batch);
	assert_int_equal(wg_pool_bytes_used(pool), 0);
	wg_pool_free(pool);
}

static void test_a_large_buffer_lives_as_long_as_its_last_slice(void **state)
{
	struct wg_pool *pool = wg_pool_new(MIB);
	struct wg_packet *whole = wg_pool_get(pool, WG_LARGE_ROOM);
	struct wg_packet *first;
	struct wg_packet *second;

	(void)state;
	whole->ds = 2;
	first = wg_packet_slice(whole, whole->data, 100, 100);
	second = wg_packet_slice(whole, whole->data + 100, 50, 200);
	assert_int_equal(second->ds, 2);
	wg_packet_put(whole);
	wg_packet_put(first);
	assert_int_not_equal(wg_pool_bytes_used(pool), 0);
	memset(second->data, 0, second->room);
	wg_packet_put(second);
	assert_int_equal(wg_pool_bytes_used(pool), 0);
	wg_pool_free(pool);
}

static void test_trimming_returns_all_but_a_small_reserve(void **state)
{
	struct wg_pool *pool = wg_pool_new(16 * MIB);
	struct wg_batch batch;

	(void)state;
	wg_batch_init(&batch);
	for (int i = 0; i < 4000; i++)
		wg_batch_push(&batch, wg_pool_get(pool, i % 100 ? 1500 : WG_LARGE_ROOM));
	wg_batch_drop(&batch);
	assert_true(wg_pool_bytes_held(pool) > 8 * MIB);
	wg_pool_trim(pool);
	assert_true(wg_pool_bytes_held(pool) <= MIB / 2);
	wg_batch_push(&batch, wg_pool_get(pool, WG_LARGE_ROOM));
	wg_batch_drop(&batch);
	wg_pool_free(pool);
}

static void test_random_use_never_mixes_packets_up(void **state)
{
	struct wg_pool *pool = wg_pool_new(4 * MIB);
	struct wg_packet *held[300] = {0};
	struct wg_test_random random = {7};

	(void)state;
	for (int round = 0; round < 50000; round++) {
		size_t i = wg_test_below(&random, WG_ARRAY_LEN(held));

		if (held[i]) {
			for (size_t k = 0; k < 64; k++)
				assert_int_equal(held[i]->data[k], (uint8_t)i);
			wg_packet_put(held[i]);
			held[i] = NULL;
		} else if ((held[i] = wg_pool_get(pool, wg_test_below(&random, 20) ? 100 : 9000))) {
			memset(held[i]->data, (int)(uint8_t)i, 64);
		}
		if (round % 1000 == 0)
			wg_pool_trim(pool);
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(held); i++)
		wg_packet_put(held[i]);
	assert_int_equal(wg_pool_bytes_used(pool), 0);
	wg_pool_free(pool);
}

static void test_batches_keep_their_order(void **state)
{
	struct wg_packet packets[5] = {0};
	struct wg_batch a;
	struct wg_batch b;

	(void)state;
	wg_batch_init(&a);
	wg_batch_init(&b);
	for (size_t i = 0; i < 5; i++)
		wg_batch_push(i < 2 ? &a : &b, &packets[i]);
	wg_batch_append(&a, &b);
	assert_true(wg_batch_empty(&b));
	wg_batch_append(&a, &b);
	assert_int_equal(a.n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_ptr_equal(wg_batch_pop(&a), &packets[i]);
	assert_null(wg_batch_pop(&a));
	assert_null(a.tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_packet_has_headroom_and_the_room_asked_for),
		cmocka_unit_test(test_the_pool_stops_at_its_bound_and_recovers),
		cmocka_unit_test(test_a_large_buffer_lives_as_long_as_its_last_slice),
		cmocka_unit_test(test_trimming_returns_all_but_a_small_reserve),
		cmocka_unit_test(test_random_use_never_mixes_packets_up),
		cmocka_unit_test(test_batches_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
