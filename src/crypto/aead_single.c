/* The AEAD of single messages, by libsodium whatever is in use for vectors. */
#include <assert.h>

#include <sodium.h>

#include "base/bytes.h"
#include "crypto/aead_impl.h"

static_assert(WG_AEAD_NONCE_LEN == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce size");
static_assert(WG_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag size");

void wg_aead_nonce(uint8_t nonce[static WG_AEAD_NONCE_LEN], uint64_t counter)
{
	wg_store_le32(nonce, 0);
	wg_store_le64(nonce + 4, counter);
}

void wg_aead_seal(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		  uint64_t counter, const uint8_t key[static WG_KEY_LEN])
{
	uint8_t nonce[WG_AEAD_NONCE_LEN];

	wg_aead_nonce(nonce, counter);
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, in, len, ad, ad_len, NULL, nonce, key);
}

bool wg_aead_open(uint8_t *out, const void *in, size_t len, const void *ad, size_t ad_len,
		  uint64_t counter, const uint8_t key[static WG_KEY_LEN])
{
	uint8_t nonce[WG_AEAD_NONCE_LEN];

	wg_aead_nonce(nonce, counter);
	/* Verifies before it decrypts, and zeroes out when the tag is wrong. */
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, in, len + WG_TAG_LEN, ad,
							 ad_len, nonce, key) == 0;
}
