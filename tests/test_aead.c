#include "wgtest.h"

#include <errno.h>

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

/* Seals every length with the vector interface at some alignment, in place or not,
 * and holds it against single messages; opens it; opens it broken. */
static void check_lengths(struct wg_test_random *random, size_t offset, bool in_place)
{
	static uint8_t plain[MAX_LEN];
	static uint8_t twin[MAX_LEN + WG_TAG_LEN];
	static uint8_t in_buffer[MAX_LEN + 128];
	static uint8_t out_buffer[MAX_LEN + 128];
	uint8_t *in = in_buffer + offset;
	uint8_t *out = in_place ? in : out_buffer + offset;
	uint8_t key[WG_KEY_LEN];

	wg_test_fill(random, key, sizeof(key));
	for (uint32_t len = 0; len <= MAX_LEN; len++) {
		struct wg_aead_item item = {.in = in, .out = out, .len = len};

		item.counter = wg_test_next(random);
		wg_test_fill(random, plain, len);
		wg_aead_seal(twin, plain, len, NULL, 0, item.counter, key);

		memset(out_buffer, 0xee, sizeof(out_buffer));
		memset(in_buffer, 0xee, sizeof(in_buffer));
		memcpy(in, plain, len);
		wg_aead_seal_vector(key, &item, 1);
		assert_memory_equal(out, twin, len + WG_TAG_LEN);
		assert_int_equal(out[len + WG_TAG_LEN], 0xee);

		memcpy(in, twin, len + WG_TAG_LEN);
		memset(out_buffer, 0xee, sizeof(out_buffer));
		wg_aead_open_vector(key, &item, 1);
		assert_true(item.ok);
		assert_memory_equal(out, plain, len);
		assert_true(in_place || out[len] == 0xee);

		memcpy(in, twin, len + WG_TAG_LEN);
		in[wg_test_below(random, len + WG_TAG_LEN)] ^=
			(uint8_t)(1u << wg_test_below(random, 8));
		wg_aead_open_vector(key, &item, 1);
		assert_false(item.ok);
		assert_true(len == 0 || wg_is_zero(out, len));
	}
}

static void test_every_length_seals_opens_and_fails_to_open(void **state)
{
	struct wg_test_random random = {4};

	(void)state;
	for (size_t offset = 0; offset < 64; offset += 1 + wg_test_below(&random, 15)) {
		check_lengths(&random, offset, false);
		check_lengths(&random, offset, true);
	}
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

static int use_sodium(void **state)
{
	(void)state;
	return wg_crypto_init("sodium");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_messages_give_the_vector_of_rfc_8439),
		cmocka_unit_test(test_xchacha_gives_the_vector_of_its_draft),
		cmocka_unit_test(test_vectors_give_the_transport_vectors),
		cmocka_unit_test(test_every_length_seals_opens_and_fails_to_open),
		cmocka_unit_test(test_a_vector_may_mix_lengths_and_broken_messages),
		cmocka_unit_test(test_an_unknown_implementation_is_refused),
	};

	return cmocka_run_group_tests_name("aead by sodium", tests, use_sodium, NULL);
}
