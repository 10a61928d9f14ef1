/* A secret key that waits to be used: in memory that is locked and stays out of core dumps,
 * and in none at all where it is all zeros, which is no key. */
#ifndef WG_CRYPTO_LOCKEDKEY_H
#define WG_CRYPTO_LOCKEDKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/x25519.h"

/* All zero: no key. A copy of the struct is the same key; one of them is to be cleared. */
struct wg_lockedkey {
	uint8_t *bytes; /* from wg_secret_new; NULL: none */
};

/* Copies bytes into the key. 0, or -ENOMEM, and then it has none. */
int wg_lockedkey_set(struct wg_lockedkey *key, const uint8_t bytes[static WG_KEY_LEN]);

/* Wipes and frees the bytes; the key has none then. */
void wg_lockedkey_clear(struct wg_lockedkey *key);

/* Its WG_KEY_LEN bytes, or as many zeros. */
const uint8_t *wg_lockedkey_bytes(const struct wg_lockedkey *key);

static inline bool wg_lockedkey_is_set(const struct wg_lockedkey *key)
{
	return key->bytes;
}

/* In constant time, except for whether there is one. */
bool wg_lockedkey_equal(const struct wg_lockedkey *a, const struct wg_lockedkey *b);

#endif
