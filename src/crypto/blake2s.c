/* BLAKE2s by libb2, and what WireGuard builds on it. libb2 looks at the processor
 * once per function, at its first call, and keeps the answer; wg_crypto_init makes
 * these first calls. Its incremental and its one-call interface cost the same. */
#include "crypto/blake2s.h"

#include <assert.h>
#include <string.h>

#include <blake2.h>
#include <sodium.h>

#include "crypto/secret.h"

#define BLOCK_LEN 64

/* libb2 puts a digest together in a buffer of its own, and leaves it on the stack. Its
 * functions use less than this. */
#define STACK_LEN 1024

static void update(blake2s_state *state, const void *data, size_t len)
{
	if (len)
		blake2s_update(state, data, len);
}

static void final(blake2s_state *state, uint8_t *out, size_t len)
{
	blake2s_final(state, out, len);
	wg_wipe(state, sizeof(*state));
}

/* HASH((key ^ pad) || data), half of an HMAC. */
static void hash_padded(uint8_t hash[static WG_HASH_LEN], const uint8_t key[static BLOCK_LEN],
			uint8_t pad, const void *data, size_t len)
{
	blake2s_state state;
	uint8_t block[BLOCK_LEN];

	for (size_t i = 0; i < BLOCK_LEN; i++)
		block[i] = key[i] ^ pad;
	blake2s_init(&state, WG_HASH_LEN);
	update(&state, block, sizeof(block));
	update(&state, data, len);
	final(&state, hash, WG_HASH_LEN);
	wg_wipe(block, sizeof(block));
}

/* T(i) = HMAC(prk, T(i - 1) || i), as RFC 5869, section 2.3; T(0) is empty. */
static void expand(uint8_t t[static WG_HASH_LEN], const uint8_t prk[static WG_HASH_LEN],
		   const uint8_t *previous, uint8_t i)
{
	uint8_t input[WG_HASH_LEN + 1];
	size_t len = 0;

	if (previous) {
		memcpy(input, previous, WG_HASH_LEN);
		len = WG_HASH_LEN;
	}
	input[len++] = i;
	wg_blake2s_hmac(t, prk, WG_HASH_LEN, input, len);
	wg_wipe(input, sizeof(input));
}

void wg_blake2s_hash(uint8_t hash[static WG_HASH_LEN], const void *a, size_t a_len, const void *b,
		     size_t b_len)
{
	blake2s_state state;

	blake2s_init(&state, WG_HASH_LEN);
	update(&state, a, a_len);
	update(&state, b, b_len);
	final(&state, hash, WG_HASH_LEN);
}

void wg_blake2s_mac(uint8_t mac[static WG_MAC_LEN], const void *key, size_t key_len,
		    const void *data, size_t len)
{
	blake2s_state state;

	assert(key_len > 0 && key_len <= BLAKE2S_KEYBYTES);
	blake2s_init_key(&state, WG_MAC_LEN, key, key_len);
	update(&state, data, len);
	final(&state, mac, WG_MAC_LEN);
	sodium_stackzero(STACK_LEN);
}

void wg_blake2s_hmac(uint8_t mac[static WG_HASH_LEN], const void *key, size_t key_len,
		     const void *data, size_t len)
{
	uint8_t block[BLOCK_LEN] = {0};
	uint8_t inner[WG_HASH_LEN];

	if (key_len > BLOCK_LEN)
		wg_blake2s_hash(block, key, key_len, NULL, 0);
	else if (key_len)
		memcpy(block, key, key_len);
	hash_padded(inner, block, 0x36, data, len);
	hash_padded(mac, block, 0x5c, inner, sizeof(inner));
	wg_wipe(block, sizeof(block));
	wg_wipe(inner, sizeof(inner));
	sodium_stackzero(STACK_LEN);
}

void wg_blake2s_kdf(uint8_t t1[static WG_HASH_LEN], uint8_t *t2, uint8_t *t3,
		    const uint8_t key[static WG_HASH_LEN], const void *input, size_t len)
{
	uint8_t prk[WG_HASH_LEN];

	assert(t2 || !t3);
	wg_blake2s_hmac(prk, key, WG_HASH_LEN, input, len);
	expand(t1, prk, NULL, 1);
	if (t2)
		expand(t2, prk, t1, 2);
	if (t3)
		expand(t3, prk, t2, 3);
	wg_wipe(prk, sizeof(prk));
}
