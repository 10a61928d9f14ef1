/* The arithmetic of super-packets, for any vnet header and any first 64 bytes: whatever
 * the kernel, or whoever speaks for it, says, what was measured is inside what was read;
 * pieces are gathered from inside, wherever they begin; and the headers of a segment are
 * rewritten inside it, whichever it is. That the pieces are then the right ones is
 * tests/test_split.c's. */
#include "proof.h"
#include "tun/split.c"

#define MAX_FIRST 64u
#define MAX_ALL   65535u

/* The pool is not asked here. */
struct wg_packet *wg_pool_get(struct wg_pool *pool, size_t room)
{
	(void)pool;
	(void)room;
	return NULL;
}

void wg_packet_put(struct wg_packet *packet)
{
	(void)packet;
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

void *memcpy(void *dst, const void *src, size_t len)
{
	prove(len == 0 || __CPROVER_r_ok(src, len), "what is copied is inside");
	prove(len == 0 || __CPROVER_w_ok(dst, len), "and there is room for it");
	return dst;
}

static void prove_measured(const struct super *super)
{
	prove(super->gso_size > 0, "segments have a length");
	prove(super->header_len <= super->first_len, "headers are inside what was read");
	prove(super->l4 >= WG_IPV4_LEN, "the transport is behind the IP header");
	prove(super->l4 + super->csum_offset + 2 <= super->header_len, "and its checksum inside");
}

/* Wherever it begins, and however long it is. */
static void prove_gathering(const struct super *super)
{
	size_t at = nondet_size_t();
	size_t len = nondet_size_t();

	assume(len <= super->len && at <= super->len - len);
	gather(any_bytes(len), super, at, len);
}

/* Of any place and length; the pool's room is exactly as long. */
static void prove_fixing(const struct super *super)
{
	size_t offset = nondet_size_t();
	size_t payload = nondet_size_t();
	struct wg_packet packet = {0};

	assume(super->len > super->header_len);
	assume(payload > 0 && payload <= super->gso_size);
	assume(offset <= super->len - super->header_len - payload);
	packet.len = (uint32_t)(super->header_len + payload);
	packet.data = any_bytes(packet.len);
	/* The headers were copied. */
	assume(packet.data[0] >> 4 == super->first[0] >> 4);
	fix(super, &packet, offset);
}

int main(void)
{
	uint8_t first[MAX_FIRST];
	struct super super = {.first = first, .first_len = nondet_uint8_t()};
	struct wg_vnet vnet;
	size_t rest_len = nondet_uint16_t();

	assume(super.first_len <= MAX_FIRST && super.first_len + rest_len <= MAX_ALL);
	super.rest = any_bytes(rest_len);
	super.len = super.first_len + rest_len;
	prove_gathering(&super);
	/* What is behind first_len is not there: it is asked by the checks of bounds alone. */
	super.first = any_bytes(super.first_len);
	if (!measure(&super, &vnet))
		return 0;
	prove_measured(&super);
	if (super.len > super.header_len && super.len - super.header_len >= 1)
		prove_fixing(&super);
	return 0;
}
