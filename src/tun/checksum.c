/* Ones' complement sums of 16-bit words may be taken over wider words and folded at the
 * end (RFC 1071, section 2(C)): here 64 bytes a step, as 32-bit words in 64-bit lanes,
 * which cannot overflow in any packet. */
#include "tun/checksum.h"

#include <assert.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/bytes.h"
#include "tun/inet.h"

#define STEP 64u

static uint64_t add_word(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* GCC's and clang's vectors, which become those of the target (SSE2 on any x86-64). */
static uint64_t sum_plain(const uint8_t *data, size_t n)
{
	typedef uint64_t lanes __attribute__((vector_size(16)));
	const lanes low = {0xffffffff, 0xffffffff};
	lanes even = {0};
	lanes odd = {0};

	for (; n > 0; n--, data += STEP) {
		lanes words[4];

		memcpy(words, data, STEP);
		even += (words[0] & low) + (words[1] & low) + (words[2] & low) + (words[3] & low);
		odd += (words[0] >> 32) + (words[1] >> 32) + (words[2] >> 32) + (words[3] >> 32);
	}
	even += odd;
	return even[0] + even[1];
}

#ifdef __x86_64__
/* Written by hand, for GCC 12 takes 32-byte vectors apart unless the whole file may use
 * AVX. */
__attribute__((target("avx2"))) static uint64_t sum_avx2(const uint8_t *data, size_t n)
{
	const __m256i low = _mm256_set1_epi64x(0xffffffff);
	__m256i even = _mm256_setzero_si256();
	__m256i odd = _mm256_setzero_si256();
	uint64_t sums[4];

	for (; n > 0; n--, data += STEP) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)data);
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));

		even = _mm256_add_epi64(even, _mm256_and_si256(a, low));
		odd = _mm256_add_epi64(odd, _mm256_srli_epi64(a, 32));
		even = _mm256_add_epi64(even, _mm256_and_si256(b, low));
		odd = _mm256_add_epi64(odd, _mm256_srli_epi64(b, 32));
	}
	_mm256_storeu_si256((__m256i *)(void *)sums, _mm256_add_epi64(even, odd));
	return sums[0] + sums[1] + sums[2] + sums[3];
}

static uint64_t sum_best(const uint8_t *data, size_t n)
{
	return __builtin_cpu_supports("avx2") ? sum_avx2(data, n) : sum_plain(data, n);
}
#else
static uint64_t sum_best(const uint8_t *data, size_t n)
{
	return sum_plain(data, n);
}
#endif

/* The last 0 to 7 bytes; an odd one counts as if a zero followed. */
static uint64_t add_rest(uint64_t sum, const uint8_t *data, size_t len)
{
	uint32_t word = 0;
	uint16_t half = 0;
	uint16_t last = 0;

	if (len & 4)
		memcpy(&word, data, 4);
	if (len & 2)
		memcpy(&half, data + (len & 4), 2);
	if (len & 1)
		memcpy(&last, data + (len & 6), 1);
	return add_word(sum, (uint64_t)word + half + last);
}

/* Inlined with a constant sum_steps. */
static inline __attribute__((always_inline)) uint64_t
add(uint64_t sum, const uint8_t *data, size_t len, uint64_t (*sum_steps)(const uint8_t *, size_t))
{
	size_t n = len / STEP;

	assert(len < (size_t)1 << 32);
	if (n > 0) {
		sum = add_word(sum, sum_steps(data, n));
		data += n * STEP;
		len -= n * STEP;
	}
	for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t), data += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, data, sizeof(word));
		sum = add_word(sum, word);
	}
	return add_rest(sum, data, len);
}

uint64_t wg_checksum_add(uint64_t sum, const void *data, size_t len)
{
	return add(sum, data, len, sum_best);
}

uint64_t wg_checksum_add_plain(uint64_t sum, const void *data, size_t len)
{
	return add(sum, data, len, sum_plain);
}

uint64_t wg_checksum_pseudo(const uint8_t *ip, uint8_t protocol, uint16_t len)
{
	uint8_t tail[4] = {0, protocol};
	uint64_t sum;

	sum = ip[0] >> 4 == 4 ? wg_checksum_add(0, ip + 12, 8) : wg_checksum_add(0, ip + 8, 32);
	wg_store_be16(tail + 2, len);
	return wg_checksum_add(sum, tail, sizeof(tail));
}

void wg_checksum_complete(uint8_t *data, size_t len, size_t offset)
{
	wg_checksum_store(data + offset, wg_checksum_add(0, data, len));
	/* Zero and 0xffff are the same in this arithmetic, but in UDP zero says that there
	 * is no checksum (RFC 768). */
	if (offset == WG_UDP_CHECKSUM && wg_load_be16(data + offset) == 0)
		wg_store_be16(data + offset, 0xffff);
}
