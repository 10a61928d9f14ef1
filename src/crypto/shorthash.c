#include "crypto/shorthash.h"

#include <assert.h>

#include <sodium.h>

#include "base/bytes.h"

static_assert(WG_SHORTHASH_KEY_LEN == crypto_shorthash_siphash24_KEYBYTES, "key size");

uint64_t wg_shorthash(const uint8_t key[static WG_SHORTHASH_KEY_LEN], const void *data, size_t len)
{
	uint8_t hash[crypto_shorthash_siphash24_BYTES];

	crypto_shorthash_siphash24(hash, data, len, key);
	return wg_load_le64(hash);
}
