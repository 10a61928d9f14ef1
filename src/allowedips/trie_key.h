/* Addresses as 128-bit numbers, first bit first. An IPv4 address fills the first 32 bits
 * and leaves the rest zero, so one trie code serves both families. Only this folder
 * includes it. */
#ifndef WG_ALLOWEDIPS_TRIE_KEY_H
#define WG_ALLOWEDIPS_TRIE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_TRIE_KEY_BITS 128u

struct wg_trie_key {
	uint64_t hi;
	uint64_t lo;
};

/* A word's first n bits, n ≤ 64. */
static inline uint64_t wg_trie_key_mask(unsigned int n)
{
	return n ? UINT64_MAX << (64 - n) : 0;
}

static inline struct wg_trie_key wg_trie_key_masked(struct wg_trie_key key, unsigned int bits)
{
	key.hi &= wg_trie_key_mask(bits < 64 ? bits : 64);
	key.lo &= wg_trie_key_mask(bits < 64 ? 0 : bits - 64);
	return key;
}

/* How many leading bits a and b share. */
static inline unsigned int wg_trie_key_common(struct wg_trie_key a, struct wg_trie_key b)
{
	if (a.hi != b.hi)
		return (unsigned int)__builtin_clzll(a.hi ^ b.hi);
	return 64 + (a.lo != b.lo ? (unsigned int)__builtin_clzll(a.lo ^ b.lo) : 64);
}

/* Whether the first `bits` bits are the same. */
static inline bool wg_trie_key_agree(struct wg_trie_key a, struct wg_trie_key b, unsigned int bits)
{
	if (bits > 64)
		return a.hi == b.hi && (a.lo ^ b.lo) >> (128 - bits) == 0;
	return bits == 0 || (a.hi ^ b.hi) >> (64 - bits) == 0;
}

/* The same for IPv4 addresses, bits ≤ 32. */
static inline bool wg_trie_key_agree4(struct wg_trie_key a, struct wg_trie_key b, unsigned int bits)
{
	return (a.hi ^ b.hi) >> 1 >> (63 - bits) == 0;
}

/* The bit after the first `at` bits; 0 behind the end. */
static inline unsigned int wg_trie_key_bit(struct wg_trie_key key, unsigned int at)
{
	uint64_t word = at < 64 ? key.hi : at < WG_TRIE_KEY_BITS ? key.lo : 0;

	return word >> (63 - at % 64) & 1;
}

/* The n bits after the first `at` bits, 0 < n < 64, at < 128; zeros behind the end. */
static inline size_t wg_trie_key_slice(struct wg_trie_key key, unsigned int at, unsigned int n)
{
	uint64_t word = at < 64 ? key.hi << at | key.lo >> 1 >> (63 - at) : key.lo << (at - 64);

	return (size_t)(word >> (64 - n));
}

#endif
