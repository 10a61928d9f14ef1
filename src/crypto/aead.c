/* Which implementation is in use, and the AEAD of single messages. */
#include "crypto/aead.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "base/bytes.h"
#include "crypto/aead_impl.h"

static_assert(WG_AEAD_NONCE_LEN == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce size");
static_assert(WG_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag size");

/* The best first. */
static const struct wg_aead_impl *const impls[] = {
#ifdef WG_HAVE_IPSEC_MB
	&wg_aead_ipsec_mb,
#endif
	&wg_aead_sodium,
};

/* Written by wg_aead_pick only, before there are threads. */
static const struct wg_aead_impl *impl = &wg_aead_sodium;

int wg_aead_pick(const char *name)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(impls); i++) {
		if (name && strcmp(name, impls[i]->name) != 0)
			continue;
		if (!impls[i]->available())
			continue;
		impl = impls[i];
		return 0;
	}
	return -ENOENT;
}

const char *wg_aead_name(void)
{
	return impl->name;
}

void wg_aead_thread_deinit(void)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(impls); i++)
		if (impls[i]->thread_deinit)
			impls[i]->thread_deinit();
}

void wg_aead_nonce(uint8_t nonce[static WG_AEAD_NONCE_LEN], uint64_t counter)
{
	wg_store_le32(nonce, 0);
	wg_store_le64(nonce + 4, counter);
}

void wg_aead_seal_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	impl->seal_vector(key, items, n);
}

void wg_aead_open_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	impl->open_vector(key, items, n);
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
