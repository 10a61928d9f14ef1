/* What is left on the stack: a handshake is done on a stack of its own, which is searched
 * after each step for everything secret that the whole of it makes. */
#include "wgtest.h"

#include <ucontext.h>

#include "crypto/crypto.h"
#include "noise/handshake.h"

#define STACK_LEN 65536u

static uint8_t stack[STACK_LEN] __attribute__((aligned(64)));
static struct wg_identity alice;
static struct wg_identity bob;
static struct wg_remote to_bob;
static struct wg_remote to_alice;
static uint8_t ephemeral[2][WG_KEY_LEN];
static struct wg_wire_initiation initiation;
static struct wg_wire_response response;
static struct wg_handshake alices;
static struct wg_handshake bobs;
static struct wg_session session;
static uint8_t sender[WG_KEY_LEN];
static uint8_t timestamp[WG_TAI64N_LEN];
static bool ok;

static void meet(void)
{
	wg_remote_reset(&to_bob, &alice);
	ok = wg_remote_compute(&to_bob, &alice);
}

static void initiate(void)
{
	ok = wg_handshake_create_initiation(&alices, &initiation, &alice, &to_bob, timestamp,
					    ephemeral[0], 1);
}

static void open(void)
{
	ok = wg_handshake_open_initiation(&bobs, sender, &initiation, &bob);
}

static void verify(void)
{
	ok = wg_handshake_verify_initiation(&bobs, timestamp, &initiation, &to_alice);
}

static void respond(void)
{
	ok = wg_handshake_create_response(&bobs, &response, &to_alice, ephemeral[1], 2);
}

static void consume(void)
{
	ok = wg_handshake_consume_response(&alices, &response, &alice, &to_bob);
}

static void finish(void)
{
	wg_handshake_finish(&alices, &session, 0);
}

static void (*const steps[])(void) = {meet, initiate, open, verify, respond, consume, finish};

/* Calls it on the stack that is searched. */
static void call_there(void (*function)(void))
{
	static ucontext_t here;
	static ucontext_t there;

	memset(stack, 0, sizeof(stack));
	assert_int_equal(getcontext(&there), 0);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	there.uc_link = &here;
	makecontext(&there, function, 0);
	assert_int_equal(swapcontext(&here, &there), 0);
}

/* A sanitizer may still hold parts of it for out of bounds. */
__attribute__((no_sanitize("address"))) static bool is_at(size_t at, const uint8_t *bytes,
							  size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (stack[at + i] != bytes[i])
			return false;
	return true;
}

/* Half a secret is enough to find. */
static bool is_left(const uint8_t bytes[static WG_KEY_LEN])
{
	size_t half = WG_KEY_LEN / 2;

	for (size_t at = 0; at + half <= STACK_LEN; at++)
		if (is_at(at, bytes, half) || is_at(at, bytes + half, half))
			return true;
	return false;
}

/* Everything that must not be found. */
static uint8_t secrets[16][WG_KEY_LEN];
static size_t n_secrets;

static void add_secret(const uint8_t bytes[static WG_KEY_LEN])
{
	assert_true(n_secrets < WG_ARRAY_LEN(secrets));
	memcpy(secrets[n_secrets++], bytes, WG_KEY_LEN);
}

static void add_diffie_hellman(const uint8_t private_key[static WG_KEY_LEN],
			       const uint8_t public_key[static WG_KEY_LEN])
{
	uint8_t shared[WG_KEY_LEN];

	assert_true(wg_x25519(shared, private_key, public_key));
	add_secret(shared);
}

static void init(void)
{
	struct wg_test_random random = {5};
	uint8_t key[WG_KEY_LEN];

	wg_test_fill(&random, key, sizeof(key));
	wg_identity_init(&alice, key);
	wg_test_fill(&random, key, sizeof(key));
	wg_identity_init(&bob, key);
	wg_test_fill(&random, to_bob.preshared_key, WG_KEY_LEN);
	memcpy(to_alice.preshared_key, to_bob.preshared_key, WG_KEY_LEN);
	wg_test_fill(&random, ephemeral, sizeof(ephemeral));
	wg_x25519_clamp(ephemeral[0]);
	wg_x25519_clamp(ephemeral[1]);
	memcpy(to_bob.public_key, bob.public_key, WG_KEY_LEN);
	memcpy(to_alice.public_key, alice.public_key, WG_KEY_LEN);
	wg_remote_reset(&to_alice, &bob);
	assert_true(wg_remote_compute(&to_alice, &bob));
}

/* The same keys make the same handshake: a first one tells what its secrets are. */
static void learn_secrets(void)
{
	uint8_t e[WG_KEY_LEN];

	n_secrets = 0;
	for (size_t i = 0; i < WG_ARRAY_LEN(steps); i++) {
		steps[i]();
		assert_true(ok);
		if (steps[i] != meet && steps[i] != finish)
			add_secret(steps[i] == initiate || steps[i] == consume ? alices.chain
									       : bobs.chain);
	}
	wg_x25519_public(e, ephemeral[1]);
	add_diffie_hellman(ephemeral[0], bob.public_key);   /* es */
	add_diffie_hellman(ephemeral[0], e);                /* ee */
	add_diffie_hellman(ephemeral[1], alice.public_key); /* se */
	add_secret(to_bob.static_static);
	add_secret(to_bob.preshared_key);
	add_secret(session.send_key);
	add_secret(session.receive_key);
	add_secret(ephemeral[0]);
	add_secret(ephemeral[1]);
	add_secret(alice.private_key);
	add_secret(bob.private_key);
}

__attribute__((unused)) static void
test_no_step_of_a_handshake_leaves_a_secret_on_the_stack(void **state)
{
	(void)state;
	init();
	learn_secrets();
	for (size_t i = 0; i < WG_ARRAY_LEN(steps); i++) {
		call_there(steps[i]);
		assert_true(ok);
		for (size_t k = 0; k < n_secrets; k++)
			if (is_left(secrets[k]))
				fail_msg("step %zu leaves secret %zu", i, k);
	}
}

static uint8_t mac_twice[2 * WG_MAC_LEN];

static void authenticate(void)
{
	wg_blake2s_mac(mac_twice, to_bob.preshared_key, WG_KEY_LEN, &alice, sizeof(alice));
}

/* Cookies are made so. */
static void test_no_mac_is_left_on_the_stack(void **state)
{
	(void)state;
	init();
	call_there(authenticate);
	memcpy(mac_twice + WG_MAC_LEN, mac_twice, WG_MAC_LEN);
	assert_false(is_left(mac_twice));
}

static void leave_it(void)
{
	volatile uint8_t copy[WG_KEY_LEN];

	for (size_t i = 0; i < WG_KEY_LEN; i++)
		copy[i] = ephemeral[0][i];
	ok = copy[3] == ephemeral[0][3];
}

static void test_what_is_left_would_be_found(void **state)
{
	(void)state;
	init();
	call_there(leave_it);
	assert_true(is_left(ephemeral[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef __SANITIZE_THREAD__ /* whose own calls save registers there */
		cmocka_unit_test(test_no_step_of_a_handshake_leaves_a_secret_on_the_stack),
#endif
		cmocka_unit_test(test_no_mac_is_left_on_the_stack),
		cmocka_unit_test(test_what_is_left_would_be_found),
	};

	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
