#include "pair/ledger.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "crypto/secret.h"
#include "pair/check.h"
#include "pair/codec.h"

#define MAGIC   UINT64_C(0x72656764656c6774) /* "tgledger" */
#define VERSION 1u

/* A writer would have to come in between each time. */
#define MAX_TRIES 8

/* A peer as it lies in the memory. */
struct entry {
	uint8_t public_key[WG_KEY_LEN];
	struct wg_pair_endpoint endpoint;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	int64_t handshake_sec;
	int32_t handshake_nsec;
	uint8_t accepted[WG_LEDGER_TIMESTAMP_LEN];
	uint8_t is_used;
	uint8_t session;
	uint8_t zero[6];
};
static_assert(sizeof(struct entry) == 112, "nothing in between");

#define ENTRY_WORDS (sizeof(struct entry) / sizeof(uint32_t))
#define SENT_WORDS  (WG_LEDGER_TIMESTAMP_LEN / sizeof(uint32_t))

/* Words, because several machines have nothing larger that is read and written at once. */
static_assert(ATOMIC_INT_LOCK_FREE == 2, "no lock can be shared with a process that died");

struct wg_ledger_header {
	uint64_t magic;
	uint32_t version;
	uint32_t n_records;
	_Atomic uint32_t len;
	_Atomic uint32_t sent_generation;
	_Atomic uint32_t sent[2 * SENT_WORDS];
};
static_assert(sizeof(struct wg_ledger_header) == 48, "nothing in between");

struct wg_ledger_record {
	_Atomic uint32_t generation;
	_Atomic uint32_t copies[2 * ENTRY_WORDS];
	uint32_t zero;
};
static_assert(sizeof(struct wg_ledger_record) == 232, "nothing in between");

/* The words are stored behind the generation that made their copy the other one, and the
 * next generation behind them; a fence would do for all, but thread sanitizers do not know
 * fences. */
static void publish(_Atomic uint32_t *generation, _Atomic uint32_t *copies, const void *value,
		    size_t n)
{
	uint32_t next = atomic_load_explicit(generation, memory_order_relaxed) + 1;
	_Atomic uint32_t *copy = copies + (next & 1) * n;
	const uint8_t *bytes = value;

	for (size_t i = 0; i < n; i++) {
		uint32_t word;

		memcpy(&word, bytes + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&copy[i], word, memory_order_release);
	}
	atomic_store_explicit(generation, next, memory_order_release);
}

/* The copy that counts; false when it did not stay so for long enough. */
static bool fetch(const _Atomic uint32_t *generation, const _Atomic uint32_t *copies, void *value,
		  size_t n)
{
	uint8_t *bytes = value;

	for (int i = 0; i < MAX_TRIES; i++) {
		uint32_t now = atomic_load_explicit(generation, memory_order_acquire);
		const _Atomic uint32_t *copy = copies + (now & 1) * n;

		for (size_t k = 0; k < n; k++) {
			uint32_t word = atomic_load_explicit(&copy[k], memory_order_acquire);

			memcpy(bytes + k * sizeof(word), &word, sizeof(word));
		}
		if (atomic_load_explicit(generation, memory_order_relaxed) == now)
			return true;
	}
	return false;
}

size_t wg_ledger_size(uint32_t n_records)
{
	return sizeof(struct wg_ledger_header) + n_records * sizeof(struct wg_ledger_record);
}

static void set_view(struct wg_ledger *ledger, void *memory, uint32_t n_records)
{
	ledger->header = memory;
	ledger->records = (void *)((uint8_t *)memory + sizeof(struct wg_ledger_header));
	ledger->n_records = n_records;
}

void wg_ledger_make(struct wg_ledger *ledger, void *memory, uint32_t n_records)
{
	assert(n_records <= WG_LEDGER_MAX_RECORDS);
	set_view(ledger, memory, n_records);
	ledger->header->magic = MAGIC;
	ledger->header->version = VERSION;
	ledger->header->n_records = n_records;
}

int wg_ledger_open(struct wg_ledger *ledger, void *memory, size_t size)
{
	struct wg_ledger_header header;

	if (size < sizeof(header))
		return -EPROTO;
	memcpy(&header, memory, offsetof(struct wg_ledger_header, len));
	if (header.magic != MAGIC || header.version != VERSION ||
	    header.n_records > WG_LEDGER_MAX_RECORDS || size < wg_ledger_size(header.n_records))
		return -EPROTO;
	set_view(ledger, memory, header.n_records);
	return 0;
}

uint32_t wg_ledger_len(const struct wg_ledger *ledger)
{
	uint32_t len = atomic_load_explicit(&ledger->header->len, memory_order_acquire);

	return len < ledger->n_records ? len : ledger->n_records;
}

static void write_entry(struct wg_ledger *ledger, uint32_t slot, const struct entry *entry)
{
	struct wg_ledger_record *record = &ledger->records[slot];

	publish(&record->generation, record->copies, entry, ENTRY_WORDS);
}

void wg_ledger_write(struct wg_ledger *ledger, uint32_t slot, const struct wg_ledger_peer *peer)
{
	struct entry entry = {
		.endpoint = wg_pair_from_endpoint(&peer->endpoint),
		.rx_bytes = peer->rx_bytes,
		.tx_bytes = peer->tx_bytes,
		.handshake_sec = peer->handshake_sec,
		.handshake_nsec = peer->handshake_nsec,
		.is_used = 1,
		.session = peer->session,
	};

	assert(slot < ledger->n_records);
	memcpy(entry.public_key, peer->public_key, WG_KEY_LEN);
	memcpy(entry.accepted, peer->accepted, WG_LEDGER_TIMESTAMP_LEN);
	write_entry(ledger, slot, &entry);
	if (slot >= wg_ledger_len(ledger))
		atomic_store_explicit(&ledger->header->len, slot + 1, memory_order_release);
}

void wg_ledger_forget(struct wg_ledger *ledger, uint32_t slot)
{
	if (slot < wg_ledger_len(ledger))
		write_entry(ledger, slot, &(struct entry){.is_used = 0});
}

void wg_ledger_forget_all(struct wg_ledger *ledger)
{
	for (uint32_t slot = 0; slot < wg_ledger_len(ledger); slot++)
		wg_ledger_forget(ledger, slot);
}

static bool is_within(const uint8_t *timestamp, const struct wg_ledger_bound *bound)
{
	return memcmp(timestamp, bound->timestamp, WG_LEDGER_TIMESTAMP_LEN) <= 0;
}

static bool is_credible(const struct entry *entry, const struct wg_ledger_bound *bound)
{
	return entry->is_used == 1 && entry->session <= 1 &&
	       wg_is_zero(entry->zero, sizeof(entry->zero)) &&
	       wg_pair_is_endpoint(&entry->endpoint) &&
	       wg_pair_is_wall_clock(entry->handshake_sec, entry->handshake_nsec) &&
	       entry->handshake_sec <= bound->wall_sec && is_within(entry->accepted, bound);
}

bool wg_ledger_read(const struct wg_ledger *ledger, uint32_t slot,
		    const struct wg_ledger_bound *bound, struct wg_ledger_peer *peer)
{
	const struct wg_ledger_record *record;
	struct entry entry;

	if (slot >= wg_ledger_len(ledger))
		return false;
	record = &ledger->records[slot];
	if (!fetch(&record->generation, record->copies, &entry, ENTRY_WORDS) ||
	    !is_credible(&entry, bound))
		return false;
	*peer = (struct wg_ledger_peer){
		.endpoint = wg_pair_to_endpoint(&entry.endpoint),
		.rx_bytes = entry.rx_bytes,
		.tx_bytes = entry.tx_bytes,
		.handshake_sec = entry.handshake_sec,
		.handshake_nsec = entry.handshake_nsec,
		.session = entry.session,
	};
	memcpy(peer->public_key, entry.public_key, WG_KEY_LEN);
	memcpy(peer->accepted, entry.accepted, WG_LEDGER_TIMESTAMP_LEN);
	return true;
}

void wg_ledger_write_sent(struct wg_ledger *ledger,
			  const uint8_t timestamp[static WG_LEDGER_TIMESTAMP_LEN])
{
	publish(&ledger->header->sent_generation, ledger->header->sent, timestamp, SENT_WORDS);
}

bool wg_ledger_read_sent(const struct wg_ledger *ledger, const struct wg_ledger_bound *bound,
			 uint8_t timestamp[static WG_LEDGER_TIMESTAMP_LEN])
{
	return fetch(&ledger->header->sent_generation, ledger->header->sent, timestamp,
		     SENT_WORDS) &&
	       !wg_is_zero(timestamp, WG_LEDGER_TIMESTAMP_LEN) && is_within(timestamp, bound);
}
