/* The four messages as they are on the wire (paper, section 5.4), all little-endian. */
#ifndef WG_NOISE_WIRE_H
#define WG_NOISE_WIRE_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "crypto/blake2s.h"

#define WG_TAI64N_LEN 12
#define WG_COOKIE_LEN 16

enum wg_message {
	WG_MESSAGE_INVALID = 0, /* unknown type, reserved bytes set, or a wrong length */
	WG_MESSAGE_INITIATION = 1,
	WG_MESSAGE_RESPONSE = 2,
	WG_MESSAGE_COOKIE_REPLY = 3,
	WG_MESSAGE_TRANSPORT = 4
};

struct wg_wire_initiation {
	uint8_t type[4]; /* type and three reserved zeros */
	uint8_t sender[4];
	uint8_t ephemeral[WG_KEY_LEN];
	uint8_t static_key[WG_KEY_LEN + WG_TAG_LEN];
	uint8_t timestamp[WG_TAI64N_LEN + WG_TAG_LEN];
	uint8_t mac1[WG_MAC_LEN];
	uint8_t mac2[WG_MAC_LEN];
};
static_assert(sizeof(struct wg_wire_initiation) == 148, "wire size");
static_assert(alignof(struct wg_wire_initiation) == 1, "overlays any buffer");

struct wg_wire_response {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t receiver[4];
	uint8_t ephemeral[WG_KEY_LEN];
	uint8_t empty[0 + WG_TAG_LEN];
	uint8_t mac1[WG_MAC_LEN];
	uint8_t mac2[WG_MAC_LEN];
};
static_assert(sizeof(struct wg_wire_response) == 92, "wire size");
static_assert(alignof(struct wg_wire_response) == 1, "overlays any buffer");

struct wg_wire_cookie_reply {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t nonce[WG_XNONCE_LEN];
	uint8_t cookie[WG_COOKIE_LEN + WG_TAG_LEN];
};
static_assert(sizeof(struct wg_wire_cookie_reply) == 64, "wire size");
static_assert(alignof(struct wg_wire_cookie_reply) == 1, "overlays any buffer");

/* The header of transport data; the sealed inner packet and its tag follow. */
struct wg_wire_transport {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t counter[8];
};
static_assert(sizeof(struct wg_wire_transport) == 16, "wire size");
static_assert(alignof(struct wg_wire_transport) == 1, "overlays any buffer");

#define WG_TRANSPORT_HEADER_LEN sizeof(struct wg_wire_transport)
/* Header and tag: so much longer is a message than its padded inner packet. */
#define WG_TRANSPORT_OVERHEAD   (WG_TRANSPORT_HEADER_LEN + WG_TAG_LEN)
/* Any handshake message fits. */
#define WG_HANDSHAKE_MAX_LEN    sizeof(struct wg_wire_initiation)

/* Which message len bytes of data are. After this, nobody checks a length again:
 * the fixed messages have their exact size and transport data at least 32 bytes. */
enum wg_message wg_wire_classify(const void *data, size_t len);

#endif
