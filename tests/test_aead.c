#include "wgtest.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "crypto/aead.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"

#define MAX_LEN 2048u

/* RFC 8439, appendix A.5: the one vector whose nonce begins with 32 zero bits. */
static const char rfc_text[] =
	"Internet-Drafts are draft documents valid for a maximum of six months and may be "
	"updated, replaced, or obsoleted by other documents at any time. It is inappropriate "
	"to use Internet-Drafts as reference material or to cite them other than as "
	"/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
#define RFC_LEN (sizeof(rfc_text) - 1)

static void test_single_messages_give_the_vector_of_rfc_8439(void **state)
{
	static const char sealed_hex[] =
		"64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
		"4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
		"332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
		"9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
		"b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
		"af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
		"0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
		"49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
		"a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38";
	uint8_t key[WG_KEY_LEN];
	uint8_t ad[12];
	uint8_t expected[RFC_LEN + WG_TAG_LEN];
	uint8_t sealed[RFC_LEN + WG_TAG_LEN];
	uint8_t opened[RFC_LEN];
	const uint64_t counter = 0x0807060504030201u;

	(void)state;
	wg_test_unhex(key, sizeof(key),
		      "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
	wg_test_unhex(ad, sizeof(ad), "f33388860000000000004e91");
	wg_test_unhex(expected, sizeof(expected), sealed_hex);
	wg_aead_seal(sealed, rfc_text, RFC_LEN, ad, sizeof(ad), counter, key);
	assert_memory_equal(sealed, expected, sizeof(expected));
	assert_true(wg_aead_open(opened, sealed, RFC_LEN, ad, sizeof(ad), counter, key));
	assert_memory_equal(opened, rfc_text, RFC_LEN);
	ad[0] ^= 1;
	assert_false(wg_aead_open(opened, sealed, RFC_LEN, ad, sizeof(ad), counter, key));
	assert_true(wg_is_zero(opened, sizeof(opened)));
}

static void test_xchacha_gives_the_vector_of_its_draft(void **state)
{
	/* draft-irtf-cfrg-xchacha-03, appendix A.3.1 */
	static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
				   "only one tip for the future, sunscreen would be it.";
	static const char sealed_hex[] =
		"bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
		"731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
		"2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
		"21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
	uint8_t key[WG_KEY_LEN];
	uint8_t nonce[WG_XNONCE_LEN];
	uint8_t ad[12];
	uint8_t expected[sizeof(text) - 1 + WG_TAG_LEN];
	uint8_t sealed[sizeof(expected)];
	uint8_t opened[sizeof(text) - 1];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0x80 + i);
	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(0x40 + i);
	wg_test_unhex(ad, sizeof(ad), "50515253c0c1c2c3c4c5c6c7");
	wg_test_unhex(expected, sizeof(expected), sealed_hex);
	wg_xaead_seal(sealed, text, sizeof(opened), ad, sizeof(ad), nonce, key);
	assert_memory_equal(sealed, expected, sizeof(expected));
	assert_true(wg_xaead_open(opened, sealed, sizeof(opened), ad, sizeof(ad), nonce, key));
	assert_memory_equal(opened, text, sizeof(opened));
	nonce[0] ^= 1;
	assert_false(wg_xaead_open(opened, sealed, sizeof(opened), ad, sizeof(ad), nonce, key));
	assert_true(wg_is_zero(opened, sizeof(opened)));
}

/* The vectors hold whole datagrams: 16 bytes of header, then what is tested here. */
static void check_transport(const struct wg_test_block *block)
{
	static uint8_t inner[MAX_LEN];
	static uint8_t datagram[MAX_LEN];
	uint8_t key[WG_KEY_LEN];
	uint8_t padded[MAX_LEN] = {0};
	uint8_t sealed[MAX_LEN];
	size_t inner_len = wg_test_unhex(inner, sizeof(inner), wg_test_field(block, "inner"));
	size_t len = wg_test_unhex(datagram, sizeof(datagram), wg_test_field(block, "datagram"));
	struct wg_aead_item item = {
		.in = padded,
		.out = sealed,
		.len = (uint32_t)(len - 32),
		.counter = strtoull(wg_test_field(block, "counter"), NULL, 10),
	};

	wg_test_bytes(block, "key", key, sizeof(key));
	memcpy(padded, inner, inner_len);
	wg_aead_seal_vector(key, &item, 1);
	assert_memory_equal(sealed, datagram + 16, len - 16);
	item.in = item.out = sealed;
	wg_aead_open_vector(key, &item, 1);
	assert_true(item.ok);
	assert_memory_equal(sealed, padded, item.len);
}

static void test_vectors_give_the_transport_vectors(void **state)
{
	(void)state;
	assert_int_equal(wg_test_vectors("transport.txt", check_transport), 7);
}

/* Where messages are read and written. */
struct place {
	uint8_t *in;
	uint8_t *out; /* may be in */
};

/* Seals one message of len with the vector interface and holds it against libsodium's
 * single message; opens it; opens it with one bit wrong. */
static void check_message(struct wg_test_random *random, const uint8_t key[static WG_KEY_LEN],
			  uint32_t len, struct place place)
{
	static uint8_t plain[MAX_LEN];
	static uint8_t twin[MAX_LEN + WG_TAG_LEN];
	struct wg_aead_item item = {.in = place.in, .out = place.out, .len = len};

	item.counter = wg_test_next(random);
	wg_test_fill(random, plain, len);
	wg_aead_seal(twin, plain, len, NULL, 0, item.counter, key);

	memcpy(place.in, plain, len);
	wg_aead_seal_vector(key, &item, 1);
	assert_memory_equal(place.out, twin, len + WG_TAG_LEN);

	memcpy(place.in, twin, len + WG_TAG_LEN);
	wg_aead_open_vector(key, &item, 1);
	assert_true(item.ok);
	assert_memory_equal(place.out, plain, len);

	memcpy(place.in, twin, len + WG_TAG_LEN);
	place.in[wg_test_below(random, len + WG_TAG_LEN)] ^=
		(uint8_t)(1u << wg_test_below(random, 8));
	wg_aead_open_vector(key, &item, 1);
	assert_false(item.ok);
	assert_true(len == 0 || wg_is_zero(place.out, len));
}

static bool is_filled(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0xee)
			return false;
	return true;
}

static void test_every_length_seals_opens_and_fails_to_open(void **state)
{
	static uint8_t in[MAX_LEN + 256];
	static uint8_t out[MAX_LEN + 256];
	struct wg_test_random random = {4};
	uint8_t key[WG_KEY_LEN];

	(void)state;
	wg_test_fill(&random, key, sizeof(key));
	for (uint32_t len = 0; len <= MAX_LEN; len++) {
		for (size_t i = 0; i < 8; i++) {
			/* every fourth without an offset, every other in place */
			size_t in_at = i % 4 ? wg_test_below(&random, 64) : 0;
			size_t out_at = i % 4 ? wg_test_below(&random, 64) : 0;
			size_t end = out_at + len + WG_TAG_LEN;

			memset(out, 0xee, sizeof(out));
			check_message(&random, key, len, (struct place){in + in_at, out + out_at});
			assert_true(is_filled(out, out_at));
			assert_true(is_filled(out + end, sizeof(out) - end));
			memset(out, 0xee, sizeof(out));
			check_message(&random, key, len,
				      (struct place){out + out_at, out + out_at});
			assert_true(is_filled(out, out_at));
			assert_true(is_filled(out + end, sizeof(out) - end));
		}
	}
}

/* Pages that no access may leave on either side. */
#define FENCE_LEN 65536u

static uint8_t *new_fenced(void)
{
	uint8_t *memory = mmap(NULL, 3 * FENCE_LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(memory + FENCE_LEN, FENCE_LEN, PROT_READ | PROT_WRITE), 0);
	return memory + FENCE_LEN;
}

static void free_fenced(uint8_t *memory)
{
	munmap(memory - FENCE_LEN, 3 * FENCE_LEN);
}

static void test_nothing_outside_a_message_is_read_or_written(void **state)
{
	struct wg_test_random random = {12};
	uint8_t *in = new_fenced();
	uint8_t *out = new_fenced();
	uint8_t key[WG_KEY_LEN];

	(void)state;
	wg_test_fill(&random, key, sizeof(key));
	for (uint32_t len = 0; len <= MAX_LEN; len++) {
		size_t at = FENCE_LEN - len - WG_TAG_LEN;

		check_message(&random, key, len, (struct place){in, out});
		check_message(&random, key, len, (struct place){in + at, out + at});
		check_message(&random, key, len, (struct place){in + at, in + at});
	}
	free_fenced(in);
	free_fenced(out);
}

struct worker {
	struct wg_test_random random;
	size_t n_wrong;
};

/* What a worker thread does: its own vectors under its own key. */
static void *seal_and_open(void *arg)
{
	static _Thread_local uint8_t buffers[8][MAX_LEN + WG_TAG_LEN];
	struct worker *worker = arg;
	struct wg_aead_item items[8];
	uint8_t key[WG_KEY_LEN];

	for (size_t round = 0; round < 300; round++) {
		uint32_t len = (uint32_t)wg_test_below(&worker->random, MAX_LEN);

		wg_test_fill(&worker->random, key, sizeof(key));
		for (size_t i = 0; i < WG_ARRAY_LEN(items); i++) {
			memset(buffers[i], (int)i, len);
			items[i] = (struct wg_aead_item){
				.in = buffers[i], .out = buffers[i], .len = len, .counter = i};
		}
		wg_aead_seal_vector(key, items, WG_ARRAY_LEN(items));
		wg_aead_open_vector(key, items, WG_ARRAY_LEN(items));
		for (size_t i = 0; i < WG_ARRAY_LEN(items); i++)
			worker->n_wrong += !items[i].ok || (len && buffers[i][len - 1] != i);
	}
	wg_crypto_thread_deinit();
	return NULL;
}

static void test_threads_seal_and_open_side_by_side(void **state)
{
	struct worker workers[3] = {{{13}, 0}, {{14}, 0}, {{15}, 0}};
	pthread_t threads[3];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open, &workers[i]), 0);
	for (size_t i = 0; i < WG_ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(workers[i].n_wrong, 0);
	}
}

static void test_a_thread_that_gave_its_share_back_may_go_on(void **state)
{
	(void)state;
	wg_crypto_thread_deinit();
	wg_crypto_thread_deinit();
	assert_int_equal(wg_test_vectors("transport.txt", check_transport), 7);
}

#define N_ITEMS 150u

static void test_a_vector_may_mix_lengths_and_broken_messages(void **state)
{
	static uint8_t plain[N_ITEMS][MAX_LEN];
	static uint8_t buffers[N_ITEMS][MAX_LEN + WG_TAG_LEN];
	struct wg_test_random random = {5};
	struct wg_aead_item items[N_ITEMS];
	uint8_t key[WG_KEY_LEN];

	(void)state;
	wg_test_fill(&random, key, sizeof(key));
	for (size_t n = 0; n <= N_ITEMS; n++) {
		for (size_t i = 0; i < n; i++) {
			uint32_t len = (uint32_t)wg_test_below(&random, MAX_LEN);

			wg_test_fill(&random, plain[i], len);
			memcpy(buffers[i], plain[i], len);
			items[i] = (struct wg_aead_item){.in = buffers[i],
							 .out = buffers[i],
							 .len = len,
							 .counter = UINT64_MAX - i};
		}
		wg_aead_seal_vector(key, items, n);
		for (size_t i = 0; i < n; i++)
			buffers[i][wg_test_below(&random, items[i].len + WG_TAG_LEN)] ^= i % 3 == 1;
		wg_aead_open_vector(key, items, n);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(items[i].ok, i % 3 != 1);
			if (items[i].ok)
				assert_memory_equal(buffers[i], plain[i], items[i].len);
			else if (items[i].len)
				assert_true(wg_is_zero(buffers[i], items[i].len));
		}
	}
}

static void test_an_unknown_implementation_is_refused(void **state)
{
	const char *before = wg_crypto_aead_name();

	(void)state;
	assert_int_equal(wg_crypto_init("rot13"), -ENOENT);
	assert_int_equal(wg_crypto_init(""), -ENOENT);
	assert_string_equal(wg_crypto_aead_name(), before);
}

static int run(const char *aead)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_messages_give_the_vector_of_rfc_8439),
		cmocka_unit_test(test_xchacha_gives_the_vector_of_its_draft),
		cmocka_unit_test(test_vectors_give_the_transport_vectors),
		cmocka_unit_test(test_every_length_seals_opens_and_fails_to_open),
		cmocka_unit_test(test_nothing_outside_a_message_is_read_or_written),
		cmocka_unit_test(test_a_vector_may_mix_lengths_and_broken_messages),
		cmocka_unit_test(test_threads_seal_and_open_side_by_side),
		cmocka_unit_test(test_a_thread_that_gave_its_share_back_may_go_on),
		cmocka_unit_test(test_an_unknown_implementation_is_refused),
	};

	if (wg_crypto_init(aead)) {
		print_message("skipped: this machine or build has no %s\n", aead);
		return 0;
	}
	assert_string_equal(wg_crypto_aead_name(), aead);
	return cmocka_run_group_tests_name(aead, tests, NULL, NULL);
}

/* Each implementation passes the same tests. */
int main(void)
{
	return run("sodium") + run("ipsec-mb");
}
