/* The AEAD by libsodium: one message at a time, on every machine. */
#include "crypto/aead_impl.h"

static bool available(void)
{
	return true;
}

static void seal_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wg_aead_seal(items[i].out, items[i].in, items[i].len, NULL, 0, items[i].counter,
			     key);
}

static void open_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		items[i].ok = wg_aead_open(items[i].out, items[i].in, items[i].len, NULL, 0,
					   items[i].counter, key);
}

const struct wg_aead_impl wg_aead_sodium = {
	.name = "sodium",
	.available = available,
	.seal_vector = seal_vector,
	.open_vector = open_vector,
};
