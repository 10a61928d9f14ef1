#include "crypto/x25519.h"

#include <assert.h>

#include <sodium.h>

#include "crypto/secret.h"

static_assert(WG_KEY_LEN == crypto_scalarmult_curve25519_BYTES, "key size");

bool wg_x25519(uint8_t shared[static WG_KEY_LEN], const uint8_t private_key[static WG_KEY_LEN],
	       const uint8_t public_key[static WG_KEY_LEN])
{
	/* libsodium refuses points of low order before it computes, and an all-zero
	 * result after; how much of the output it has written then is its own affair. */
	if (crypto_scalarmult_curve25519(shared, private_key, public_key) == 0)
		return true;
	wg_wipe(shared, WG_KEY_LEN);
	return false;
}

void wg_x25519_public(uint8_t public_key[static WG_KEY_LEN],
		      const uint8_t private_key[static WG_KEY_LEN])
{
	crypto_scalarmult_curve25519_base(public_key, private_key);
}
