/* Random streams against a naive merger, and there and back again. */
#include "coalesce_twin.h"

#include <errno.h>

/* The naive merger's opinion whether packets first..last (by number) may be one: their
 * headers over all their payload, split again, must give the very same packets. What
 * counts up in atomic datagrams is nobody's business. */
static bool is_plain(const struct twin_packet *packet)
{
	const uint8_t *ip = packet->bytes;
	size_t l4 = twin_l4(ip);

	if (twin_is_ipv6(ip) ? l4 != 40 : ip[0] != 0x45)
		return false;
	return twin_is_udp(ip) || (ip[l4 + 13] & (WG_TCP_SYN | WG_TCP_RST | WG_TCP_URG |
						  WG_TCP_ACK_FLAG)) == WG_TCP_ACK_FLAG;
}

static bool may_be_one(struct fixture *f, const size_t *numbers, size_t n)
{
	const struct twin_packet *first = &f->sent[numbers[0]];
	const struct twin_packet *last = &f->sent[numbers[n - 1]];
	size_t header_len = twin_header_len(first->bytes);
	size_t l4 = twin_l4(first->bytes);
	size_t size = first->len - header_len;
	bool is_fixed = !twin_is_ipv6(first->bytes) && first->bytes[6] == 0x40 &&
			!memcmp(first->bytes + 4, f->sent[numbers[1]].bytes + 4, 2);

	if (n > (twin_is_udp(first->bytes) ? 64 : WG_OFFLOAD_MAX_GROUP) || size == 0)
		return false;
	f->merged.len = header_len;
	memcpy(f->merged.bytes, first->bytes, header_len);
	for (size_t i = 0; i < n; i++) {
		const struct twin_packet *packet = &f->sent[numbers[i]];

		if (!is_plain(packet) || packet->len <= header_len ||
		    f->merged.len + packet->len - header_len > 65535)
			return false;
		if (is_fixed && memcmp(first->bytes + 4, packet->bytes + 4, 2) != 0)
			return false;
		memcpy(f->merged.bytes + f->merged.len, packet->bytes + header_len,
		       packet->len - header_len);
		f->merged.len += packet->len - header_len;
	}
	if (!twin_is_udp(first->bytes))
		f->merged.bytes[l4 + 13] |= last->bytes[l4 + 13] & (WG_TCP_FIN | WG_TCP_PSH);
	for (size_t i = 0; i < n; i++) {
		if (!twin_segment(&f->merged, size, i, &f->segment) ||
		    !same_packet(&f->sent[numbers[i]], &f->segment, is_fixed))
			return false;
	}
	return !twin_segment(&f->merged, size, n, &f->segment);
}

/* Every group is what the naive merger allows, and what could have gone on did: the next
 * packet of the flow, where all is in order, is only apart if it may not be in it. */
static void check_against_naive_merger(struct fixture *f)
{
	size_t group_of[MAX_PACKETS] = {0};

	for (size_t i = 0; i < f->groups.n; i++) {
		const struct wg_packet *packet;

		wg_batch_for_each (packet, &f->groups.group[i].packets)
			group_of[packet->counter] = i;
	}
	for (size_t k = 0; k + 1 < f->n_sent; k++) {
		const struct wg_offload_group *group = &f->groups.group[group_of[k]];
		size_t numbers[WG_OFFLOAD_MAX_GROUP + 1] = {0};
		const struct wg_packet *packet;
		size_t n = 0;

		wg_batch_for_each (packet, &group->packets)
			numbers[n++] = packet->counter;
		assert_true(n == 1 || may_be_one(f, numbers, n));
		numbers[n++] = k + 1;
		if (numbers[n - 2] == k)
			assert_false(may_be_one(f, numbers, n));
	}
}

/* Writes a group, reads it as if the device gave it back, and splits it. */
static void split_group(struct fixture *f, const struct wg_offload_group *group)
{
	struct wg_vnet vnet = write_group(group, &f->merged);
	struct wg_packet *packet = wg_pool_get(f->pool, WG_SLOT_ROOM);
	size_t first = WG_SLOT_ROOM - WG_OFFLOAD_TAILROOM;

	assert_non_null(packet);
	first = f->merged.len < first ? f->merged.len : first;
	memcpy(packet->data, f->merged.bytes, first);
	packet->len = (uint32_t)first;
	wg_vnet_store(packet->data, &vnet);
	assert_int_equal(wg_offload_split(packet, f->merged.bytes + first, f->merged.len - first,
					  f->pool, &f->batch),
			 0);
}

static void test_splitting_undoes_coalescing(void **state)
{
	struct fixture *f = *state;
	struct wg_test_random random = {6};

	for (int i = 0; i < 300; i++) {
		make_streams(f, &random, 1 + (size_t)i % 4, true);
		wg_offload_coalesce(&f->groups, &f->batch);
		for (size_t k = 0; k < f->groups.n; k++) {
			const struct wg_offload_group *group = &f->groups.group[k];
			const struct wg_packet *sent;

			split_group(f, group);
			assert_int_equal(f->batch.n, group->packets.n);
			wg_batch_for_each (sent, &group->packets) {
				struct wg_packet *packet = wg_batch_pop(&f->batch);

				f->segment.len = packet->len;
				memcpy(f->segment.bytes, packet->data, packet->len);
				wg_packet_put(packet);
				assert_true(same_packet(&f->sent[sent->counter], &f->segment,
							is_fixed_id(f, group)));
			}
		}
		drop_groups(f);
	}
}

static void test_ungrouping_gives_back_the_very_same_packets(void **state)
{
	struct fixture *f = *state;
	struct wg_test_random random = {7};

	for (int i = 0; i < 300; i++) {
		make_streams(f, &random, 1 + (size_t)i % 4, true);
		wg_offload_coalesce(&f->groups, &f->batch);
		for (size_t k = 0; k < f->groups.n; k++) {
			struct wg_offload_group *group = &f->groups.group[k];
			const struct wg_packet *packet;

			wg_offload_ungroup(group);
			wg_batch_for_each (packet, &group->packets) {
				const struct twin_packet *sent = &f->sent[packet->counter];
				struct wg_vnet vnet = wg_vnet_load(packet->data);

				assert_int_equal(packet->len, sent->len);
				assert_memory_equal(packet->data, sent->bytes, sent->len);
				assert_memory_equal(&vnet, &(struct wg_vnet){0}, sizeof(vnet));
			}
		}
		drop_groups(f);
	}
}

static void test_random_streams_match_the_naive_merger(void **state)
{
	struct fixture *f = *state;
	struct wg_test_random random = {5};
	size_t n_groups = 0;

	for (int i = 0; i < 300; i++) {
		make_streams(f, &random, 1 + (size_t)i % 4, true);
		wg_offload_coalesce(&f->groups, &f->batch);
		check_round_trip(f);
		check_against_naive_merger(f);
		n_groups += f->groups.n;
		drop_groups(f);
	}
	/* Most was coalesced: this is no test of lone packets. */
	assert_in_range(n_groups, 300, 300 * 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_streams_match_the_naive_merger, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_splitting_undoes_coalescing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_ungrouping_gives_back_the_very_same_packets,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
