#include "crypto/lockedkey.h"

#include <errno.h>
#include <string.h>

#include "crypto/secret.h"

void wg_lockedkey_clear(struct wg_lockedkey *key)
{
	wg_secret_free(key->bytes, WG_KEY_LEN);
	key->bytes = NULL;
}

int wg_lockedkey_set(struct wg_lockedkey *key, const uint8_t bytes[static WG_KEY_LEN])
{
	wg_lockedkey_clear(key);
	if (wg_is_zero(bytes, WG_KEY_LEN))
		return 0;
	key->bytes = wg_secret_new(WG_KEY_LEN);
	if (!key->bytes)
		return -ENOMEM;
	memcpy(key->bytes, bytes, WG_KEY_LEN);
	return 0;
}

const uint8_t *wg_lockedkey_bytes(const struct wg_lockedkey *key)
{
	static const uint8_t none[WG_KEY_LEN];

	return key->bytes ? key->bytes : none;
}

bool wg_lockedkey_equal(const struct wg_lockedkey *a, const struct wg_lockedkey *b)
{
	return wg_equal(wg_lockedkey_bytes(a), wg_lockedkey_bytes(b), WG_KEY_LEN);
}
