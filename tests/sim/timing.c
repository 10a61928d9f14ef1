/* Whether what our code does depends on secrets. scripts/timing runs it under valgrind,
 * which is told that keys are memory that was never written: a branch on them, or an
 * index by them, is then reported like one on anything undefined (Adam Langley's ctgrind).
 *
 * Secret are: every private key, static and ephemeral, from when its public key is
 * derived; preshared keys; what X25519 and BLAKE2s make of them, so chaining and session
 * keys; the keys of mac1 and of cookies, and cookies.
 *
 * Told, since the protocol tells it: public keys; what is sealed; whether a tag was
 * right, and then what was in it but for cookies (a sender's key is looked up, an inner
 * packet is routed); whether two secrets are equal or one is zero, which is found in
 * constant time and decides what is sent.
 *
 * Usage: timing CIPHER [broken]   broken: branches on a key, so that valgrind must complain */
#include <stdio.h>
#include <stdlib.h>

#include <valgrind/memcheck.h>

#include "crypto/crypto.h"
#include "sim/scene.h"

#define TAG_LEN 16

typedef unsigned long long ullong;

static void secret(const void *memory, size_t len)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(memory, len);
}

static void told(const void *memory, size_t len)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(memory, len);
}

/* --- What our code calls of libsodium and libb2. --- */

/* Declares the library's own function and the one that stands before it. */
#define WRAP(name, ...)                 \
	int __real_##name(__VA_ARGS__); \
	int __wrap_##name(__VA_ARGS__); \
	int __wrap_##name(__VA_ARGS__)

WRAP(crypto_scalarmult_curve25519_base, uint8_t *q, const uint8_t *n)
{
	int result;

	/* Here in between, what the compiler keeps in registers is of no concern. */
	secret(n, WG_KEY_LEN);
	result = __real_crypto_scalarmult_curve25519_base(q, n);
	told(q, WG_KEY_LEN);
	told(&result, sizeof(result));
	return result;
}

WRAP(crypto_scalarmult_curve25519, uint8_t *q, const uint8_t *n, const uint8_t *p)
{
	int result;

	secret(n, WG_KEY_LEN);
	result = __real_crypto_scalarmult_curve25519(q, n, p);
	secret(q, WG_KEY_LEN);
	told(&result, sizeof(result));
	return result;
}

WRAP(crypto_aead_chacha20poly1305_ietf_encrypt, uint8_t *c, ullong *c_len, const uint8_t *m,
     ullong len, const uint8_t *ad, ullong ad_len, const uint8_t *no, const uint8_t *nonce,
     const uint8_t *key)
{
	int result;

	secret(key, WG_KEY_LEN);
	result = __real_crypto_aead_chacha20poly1305_ietf_encrypt(c, c_len, m, len, ad, ad_len, no,
								  nonce, key);
	told(c, len + TAG_LEN);
	return result;
}

WRAP(crypto_aead_chacha20poly1305_ietf_decrypt, uint8_t *m, ullong *m_len, uint8_t *no,
     const uint8_t *c, ullong len, const uint8_t *ad, ullong ad_len, const uint8_t *nonce,
     const uint8_t *key)
{
	int result;

	secret(key, WG_KEY_LEN);
	result = __real_crypto_aead_chacha20poly1305_ietf_decrypt(m, m_len, no, c, len, ad, ad_len,
								  nonce, key);
	told(&result, sizeof(result));
	if (m)
		told(m, len - TAG_LEN);
	return result;
}

WRAP(crypto_aead_xchacha20poly1305_ietf_encrypt, uint8_t *c, ullong *c_len, const uint8_t *m,
     ullong len, const uint8_t *ad, ullong ad_len, const uint8_t *no, const uint8_t *nonce,
     const uint8_t *key)
{
	int result;

	secret(m, len);
	result = __real_crypto_aead_xchacha20poly1305_ietf_encrypt(c, c_len, m, len, ad, ad_len, no,
								   nonce, key);
	told(c, len + TAG_LEN);
	return result;
}

WRAP(crypto_aead_xchacha20poly1305_ietf_decrypt, uint8_t *m, ullong *m_len, uint8_t *no,
     const uint8_t *c, ullong len, const uint8_t *ad, ullong ad_len, const uint8_t *nonce,
     const uint8_t *key)
{
	int result = __real_crypto_aead_xchacha20poly1305_ietf_decrypt(m, m_len, no, c, len, ad,
								       ad_len, nonce, key);

	told(&result, sizeof(result));
	if (result == 0)
		secret(m, len - TAG_LEN);
	return result;
}

WRAP(crypto_verify_16, const uint8_t *x, const uint8_t *y)
{
	int result = __real_crypto_verify_16(x, y);

	told(&result, sizeof(result));
	return result;
}

WRAP(blake2s_init_key, void *state, size_t out_len, const void *key, size_t len)
{
	secret(key, len);
	return __real_blake2s_init_key(state, out_len, key, len);
}

WRAP(sodium_memcmp, const void *a, const void *b, size_t len)
{
	int result = __real_sodium_memcmp(a, b, len);

	told(&result, sizeof(result));
	return result;
}

WRAP(sodium_is_zero, const uint8_t *n, const size_t len)
{
	int result = __real_sodium_is_zero(n, len);

	told(&result, sizeof(result));
	return result;
}

/* --- Our own vectors, whose library may be another. --- */

void __real_wg_aead_seal_vector(const uint8_t *key, struct wg_aead_item *items, size_t n);
void __wrap_wg_aead_seal_vector(const uint8_t *key, struct wg_aead_item *items, size_t n);
void __real_wg_aead_open_vector(const uint8_t *key, struct wg_aead_item *items, size_t n);
void __wrap_wg_aead_open_vector(const uint8_t *key, struct wg_aead_item *items, size_t n);

void __wrap_wg_aead_seal_vector(const uint8_t *key, struct wg_aead_item *items, size_t n)
{
	secret(key, WG_KEY_LEN);
	__real_wg_aead_seal_vector(key, items, n);
	for (size_t i = 0; i < n; i++)
		told(items[i].out, items[i].len + TAG_LEN);
}

void __wrap_wg_aead_open_vector(const uint8_t *key, struct wg_aead_item *items, size_t n)
{
	secret(key, WG_KEY_LEN);
	__real_wg_aead_open_vector(key, items, n);
	for (size_t i = 0; i < n; i++)
		told(items[i].out, items[i].len);
}

/* --- What is done with keys. --- */

static struct wg_sim_node *a;
static struct wg_sim_node *b;

/* Sessions, and new ones in time, and the first ones' end. */
static void talk(struct wg_sim *sim)
{
	wg_sim_assert_works(a, b);
	wg_sim_run(sim, 121 * WG_SECOND);
	wg_sim_assert_works(a, b);
	wg_sim_run(sim, 600 * WG_SECOND);
	wg_sim_assert_works(b, a);
}

static void change_keys(struct wg_sim *sim)
{
	uint8_t key[WG_KEY_LEN] = {1, 2, 3};
	uint8_t psk[WG_KEY_LEN] = {7};
	struct wg_endpoint at_a = wg_sim_endpoint(a, WG_FAMILY_IPV4);

	secret(psk, sizeof(psk));
	wg_sim_set_psk(a, b->public_key, psk);
	wg_sim_set_psk(b, a->public_key, psk);
	wg_sim_run(sim, 200 * WG_SECOND);
	wg_sim_assert_works(a, b);
	wg_sim_forget(b, a->public_key);
	secret(key, sizeof(key));
	wg_sim_set_key(a, key);
	wg_sim_know(b, a, &at_a);
	wg_sim_set_psk(b, a->public_key, psk);
	wg_sim_assert_works(a, b);
	wg_sim_down(a);
	wg_sim_up(a);
	wg_sim_assert_works(a, b);
}

/* Every kind of datagram again as it was, and with a bit wrong in its middle and its end. */
static void attack(struct wg_sim *sim)
{
	size_t n = sim->n_sent;

	for (size_t i = n > 60 ? n - 60 : 0; i < n; i++) {
		struct wg_sim_datagram *datagram = wg_sim_datagram_copy(sim->sent[i]);
		struct wg_sim_node *node = datagram->from == 0 ? b : a;

		wg_sim_from_udp(node, &datagram->source, 0, datagram->bytes, datagram->len);
		datagram->bytes[datagram->len / 2] ^= 4;
		wg_sim_from_udp(node, &datagram->source, 0, datagram->bytes, datagram->len);
		datagram->bytes[datagram->len - 20] ^= 4;
		wg_sim_from_udp(node, &datagram->source, 0, datagram->bytes, datagram->len);
		free(datagram);
	}
	wg_sim_run(sim, 10 * WG_SECOND);
}

/* Cookies: made, told, used, and refused. */
static void shake_under_load(struct wg_sim *sim)
{
	struct wg_puppet *puppet = wg_puppet_new(a);

	wg_sim_run(sim, 200 * WG_SECOND);
	a->busy = true;
	for (int i = 0; i < 600; i++)
		wg_puppet_say_noise(puppet);
	a->busy = false;
	wg_sim_send(b, a);
	wg_sim_run(sim, 20 * WG_SECOND);
	assert_true(wg_sim_count(a, WG_MESSAGE_COOKIE_REPLY, 0) > 0);
	wg_sim_assert_works(a, b);
}

/* What valgrind must find, or it was not asked in earnest. */
static void be_broken(void)
{
	volatile int odd = 0;

	if (a->private_key[3] & 1)
		odd = 1;
	(void)odd;
}

int main(int argc, char **argv)
{
	struct wg_sim *sim = wg_sim_pair(1);

	/* The harness has picked the best one. */
	if (argc < 2 || wg_crypto_init(argv[1]))
		return 77;
	a = &sim->nodes[0];
	b = &sim->nodes[1];
	if (argc > 2) {
		be_broken();
		return 0;
	}
	talk(sim);
	change_keys(sim);
	attack(sim);
	shake_under_load(sim);
	wg_sim_describe(a, b->public_key);
	printf("%zu messages\n", sim->n_sent);
	wg_sim_free(sim);
	return 0;
}
