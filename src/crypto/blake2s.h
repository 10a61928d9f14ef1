/* BLAKE2s (RFC 7693) as WireGuard uses it: hash, keyed MAC, HMAC and the KDF. */
#ifndef WG_CRYPTO_BLAKE2S_H
#define WG_CRYPTO_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

#define WG_HASH_LEN 32
#define WG_MAC_LEN  16

/* HASH(a || b) of the paper, section 5.4; either part may be empty (NULL, 0). */
void wg_blake2s_hash(uint8_t hash[static WG_HASH_LEN], const void *a, size_t a_len, const void *b,
		     size_t b_len);

/* MAC(key, data): keyed BLAKE2s with 16 bytes of output; key_len is 1 to 32. */
void wg_blake2s_mac(uint8_t mac[static WG_MAC_LEN], const void *key, size_t key_len,
		    const void *data, size_t len);

/* HMAC-BLAKE2s (RFC 2104) with 32 bytes of output, any key length. */
void wg_blake2s_hmac(uint8_t mac[static WG_HASH_LEN], const void *key, size_t key_len,
		     const void *data, size_t len);

/* KDF1 to KDF3 of the paper (HKDF, RFC 5869, with HMAC-BLAKE2s): up to three
 * outputs of 32 bytes; t2 and t3 may be NULL (t3 must be where t2 is). An output
 * may be the key's own memory. */
void wg_blake2s_kdf(uint8_t t1[static WG_HASH_LEN], uint8_t *t2, uint8_t *t3,
		    const uint8_t key[static WG_HASH_LEN], const void *input, size_t len);

#endif
