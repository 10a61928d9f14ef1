/* Keys for tests. */
#ifndef WG_TESTS_LOCKEDKEY_H
#define WG_TESTS_LOCKEDKEY_H

#include "wgtest.h"

#include "crypto/lockedkey.h"

/* Changes a byte of a key, which may be none. */
static inline void wg_test_set_key(struct wg_lockedkey *key, size_t at, uint8_t byte)
{
	uint8_t bytes[WG_KEY_LEN];

	memcpy(bytes, wg_lockedkey_bytes(key), WG_KEY_LEN);
	bytes[at] = byte;
	assert_int_equal(wg_lockedkey_set(key, bytes), 0);
}

/* Makes it a key of its own, after its struct was copied. */
static inline void wg_test_own_key(struct wg_lockedkey *key)
{
	struct wg_lockedkey own = {NULL};

	assert_int_equal(wg_lockedkey_set(&own, wg_lockedkey_bytes(key)), 0);
	*key = own;
}

#endif
