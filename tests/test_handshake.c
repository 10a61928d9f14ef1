#include "wgtest.h"

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "noise/cookie.h"
#include "noise/handshake.h"

/* Both sides of a handshake, and the messages between them. */
struct pair {
	struct wg_identity alice; /* the initiator */
	struct wg_identity bob;
	struct wg_remote to_bob;   /* as alice knows him */
	struct wg_remote to_alice; /* as bob knows her */
	uint8_t alice_ephemeral[WG_KEY_LEN];
	uint8_t bob_ephemeral[WG_KEY_LEN];
	uint8_t timestamp[WG_TAI64N_LEN];
	struct wg_handshake alices;
	struct wg_handshake bobs;
	struct wg_wire_initiation initiation;
	struct wg_wire_response response;
};

static void meet(struct wg_remote *remote, const struct wg_identity *identity)
{
	wg_remote_reset(remote, identity);
	assert_true(wg_remote_compute(remote, identity));
}

static void introduce(struct pair *p)
{
	memcpy(p->to_bob.public_key, p->bob.public_key, WG_KEY_LEN);
	memcpy(p->to_alice.public_key, p->alice.public_key, WG_KEY_LEN);
	meet(&p->to_bob, &p->alice);
	meet(&p->to_alice, &p->bob);
	assert_memory_equal(p->to_bob.static_static, p->to_alice.static_static, WG_KEY_LEN);
}

static void init_pair(struct pair *p)
{
	struct wg_test_random random = {11};
	uint8_t key[WG_KEY_LEN];

	memset(p, 0, sizeof(*p));
	wg_test_fill(&random, key, sizeof(key));
	wg_identity_init(&p->alice, key);
	wg_test_fill(&random, key, sizeof(key));
	wg_identity_init(&p->bob, key);
	wg_test_fill(&random, p->to_bob.preshared_key, WG_KEY_LEN);
	memcpy(p->to_alice.preshared_key, p->to_bob.preshared_key, WG_KEY_LEN);
	wg_test_fill(&random, p->alice_ephemeral, WG_KEY_LEN);
	wg_test_fill(&random, p->bob_ephemeral, WG_KEY_LEN);
	wg_test_fill(&random, p->timestamp, WG_TAI64N_LEN);
	introduce(p);
}

static bool initiate(struct pair *p)
{
	return wg_handshake_create_initiation(&p->alices, &p->initiation, &p->alice, &p->to_bob,
					      p->timestamp, p->alice_ephemeral, 0xa11ce);
}

/* Both halves of consuming the initiation; false: which of the halves refused is
 * told by the state. */
static bool consume(struct pair *p)
{
	uint8_t sender[WG_KEY_LEN];
	uint8_t timestamp[WG_TAI64N_LEN];

	if (!wg_handshake_open_initiation(&p->bobs, sender, &p->initiation, &p->bob))
		return false;
	assert_memory_equal(sender, p->alice.public_key, WG_KEY_LEN);
	if (!wg_handshake_verify_initiation(&p->bobs, timestamp, &p->initiation, &p->to_alice))
		return false;
	assert_memory_equal(timestamp, p->timestamp, WG_TAI64N_LEN);
	return true;
}

static bool respond(struct pair *p)
{
	return wg_handshake_create_response(&p->bobs, &p->response, &p->to_alice, p->bob_ephemeral,
					    0xb0b);
}

static bool conclude(struct pair *p)
{
	return wg_handshake_consume_response(&p->alices, &p->response, &p->alice, &p->to_bob);
}

/* Signs the message as its sender would without a cookie. */
static void sign(const uint8_t responder[static WG_KEY_LEN], void *message, size_t len)
{
	struct wg_cookie_jar jar;

	wg_cookie_jar_init(&jar, responder);
	wg_cookie_sign(&jar, message, len, 0);
}

static void read_pair(struct pair *p, const struct wg_test_block *block)
{
	uint8_t key[WG_KEY_LEN];

	memset(p, 0, sizeof(*p));
	wg_test_bytes(block, "initiator_private", key, WG_KEY_LEN);
	wg_identity_init(&p->alice, key);
	wg_test_bytes(block, "initiator_public", key, WG_KEY_LEN);
	assert_memory_equal(p->alice.public_key, key, WG_KEY_LEN);
	wg_test_bytes(block, "responder_private", key, WG_KEY_LEN);
	wg_identity_init(&p->bob, key);
	wg_test_bytes(block, "responder_public", key, WG_KEY_LEN);
	assert_memory_equal(p->bob.public_key, key, WG_KEY_LEN);
	wg_test_bytes(block, "preshared", p->to_bob.preshared_key, WG_KEY_LEN);
	wg_test_bytes(block, "preshared", p->to_alice.preshared_key, WG_KEY_LEN);
	wg_test_bytes(block, "initiator_ephemeral", p->alice_ephemeral, WG_KEY_LEN);
	wg_test_bytes(block, "responder_ephemeral", p->bob_ephemeral, WG_KEY_LEN);
	wg_test_bytes(block, "timestamp", p->timestamp, WG_TAI64N_LEN);
	introduce(p);
}

static void check_state(const struct wg_handshake *handshake, const struct wg_test_block *block)
{
	uint8_t expected[WG_HASH_LEN];

	wg_test_bytes(block, "hash_after_initiation", expected, sizeof(expected));
	assert_memory_equal(handshake->hash, expected, sizeof(expected));
	wg_test_bytes(block, "chain_after_initiation", expected, sizeof(expected));
	assert_memory_equal(handshake->chain, expected, sizeof(expected));
}

static void check_sessions(struct pair *p, const struct wg_test_block *block)
{
	struct wg_session alices;
	struct wg_session bobs;
	uint8_t key[WG_KEY_LEN];

	memset(&alices, 0xff, sizeof(alices));
	memset(&bobs, 0xff, sizeof(bobs));
	wg_handshake_finish(&p->alices, &alices, 5);
	wg_handshake_finish(&p->bobs, &bobs, 6);
	wg_test_bytes(block, "initiator_send", key, sizeof(key));
	assert_memory_equal(alices.send_key, key, sizeof(key));
	assert_memory_equal(bobs.receive_key, key, sizeof(key));
	wg_test_bytes(block, "initiator_recv", key, sizeof(key));
	assert_memory_equal(alices.receive_key, key, sizeof(key));
	assert_memory_equal(bobs.send_key, key, sizeof(key));
}

static void check_vector(const struct wg_test_block *block)
{
	struct wg_wire_initiation initiation;
	struct wg_wire_response response;
	uint8_t index[4];
	struct pair p;

	read_pair(&p, block);
	wg_test_bytes(block, "initiation", &initiation, sizeof(initiation));
	wg_test_bytes(block, "response", &response, sizeof(response));

	wg_test_bytes(block, "initiator_index", index, sizeof(index));
	assert_true(wg_handshake_create_initiation(&p.alices, &p.initiation, &p.alice, &p.to_bob,
						   p.timestamp, p.alice_ephemeral,
						   wg_load_le32(index)));
	sign(p.bob.public_key, &p.initiation, sizeof(p.initiation));
	assert_memory_equal(&p.initiation, &initiation, sizeof(initiation));
	check_state(&p.alices, block);

	assert_true(consume(&p));
	check_state(&p.bobs, block);

	wg_test_bytes(block, "responder_index", index, sizeof(index));
	assert_true(wg_handshake_create_response(&p.bobs, &p.response, &p.to_alice, p.bob_ephemeral,
						 wg_load_le32(index)));
	sign(p.alice.public_key, &p.response, sizeof(p.response));
	assert_memory_equal(&p.response, &response, sizeof(response));

	assert_true(conclude(&p));
	check_sessions(&p, block);
}

static void test_whole_handshakes_give_their_vectors(void **state)
{
	(void)state;
	assert_int_equal(wg_test_vectors("handshake.txt", check_vector), 4);
}

static void test_states_indices_and_roles_follow_the_messages(void **state)
{
	struct wg_session alices = {.refs = 7};
	struct wg_session bobs = {.refs = 8};
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p));
	assert_int_equal(p.alices.state, WG_HANDSHAKE_INITIATION_SENT);
	assert_int_equal(p.alices.local_index, 0xa11ce);
	assert_true(consume(&p));
	assert_int_equal(p.bobs.state, WG_HANDSHAKE_INITIATION_CONSUMED);
	assert_int_equal(p.bobs.remote_index, 0xa11ce);
	assert_true(respond(&p));
	assert_int_equal(p.bobs.state, WG_HANDSHAKE_RESPONSE_SENT);
	assert_int_equal(p.bobs.local_index, 0xb0b);
	assert_true(conclude(&p));
	assert_int_equal(p.alices.state, WG_HANDSHAKE_RESPONSE_CONSUMED);
	assert_int_equal(p.alices.remote_index, 0xb0b);
	assert_true(wg_is_zero(p.alices.ephemeral_private, WG_KEY_LEN));

	memset(&alices.replay, 0xff, sizeof(alices.replay));
	alices.send_counter = 99;
	wg_handshake_finish(&p.alices, &alices, 5);
	wg_handshake_finish(&p.bobs, &bobs, 6);
	assert_true(alices.initiator && !bobs.initiator);
	assert_true(alices.may_send && bobs.may_send);
	assert_true(alices.birth == 5 && bobs.birth == 6);
	assert_true(alices.local_index == 0xa11ce && bobs.remote_index == 0xa11ce);
	assert_true(bobs.local_index == 0xb0b && alices.remote_index == 0xb0b);
	assert_true(alices.send_counter == 0);
	assert_true(wg_is_zero(&alices.replay, sizeof(alices.replay)));
	assert_true(alices.refs == 7 && bobs.refs == 8);
	assert_true(wg_is_zero(&p.alices, sizeof(p.alices)));
	assert_true(wg_is_zero(&p.bobs, sizeof(p.bobs)));
}

static void test_a_response_to_come_twice_is_refused_the_second_time(void **state)
{
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p) && consume(&p) && respond(&p) && conclude(&p));
	assert_false(conclude(&p));
}

/* The macs are cookie.h's; all that comes before is covered by the handshake. */
static void test_an_initiation_with_any_byte_changed_is_refused(void **state)
{
	struct pair p;
	struct wg_handshake before;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p));
	memset(&p.bobs, 0xa5, sizeof(p.bobs));
	before = p.bobs;
	for (size_t i = offsetof(struct wg_wire_initiation, ephemeral);
	     i < offsetof(struct wg_wire_initiation, mac1); i++) {
		((uint8_t *)&p.initiation)[i] ^= 1;
		p.bobs = before;
		assert_false(consume(&p));
		if (i < offsetof(struct wg_wire_initiation, timestamp))
			assert_memory_equal(&p.bobs, &before, sizeof(before));
		else
			assert_int_equal(p.bobs.state, WG_HANDSHAKE_NONE);
		((uint8_t *)&p.initiation)[i] ^= 1;
	}
	assert_true(consume(&p));
}

static void test_a_response_with_any_byte_changed_is_refused_and_changes_nothing(void **state)
{
	struct wg_handshake before;
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p) && consume(&p) && respond(&p));
	before = p.alices;
	for (size_t i = offsetof(struct wg_wire_response, receiver);
	     i < offsetof(struct wg_wire_response, mac1); i++) {
		((uint8_t *)&p.response)[i] ^= 1;
		assert_false(conclude(&p));
		assert_memory_equal(&p.alices, &before, sizeof(before));
		((uint8_t *)&p.response)[i] ^= 1;
	}
	assert_true(conclude(&p));
}

static void test_another_preshared_key_is_found_out_at_the_response(void **state)
{
	struct pair p;

	(void)state;
	init_pair(&p);
	p.to_bob.preshared_key[31] ^= 1;
	assert_true(initiate(&p) && consume(&p) && respond(&p));
	assert_false(conclude(&p));
	p.to_bob.preshared_key[31] ^= 1;
	assert_true(conclude(&p));
}

static void test_knowing_a_public_key_is_not_having_it(void **state)
{
	uint8_t sender[WG_KEY_LEN];
	uint8_t timestamp[WG_TAI64N_LEN];
	uint8_t mallorys_key[WG_KEY_LEN] = {66};
	struct wg_identity mallory;
	struct wg_remote to_bob;
	struct pair p;

	(void)state;
	init_pair(&p);
	wg_identity_init(&mallory, mallorys_key);
	to_bob = p.to_bob;
	meet(&to_bob, &mallory);
	memcpy(mallory.public_key, p.alice.public_key, WG_KEY_LEN); /* the lie */
	assert_true(wg_handshake_create_initiation(&p.alices, &p.initiation, &mallory, &to_bob,
						   p.timestamp, p.alice_ephemeral, 1));
	assert_true(wg_handshake_open_initiation(&p.bobs, sender, &p.initiation, &p.bob));
	assert_memory_equal(sender, p.alice.public_key, WG_KEY_LEN);
	assert_false(
		wg_handshake_verify_initiation(&p.bobs, timestamp, &p.initiation, &p.to_alice));
}

static void test_a_message_for_another_responder_does_not_open(void **state)
{
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p));
	p.bob = p.alice;
	assert_false(consume(&p));
}

static void test_a_low_order_ephemeral_is_refused(void **state)
{
	struct wg_handshake before;
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p) && consume(&p) && respond(&p));
	memset(p.initiation.ephemeral, 0, WG_KEY_LEN);
	assert_false(consume(&p));
	memset(p.response.ephemeral, 0, WG_KEY_LEN);
	p.response.ephemeral[0] = 1;
	before = p.alices;
	assert_false(conclude(&p));
	assert_memory_equal(&p.alices, &before, sizeof(before));
}

/* Whoever leaves the Diffie-Hellmans out can still make the tag right, knowing the
 * initiation's chain: but that is not to have the responder's key. */
static void test_a_low_order_response_is_refused_though_its_tag_is_right(void **state)
{
	uint8_t hash[WG_HASH_LEN];
	uint8_t chain[WG_HASH_LEN];
	uint8_t temp[WG_HASH_LEN];
	uint8_t key[WG_KEY_LEN];
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p));
	p.response = (struct wg_wire_response){.type = {WG_MESSAGE_RESPONSE}, .sender = {1}};
	memcpy(p.response.receiver, p.initiation.sender, sizeof(p.response.receiver));
	wg_blake2s_hash(hash, p.alices.hash, WG_HASH_LEN, p.response.ephemeral, WG_KEY_LEN);
	wg_blake2s_kdf(chain, NULL, NULL, p.alices.chain, p.response.ephemeral, WG_KEY_LEN);
	wg_blake2s_kdf(chain, temp, key, chain, p.to_bob.preshared_key, WG_KEY_LEN);
	wg_blake2s_hash(hash, hash, WG_HASH_LEN, temp, WG_HASH_LEN);
	wg_aead_seal(p.response.empty, NULL, 0, hash, WG_HASH_LEN, 0, key);
	assert_false(conclude(&p));
}

static void test_a_remote_of_low_order_or_without_identity_is_unusable(void **state)
{
	uint8_t sender[WG_KEY_LEN];
	uint8_t timestamp[WG_TAI64N_LEN];
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p) && consume(&p));
	wg_remote_reset(&p.to_bob, NULL);
	assert_false(p.to_bob.usable);
	assert_true(wg_is_zero(p.to_bob.static_static, WG_KEY_LEN));
	assert_false(wg_remote_compute(&p.to_bob, &p.alice));
	assert_false(initiate(&p));
	memset(p.to_bob.public_key, 0, WG_KEY_LEN);
	wg_remote_reset(&p.to_bob, &p.alice);
	assert_false(p.to_bob.usable);
	assert_false(wg_remote_compute(&p.to_bob, &p.alice));
	assert_true(wg_is_zero(p.to_bob.static_static, WG_KEY_LEN));
	assert_false(initiate(&p));

	assert_true(wg_handshake_open_initiation(&p.bobs, sender, &p.initiation, &p.bob));
	p.to_alice.computed = false;
	assert_false(
		wg_handshake_verify_initiation(&p.bobs, timestamp, &p.initiation, &p.to_alice));
	p.to_alice.computed = true;
	assert_true(wg_handshake_verify_initiation(&p.bobs, timestamp, &p.initiation, &p.to_alice));
}

/* It takes as long as a message, so it is neither done early nor twice. */
static void test_what_both_keys_give_is_computed_once_for_each_identity(void **state)
{
	uint8_t kept[WG_KEY_LEN];
	struct pair p;

	(void)state;
	init_pair(&p);
	memcpy(kept, p.to_bob.static_static, sizeof(kept));
	wg_remote_reset(&p.to_bob, &p.alice);
	assert_true(p.to_bob.usable && !p.to_bob.computed);
	assert_true(wg_is_zero(p.to_bob.static_static, WG_KEY_LEN));
	assert_false(initiate(&p));
	assert_true(wg_remote_compute(&p.to_bob, &p.alice));
	assert_memory_equal(p.to_bob.static_static, kept, sizeof(kept));
	assert_true(wg_remote_compute(&p.to_bob, &p.bob)); /* another identity's would be other */
	assert_memory_equal(p.to_bob.static_static, kept, sizeof(kept));
	assert_true(initiate(&p) && consume(&p));
}

static void test_a_step_out_of_its_state_is_refused(void **state)
{
	uint8_t timestamp[WG_TAI64N_LEN];
	struct pair p;

	(void)state;
	init_pair(&p);
	assert_true(initiate(&p) && consume(&p) && respond(&p));
	for (int s = WG_HANDSHAKE_NONE; s <= WG_HANDSHAKE_RESPONSE_CONSUMED; s++) {
		p.alices.state = p.bobs.state = (enum wg_handshake_state)s;
		if (s != WG_HANDSHAKE_INITIATION_SENT)
			assert_false(conclude(&p));
		if (s != WG_HANDSHAKE_INITIATION_CONSUMED)
			assert_false(respond(&p));
		if (s != WG_HANDSHAKE_NONE)
			assert_false(wg_handshake_verify_initiation(&p.bobs, timestamp,
								    &p.initiation, &p.to_alice));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_handshakes_give_their_vectors),
		cmocka_unit_test(test_states_indices_and_roles_follow_the_messages),
		cmocka_unit_test(test_a_response_to_come_twice_is_refused_the_second_time),
		cmocka_unit_test(test_an_initiation_with_any_byte_changed_is_refused),
		cmocka_unit_test(
			test_a_response_with_any_byte_changed_is_refused_and_changes_nothing),
		cmocka_unit_test(test_another_preshared_key_is_found_out_at_the_response),
		cmocka_unit_test(test_knowing_a_public_key_is_not_having_it),
		cmocka_unit_test(test_a_message_for_another_responder_does_not_open),
		cmocka_unit_test(test_a_low_order_ephemeral_is_refused),
		cmocka_unit_test(test_a_low_order_response_is_refused_though_its_tag_is_right),
		cmocka_unit_test(test_a_remote_of_low_order_or_without_identity_is_unusable),
		cmocka_unit_test(test_what_both_keys_give_is_computed_once_for_each_identity),
		cmocka_unit_test(test_a_step_out_of_its_state_is_refused),
	};

	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
