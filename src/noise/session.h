/* A session: two keys, counters and a replay window (paper, section 5.4.6). */
#ifndef WG_NOISE_SESSION_H
#define WG_NOISE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/packet.h"
#include "base/time.h"
#include "noise/replay.h"
#include "noise/wire.h"

#define WG_REKEY_AFTER_MESSAGES  (UINT64_C(1) << 60)
#define WG_REJECT_AFTER_MESSAGES (UINT64_MAX - (UINT64_C(1) << 13))
#define WG_REKEY_AFTER_TIME      (120 * WG_SECOND)
#define WG_REJECT_AFTER_TIME     (180 * WG_SECOND)

/* Lives in wg_secret_new memory. Owner: the engine; jobs hold counted references. */
struct wg_session {
	uint8_t send_key[WG_KEY_LEN];
	uint8_t receive_key[WG_KEY_LEN];
	uint32_t local_index;  /* names it in what we receive */
	uint32_t remote_index; /* names it in what we send */
	bool initiator;        /* our side began the handshake */
	bool may_send;         /* cleared when our own key changed */
	wg_time birth;
	uint64_t send_counter; /* of the next message */
	struct wg_replay replay;
	unsigned int refs;
};

/* Whether the session is too old, or used up, to send or receive with at now. */
bool wg_session_expired(const struct wg_session *session, wg_time now);

/* Takes n counters for a vector; the first of them in *counter. False, and none
 * taken, when that would pass REJECT_AFTER_MESSAGES. */
bool wg_session_reserve(struct wg_session *session, uint64_t n, uint64_t *counter)
	__attribute__((warn_unused_result));

/* Seals every packet of the batch in place: data then begins at the transport
 * header. Each packet's counter must be set, and it must have been padded by
 * wg_session_pad(). Reads only keys and the remote index: any thread. */
void wg_session_seal(const struct wg_session *session, struct wg_batch *batch);

/* Opens every packet of the batch in place. One that verifies gets
 * WG_PACKET_AUTHENTIC, its counter, and data and len of the padded inner packet
 * (headroom: the old header); one that does not keeps its place in the batch,
 * with no plaintext in it. Reads only the key: any thread. */
void wg_session_open(const struct wg_session *session, struct wg_batch *batch);

/* Appends the zeros that bring a packet to a multiple of 16, but not past mtu (0:
 * no limit); of a packet larger than the mtu, its last mtu-sized unit is padded. */
void wg_session_pad(struct wg_packet *packet, uint32_t mtu);

/* How many bytes a padded inner packet of len has. */
uint32_t wg_session_padded_len(uint32_t len, uint32_t mtu);

#endif
