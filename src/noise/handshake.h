/* Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (paper, section 5.4). Keys and messages
 * only: no peers, no sockets, no clock, no randomness of its own.
 *
 * Every consume function computes on locals and writes its results only when all
 * of the message verified. mac1 and mac2 are cookie.h's. */
#ifndef WG_NOISE_HANDSHAKE_H
#define WG_NOISE_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "noise/session.h"
#include "noise/wire.h"

/* One's own static key pair. */
struct wg_identity {
	uint8_t private_key[WG_KEY_LEN]; /* clamped */
	uint8_t public_key[WG_KEY_LEN];
};

/* All that is known of the other side before it speaks. */
struct wg_remote {
	uint8_t public_key[WG_KEY_LEN];
	uint8_t preshared_key[WG_KEY_LEN]; /* zeros where there is none */
	uint8_t static_static[WG_KEY_LEN]; /* DH of both static keys, once it is computed */
	bool usable;                       /* public_key is not of low order, and we have a key */
	bool computed;
};

enum wg_handshake_state {
	WG_HANDSHAKE_NONE = 0,
	WG_HANDSHAKE_INITIATION_SENT,
	WG_HANDSHAKE_INITIATION_CONSUMED,
	WG_HANDSHAKE_RESPONSE_SENT,
	WG_HANDSHAKE_RESPONSE_CONSUMED
};

/* A handshake under way. Holds secrets: wipe it when done. */
struct wg_handshake {
	enum wg_handshake_state state;
	uint8_t ephemeral_private[WG_KEY_LEN];
	uint8_t remote_ephemeral[WG_KEY_LEN];
	uint8_t hash[WG_HASH_LEN];
	uint8_t chain[WG_HASH_LEN];
	uint32_t local_index;
	uint32_t remote_index;
};

/* Derives the public key of a private one, which is clamped first. */
void wg_identity_init(struct wg_identity *identity, const uint8_t private_key[static WG_KEY_LEN]);

/* For another identity than before, NULL for none: usable says whether handshakes can be
 * had with both keys, and static_static is not computed. Costs nothing. */
void wg_remote_reset(struct wg_remote *remote, const struct wg_identity *identity);

/* Computes static_static if it is not there yet and the key is usable (one DH). Whether it
 * is there now. */
bool wg_remote_compute(struct wg_remote *remote, const struct wg_identity *identity);

/* Initiator. Builds the first message except for its macs. ephemeral is 32 random bytes;
 * index names the handshake in answers. False: the remote is unusable, or not computed. */
bool wg_handshake_create_initiation(struct wg_handshake *handshake,
				    struct wg_wire_initiation *message,
				    const struct wg_identity *identity,
				    const struct wg_remote *remote,
				    const uint8_t timestamp[static WG_TAI64N_LEN],
				    const uint8_t ephemeral[static WG_KEY_LEN], uint32_t index)
	__attribute__((warn_unused_result));

/* Responder, first half (one DH): finds the sender. On success the handshake holds what the
 * second half needs, and sender_key the initiator's static public key, which is not yet
 * proven to be the sender's. */
bool wg_handshake_open_initiation(struct wg_handshake *handshake,
				  uint8_t sender_key[static WG_KEY_LEN],
				  const struct wg_wire_initiation *message,
				  const struct wg_identity *identity)
	__attribute__((warn_unused_result));

/* Responder, second half (no DH): proves the sender by the timestamp; its struct wg_remote
 * must have been computed. On success the state is INITIATION_CONSUMED and remote_index is
 * set. */
bool wg_handshake_verify_initiation(struct wg_handshake *handshake,
				    uint8_t timestamp[static WG_TAI64N_LEN],
				    const struct wg_wire_initiation *message,
				    const struct wg_remote *remote)
	__attribute__((warn_unused_result));

/* Responder: the answer to a consumed initiation, except for its macs (two DHs and a key
 * generation). State becomes RESPONSE_SENT. */
bool wg_handshake_create_response(struct wg_handshake *handshake, struct wg_wire_response *message,
				  const struct wg_remote *remote,
				  const uint8_t ephemeral[static WG_KEY_LEN], uint32_t index)
	__attribute__((warn_unused_result));

/* Initiator: consumes the answer to the initiation sent last (two DHs). State must
 * be INITIATION_SENT; becomes RESPONSE_CONSUMED. On failure nothing changes. */
bool wg_handshake_consume_response(struct wg_handshake *handshake,
				   const struct wg_wire_response *message,
				   const struct wg_identity *identity,
				   const struct wg_remote *remote)
	__attribute__((warn_unused_result));

/* Both: the session that a finished handshake gives (state RESPONSE_SENT or
 * RESPONSE_CONSUMED), written into session's keys, indices and role; its counters
 * start at zero. The handshake is wiped. */
void wg_handshake_finish(struct wg_handshake *handshake, struct wg_session *session, wg_time now);

#endif
