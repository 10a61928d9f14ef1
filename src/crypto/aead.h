/* ChaCha20-Poly1305 (RFC 8439) behind one interface, over vectors of messages of
 * one key; and XChaCha20-Poly1305 for cookie replies. The implementation is picked
 * once, by wg_crypto_init(). */
#ifndef WG_CRYPTO_AEAD_H
#define WG_CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/x25519.h"

#define WG_TAG_LEN    16
#define WG_XNONCE_LEN 24

/* One message of a vector. The nonce is 32 zero bits and then the counter, little
 * endian (paper, section 5.4.6). There is no associated data. */
struct wg_aead_item {
	const uint8_t *in; /* seal: len bytes; open: len + WG_TAG_LEN bytes */
	uint8_t *out;      /* seal: len + WG_TAG_LEN bytes; open: len bytes. May equal in. */
	uint32_t len;      /* of the plaintext */
	bool ok;           /* written by open: the tag verified. If not, out is all zero. */
	uint64_t counter;
};

/* Seals n messages under key. */
void wg_aead_seal_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items,
			 size_t n);

/* Opens n messages under key; each item's ok says how it went. */
void wg_aead_open_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items,
			 size_t n);

/* One message with associated data, for handshakes. out has len + WG_TAG_LEN bytes. */
void wg_aead_seal(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		  uint64_t counter, const uint8_t key[static WG_KEY_LEN]);

/* in has len + WG_TAG_LEN bytes. False, and out wiped, when the tag is wrong. */
bool wg_aead_open(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		  uint64_t counter, const uint8_t key[static WG_KEY_LEN])
	__attribute__((warn_unused_result));

/* XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). */
void wg_xaead_seal(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		   const uint8_t nonce[static WG_XNONCE_LEN], const uint8_t key[static WG_KEY_LEN]);
bool wg_xaead_open(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		   const uint8_t nonce[static WG_XNONCE_LEN], const uint8_t key[static WG_KEY_LEN])
	__attribute__((warn_unused_result));

#endif
