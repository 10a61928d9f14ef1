#include "wgtest.h"

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "noise/session.h"

#define LAST_COUNTER (WG_REJECT_AFTER_MESSAGES - 1)

/* Packets in memory of their own, with nothing to spare behind the tag. */
static struct wg_packet *new_packet(const uint8_t *inner, uint32_t len, uint64_t counter)
{
	struct wg_packet *packet = calloc(1, sizeof(*packet));
	uint8_t *memory = malloc(WG_PACKET_HEADROOM + len + WG_TAG_LEN);

	assert_non_null(packet);
	assert_non_null(memory);
	packet->data = memory + WG_PACKET_HEADROOM;
	packet->room = len + WG_TAG_LEN;
	packet->len = len;
	packet->counter = counter;
	if (len)
		memcpy(packet->data, inner, len);
	return packet;
}

static void free_batch(struct wg_batch *batch)
{
	struct wg_packet *packet;

	while ((packet = wg_batch_pop(batch))) {
		free(packet->flags & WG_PACKET_AUTHENTIC ? packet->data - WG_PACKET_HEADROOM
							 : packet->data);
		free(packet);
	}
}

/* Both ends of a session in one: what it sends, it receives. */
static void init_loop(struct wg_session *session, struct wg_test_random *random)
{
	memset(session, 0, sizeof(*session));
	wg_test_fill(random, session->send_key, WG_KEY_LEN);
	memcpy(session->receive_key, session->send_key, WG_KEY_LEN);
	session->local_index = session->remote_index = (uint32_t)wg_test_next(random);
}

static void check_transport(const struct wg_test_block *block)
{
	static uint8_t inner[2048];
	static uint8_t datagram[2048];
	uint8_t padded[2048] = {0};
	uint8_t receiver[4];
	struct wg_session session = {0};
	struct wg_batch batch;
	size_t inner_len = wg_test_unhex(inner, sizeof(inner), wg_test_field(block, "inner"));
	size_t len = wg_test_unhex(datagram, sizeof(datagram), wg_test_field(block, "datagram"));
	uint32_t padded_len = wg_session_padded_len((uint32_t)inner_len, 0);
	struct wg_packet *packet;

	wg_test_bytes(block, "key", session.send_key, WG_KEY_LEN);
	memcpy(session.receive_key, session.send_key, WG_KEY_LEN);
	wg_test_bytes(block, "receiver", receiver, sizeof(receiver));
	session.remote_index = wg_load_le32(receiver);

	memcpy(padded, inner, inner_len);
	packet =
		new_packet(padded, padded_len, strtoull(wg_test_field(block, "counter"), NULL, 10));
	memset(packet->data + inner_len, 0xff, padded_len - inner_len);
	packet->len = (uint32_t)inner_len;
	wg_batch_init(&batch);
	wg_batch_push(&batch, packet);

	wg_session_pad(packet, 0);
	wg_session_seal(&session, &batch);
	assert_int_equal(packet->len, len);
	assert_int_equal(packet->room, len);
	assert_memory_equal(packet->data, datagram, len);

	packet->counter = 0;
	wg_session_open(&session, &batch);
	assert_int_equal(packet->flags, WG_PACKET_AUTHENTIC);
	assert_true(packet->counter == strtoull(wg_test_field(block, "counter"), NULL, 10));
	assert_int_equal(packet->len, padded_len);
	assert_int_equal(packet->room, padded_len + WG_TAG_LEN);
	assert_memory_equal(packet->data, padded, padded_len);
	free_batch(&batch);
}

static void test_packets_seal_and_open_as_the_transport_vectors(void **state)
{
	(void)state;
	assert_int_equal(wg_test_vectors("transport.txt", check_transport), 7);
}

/* Seals a batch of n, breaks every third, opens, and looks at each. */
static void check_batch(size_t n, struct wg_test_random *random)
{
	struct wg_session session;
	struct wg_batch batch;
	struct wg_packet *packet;
	uint8_t inner[256];
	size_t i = 0;

	init_loop(&session, random);
	wg_batch_init(&batch);
	for (size_t j = 0; j < n; j++) {
		memset(inner, (int)j, sizeof(inner));
		wg_batch_push(&batch, new_packet(inner, (uint32_t)(j % 16 * 16), LAST_COUNTER - j));
	}
	wg_session_seal(&session, &batch);
	wg_batch_for_each (packet, &batch) {
		packet->flags = WG_PACKET_SAME_FLOW | WG_PACKET_AUTHENTIC; /* a lie */
		packet->counter = 0;
		if (i++ % 3 == 1)
			packet->data[8 + wg_test_below(random, packet->len - 8)] ^= 0x10;
	}
	wg_session_open(&session, &batch);
	assert_int_equal(batch.n, n);
	i = 0;
	wg_batch_for_each (packet, &batch) {
		uint32_t len = (uint32_t)(i % 16 * 16);

		if (i % 3 == 1) {
			assert_int_equal(packet->flags, WG_PACKET_SAME_FLOW);
			assert_int_equal(packet->len, len + WG_TRANSPORT_OVERHEAD);
			assert_true(len == 0 ||
				    wg_is_zero(packet->data + WG_TRANSPORT_HEADER_LEN, len));
		} else {
			memset(inner, (int)i, sizeof(inner));
			assert_int_equal(packet->flags, WG_PACKET_SAME_FLOW | WG_PACKET_AUTHENTIC);
			assert_int_equal(packet->len, len);
			assert_true(packet->counter == LAST_COUNTER - i);
			assert_memory_equal(packet->data, inner, len);
		}
		i++;
	}
	assert_int_equal(i, n);
	free_batch(&batch);
}

static void test_batches_of_any_size_keep_order_and_broken_packets(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 200};
	struct wg_test_random random = {7};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(sizes); i++)
		check_batch(sizes[i], &random);
}

static void test_another_sessions_packet_does_not_open(void **state)
{
	struct wg_test_random random = {8};
	struct wg_session ours;
	struct wg_session other;
	struct wg_batch batch;

	(void)state;
	init_loop(&ours, &random);
	init_loop(&other, &random);
	wg_batch_init(&batch);
	wg_batch_push(&batch, new_packet((const uint8_t *)"0123456789abcdef", 16, 0));
	wg_session_seal(&ours, &batch);
	wg_session_open(&other, &batch);
	assert_int_equal(batch.head->flags, 0);
	free_batch(&batch);
}

static void test_counters_are_reserved_together_up_to_the_limit(void **state)
{
	struct wg_session session = {0};
	uint64_t counter;

	(void)state;
	assert_true(wg_session_reserve(&session, 3, &counter));
	assert_true(counter == 0);
	assert_true(wg_session_reserve(&session, 1, &counter));
	assert_true(counter == 3);

	session.send_counter = WG_REJECT_AFTER_MESSAGES - 4;
	assert_false(wg_session_reserve(&session, 5, &counter));
	assert_true(wg_session_reserve(&session, 4, &counter));
	assert_true(counter == WG_REJECT_AFTER_MESSAGES - 4);
	assert_false(wg_session_reserve(&session, 1, &counter));
	assert_false(wg_session_reserve(&session, UINT64_MAX, &counter));
	assert_true(session.send_counter == WG_REJECT_AFTER_MESSAGES);
}

static void test_a_session_expires_at_180_s_or_when_a_counter_is_used_up(void **state)
{
	struct wg_session session = {.birth = 1000 * WG_SECOND};
	const wg_time now = 1000 * WG_SECOND;

	(void)state;
	assert_false(wg_session_expired(&session, now));
	assert_false(wg_session_expired(&session, now + 180 * WG_SECOND - 1));
	assert_true(wg_session_expired(&session, now + 180 * WG_SECOND));
	assert_true(wg_session_expired(&session, now + 24 * 3600 * WG_SECOND));

	session.send_counter = LAST_COUNTER;
	assert_false(wg_session_expired(&session, now));
	session.send_counter = LAST_COUNTER + 1;
	assert_true(wg_session_expired(&session, now));
	session.send_counter = 0;
	assert_true(wg_replay_accept(&session.replay, LAST_COUNTER - 1));
	assert_false(wg_session_expired(&session, now));
	assert_true(wg_replay_accept(&session.replay, LAST_COUNTER));
	assert_true(wg_session_expired(&session, now));
}

static void test_padding_goes_to_16_but_not_past_the_mtu(void **state)
{
	static const struct {
		uint32_t len;
		uint32_t mtu;
		uint32_t padded;
	} cases[] = {
		{0, 1420, 0},
		{1, 1420, 16},
		{16, 1420, 16},
		{17, 1420, 32},
		{1408, 1420, 1408},
		{1409, 1420, 1420},
		{1419, 1420, 1420},
		{1420, 1420, 1420},
		{1279, 1280, 1280},
		{1, 5, 5},
		{1, 1, 1},
		{20, 20, 20},
		/* no limit known */
		{0, 0, 0},
		{1, 0, 16},
		{1419, 0, 1424},
		{65535, 0, 65536},
		/* larger than the mtu: 1421 = 1420 + 1, 2839 = 1420 + 1419, and so on */
		{1421, 1420, 1436},
		{2839, 1420, 2840},
		{2840, 1420, 2840},
		{2841, 1420, 2856},
		{7, 5, 10},
		{65535, 1, 65535},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++)
		assert_int_equal(wg_session_padded_len(cases[i].len, cases[i].mtu),
				 cases[i].padded);
}

static void test_padding_never_shrinks_and_stays_under_16(void **state)
{
	struct wg_test_random random = {9};

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		uint32_t len = (uint32_t)wg_test_below(&random, 65536);
		uint32_t mtu = (uint32_t)wg_test_below(&random, i % 2 ? 65536 : 64);
		uint32_t padded = wg_session_padded_len(len, mtu);

		assert_in_range(padded - len, 0, 15);
		if (len <= mtu)
			assert_true(padded <= mtu);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_seal_and_open_as_the_transport_vectors),
		cmocka_unit_test(test_batches_of_any_size_keep_order_and_broken_packets),
		cmocka_unit_test(test_another_sessions_packet_does_not_open),
		cmocka_unit_test(test_counters_are_reserved_together_up_to_the_limit),
		cmocka_unit_test(test_a_session_expires_at_180_s_or_when_a_counter_is_used_up),
		cmocka_unit_test(test_padding_goes_to_16_but_not_past_the_mtu),
		cmocka_unit_test(test_padding_never_shrinks_and_stays_under_16),
	};

	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
