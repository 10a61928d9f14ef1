#include "wgtest.h"

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "noise/cookie.h"

/* A source of stated bytes: first the secret, then the nonce. */
struct script {
	const uint8_t *bytes;
	size_t left;
};

static void play(void *ctx, void *dst, size_t len)
{
	struct script *script = ctx;

	assert_true(len <= script->left);
	memcpy(dst, script->bytes, len);
	script->bytes += len;
	script->left -= len;
}

static struct wg_endpoint endpoint_of(const char *address, uint16_t port)
{
	struct wg_endpoint endpoint = {.port = port};

	assert_true(wg_ip_parse(&endpoint.ip, address));
	return endpoint;
}

static struct wg_endpoint endpoint_of_bytes(const uint8_t *bytes, size_t len)
{
	size_t ip_len = len - 2;

	return (struct wg_endpoint){
		.ip = wg_ip_from_bytes(ip_len == 4 ? WG_FAMILY_IPV4 : WG_FAMILY_IPV6, bytes),
		.port = wg_load_be16(bytes + ip_len),
	};
}

static void check_vector(const struct wg_test_block *block)
{
	uint8_t public_key[WG_KEY_LEN];
	uint8_t source_bytes[18];
	uint8_t random_bytes[WG_KEY_LEN + WG_XNONCE_LEN];
	struct wg_wire_initiation sent;
	struct wg_wire_initiation expected;
	struct wg_wire_cookie_reply reply;
	struct wg_wire_cookie_reply expected_reply;
	uint8_t cookie[WG_COOKIE_LEN];
	struct script script = {random_bytes, sizeof(random_bytes)};
	struct wg_random random = {play, &script};
	struct wg_endpoint source;
	struct wg_cookie_checker checker = {0};
	struct wg_cookie_jar jar;

	wg_test_bytes(block, "responder_public", public_key, sizeof(public_key));
	wg_test_bytes(block, "initiation", &sent, sizeof(sent));
	wg_test_bytes(block, "secret", random_bytes, WG_KEY_LEN);
	wg_test_bytes(block, "nonce", random_bytes + WG_KEY_LEN, WG_XNONCE_LEN);
	wg_test_bytes(block, "cookie", cookie, sizeof(cookie));
	wg_test_bytes(block, "cookie_reply", &expected_reply, sizeof(expected_reply));
	wg_test_bytes(block, "initiation_with_mac2", &expected, sizeof(expected));
	source = endpoint_of_bytes(source_bytes, wg_test_unhex(source_bytes, sizeof(source_bytes),
							       wg_test_field(block, "source")));

	wg_cookie_checker_init(&checker, public_key);
	wg_cookie_jar_init(&jar, public_key);
	wg_cookie_sign(&jar, &sent, sizeof(sent), 0);
	assert_memory_equal(sent.mac1, expected.mac1, WG_MAC_LEN);
	assert_int_equal(wg_cookie_check(&checker, &sent, sizeof(sent), &source, true, 0, &random),
			 WG_MAC_VALID);
	wg_cookie_reply(&checker, &reply, &sent, sizeof(sent), sent.sender, &source, 0, &random);
	assert_memory_equal(&reply, &expected_reply, sizeof(reply));

	assert_true(wg_cookie_consume(&jar, &reply, 0));
	assert_memory_equal(jar.cookie, cookie, sizeof(cookie));
	wg_cookie_sign(&jar, &sent, sizeof(sent), 0);
	assert_memory_equal(&sent, &expected, sizeof(sent));
	assert_int_equal(wg_cookie_check(&checker, &sent, sizeof(sent), &source, true, 0, &random),
			 WG_MAC_WITH_COOKIE);
}

static void test_cookies_give_their_vectors(void **state)
{
	(void)state;
	assert_int_equal(wg_test_vectors("cookie.txt", check_vector), 2);
}

/* A checker, a jar for it, a signed message, and where it came from. */
struct fixture {
	struct wg_test_random state;
	struct wg_random random;
	struct wg_cookie_checker checker;
	struct wg_cookie_jar jar;
	struct wg_endpoint source;
	struct wg_wire_initiation message;
};

static void set_up(struct fixture *f)
{
	uint8_t public_key[WG_KEY_LEN];

	memset(f, 0, sizeof(*f));
	f->state.state = 10;
	f->random = wg_test_source(&f->state);
	f->source = endpoint_of("192.0.2.7", 30567);
	wg_random_fill(&f->random, public_key, sizeof(public_key));
	wg_cookie_checker_init(&f->checker, public_key);
	wg_cookie_jar_init(&f->jar, public_key);
	wg_random_fill(&f->random, &f->message, sizeof(f->message));
	wg_cookie_sign(&f->jar, &f->message, sizeof(f->message), 0);
}

static enum wg_mac_verdict check(struct fixture *f, const struct wg_endpoint *source, wg_time now)
{
	return wg_cookie_check(&f->checker, &f->message, sizeof(f->message), source, true, now,
			       &f->random);
}

static void reply_to(struct fixture *f, struct wg_wire_cookie_reply *reply, wg_time now)
{
	wg_cookie_reply(&f->checker, reply, &f->message, sizeof(f->message), f->message.sender,
			&f->source, now, &f->random);
}

/* The jar has a cookie of now, and the message carries it. */
static void fetch_cookie(struct fixture *f, wg_time now)
{
	struct wg_wire_cookie_reply reply;

	reply_to(f, &reply, now);
	assert_true(wg_cookie_consume(&f->jar, &reply, now));
	wg_cookie_sign(&f->jar, &f->message, sizeof(f->message), now);
	assert_int_equal(check(f, &f->source, now), WG_MAC_WITH_COOKIE);
}

static void test_mac1_covers_every_byte_before_it(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	assert_int_equal(check(&f, &f.source, 0), WG_MAC_VALID);
	assert_true(wg_is_zero(f.message.mac2, sizeof(f.message.mac2)));
	for (size_t i = 0; i < sizeof(f.message) - WG_MAC_LEN; i++) {
		uint8_t *byte = (uint8_t *)&f.message + i;

		*byte ^= 0x40;
		assert_int_equal(check(&f, &f.source, 0), WG_MAC_INVALID);
		*byte ^= 0x40;
	}
}

static void test_mac2_is_bound_to_the_source_and_its_every_byte(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
	} others[] = {
		{"192.0.2.7", 30568}, {"192.0.2.7", 0x6777},  {"192.0.2.8", 30567},
		{"10.0.2.7", 30567},  {"::192.0.2.7", 30567}, {"2001:db8::1", 30567},
	};
	struct fixture f;

	(void)state;
	set_up(&f);
	fetch_cookie(&f, 0);
	for (size_t i = 0; i < WG_ARRAY_LEN(others); i++) {
		struct wg_endpoint other = endpoint_of(others[i].address, others[i].port);

		assert_int_equal(check(&f, &other, 0), WG_MAC_VALID);
	}
	for (size_t i = 0; i < WG_MAC_LEN; i++) {
		f.message.mac2[i] ^= 1;
		assert_int_equal(check(&f, &f.source, 0), WG_MAC_VALID);
		f.message.mac2[i] ^= 1;
	}
	assert_int_equal(check(&f, &f.source, 0), WG_MAC_WITH_COOKIE);
}

static void test_mac2_is_looked_at_only_where_asked(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	f.checker.has_secret = false;
	assert_int_equal(wg_cookie_check(&f.checker, &f.message, sizeof(f.message), &f.source,
					 false, 0, &f.random),
			 WG_MAC_VALID);
	assert_false(f.checker.has_secret); /* nor is a secret made for it */
}

static void test_the_secret_is_renewed_after_120_s_when_it_is_needed(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	fetch_cookie(&f, 50 * WG_SECOND);
	assert_int_equal(check(&f, &f.source, 170 * WG_SECOND - 1), WG_MAC_WITH_COOKIE);
	assert_int_equal(check(&f, &f.source, 170 * WG_SECOND), WG_MAC_VALID);
	assert_true(f.checker.secret_birth == 170 * WG_SECOND);
}

static void test_a_new_key_keeps_the_secret(void **state)
{
	uint8_t public_key[WG_KEY_LEN] = {9};
	uint8_t secret[WG_KEY_LEN];
	struct fixture f;

	(void)state;
	set_up(&f);
	fetch_cookie(&f, 0);
	memcpy(secret, f.checker.secret, sizeof(secret));
	wg_cookie_checker_init(&f.checker, public_key);
	assert_int_equal(check(&f, &f.source, 1), WG_MAC_INVALID);
	assert_true(f.checker.has_secret);
	assert_memory_equal(secret, f.checker.secret, sizeof(secret));
}

static void test_a_cookie_is_used_for_115_s(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	fetch_cookie(&f, 3);
	wg_cookie_sign(&f.jar, &f.message, sizeof(f.message), 3 + 115 * WG_SECOND - 1);
	assert_false(wg_is_zero(f.message.mac2, WG_MAC_LEN));
	wg_cookie_sign(&f.jar, &f.message, sizeof(f.message), 3 + 115 * WG_SECOND);
	assert_true(wg_is_zero(f.message.mac2, WG_MAC_LEN));
}

static void test_a_reply_is_taken_once(void **state)
{
	struct wg_wire_cookie_reply reply;
	struct fixture f;

	(void)state;
	set_up(&f);
	reply_to(&f, &reply, 0);
	assert_true(wg_cookie_consume(&f.jar, &reply, 7));
	assert_true(f.jar.cookie_birth == 7);
	assert_false(wg_cookie_consume(&f.jar, &reply, 8));
	assert_true(f.jar.cookie_birth == 7);
	/* another reply to the same message is none the better */
	reply_to(&f, &reply, 0);
	assert_false(wg_cookie_consume(&f.jar, &reply, 8));
}

static void test_a_reply_is_taken_only_for_the_mac1_sent_last(void **state)
{
	struct wg_wire_cookie_reply reply;
	struct fixture f;

	(void)state;
	set_up(&f);
	reply_to(&f, &reply, 0);
	f.message.ephemeral[0] ^= 1;
	wg_cookie_sign(&f.jar, &f.message, sizeof(f.message), 0);
	assert_false(wg_cookie_consume(&f.jar, &reply, 0));
	assert_false(f.jar.has_cookie);
	reply_to(&f, &reply, 0);
	assert_true(wg_cookie_consume(&f.jar, &reply, 0));
}

static void test_a_broken_reply_changes_nothing(void **state)
{
	struct wg_wire_cookie_reply reply;
	struct wg_cookie_jar before;
	struct fixture f;

	(void)state;
	set_up(&f);
	fetch_cookie(&f, 0);
	reply_to(&f, &reply, 0);
	before = f.jar;
	for (size_t i = offsetof(struct wg_wire_cookie_reply, nonce); i < sizeof(reply); i++) {
		((uint8_t *)&reply)[i] ^= 4;
		assert_false(wg_cookie_consume(&f.jar, &reply, 1));
		assert_memory_equal(&f.jar, &before, sizeof(before));
		((uint8_t *)&reply)[i] ^= 4;
	}
	assert_true(wg_cookie_consume(&f.jar, &reply, 1));
}

static void test_a_fresh_jar_takes_no_reply(void **state)
{
	struct wg_wire_cookie_reply reply;
	struct fixture f;
	uint8_t zeros[WG_MAC_LEN] = {0};

	(void)state;
	set_up(&f);
	/* sealed for an all-zero mac1, as a jar that has sent nothing holds */
	memcpy(f.message.mac1, zeros, sizeof(zeros));
	reply_to(&f, &reply, 0);
	memset(f.jar.mac1_sent, 0, sizeof(f.jar.mac1_sent));
	f.jar.awaits_reply = false;
	assert_false(wg_cookie_consume(&f.jar, &reply, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookies_give_their_vectors),
		cmocka_unit_test(test_mac1_covers_every_byte_before_it),
		cmocka_unit_test(test_mac2_is_bound_to_the_source_and_its_every_byte),
		cmocka_unit_test(test_mac2_is_looked_at_only_where_asked),
		cmocka_unit_test(test_the_secret_is_renewed_after_120_s_when_it_is_needed),
		cmocka_unit_test(test_a_new_key_keeps_the_secret),
		cmocka_unit_test(test_a_cookie_is_used_for_115_s),
		cmocka_unit_test(test_a_reply_is_taken_once),
		cmocka_unit_test(test_a_reply_is_taken_only_for_the_mac1_sent_last),
		cmocka_unit_test(test_a_broken_reply_changes_nothing),
		cmocka_unit_test(test_a_fresh_jar_takes_no_reply),
	};

	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
