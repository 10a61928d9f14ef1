/* Splitting and coalescing. The first byte of the input says what the rest is:
 *
 *   even: a vnet header and what a TUN device has behind it, to be split; what comes out
 *         is coalesced
 *   odd:  packets, each behind its length in two bytes, to be coalesced; what comes out
 *         is split again */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tun/offload.h"

#define SLOT_READ (WG_SLOT_ROOM - WG_OFFLOAD_TAILROOM)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wg_offload_groups groups;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct wg_packet *fill(struct wg_pool *pool, const uint8_t *data, size_t len)
{
	struct wg_packet *packet = wg_pool_get(pool, len);

	require(packet);
	memcpy(packet->data, data, len);
	packet->len = (uint32_t)len;
	return packet;
}

/* Splits from memory that ends where the bytes do, so that a read beyond is seen. */
static void split(struct wg_pool *pool, const struct wg_vnet *vnet, const uint8_t *data, size_t len,
		  struct wg_batch *batch)
{
	size_t first = len < SLOT_READ ? len : SLOT_READ;
	uint8_t *rest = malloc(len - first + 1);
	struct wg_packet *packet = fill(pool, data, first);
	size_t before = batch->n;
	int err;

	require(rest);
	memcpy(rest, data + first, len - first);
	wg_vnet_store(packet->data, vnet);
	err = wg_offload_split(packet, rest, len - first, pool, batch);
	require(err == 0 || (err == -EINVAL && batch->n == before));
	free(rest);
	wg_batch_for_each (packet, batch)
		require(packet->len + WG_OFFLOAD_TAILROOM <= packet->room);
}

/* Gathers a group as writev would, and splits it: as many packets as went in. */
static void split_group(struct wg_pool *pool, const struct wg_offload_group *group)
{
	struct wg_vnet vnet = wg_vnet_load(group->packets.head->data);
	uint8_t *whole = malloc(group->len + 1);
	struct wg_batch batch;
	size_t len = 0;

	require(whole);
	wg_batch_init(&batch);
	for (const struct wg_packet *packet = group->packets.head; packet; packet = packet->next) {
		size_t skip = packet == group->packets.head ? 0 : group->header_len;

		require(skip <= packet->len && len + packet->len - skip <= group->len);
		memcpy(whole + len, packet->data + skip, packet->len - skip);
		len += packet->len - skip;
	}
	require(len == group->len);
	split(pool, &vnet, whole, len, &batch);
	if (len > 0 && len <= UINT16_MAX)
		require(batch.n == group->packets.n);
	wg_batch_drop(&batch);
	free(whole);
}

static void coalesce(struct wg_pool *pool, struct wg_batch *batch)
{
	groups.tcp = true;
	groups.udp = true;
	while (!wg_batch_empty(batch)) {
		wg_offload_coalesce(&groups, batch);
		require(groups.n > 0);
		for (size_t i = 0; i < groups.n; i++) {
			split_group(pool, &groups.group[i]);
			wg_offload_ungroup(&groups.group[i]);
			wg_batch_drop(&groups.group[i].packets);
		}
	}
}

static void fuzz_split(struct wg_pool *pool, const uint8_t *data, size_t size)
{
	struct wg_vnet vnet;
	struct wg_batch batch;

	if (size < sizeof(vnet))
		return;
	memcpy(&vnet, data, sizeof(vnet));
	wg_batch_init(&batch);
	split(pool, &vnet, data + sizeof(vnet), size - sizeof(vnet), &batch);
	coalesce(pool, &batch);
}

static void fuzz_coalesce(struct wg_pool *pool, const uint8_t *data, size_t size)
{
	struct wg_batch batch;

	wg_batch_init(&batch);
	while (size >= 2) {
		size_t len = wg_load_be16(data);

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		wg_batch_push(&batch, fill(pool, data, len));
		data += len;
		size -= len;
	}
	coalesce(pool, &batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wg_pool *pool;

	if (size == 0 || size > 66000)
		return 0;
	/* Enough for segments of one byte, so that memory never decides. */
	pool = wg_pool_new(192u << 20);
	require(pool);
	if (data[0] % 2 == 0)
		fuzz_split(pool, data + 1, size - 1);
	else
		fuzz_coalesce(pool, data + 1, size - 1);
	wg_pool_free(pool);
	return 0;
}
