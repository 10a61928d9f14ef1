#include "wgtest.h"

#include "offload_twin.h"
#include "tun/offload.h"

#include <errno.h>

/* What tun reads into a slot at most. */
#define SLOT_READ (WG_SLOT_ROOM - WG_OFFLOAD_TAILROOM)

struct fixture {
	struct wg_pool *pool;
	struct wg_batch batch;
	struct twin_packet super;
	struct twin_packet expected;
	uint8_t rest[65536];
};

static struct fixture fixture;

static int set_up(void **state)
{
	fixture.pool = wg_pool_new(64u << 20);
	wg_batch_init(&fixture.batch);
	*state = &fixture;
	return fixture.pool ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	wg_batch_drop(&f->batch);
	assert_int_equal(wg_pool_bytes_used(f->pool), 0);
	wg_pool_free(f->pool);
	return 0;
}

/* Reads f->super as tun would: `first` bytes into a slot, the rest elsewhere. */
static struct wg_packet *read_super(struct fixture *f, const struct wg_vnet *vnet, size_t first)
{
	struct wg_packet *packet = wg_pool_get(f->pool, WG_SLOT_ROOM);

	assert_non_null(packet);
	if (first > f->super.len)
		first = f->super.len;
	memcpy(packet->data, f->super.bytes, first);
	memcpy(f->rest, f->super.bytes + first, f->super.len - first);
	packet->len = (uint32_t)first;
	wg_vnet_store(packet->data, vnet);
	return packet;
}

static int split(struct fixture *f, const struct wg_vnet *vnet)
{
	struct wg_packet *packet = read_super(f, vnet, SLOT_READ);

	return wg_offload_split(packet, f->rest, f->super.len - packet->len, f->pool, &f->batch);
}

/* The batch is what the naive segmenter makes, ready to be sealed; empties it. */
static void check_segments(struct fixture *f, size_t size)
{
	struct wg_packet *packet;
	size_t n = 0;

	for (; (packet = wg_batch_pop(&f->batch)); n++) {
		assert_true(twin_segment(&f->super, size, n, &f->expected));
		assert_int_equal(packet->len, f->expected.len);
		assert_memory_equal(packet->data, f->expected.bytes, f->expected.len);
		assert_int_equal(packet->flags, n > 0 ? WG_PACKET_SAME_FLOW : 0);
		assert_true(packet->room - packet->len >= WG_OFFLOAD_TAILROOM);
		wg_packet_put(packet);
	}
	assert_true(n > 0);
	assert_false(twin_segment(&f->super, size, n, &f->expected));
}

static struct twin_spec random_spec(struct wg_test_random *random)
{
	struct twin_spec spec = {
		.is_ipv6 = wg_test_below(random, 2),
		.is_udp = wg_test_below(random, 2),
		.flow = (uint8_t)wg_test_next(random),
		.ds = (uint8_t)wg_test_next(random),
		.ttl = (uint8_t)wg_test_next(random),
		.id = (uint16_t)wg_test_next(random),
		.fragment = wg_test_below(random, 2) ? 0x4000 : 0,
		.label = (uint32_t)wg_test_below(random, 1 << 20),
		.extension = wg_test_below(random, 4) ? 0 : 8,
		.seq = (uint32_t)wg_test_next(random),
		.ack = (uint32_t)wg_test_next(random),
		.window = (uint16_t)wg_test_next(random),
		.flags = (uint8_t)wg_test_next(random),
		.options_len = (uint8_t)(4 * wg_test_below(random, 11)),
		.options = (uint8_t)wg_test_next(random),
	};

	return spec;
}

static void test_super_packets_are_split_as_the_naive_segmenter_does(void **state)
{
	struct fixture *f = *state;
	struct wg_test_random random = {1};

	for (int i = 0; i < 3000; i++) {
		struct twin_spec spec = random_spec(&random);
		size_t size = 1 + wg_test_below(&random, i % 10 ? 1500 : 9000);
		struct wg_vnet vnet;

		if (i % 2 == 0)
			spec.payload = 1 + wg_test_below(&random, 65535 - 60 - 60 - 8);
		else
			spec.payload = size * (1 + wg_test_below(&random, 4)) -
				       wg_test_below(&random, size);
		if (spec.payload / size > 1000)
			spec.payload = size * 1000;
		twin_make(&f->super, &spec, (uint64_t)i);
		vnet = twin_vnet(&f->super, size);
		twin_unseal(&f->super);
		/* Linux has no opinion about it, and sets the flag only for CWR. */
		vnet.header_len = (uint16_t)wg_test_next(&random);
		if (!spec.is_udp && wg_test_below(&random, 2))
			vnet.gso_type |= WG_VNET_ECN;
		assert_int_equal(split(f, &vnet), 0);
		check_segments(f, size);
	}
}

static void test_headers_in_a_first_piece_of_any_length_suffice(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = {.options_len = 12, .flags = 0x18, .payload = 3000};

	for (size_t first = 52; first <= 1500; first += 7) {
		struct wg_vnet vnet;
		struct wg_packet *packet;

		twin_make(&f->super, &spec, first);
		vnet = twin_vnet(&f->super, 700);
		twin_unseal(&f->super);
		packet = read_super(f, &vnet, first);
		assert_int_equal(
			wg_offload_split(packet, f->rest, f->super.len - first, f->pool, &f->batch),
			0);
		check_segments(f, 700);
	}
}

static void test_the_first_segment_stays_where_it_was_read(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = {.is_ipv6 = true, .flags = 0x10, .payload = 10000};
	struct wg_packet *packet;
	struct wg_vnet vnet;

	twin_make(&f->super, &spec, 1);
	vnet = twin_vnet(&f->super, 1360);
	twin_unseal(&f->super);
	packet = read_super(f, &vnet, SLOT_READ);
	assert_int_equal(
		wg_offload_split(packet, f->rest, f->super.len - SLOT_READ, f->pool, &f->batch), 0);
	assert_ptr_equal(f->batch.head, packet);
	assert_int_equal(f->batch.n, 8);
}

static void test_a_lone_packet_is_completed_in_place(void **state)
{
	struct fixture *f = *state;
	struct wg_test_random random = {2};

	for (int i = 0; i < 500; i++) {
		struct twin_spec spec = random_spec(&random);
		struct wg_packet *packet;
		struct wg_vnet vnet;

		spec.payload = wg_test_below(&random, 1400);
		twin_make(&f->expected, &spec, (uint64_t)i);
		f->super = f->expected;
		twin_unseal(&f->super);
		vnet = twin_vnet(&f->super, 0);
		vnet.gso_type = WG_VNET_GSO_NONE;
		packet = read_super(f, &vnet, SLOT_READ);
		assert_int_equal(wg_offload_split(packet, f->rest, 0, f->pool, &f->batch), 0);
		assert_ptr_equal(wg_batch_pop(&f->batch), packet);
		assert_int_equal(packet->len, f->expected.len);
		assert_memory_equal(packet->data, f->expected.bytes, f->expected.len);
		wg_packet_put(packet);
	}
}

static void test_a_packet_that_wants_nothing_is_not_touched(void **state)
{
	struct fixture *f = *state;
	struct wg_vnet vnet = {.header_len = 99, .gso_size = 7, .csum_start = 60000};
	struct wg_packet *packet;

	f->super.len = 77;
	memset(f->super.bytes, 0xa5, f->super.len);
	assert_int_equal(split(f, &vnet), 0);
	packet = f->batch.head;
	assert_int_equal(packet->len, 77);
	assert_memory_equal(packet->data, f->super.bytes, 77);
	assert_int_equal(packet->flags, 0);
}

static void test_a_lone_packet_beyond_a_slot_moves_to_a_large_buffer(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = {.is_udp = true, .payload = 8000};
	struct wg_vnet vnet;

	twin_make(&f->expected, &spec, 3);
	f->super = f->expected;
	twin_unseal(&f->super);
	vnet = twin_vnet(&f->super, 0);
	vnet.gso_type = WG_VNET_GSO_NONE;
	assert_int_equal(split(f, &vnet), 0);
	assert_int_equal(f->batch.n, 1);
	assert_int_equal(f->batch.head->len, f->expected.len);
	assert_memory_equal(f->batch.head->data, f->expected.bytes, f->expected.len);
	assert_true(f->batch.head->room - f->batch.head->len >= WG_OFFLOAD_TAILROOM);
}

static void test_a_udp_checksum_is_never_zero(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = {.is_udp = true, .payload = 4};
	struct wg_vnet vnet;
	uint16_t sum;

	/* A payload with which everything sums up to 0xffff. */
	twin_make(&f->super, &spec, 4);
	memset(f->super.bytes + 28, 0, 4);
	twin_seal(&f->super);
	sum = wg_load_be16(f->super.bytes + 26);
	wg_store_be16(f->super.bytes + 28, sum);
	twin_seal(&f->super);
	assert_int_equal(wg_load_be16(f->super.bytes + 26), 0xffff);
	twin_unseal(&f->super);
	vnet = twin_vnet(&f->super, 0);
	vnet.gso_type = WG_VNET_GSO_NONE;
	assert_int_equal(split(f, &vnet), 0);
	assert_int_equal(wg_load_be16(f->batch.head->data + 26), 0xffff);
}

static void test_what_is_malformed_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *why;
		struct twin_spec spec;
		int vnet_at; /* a byte of the vnet header to change, or -1 */
		uint8_t vnet_value;
		int at; /* a byte of the packet to change, or -1 */
		uint8_t value;
	} cases[] = {
		{"a checksum was not asked for", {.payload = 3000}, 0, 0, -1, 0},
		{"UFO, which is not the same as USO",
		 {.is_udp = true, .payload = 3000},
		 1,
		 3,
		 -1,
		 0},
		{"an unknown type", {.payload = 3000}, 1, 77, -1, 0},
		{"IPv4 said to be IPv6", {.payload = 3000}, 1, WG_VNET_GSO_TCP6, -1, 0},
		{"IPv6 said to be IPv4",
		 {.is_ipv6 = true, .payload = 3000},
		 1,
		 WG_VNET_GSO_TCP4,
		 -1,
		 0},
		{"UDP said to be TCP",
		 {.is_udp = true, .payload = 3000},
		 1,
		 WG_VNET_GSO_TCP4,
		 -1,
		 0},
		{"TCP said to be UDP", {.payload = 3000}, 1, WG_VNET_GSO_UDP, -1, 0},
		{"neither IPv4 nor IPv6", {.is_udp = true, .payload = 3000}, -1, 0, 0, 0x55},
		{"segments of no length", {.payload = 3000}, 4, 0, -1, 0},
		{"TCP begins within the IP header", {.payload = 3000}, 6, 16, -1, 0},
		{"TCP begins beyond the IP header", {.payload = 3000}, 6, 24, -1, 0},
		{"TCP begins behind what was read", {.payload = 3000}, 7, 0x70, -1, 0},
		{"IPv6: TCP begins behind what was read",
		 {.is_ipv6 = true, .payload = 3000},
		 7,
		 0x70,
		 -1,
		 0},
		{"IPv6: TCP begins within the header",
		 {.is_ipv6 = true, .payload = 3000},
		 6,
		 36,
		 -1,
		 0},
		{"IPv6: it is not TCP", {.is_ipv6 = true, .payload = 3000}, -1, 0, 6, 17},
		{"IPv4: it is not TCP", {.payload = 3000}, -1, 0, 9, 17},
		{"IPv4: TCP is elsewhere", {.payload = 3000}, 6, 24, 36, 0x50},
		{"the checksum is elsewhere", {.payload = 3000}, 8, 14, -1, 0},
		{"the UDP checksum is elsewhere", {.is_udp = true, .payload = 3000}, 8, 16, -1, 0},
		{"a TCP header below its least", {.payload = 3000}, -1, 0, 32, 0x40},
		{"an IPv4 header below its least",
		 {.ack = 0x50000000, .payload = 3000},
		 6,
		 16,
		 0,
		 0x44},
	};

	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_vnet vnet;
		uint8_t *bytes = (uint8_t *)&vnet;

		twin_make(&f->super, &cases[i].spec, i);
		vnet = twin_vnet(&f->super, 200);
		twin_unseal(&f->super);
		if (cases[i].vnet_at >= 0)
			bytes[cases[i].vnet_at] = cases[i].vnet_value;
		if (cases[i].at >= 0)
			f->super.bytes[cases[i].at] = cases[i].value;
		if (split(f, &vnet) != -EINVAL)
			fail_msg("accepted: %s", cases[i].why);
		assert_null(f->batch.head);
		assert_int_equal(wg_pool_bytes_used(f->pool), 0);
	}
}

static void test_headers_that_end_too_soon_are_refused(void **state)
{
	struct fixture *f = *state;
	struct twin_spec specs[] = {
		{.options_len = 40, .payload = 10},
		{.is_udp = true, .payload = 10},
		{.is_ipv6 = true, .options_len = 4, .payload = 10},
		{.is_ipv6 = true, .extension = 8, .is_udp = true, .payload = 10}};

	for (size_t i = 0; i < WG_ARRAY_LEN(specs); i++) {
		struct wg_vnet vnet;
		size_t header_len;

		twin_make(&f->super, &specs[i], i);
		vnet = twin_vnet(&f->super, 5);
		header_len = twin_header_len(f->super.bytes);
		for (size_t len = 0; len < header_len; len++) {
			f->super.len = len;
			assert_int_equal(split(f, &vnet), -EINVAL);
		}
		assert_null(f->batch.head);
	}
}

static void test_a_checksum_outside_the_packet_is_refused(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = {.is_udp = true, .payload = 10};
	struct wg_vnet vnet;

	twin_make(&f->super, &spec, 1);
	vnet = twin_vnet(&f->super, 0);
	vnet.gso_type = WG_VNET_GSO_NONE;
	vnet.csum_offset = (uint16_t)(f->super.len - vnet.csum_start - 1);
	assert_int_equal(split(f, &vnet), -EINVAL);
	vnet.csum_offset = UINT16_MAX;
	vnet.csum_start = UINT16_MAX;
	assert_int_equal(split(f, &vnet), -EINVAL);
	assert_null(f->batch.head);
}

static void test_at_the_pools_bound_the_first_segments_are_kept(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = {.flags = 0x18, .payload = 60000};
	struct wg_packet *packet;
	struct wg_vnet vnet;
	size_t n = 0;

	wg_pool_free(f->pool);
	/* A slab of 128 slots. */
	f->pool = wg_pool_new(256u << 10);
	twin_make(&f->super, &spec, 5);
	vnet = twin_vnet(&f->super, 100);
	twin_unseal(&f->super);
	assert_int_equal(split(f, &vnet), -ENOMEM);
	for (; (packet = wg_batch_pop(&f->batch)); n++) {
		assert_true(twin_segment(&f->super, 100, n, &f->expected));
		assert_memory_equal(packet->data, f->expected.bytes, f->expected.len);
		wg_packet_put(packet);
	}
	assert_int_equal(n, 128);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_super_packets_are_split_as_the_naive_segmenter_does),
		TEST(test_headers_in_a_first_piece_of_any_length_suffice),
		TEST(test_the_first_segment_stays_where_it_was_read),
		TEST(test_a_lone_packet_is_completed_in_place),
		TEST(test_a_packet_that_wants_nothing_is_not_touched),
		TEST(test_a_lone_packet_beyond_a_slot_moves_to_a_large_buffer),
		TEST(test_a_udp_checksum_is_never_zero),
		TEST(test_what_is_malformed_is_refused),
		TEST(test_headers_that_end_too_soon_are_refused),
		TEST(test_a_checksum_outside_the_packet_is_refused),
		TEST(test_at_the_pools_bound_the_first_segments_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
