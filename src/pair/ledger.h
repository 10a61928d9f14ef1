/* What outlives an engine that crashes: for each peer what a new engine cannot find out, in
 * memory that keeper and engine share. The engine writes, and whoever comes after it reads.
 *
 * A record has two copies and a generation, whose lowest bit tells which of them counts:
 * the writer fills the other one, then goes on to the next generation. So a record is the
 * old one or the new one, wherever the writer was stopped. The reader takes the memory for
 * hostile: it copies a record out, a bounded number of times if it changes meanwhile, and
 * checks the copy; a record that is not valid is not there.
 *
 * Never in it: keys of sessions, their counters, and handshakes under way. */
#ifndef WG_PAIR_LEDGER_H
#define WG_PAIR_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "crypto/x25519.h"

#define WG_LEDGER_MAX_RECORDS   (1u << 20)
#define WG_LEDGER_TIMESTAMP_LEN 12 /* TAI64N, compared as bytes; all zero: none */

struct wg_ledger_header;
struct wg_ledger_record;

/* A view of the memory, which stays its owner's. Whatever is written there, the view does
 * not become larger. */
struct wg_ledger {
	struct wg_ledger_header *header;
	struct wg_ledger_record *records;
	uint32_t n_records;
};

struct wg_ledger_peer {
	uint8_t public_key[WG_KEY_LEN];
	struct wg_endpoint endpoint; /* family WG_FAMILY_NONE: not known */
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	int64_t handshake_sec; /* wall clock of the last one; 0: none yet */
	int32_t handshake_nsec;
	uint8_t accepted[WG_LEDGER_TIMESTAMP_LEN]; /* the greatest of its initiations */
	bool session;                              /* there was one to send with */
};

/* Times that lie behind these were made up. */
struct wg_ledger_bound {
	int64_t wall_sec;
	uint8_t timestamp[WG_LEDGER_TIMESTAMP_LEN];
};

/* Bytes for so many records. They need not all be there: what is not written is not touched. */
size_t wg_ledger_size(uint32_t n_records);

/* Lays out an empty one in memory that is all zero and aligned as pages are. */
void wg_ledger_make(struct wg_ledger *ledger, void *memory, uint32_t n_records);

/* Finds the one that was made in size bytes of memory, aligned likewise; without a write,
 * the memory may be read-only. 0; -EPROTO when it is none, or another version's. */
int wg_ledger_open(struct wg_ledger *ledger, void *memory, size_t size);

/* Only slots below this one have ever been written. */
uint32_t wg_ledger_len(const struct wg_ledger *ledger);

/* Writes a peer in the place of whatever has the slot, which is below n_records. There is
 * one writer at a time. */
void wg_ledger_write(struct wg_ledger *ledger, uint32_t slot, const struct wg_ledger_peer *peer);

/* Empties a slot; and all of them, once they are read and their slots are given anew. */
void wg_ledger_forget(struct wg_ledger *ledger, uint32_t slot);
void wg_ledger_forget_all(struct wg_ledger *ledger);

/* Reads a slot; false when there is nobody in it, or nobody who can be believed. */
bool wg_ledger_read(const struct wg_ledger *ledger, uint32_t slot,
		    const struct wg_ledger_bound *bound, struct wg_ledger_peer *peer);

/* The greatest timestamp that any initiation of ours has had. Reading gives false when
 * there is none that can be believed. */
void wg_ledger_write_sent(struct wg_ledger *ledger,
			  const uint8_t timestamp[static WG_LEDGER_TIMESTAMP_LEN]);
bool wg_ledger_read_sent(const struct wg_ledger *ledger, const struct wg_ledger_bound *bound,
			 uint8_t timestamp[static WG_LEDGER_TIMESTAMP_LEN]);

#endif
