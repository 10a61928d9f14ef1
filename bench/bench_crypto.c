/* What the primitives cost: X25519, BLAKE2s, and sealing and opening by each AEAD
 * implementation of this machine. One JSON object a line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "crypto/blake2s.h"
#include "crypto/crypto.h"
#include "crypto/x25519.h"
#include "wgbench.h"

#define MAX_LEN    1424u
#define MAX_VECTOR 64u

static uint8_t key[WG_KEY_LEN] = {1, 2, 3};
static uint8_t point[WG_KEY_LEN] = {9};

static void print(const char *bench, double ns)
{
	printf("{\"bench\":\"%s\",\"ns\":%.0f,\"per_s\":%.0f}\n", bench, ns, 1e9 / ns);
}

static void x25519(void *ctx)
{
	(void)ctx;
	if (!wg_x25519(point, key, point))
		abort();
}

static void x25519_public(void *ctx)
{
	(void)ctx;
	wg_x25519_public(key, key);
}

static void hash(void *ctx)
{
	(void)ctx;
	wg_blake2s_hash(key, key, sizeof(key), point, sizeof(point));
}

static void mac(void *ctx)
{
	static uint8_t message[116]; /* what mac1 of an initiation covers */

	(void)ctx;
	wg_blake2s_mac(message, key, sizeof(key), message, sizeof(message));
}

static void kdf2(void *ctx)
{
	(void)ctx;
	wg_blake2s_kdf(key, point, NULL, key, point, sizeof(point));
}

/* Slots as the packet pool's, so that the caches are used as by real packets. */
struct vector {
	uint8_t in[MAX_VECTOR][2048];
	uint8_t out[MAX_VECTOR][2048];
	struct wg_aead_item items[MAX_VECTOR];
	size_t n;
	uint64_t counter;
};

static void plan(struct vector *v, size_t n, uint32_t len, bool in_place)
{
	v->n = n;
	for (size_t i = 0; i < n; i++)
		v->items[i] = (struct wg_aead_item){
			.in = v->in[i],
			.out = in_place ? v->in[i] : v->out[i],
			.len = len,
			.counter = v->counter++,
		};
}

static void seal(void *ctx)
{
	struct vector *v = ctx;

	for (size_t i = 0; i < v->n; i++)
		v->items[i].counter = v->counter++;
	wg_aead_seal_vector(key, v->items, v->n);
}

static void open(void *ctx)
{
	struct vector *v = ctx;

	wg_aead_open_vector(key, v->items, v->n);
	if (!v->items[v->n - 1].ok)
		abort();
}

static void print_aead(const char *bench, uint32_t len, size_t n, double ns)
{
	ns /= (double)n;
	printf("{\"bench\":\"%s\",\"impl\":\"%s\",\"bytes\":%u,\"vector\":%zu,\"ns\":%.0f,"
	       "\"gbit_s\":%.2f}\n",
	       bench, wg_crypto_aead_name(), len, n, ns, len * 8.0 / ns);
	fflush(stdout);
}

static void bench_aead(const char *impl)
{
	static const uint32_t lens[] = {64, 256, 1424};
	static const size_t sizes[] = {1, 8, 64};
	static struct vector v;

	if (wg_crypto_init(impl))
		return; /* not on this machine */
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++) {
		for (size_t j = 0; j < WG_ARRAY_LEN(sizes); j++) {
			plan(&v, sizes[j], lens[i], true);
			print_aead("aead_seal", lens[i], sizes[j], wg_bench_ns(seal, &v));
			seal(&v);
			/* The counters stay, and what was sealed: not in place. */
			for (size_t k = 0; k < v.n; k++)
				v.items[k].out = v.out[k];
			print_aead("aead_open", lens[i], sizes[j], wg_bench_ns(open, &v));
		}
	}
}

int main(void)
{
	static const char *const impls[] = {"sodium", "ipsec-mb"};

	if (wg_crypto_init(NULL))
		return 1;
	print("x25519", wg_bench_ns(x25519, NULL));
	print("x25519_public", wg_bench_ns(x25519_public, NULL));
	print("blake2s_hash_64", wg_bench_ns(hash, NULL));
	print("blake2s_mac_116", wg_bench_ns(mac, NULL));
	print("blake2s_kdf2", wg_bench_ns(kdf2, NULL));
	for (size_t i = 0; i < WG_ARRAY_LEN(impls); i++)
		bench_aead(impls[i]);
	return 0;
}
