#include "crypto/crypto.h"

#include <errno.h>

#include <sodium.h>

#include "crypto/aead_impl.h"
#include "crypto/blake2s.h"

static void fill(void *ctx, void *dst, size_t len)
{
	(void)ctx;
	randombytes_buf(dst, len);
}

/* libb2 picks its implementation at the first call of each function, with plain
 * stores to shared pointers: make these calls before there are threads. */
static void settle_blake2s(void)
{
	static const uint8_t key[WG_HASH_LEN];
	uint8_t hash[WG_HASH_LEN];

	wg_blake2s_hash(hash, key, sizeof(key), NULL, 0);
	wg_blake2s_mac(hash, key, sizeof(key), key, sizeof(key));
}

int wg_crypto_init(const char *aead)
{
	if (sodium_init() < 0)
		return -EIO;
	settle_blake2s();
	return wg_aead_pick(aead);
}

const char *wg_crypto_aead_name(void)
{
	return wg_aead_name();
}

void wg_crypto_thread_deinit(void)
{
	wg_aead_thread_deinit();
}

struct wg_random wg_crypto_random(void)
{
	return (struct wg_random){fill, NULL};
}
