/* For the tests of coalescing: the batch that goes in, and what must be true of any
 * groups that come out. */
#ifndef WG_TESTS_COALESCE_TWIN_H
#define WG_TESTS_COALESCE_TWIN_H

#include "offload_twin.h"

#define MAX_PACKETS 400
#define FIRST_FLOW  10 /* what streams are numbered from */

struct fixture {
	struct wg_pool *pool;
	struct wg_batch batch;
	struct wg_offload_groups groups;
	/* What went into the batch, by its number, which is in packet->counter. */
	struct twin_packet sent[MAX_PACKETS];
	size_t n_sent;
	struct twin_packet merged;
	struct twin_packet segment;
};

static struct fixture fixture;

static inline int set_up(void **state)
{
	fixture.pool = wg_pool_new(64u << 20);
	wg_batch_init(&fixture.batch);
	fixture.groups.tcp = true;
	fixture.groups.udp = true;
	fixture.groups.n = 0;
	fixture.n_sent = 0;
	*state = &fixture;
	return fixture.pool ? 0 : -1;
}

static inline void drop_groups(struct fixture *f)
{
	for (size_t i = 0; i < f->groups.n; i++)
		wg_batch_drop(&f->groups.group[i].packets);
	f->groups.n = 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	drop_groups(f);
	wg_batch_drop(&f->batch);
	assert_int_equal(wg_pool_bytes_used(f->pool), 0);
	wg_pool_free(f->pool);
	return 0;
}

/* Puts f->sent[n_sent], which is made, into the batch. */
static inline void send_made(struct fixture *f)
{
	const struct twin_packet *made = &f->sent[f->n_sent];
	struct wg_packet *packet = wg_pool_get(f->pool, made->len);

	assert_non_null(packet);
	memcpy(packet->data, made->bytes, made->len);
	packet->len = (uint32_t)made->len;
	packet->counter = f->n_sent++;
	wg_batch_push(&f->batch, packet);
}

static inline void send_spec(struct fixture *f, const struct twin_spec *spec)
{
	twin_make(&f->sent[f->n_sent], spec, f->n_sent);
	send_made(f);
}

static const struct twin_spec tcp4 = {.id = 7, .flags = 0x10, .window = 500, .payload = 1000};
static const struct twin_spec tcp6 = {
	.is_ipv6 = true, .flags = 0x10, .options_len = 12, .payload = 1000};
static const struct twin_spec udp4 = {.is_udp = true, .id = 65530, .payload = 1000};
static const struct twin_spec udp6 = {.is_ipv6 = true, .is_udp = true, .payload = 1000};
static const struct twin_spec *const kinds[] = {&tcp4, &tcp6, &udp4, &udp6};

/* The identification may differ where it means nothing and never counted up. */
static inline bool same_packet(const struct twin_packet *a, const struct twin_packet *b,
			       bool is_fixed)
{
	uint8_t header[20];

	if (a->len != b->len)
		return false;
	if (!is_fixed)
		return !memcmp(a->bytes, b->bytes, a->len);
	memcpy(header, b->bytes, sizeof(header));
	memcpy(header + 4, a->bytes + 4, 2);
	memcpy(header + 10, a->bytes + 10, 2);
	return !memcmp(a->bytes, header, 20) && !memcmp(a->bytes + 20, b->bytes + 20, a->len - 20);
}

/* What Linux asks of a packet written with a vnet header (virtio_net_hdr_to_skb in
 * include/linux/virtio_net.h, tun_get_user in drivers/net/tun.c). */
static inline void check_accepted(const struct wg_vnet *vnet, const struct twin_packet *whole)
{
	const uint8_t *ip = whole->bytes;
	size_t l4 = twin_l4(ip);

	assert_int_equal(vnet->flags, WG_VNET_NEEDS_CSUM);
	assert_int_equal(vnet->gso_type & ~WG_VNET_ECN, twin_is_udp(ip)    ? WG_VNET_GSO_UDP
							: twin_is_ipv6(ip) ? WG_VNET_GSO_TCP6
									   : WG_VNET_GSO_TCP4);
	assert_int_equal(vnet->csum_start, l4);
	assert_int_equal(vnet->csum_offset, twin_is_udp(ip) ? 6 : 16);
	assert_int_equal(vnet->header_len, twin_header_len(ip));
	assert_true(whole->len > vnet->header_len + vnet->gso_size);
	assert_int_equal((vnet->gso_type & WG_VNET_ECN) != 0,
			 !twin_is_udp(ip) && ip[l4 + 13] & WG_TCP_CWR);
	assert_int_equal(wg_load_be16(ip + twin_checksum_at(ip)), twin_pseudo(whole));
}

/* Gathers a group as one writev would. */
static inline struct wg_vnet write_group(const struct wg_offload_group *group,
					 struct twin_packet *whole)
{
	const struct wg_packet *packet = group->packets.head;
	struct wg_vnet vnet = wg_vnet_load(packet->data);

	memcpy(whole->bytes, packet->data, packet->len);
	whole->len = packet->len;
	for (packet = packet->next; packet; packet = packet->next) {
		memcpy(whole->bytes + whole->len, packet->data + group->header_len,
		       packet->len - group->header_len);
		whole->len += packet->len - group->header_len;
	}
	assert_int_equal(whole->len, group->len);
	return vnet;
}

static inline bool is_fixed_id(const struct fixture *f, const struct wg_offload_group *group)
{
	const uint8_t *first = f->sent[group->packets.head->counter].bytes;
	const uint8_t *last = f->sent[group->packets.tail->counter].bytes;

	return !twin_is_ipv6(first) && !memcmp(first + 4, last + 4, 2);
}

/* Every group is accepted, and splitting it gives what was sent, in the order sent. */
static inline void check_round_trip(struct fixture *f)
{
	for (size_t i = 0; i < f->groups.n; i++) {
		const struct wg_offload_group *group = &f->groups.group[i];
		struct wg_vnet vnet = write_group(group, &f->merged);
		const struct wg_packet *packet;
		size_t n = 0;

		if (group->packets.n == 1) {
			const struct twin_packet *sent = &f->sent[group->packets.head->counter];
			const struct wg_vnet nothing = {0};

			assert_memory_equal(&vnet, &nothing, sizeof(vnet));
			assert_int_equal(f->merged.len, sent->len);
			assert_memory_equal(f->merged.bytes, sent->bytes, sent->len);
			continue;
		}
		check_accepted(&vnet, &f->merged);
		wg_batch_for_each (packet, &group->packets) {
			assert_true(twin_segment(&f->merged, vnet.gso_size, n++, &f->segment));
			assert_true(same_packet(&f->sent[packet->counter], &f->segment,
						is_fixed_id(f, group)));
		}
		assert_false(twin_segment(&f->merged, vnet.gso_size, n, &f->segment));
	}
}

/* A stream's next packet, with now and then something out of line. */
static inline void step(struct wg_test_random *random, struct twin_spec *spec, size_t size)
{
	static const uint8_t flags[] = {0x18, 0x11, 0x90, 0x50, 0x12, 0x14, 0x30, 0x00, 0xd8};

	spec->payload = size;
	spec->flags = spec->is_udp ? 0 : 0x10;
	switch (wg_test_below(random, 40)) {
	case 0:
		spec->flags = flags[wg_test_below(random, sizeof(flags))];
		break;
	case 1:
		spec->payload = wg_test_below(random, size + 100);
		break;
	case 2:
		spec->id += (uint16_t)wg_test_below(random, 3);
		break;
	case 3:
		spec->seq += (uint32_t)wg_test_below(random, 3);
		break;
	case 4:
		spec->ack++;
		break;
	case 5:
		spec->options ^= 1;
		break;
	case 6:
		spec->ds ^= 3;
		break;
	}
}

/* Makes a batch of interleaved streams. */
static inline void make_streams(struct fixture *f, struct wg_test_random *random, size_t n_flows,
				bool corrupt)
{
	struct twin_spec specs[4];
	bool counts[4];

	for (size_t i = 0; i < n_flows; i++) {
		specs[i] = *kinds[wg_test_below(random, WG_ARRAY_LEN(kinds))];
		specs[i].flow = (uint8_t)(FIRST_FLOW + i);
		specs[i].fragment = wg_test_below(random, 2) ? 0x4000 : 0;
		specs[i].id = (uint16_t)(wg_test_below(random, 8) - 4);
		specs[i].seq = (uint32_t)(wg_test_below(random, 8000) - 4000);
		counts[i] = wg_test_below(random, 3) > 0;
	}
	for (f->n_sent = 0; f->n_sent < 100;) {
		size_t i = wg_test_below(random, n_flows);

		step(random, &specs[i], 100 + 200 * i);
		twin_make(&f->sent[f->n_sent], &specs[i], f->n_sent);
		if (corrupt && wg_test_below(random, 60) == 0)
			f->sent[f->n_sent].bytes[wg_test_below(random, 60)] ^= 1;
		send_made(f);
		specs[i].seq += (uint32_t)specs[i].payload;
		specs[i].id += counts[i];
	}
}

#endif
