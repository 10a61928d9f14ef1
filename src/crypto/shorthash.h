/* SipHash-2-4: a keyed hash for tables whose keys strangers choose. */
#ifndef WG_CRYPTO_SHORTHASH_H
#define WG_CRYPTO_SHORTHASH_H

#include <stddef.h>
#include <stdint.h>

#define WG_SHORTHASH_KEY_LEN 16

uint64_t wg_shorthash(const uint8_t key[static WG_SHORTHASH_KEY_LEN], const void *data, size_t len);

#endif
