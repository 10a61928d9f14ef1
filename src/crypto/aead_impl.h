/* The functions that an implementation of the AEAD provides. Only this folder includes it. */
#ifndef WG_CRYPTO_AEAD_IMPL_H
#define WG_CRYPTO_AEAD_IMPL_H

#include "crypto/aead.h"

#define WG_AEAD_NONCE_LEN 12

struct wg_aead_impl {
	const char *name;
	/* Whether this machine can run it. Called once, before any thread exists. */
	bool (*available)(void);
	/* As in aead.h. */
	void (*seal_vector)(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items,
			    size_t n);
	void (*open_vector)(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items,
			    size_t n);
	/* Gives back all that the calling thread holds; NULL where threads hold nothing. */
	void (*thread_deinit)(void);
};

/* Runs everywhere. */
extern const struct wg_aead_impl wg_aead_sodium;
/* x86-64 with AVX2; only where the build found the library (WG_HAVE_IPSEC_MB). */
extern const struct wg_aead_impl wg_aead_ipsec_mb;

/* Puts the named one in use, or the best of this machine for NULL. 0 or -ENOENT. */
int wg_aead_pick(const char *name);

/* The name of the one in use. */
const char *wg_aead_name(void);

/* Gives back all that the calling thread holds for any of them. */
void wg_aead_thread_deinit(void);

/* The nonce of a counter: 32 zero bits, then the counter (paper, section 5.4.6). */
void wg_aead_nonce(uint8_t nonce[static WG_AEAD_NONCE_LEN], uint64_t counter);

#endif
