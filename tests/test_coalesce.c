#include "coalesce_twin.h"

/* The next packet of a stream. */
static void follow(struct twin_spec *spec)
{
	spec->id++;
	spec->seq += (uint32_t)spec->payload;
}

/* Coalesces everything and says how: for each group its packets' numbers, as in
 * "0,1,3 2 4,5". */
static const char *coalesced(struct fixture *f)
{
	static char text[4096];
	size_t len = 0;

	wg_offload_coalesce(&f->groups, &f->batch);
	check_round_trip(f);
	text[0] = '\0';
	for (size_t i = 0; i < f->groups.n; i++) {
		const struct wg_packet *packet;

		wg_batch_for_each (packet, &f->groups.group[i].packets)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u",
						packet != f->groups.group[i].packets.head ? ","
						: i > 0                                   ? " "
											  : "",
						(unsigned int)packet->counter);
	}
	drop_groups(f);
	return text;
}

static void test_a_stream_becomes_one_group(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		struct twin_spec spec = *kinds[i];

		f->n_sent = 0;
		for (int k = 0; k < 10; k++) {
			spec.payload = k < 9 ? 1000 : 1;
			send_spec(f, &spec);
			follow(&spec);
		}
		assert_string_equal(coalesced(f), "0,1,2,3,4,5,6,7,8,9");
	}
}

static void test_a_lone_packet_asks_for_nothing(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		f->n_sent = 0;
		send_spec(f, kinds[i]);
		assert_string_equal(coalesced(f), "0");
	}
}

static void test_nothing_is_coalesced_that_is_not_allowed(void **state)
{
	struct fixture *f = *state;

	for (unsigned int allowed = 0; allowed < 4; allowed++) {
		f->groups.tcp = allowed & 1;
		f->groups.udp = allowed & 2;
		for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
			struct twin_spec spec = *kinds[i];

			f->n_sent = 0;
			send_spec(f, &spec);
			follow(&spec);
			send_spec(f, &spec);
			assert_string_equal(coalesced(f),
					    allowed & (spec.is_udp ? 2 : 1) ? "0,1" : "0 1");
		}
	}
}

static void test_a_shorter_segment_ends_its_group(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		static const size_t payloads[] = {1000, 999, 999, 999, 1000, 1000};
		struct twin_spec spec = *kinds[i];

		f->n_sent = 0;
		for (size_t k = 0; k < WG_ARRAY_LEN(payloads); k++) {
			spec.payload = payloads[k];
			send_spec(f, &spec);
			follow(&spec);
		}
		assert_string_equal(coalesced(f), "0,1 2,3 4,5");
	}
}

static void test_psh_and_fin_end_their_group(void **state)
{
	struct fixture *f = *state;
	static const uint8_t flags[] = {0x10, 0x18, 0x10, 0x10, 0x11, 0x19, 0x10};
	struct twin_spec spec = tcp4;

	for (size_t k = 0; k < WG_ARRAY_LEN(flags); k++) {
		spec.flags = flags[k];
		send_spec(f, &spec);
		follow(&spec);
	}
	assert_string_equal(coalesced(f), "0,1 2,3,4 5 6");
}

static void test_cwr_begins_a_group(void **state)
{
	struct fixture *f = *state;
	static const uint8_t flags[] = {0x10, 0x90, 0x10, 0x50, 0x50, 0xd0, 0x50};
	struct twin_spec spec = tcp6;

	for (size_t k = 0; k < WG_ARRAY_LEN(flags); k++) {
		spec.flags = flags[k];
		send_spec(f, &spec);
		follow(&spec);
	}
	assert_string_equal(coalesced(f), "0 1,2 3,4 5,6");
}

static void test_packets_that_differ_stay_apart(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *why;
		const struct twin_spec *base;
		size_t at; /* a byte of the second packet to change */
		uint8_t change;
		bool seal; /* with right checksums, and else with wrong ones */
	} cases[] = {
		{"IPv4 DSCP", &tcp4, 1, 0x80, true},
		{"IPv4 ECN", &tcp4, 1, 0x03, true},
		{"IPv4 identification", &tcp4, 5, 0x01, true},
		{"IPv4 reserved bit", &tcp4, 6, 0x80, true},
		{"IPv4 DF", &tcp4, 6, 0x40, true},
		{"IPv4 TTL", &udp4, 8, 0x01, true},
		{"IPv4 protocol", &udp4, 9, 0x01, true},
		{"IPv4 header checksum", &tcp4, 10, 0x01, false},
		{"IPv4 source", &tcp4, 15, 0x02, true},
		{"IPv4 destination", &udp4, 16, 0x80, true},
		{"IPv6 traffic class", &tcp6, 1, 0x10, true},
		{"IPv6 flow label", &udp6, 3, 0x01, true},
		{"IPv6 hop limit", &udp6, 7, 0x01, true},
		{"IPv6 source", &tcp6, 8, 0x01, true},
		{"IPv6 destination", &tcp6, 39, 0x02, true},
		{"TCP source port", &tcp4, 20, 0x01, true},
		{"TCP destination port", &tcp6, 43, 0x02, true},
		{"TCP sequence", &tcp4, 27, 0x01, true},
		{"TCP acknowledgment", &tcp4, 28, 0x01, true},
		{"TCP reserved bits", &tcp4, 32, 0x01, true},
		{"TCP SYN", &tcp4, 33, WG_TCP_SYN, true},
		{"TCP RST", &tcp4, 33, WG_TCP_RST, true},
		{"TCP URG", &tcp4, 33, WG_TCP_URG, true},
		{"TCP no ACK", &tcp4, 33, WG_TCP_ACK_FLAG, true},
		{"TCP ECE", &tcp4, 33, WG_TCP_ECE, true},
		{"TCP window", &tcp4, 35, 0x01, true},
		{"TCP checksum", &tcp4, 36, 0x40, false},
		{"TCP urgent pointer", &tcp4, 39, 0x01, true},
		{"TCP option", &tcp6, 71, 0x01, true},
		{"TCP payload without its checksum", &tcp4, 700, 0x10, false},
		{"UDP source port", &udp4, 21, 0x01, true},
		{"UDP destination port", &udp6, 43, 0x01, true},
		{"UDP length", &udp4, 25, 0x01, false},
		{"UDP checksum", &udp6, 46, 0x01, false},
		{"UDP payload without its checksum", &udp6, 1000, 0x01, false},
	};

	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		for (size_t which = 0; which < 2; which++) {
			struct twin_spec spec = *cases[i].base;

			f->n_sent = 0;
			for (size_t k = 0; k < 2; k++) {
				struct twin_packet *made = &f->sent[k];

				twin_make(made, &spec, k);
				if (k == which) {
					made->bytes[cases[i].at] ^= cases[i].change;
					if (cases[i].seal)
						twin_seal(made);
				}
				send_made(f);
				follow(&spec);
			}
			if (strcmp(coalesced(f), "0 1") != 0)
				fail_msg("coalesced in spite of: %s", cases[i].why);
		}
	}
}

static void test_options_fragments_and_extensions_pass_alone(void **state)
{
	struct fixture *f = *state;
	struct twin_spec specs[4] = {tcp4, tcp4, tcp6, udp4};

	specs[1].fragment = 0x2000; /* more fragments */
	specs[2].extension = 8;
	specs[3].fragment = 100;
	for (size_t i = 0; i < WG_ARRAY_LEN(specs); i++) {
		struct twin_spec spec = specs[i];

		f->n_sent = 0;
		for (size_t k = 0; k < 2; k++) {
			struct twin_packet *made = &f->sent[k];

			twin_make(made, &spec, k);
			if (i == 0) {
				/* Four no-operations between the headers. */
				memmove(made->bytes + 24, made->bytes + 20, made->len - 20);
				memset(made->bytes + 20, 1, 4);
				made->len += 4;
				made->bytes[0] = 0x46;
				twin_seal(made);
			}
			send_made(f);
			follow(&spec);
		}
		assert_string_equal(coalesced(f), "0 1");
	}
}

static void test_a_udp_packet_without_checksum_stays_alone(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = udp4;

	for (size_t k = 0; k < 3; k++) {
		uint8_t *udp = f->sent[k].bytes + 20;
		uint16_t sum;

		/* Even if zero would be right, because it is 0xffff in other words. */
		twin_make(&f->sent[k], &spec, k);
		memset(udp + 8, 0, 2);
		twin_seal(&f->sent[k]);
		sum = wg_load_be16(udp + 6);
		wg_store_be16(udp + 8, sum);
		twin_seal(&f->sent[k]);
		assert_int_equal(wg_load_be16(udp + 6), 0xffff);
		wg_store_be16(udp + 6, 0);
		send_made(f);
		follow(&spec);
	}
	assert_string_equal(coalesced(f), "0 1 2");
}

static void test_a_corrupt_packet_passes_alone_and_in_its_place(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		struct twin_spec spec = *kinds[i];

		f->n_sent = 0;
		for (size_t k = 0; k < 6; k++) {
			twin_make(&f->sent[k], &spec, k);
			if (k == 2)
				f->sent[k].bytes[500] ^= 4;
			send_made(f);
			follow(&spec);
		}
		assert_string_equal(coalesced(f), "0,1 2 3,4,5");
	}
}

/* Changes a 16-bit number and with it the checksum, which stays right (RFC 1624). */
static void change_be16(struct twin_packet *packet, size_t at, uint16_t value)
{
	uint8_t *checksum = packet->bytes + twin_checksum_at(packet->bytes);
	const uint8_t change[] = {(uint8_t)(value >> 8), (uint8_t)value};
	uint32_t sum =
		(uint16_t)~wg_load_be16(checksum) + (uint16_t)~wg_load_be16(packet->bytes + at);

	memcpy(packet->bytes + at, change, 2);
	wg_store_be16(checksum, (uint16_t)~twin_sum(sum, change, 2));
}

static void test_a_udp_length_that_is_not_the_packets_passes_alone(void **state)
{
	struct fixture *f = *state;

	for (size_t k = 0; k < 2; k++) {
		twin_make(&f->sent[k], &udp6, k);
		change_be16(&f->sent[k], 44, 1000);
		send_made(f);
	}
	assert_string_equal(coalesced(f), "0 1");
}

static void test_an_ip_length_that_is_not_the_packets_passes_alone(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		struct twin_spec spec = *kinds[i];

		f->n_sent = 0;
		for (size_t k = 0; k < 2; k++) {
			struct twin_packet *made = &f->sent[k];

			/* Zeros behind the end, that no checksum sees. */
			twin_make(made, &spec, k);
			memset(made->bytes + made->len, 0, 4);
			made->len += 4;
			send_made(f);
			follow(&spec);
			spec.seq += 4;
		}
		assert_string_equal(coalesced(f), "0 1");
	}
}

static void test_headers_that_are_cut_short_pass_alone(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		struct twin_packet whole;
		size_t header_len;

		twin_make(&whole, kinds[i], i);
		header_len = twin_header_len(whole.bytes);
		for (size_t len = 0; len <= header_len; len++) {
			f->n_sent = 0;
			for (size_t k = 0; k < 2; k++) {
				struct twin_packet *made = &f->sent[k];

				*made = whole;
				made->len = len;
				if (len >= twin_checksum_at(made->bytes) + 2)
					twin_seal(made);
				send_made(f);
			}
			assert_string_equal(coalesced(f), "0 1");
		}
	}
}

static void test_atomic_datagrams_may_all_have_one_identification(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = tcp4;

	spec.fragment = 0x4000;
	for (size_t k = 0; k < 4; k++) {
		send_spec(f, &spec);
		follow(&spec);
		spec.id = k < 2 ? 7 : 8;
	}
	assert_string_equal(coalesced(f), "0,1,2 3");

	spec.fragment = 0;
	f->n_sent = 0;
	for (size_t k = 0; k < 2; k++) {
		spec.id = 7;
		send_spec(f, &spec);
		follow(&spec);
	}
	assert_string_equal(coalesced(f), "0 1");
}

static void test_interleaved_flows_are_coalesced(void **state)
{
	struct fixture *f = *state;
	struct twin_spec specs[4] = {tcp4, tcp6, udp4, udp6};

	for (size_t k = 0; k < 12; k++) {
		send_spec(f, &specs[k % 4]);
		follow(&specs[k % 4]);
	}
	assert_string_equal(coalesced(f), "0,4,8 1,5,9 2,6,10 3,7,11");
}

static void test_an_acknowledgment_keeps_its_place_in_the_flow(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = tcp6;

	for (size_t k = 0; k < 5; k++) {
		spec.payload = k == 2 ? 0 : 1000;
		send_spec(f, &spec);
		follow(&spec);
	}
	assert_string_equal(coalesced(f), "0,1 2 3,4");
}

static void test_what_may_be_of_any_flow_is_not_overtaken(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = udp6;
	struct twin_spec fragment = udp4;
	struct twin_spec icmp = udp4;

	fragment.fragment = 0x2000;
	for (size_t k = 0; k < 6; k++) {
		if (k == 2) {
			send_spec(f, &fragment);
		} else if (k == 4) {
			twin_make(&f->sent[k], &icmp, k);
			f->sent[k].bytes[9] = 1;
			send_made(f);
		} else {
			send_spec(f, &spec);
		}
	}
	assert_string_equal(coalesced(f), "0,1 2 3,5 4");
}

static void test_a_group_has_at_most_64_kib(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = tcp6;

	spec.payload = 1390;
	for (size_t k = 0; k < 48; k++) {
		send_spec(f, &spec);
		follow(&spec);
	}
	wg_offload_coalesce(&f->groups, &f->batch);
	check_round_trip(f);
	assert_int_equal(f->groups.n, 2);
	assert_int_equal(f->groups.group[0].packets.n, 47);
}

static void test_a_group_has_at_most_128_segments_or_64_datagrams(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		struct twin_spec spec = *kinds[i];
		size_t max = spec.is_udp ? 64 : 128;

		f->n_sent = 0;
		spec.payload = 10;
		for (size_t k = 0; k < max + 2; k++) {
			send_spec(f, &spec);
			follow(&spec);
		}
		wg_offload_coalesce(&f->groups, &f->batch);
		check_round_trip(f);
		assert_int_equal(f->groups.n, 2);
		assert_int_equal(f->groups.group[0].packets.n, max);
		drop_groups(f);
	}
}

static void test_more_packets_than_groups_wait_for_the_next_call(void **state)
{
	struct fixture *f = *state;
	struct twin_spec spec = tcp4;
	size_t n = 0;

	spec.payload = 0;
	for (size_t k = 0; k < 300; k++)
		send_spec(f, &spec);
	for (unsigned int calls = 0; !wg_batch_empty(&f->batch); calls++) {
		wg_offload_coalesce(&f->groups, &f->batch);
		assert_int_equal(f->groups.n, calls < 2 ? WG_OFFLOAD_GROUPS : 44);
		for (size_t i = 0; i < f->groups.n; i++)
			assert_int_equal(f->groups.group[i].packets.head->counter, n++);
		drop_groups(f);
	}
	assert_int_equal(n, 300);
}

/* A run of one byte each, all of which join: as many as a group may have, and no more
 * room taken than they have. */
static void test_a_run_of_single_bytes_is_bounded_as_any(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < WG_ARRAY_LEN(kinds); i++) {
		struct twin_spec spec = *kinds[i];
		size_t max = spec.is_udp ? 64 : 128;
		size_t n = 0;

		f->n_sent = 0;
		spec.payload = 1;
		for (size_t k = 0; k < 3 * max; k++) {
			send_spec(f, &spec);
			follow(&spec);
		}
		wg_offload_coalesce(&f->groups, &f->batch);
		check_round_trip(f);
		assert_int_equal(f->groups.n, 3);
		for (size_t k = 0; k < 3; k++) {
			n += f->groups.group[k].packets.n;
			assert_int_equal(f->groups.group[k].len,
					 twin_header_len(f->sent[0].bytes) + max);
		}
		assert_int_equal(n, 3 * max);
		drop_groups(f);
	}
}

/* Every third is shorter and ends its group, of eight flows at once: none is lost, and
 * each flow keeps its order. */
static void test_segments_that_join_and_do_not_by_turns_keep_their_order(void **state)
{
	struct fixture *f = *state;
	struct twin_spec specs[8];
	size_t next[WG_ARRAY_LEN(specs)];
	size_t n = 0;

	for (size_t i = 0; i < WG_ARRAY_LEN(specs); i++) {
		specs[i] = *kinds[i % WG_ARRAY_LEN(kinds)];
		specs[i].flow = (uint8_t)(FIRST_FLOW + i);
		next[i] = i;
	}
	for (size_t k = 0; k < 25 * WG_ARRAY_LEN(specs); k++) {
		struct twin_spec *spec = &specs[k % WG_ARRAY_LEN(specs)];

		spec->payload = k / WG_ARRAY_LEN(specs) % 3 == 2 ? 999 : 1000;
		send_spec(f, spec);
		follow(spec);
	}
	while (!wg_batch_empty(&f->batch)) {
		wg_offload_coalesce(&f->groups, &f->batch);
		check_round_trip(f);
		for (size_t i = 0; i < f->groups.n; i++) {
			const struct wg_packet *packet;

			assert_true(f->groups.group[i].packets.n <= 3);
			wg_batch_for_each (packet, &f->groups.group[i].packets) {
				size_t flow = packet->counter % WG_ARRAY_LEN(specs);

				assert_int_equal(packet->counter, next[flow]);
				next[flow] += WG_ARRAY_LEN(specs);
				n++;
			}
		}
		drop_groups(f);
	}
	assert_int_equal(n, f->n_sent);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_stream_becomes_one_group),
		TEST(test_a_lone_packet_asks_for_nothing),
		TEST(test_nothing_is_coalesced_that_is_not_allowed),
		TEST(test_a_shorter_segment_ends_its_group),
		TEST(test_psh_and_fin_end_their_group),
		TEST(test_cwr_begins_a_group),
		TEST(test_packets_that_differ_stay_apart),
		TEST(test_options_fragments_and_extensions_pass_alone),
		TEST(test_a_udp_packet_without_checksum_stays_alone),
		TEST(test_a_corrupt_packet_passes_alone_and_in_its_place),
		TEST(test_a_udp_length_that_is_not_the_packets_passes_alone),
		TEST(test_an_ip_length_that_is_not_the_packets_passes_alone),
		TEST(test_headers_that_are_cut_short_pass_alone),
		TEST(test_atomic_datagrams_may_all_have_one_identification),
		TEST(test_interleaved_flows_are_coalesced),
		TEST(test_an_acknowledgment_keeps_its_place_in_the_flow),
		TEST(test_what_may_be_of_any_flow_is_not_overtaken),
		TEST(test_a_group_has_at_most_64_kib),
		TEST(test_a_group_has_at_most_128_segments_or_64_datagrams),
		TEST(test_more_packets_than_groups_wait_for_the_next_call),
		TEST(test_a_run_of_single_bytes_is_bounded_as_any),
		TEST(test_segments_that_join_and_do_not_by_turns_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
