/* Keys as text, in constant time: hexadecimal (the control socket) and base64
 * (files, commands). */
#ifndef WG_CRYPTO_ENCODING_H
#define WG_CRYPTO_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/x25519.h"

/* Digits of len bytes, without NUL. */
#define WG_HEX_LEN(len) (2 * (len))

/* A key in base64 (RFC 4648, section 4, with its padding), without NUL. */
#define WG_KEY_BASE64_LEN 44

/* Writes 2 * len lower-case digits and a NUL. */
void wg_hex_encode(char *text, const uint8_t *bytes, size_t len);

/* Decodes exactly 2 * len digits of either case, and nothing else, up to the NUL.
 * When it is false, bytes is wiped. */
bool wg_hex_decode(uint8_t *bytes, size_t len, const char *text)
	__attribute__((warn_unused_result));

void wg_key_encode(char text[static WG_KEY_BASE64_LEN + 1], const uint8_t key[static WG_KEY_LEN]);

/* Decodes exactly 44 characters of strict base64 (bits that no byte uses are zero)
 * up to the NUL. When it is false, key is wiped. */
bool wg_key_decode(uint8_t key[static WG_KEY_LEN], const char *text)
	__attribute__((warn_unused_result));

#endif
