/* X25519 (RFC 7748): the Diffie-Hellman function of the handshake. */
#ifndef WG_CRYPTO_X25519_H
#define WG_CRYPTO_X25519_H

#include <stdbool.h>
#include <stdint.h>

#define WG_KEY_LEN 32

/* shared = DH(private_key, public_key). False when the result is all zero (a
 * low-order public key); shared is then zero. */
bool wg_x25519(uint8_t shared[static WG_KEY_LEN], const uint8_t private_key[static WG_KEY_LEN],
	       const uint8_t public_key[static WG_KEY_LEN]) __attribute__((warn_unused_result));

/* Whether DH with this public key gives all zeros, whatever the private one is: points of
 * order 1, 2, 4 and 8, of the curve and of its twist, in each of their encodings. */
bool wg_x25519_is_low_order(const uint8_t public_key[static WG_KEY_LEN]);

/* The public key of a private one. */
void wg_x25519_public(uint8_t public_key[static WG_KEY_LEN],
		      const uint8_t private_key[static WG_KEY_LEN]);

/* Clears and sets the bits that RFC 7748, section 5, wants in a private key. */
static inline void wg_x25519_clamp(uint8_t private_key[static WG_KEY_LEN])
{
	private_key[0] &= 248;
	private_key[31] = (uint8_t)((private_key[31] & 127) | 64);
}

#endif
