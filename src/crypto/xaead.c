#include "crypto/aead.h"

#include <assert.h>

#include <sodium.h>

static_assert(WG_XNONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");

void wg_xaead_seal(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		   const uint8_t nonce[static WG_XNONCE_LEN], const uint8_t key[static WG_KEY_LEN])
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, in, len, ad, ad_len, NULL, nonce,
						   key);
}

bool wg_xaead_open(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		   const uint8_t nonce[static WG_XNONCE_LEN], const uint8_t key[static WG_KEY_LEN])
{
	/* Verifies before it decrypts, and zeroes out when the tag is wrong. */
	return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in, len + WG_TAG_LEN, ad,
							  ad_len, nonce, key) == 0;
}
