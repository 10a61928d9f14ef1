/* The steps of the allowed-IPs trie: arithmetic on keys of 128 bits, for any keys and
 * lengths, against a definition bit by bit of one bit that may be any. */
#include "allowedips/trie_key.h"

#include "proof.h"

/* The bit at a place, first bit first. */
static bool bit(struct wg_trie_key key, unsigned int at)
{
	return at < 64 ? key.hi >> (63 - at) & 1 : key.lo >> (127 - at) & 1;
}

static struct wg_trie_key any_key(void)
{
	return (struct wg_trie_key){nondet_uint64_t(), nondet_uint64_t()};
}

static void prove_agreement(struct wg_trie_key a, struct wg_trie_key b, unsigned int bits,
			    unsigned int at)
{
	unsigned int common = wg_trie_key_common(a, b);

	if (wg_trie_key_agree(a, b, bits) && at < bits)
		prove(bit(a, at) == bit(b, at), "who agrees agrees in every bit");
	prove(wg_trie_key_agree(a, b, bits) == (common >= bits), "agreeing is to share so many");
	prove(common <= 128, "no more bits than there are");
	if (at < common)
		prove(bit(a, at) == bit(b, at), "what is common is the same");
	if (common < 128)
		prove(bit(a, common) != bit(b, common), "and the next bit parts them");
}

static void prove_mask(struct wg_trie_key key, unsigned int bits, unsigned int at)
{
	struct wg_trie_key masked = wg_trie_key_masked(key, bits);

	prove(bit(masked, at) == (at < bits && bit(key, at)), "a mask keeps bits, and only those");
	prove(wg_trie_key_agree(masked, key, bits), "what is masked agrees");
}

static void prove_ipv4(struct wg_trie_key a, struct wg_trie_key b, unsigned int bits)
{
	a.hi &= ~(uint64_t)UINT32_MAX;
	b.hi &= ~(uint64_t)UINT32_MAX;
	a.lo = b.lo = 0;
	prove(wg_trie_key_agree4(a, b, bits) == wg_trie_key_agree(a, b, bits),
	      "the short way for IPv4 says the same");
}

/* Bit i of a slice, from its end, is the key's at its place. */
static void prove_slice(struct wg_trie_key key, unsigned int at, unsigned int n, unsigned int i)
{
	size_t slice = wg_trie_key_slice(key, at, n);
	unsigned int place = at + n - 1 - i;

	prove(slice >> n == 0, "a slot is inside its table");
	prove((slice >> i & 1) == (place < 128 && bit(key, place)), "a slice is the key's bits");
}

int main(void)
{
	struct wg_trie_key a = any_key();
	struct wg_trie_key b = any_key();
	unsigned int bits = nondet_uint8_t();
	unsigned int at = nondet_uint8_t();
	unsigned int n = nondet_uint8_t();
	unsigned int i = nondet_uint8_t();

	assume(bits <= 128 && at < 128 && n > 0 && n <= 24 && i < n);
	prove_agreement(a, b, bits, at);
	prove_mask(a, bits, at);
	if (bits <= 32)
		prove_ipv4(a, b, bits);
	prove(wg_trie_key_bit(a, at) == bit(a, at), "the next bit is the next");
	prove(wg_trie_key_bit(a, 128) == 0, "and zero behind the end");
	prove_slice(a, at, n, i);
	return 0;
}
