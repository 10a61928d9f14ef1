/* The arithmetic of super-packets, for any vnet header and any bytes, up to 64 read and
 * 16 more elsewhere: whatever the kernel, or whoever speaks for it, says, nothing is read
 * or written outside, and no segment is longer than what it was cut from. The pool gives
 * a packet exactly as long as was asked, or none. What a copy holds may be anything. */
#include "tun/offload.h"

#include "proof.h"

#define MAX_FIRST 64u
#define MAX_REST  16u

static unsigned int n_put;

void *memcpy(void *dst, const void *src, size_t len)
{
	prove(len == 0 || __CPROVER_r_ok(src, len), "what is copied is inside");
	prove(len == 0 || __CPROVER_w_ok(dst, len), "and there is room for it");
	if (len == sizeof(struct wg_vnet))
		for (size_t i = 0; i < sizeof(struct wg_vnet); i++)
			((uint8_t *)dst)[i] = ((const uint8_t *)src)[i];
	return dst;
}

struct wg_packet *wg_pool_get(struct wg_pool *pool, size_t room)
{
	struct wg_packet *packet;

	(void)pool;
	prove(room <= MAX_FIRST + MAX_REST + WG_OFFLOAD_TAILROOM, "no more room than there was");
	if (nondet_bool())
		return NULL;
	packet = __CPROVER_allocate(sizeof(*packet), 1);
	packet->data = any_bytes(room);
	packet->room = (uint32_t)room;
	return packet;
}

void wg_packet_put(struct wg_packet *packet)
{
	prove(packet != NULL, "what is put back is a packet");
	n_put++;
}

/* The sums themselves are tests/test_checksum.c's; here, that they stay inside. */
uint64_t wg_checksum_add(uint64_t sum, const void *data, size_t len)
{
	prove(len == 0 || __CPROVER_r_ok(data, len), "what is summed is inside");
	(void)sum;
	return nondet_uint32_t();
}

void wg_checksum_complete(uint8_t *data, size_t len, size_t offset)
{
	prove(offset + 2 <= len, "the checksum is inside what it sums");
	prove(__CPROVER_w_ok(data, len), "which is inside the packet");
}

int main(void)
{
	uint32_t first_len = nondet_uint32_t();
	size_t rest_len = nondet_size_t();
	uint8_t *memory;
	struct wg_packet packet = {0};
	struct wg_batch batch;
	const struct wg_packet *pos;
	struct wg_vnet vnet;
	int err;

	assume(first_len <= MAX_FIRST && rest_len <= MAX_REST);
	memory = any_bytes(WG_PACKET_HEADROOM + MAX_FIRST + WG_OFFLOAD_TAILROOM);
	packet.data = memory + WG_PACKET_HEADROOM;
	packet.len = first_len;
	packet.room = MAX_FIRST + WG_OFFLOAD_TAILROOM;
	vnet = wg_vnet_load(packet.data);
	/* Few segments, each of which is a loop's turn; fewer are the same code. */
	assume(vnet.gso_type == WG_VNET_GSO_NONE || vnet.gso_size == 0 || vnet.gso_size >= 27);
	wg_batch_init(&batch);
	err = wg_offload_split(&packet, any_bytes(rest_len), rest_len, NULL, &batch);
	prove(err == 0 || err == -22 || err == -12, "an error is one that the header names");
	if (err == -22)
		prove(batch.n == 0 && n_put == 1, "what is malformed is put back, and all of it");
	wg_batch_for_each (pos, &batch)
		prove(pos->len <= first_len + rest_len, "a segment is no longer than the whole");
	return 0;
}
