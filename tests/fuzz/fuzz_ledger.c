/* A ledger that an engine left behind. With an odd first byte the header is right; the rest
 * is the memory. Whatever is there, what is read of it can be believed, and a new engine can
 * write in it. */
#include <stdlib.h>
#include <string.h>

#include "pair/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define N_RECORDS  3u
#define HEADER_LEN 16 /* what wg_ledger_open looks at */

static void require(bool holds)
{
	if (!holds)
		abort();
}

static const struct wg_ledger_bound bound = {
	.wall_sec = 2000000000,
	.timestamp = {0x40, 0, 0, 0, 0x80},
};

static void read_all(const struct wg_ledger *ledger)
{
	uint8_t sent[WG_LEDGER_TIMESTAMP_LEN];

	for (uint32_t slot = 0; slot < wg_ledger_len(ledger) + 2; slot++) {
		struct wg_ledger_peer peer;

		if (!wg_ledger_read(ledger, slot, &bound, &peer))
			continue;
		require(slot < wg_ledger_len(ledger));
		require(peer.endpoint.ip.family == WG_FAMILY_NONE ||
			wg_family_len(peer.endpoint.ip.family));
		require(peer.handshake_sec >= 0 && peer.handshake_sec <= bound.wall_sec);
		require(peer.handshake_nsec >= 0 && peer.handshake_nsec < 1000000000);
		require(memcmp(peer.accepted, bound.timestamp, sizeof(peer.accepted)) <= 0);
	}
	if (wg_ledger_read_sent(ledger, &bound, sent))
		require(memcmp(sent, bound.timestamp, sizeof(sent)) <= 0);
}

static void write_all(struct wg_ledger *ledger)
{
	struct wg_ledger_peer peer = {.rx_bytes = 7, .endpoint.ip.family = WG_FAMILY_IPV4};
	struct wg_ledger_peer read;

	wg_ledger_forget_all(ledger);
	for (uint32_t slot = 0; slot < ledger->n_records; slot++) {
		require(!wg_ledger_read(ledger, slot, &bound, &read));
		wg_ledger_write(ledger, slot, &peer);
		require(wg_ledger_read(ledger, slot, &bound, &read) && read.rx_bytes == 7);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	bool right = len && data[0] & 1;
	size_t size = right ? wg_ledger_size(N_RECORDS) : len ? len - 1 : 0;
	uint8_t *memory = calloc(1, size ? size : 1);
	struct wg_ledger ledger;
	size_t n = len ? len - 1 : 0;

	require(memory != NULL);
	if (n)
		memcpy(memory, data + 1, n < size ? n : size);
	if (right) {
		memset(memory, 0, HEADER_LEN);
		wg_ledger_make(&ledger, memory, N_RECORDS);
	}
	if (!wg_ledger_open(&ledger, memory, size)) {
		read_all(&ledger);
		write_all(&ledger);
	}
	free(memory);
	return 0;
}
