/* The pattern, with the pre-shared key mixed in after the second message:
 *
 *	<- s
 *	...
 *	-> e, es, s, ss, {t}
 *	<- e, ee, se, psk, {}
 *
 * Each function below walks through the tokens of its message; both sides of a
 * message do the same to their symmetric state. */
#include "noise/handshake.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/secret.h"

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

/* Noise's symmetric state: h, ck, and the k that the next seal or open uses up. */
struct symmetric {
	uint8_t hash[WG_HASH_LEN];
	uint8_t chain[WG_HASH_LEN];
	uint8_t key[WG_KEY_LEN];
};

static void mix_hash(struct symmetric *st, const void *data, size_t len)
{
	wg_blake2s_hash(st->hash, st->hash, WG_HASH_LEN, data, len);
}

static void mix_key(struct symmetric *st, const uint8_t secret[static WG_KEY_LEN])
{
	wg_blake2s_kdf(st->chain, st->key, NULL, st->chain, secret, WG_KEY_LEN);
}

static bool mix_dh(struct symmetric *st, const uint8_t private_key[static WG_KEY_LEN],
		   const uint8_t public_key[static WG_KEY_LEN])
{
	uint8_t shared[WG_KEY_LEN];
	bool ok = wg_x25519(shared, private_key, public_key);

	if (ok)
		mix_key(st, shared);
	wg_wipe(shared, sizeof(shared));
	return ok;
}

static void mix_psk(struct symmetric *st, const uint8_t preshared_key[static WG_KEY_LEN])
{
	uint8_t temp[WG_HASH_LEN];

	wg_blake2s_kdf(st->chain, temp, st->key, st->chain, preshared_key, WG_KEY_LEN);
	mix_hash(st, temp, sizeof(temp));
	wg_wipe(temp, sizeof(temp));
}

/* An ephemeral public key is hashed and, as with every psk pattern, keyed on. */
static void mix_ephemeral(struct symmetric *st, const uint8_t public_key[static WG_KEY_LEN])
{
	mix_hash(st, public_key, WG_KEY_LEN);
	wg_blake2s_kdf(st->chain, NULL, NULL, st->chain, public_key, WG_KEY_LEN);
}

/* The state before the first message, which begins from the responder's static key. */
static void start(struct symmetric *st, const uint8_t responder[static WG_KEY_LEN])
{
	wg_blake2s_hash(st->chain, construction, sizeof(construction) - 1, NULL, 0);
	wg_blake2s_hash(st->hash, st->chain, WG_HASH_LEN, identifier, sizeof(identifier) - 1);
	mix_hash(st, responder, WG_KEY_LEN);
}

static void resume(struct symmetric *st, const struct wg_handshake *handshake)
{
	memcpy(st->hash, handshake->hash, WG_HASH_LEN);
	memcpy(st->chain, handshake->chain, WG_HASH_LEN);
}

static void keep(const struct symmetric *st, struct wg_handshake *handshake)
{
	memcpy(handshake->hash, st->hash, WG_HASH_LEN);
	memcpy(handshake->chain, st->chain, WG_HASH_LEN);
}

static void seal(struct symmetric *st, uint8_t *out, const void *in, size_t len)
{
	wg_aead_seal(out, in, len, st->hash, WG_HASH_LEN, 0, st->key);
	mix_hash(st, out, len + WG_TAG_LEN);
}

static bool unseal(struct symmetric *st, uint8_t *out, const uint8_t *in, size_t len)
{
	if (!wg_aead_open(out, in, len, st->hash, WG_HASH_LEN, 0, st->key))
		return false;
	mix_hash(st, in, len + WG_TAG_LEN);
	return true;
}

void wg_identity_init(struct wg_identity *identity, const uint8_t private_key[static WG_KEY_LEN])
{
	memcpy(identity->private_key, private_key, WG_KEY_LEN);
	wg_x25519_clamp(identity->private_key);
	wg_x25519_public(identity->public_key, identity->private_key);
}

void wg_remote_reset(struct wg_remote *remote, const struct wg_identity *identity)
{
	wg_wipe(remote->static_static, sizeof(remote->static_static));
	remote->computed = false;
	remote->usable = identity && !wg_x25519_is_low_order(remote->public_key);
}

bool wg_remote_compute(struct wg_remote *remote, const struct wg_identity *identity)
{
	if (!remote->computed && remote->usable)
		remote->computed =
			wg_x25519(remote->static_static, identity->private_key, remote->public_key);
	return remote->computed;
}

bool wg_handshake_create_initiation(struct wg_handshake *handshake,
				    struct wg_wire_initiation *message,
				    const struct wg_identity *identity,
				    const struct wg_remote *remote,
				    const uint8_t timestamp[static WG_TAI64N_LEN],
				    const uint8_t ephemeral[static WG_KEY_LEN], uint32_t index)
{
	struct symmetric st;
	struct wg_identity e;
	bool ok = false;

	if (!remote->computed)
		return false;
	wg_store_le32(message->type, WG_MESSAGE_INITIATION);
	wg_store_le32(message->sender, index);
	wg_identity_init(&e, ephemeral);
	memcpy(message->ephemeral, e.public_key, WG_KEY_LEN);

	start(&st, remote->public_key);
	mix_ephemeral(&st, e.public_key);                    /* e */
	if (!mix_dh(&st, e.private_key, remote->public_key)) /* es */
		goto out;
	seal(&st, message->static_key, identity->public_key, WG_KEY_LEN); /* s */
	mix_key(&st, remote->static_static);                              /* ss */
	seal(&st, message->timestamp, timestamp, WG_TAI64N_LEN);          /* {t} */

	wg_wipe(handshake, sizeof(*handshake));
	handshake->state = WG_HANDSHAKE_INITIATION_SENT;
	handshake->local_index = index;
	memcpy(handshake->ephemeral_private, e.private_key, WG_KEY_LEN);
	keep(&st, handshake);
	ok = true;
out:
	wg_wipe(&st, sizeof(st));
	wg_wipe(&e, sizeof(e));
	return ok;
}

bool wg_handshake_open_initiation(struct wg_handshake *handshake,
				  uint8_t sender_key[static WG_KEY_LEN],
				  const struct wg_wire_initiation *message,
				  const struct wg_identity *identity)
{
	struct symmetric st;
	uint8_t key[WG_KEY_LEN];
	bool ok = false;

	start(&st, identity->public_key);
	mix_ephemeral(&st, message->ephemeral);                      /* e */
	if (!mix_dh(&st, identity->private_key, message->ephemeral)) /* es */
		goto out;
	if (!unseal(&st, key, message->static_key, WG_KEY_LEN)) /* s */
		goto out;

	wg_wipe(handshake, sizeof(*handshake));
	memcpy(handshake->remote_ephemeral, message->ephemeral, WG_KEY_LEN);
	keep(&st, handshake);
	memcpy(sender_key, key, WG_KEY_LEN);
	ok = true;
out:
	wg_wipe(&st, sizeof(st));
	return ok;
}

bool wg_handshake_verify_initiation(struct wg_handshake *handshake,
				    uint8_t timestamp[static WG_TAI64N_LEN],
				    const struct wg_wire_initiation *message,
				    const struct wg_remote *remote)
{
	struct symmetric st;
	uint8_t t[WG_TAI64N_LEN];
	bool ok = false;

	if (handshake->state != WG_HANDSHAKE_NONE || !remote->computed)
		return false;
	resume(&st, handshake);
	mix_key(&st, remote->static_static);                    /* ss */
	if (!unseal(&st, t, message->timestamp, WG_TAI64N_LEN)) /* {t} */
		goto out;

	handshake->state = WG_HANDSHAKE_INITIATION_CONSUMED;
	handshake->remote_index = wg_load_le32(message->sender);
	keep(&st, handshake);
	memcpy(timestamp, t, WG_TAI64N_LEN);
	ok = true;
out:
	wg_wipe(&st, sizeof(st));
	return ok;
}

bool wg_handshake_create_response(struct wg_handshake *handshake, struct wg_wire_response *message,
				  const struct wg_remote *remote,
				  const uint8_t ephemeral[static WG_KEY_LEN], uint32_t index)
{
	struct symmetric st;
	struct wg_identity e;
	bool ok = false;

	if (handshake->state != WG_HANDSHAKE_INITIATION_CONSUMED)
		return false;
	wg_store_le32(message->type, WG_MESSAGE_RESPONSE);
	wg_store_le32(message->sender, index);
	wg_store_le32(message->receiver, handshake->remote_index);
	wg_identity_init(&e, ephemeral);
	memcpy(message->ephemeral, e.public_key, WG_KEY_LEN);

	resume(&st, handshake);
	mix_ephemeral(&st, e.public_key);                             /* e */
	if (!mix_dh(&st, e.private_key, handshake->remote_ephemeral)) /* ee */
		goto out;
	if (!mix_dh(&st, e.private_key, remote->public_key)) /* se */
		goto out;
	mix_psk(&st, remote->preshared_key); /* psk */
	seal(&st, message->empty, NULL, 0);  /* {} */

	handshake->state = WG_HANDSHAKE_RESPONSE_SENT;
	handshake->local_index = index;
	keep(&st, handshake);
	ok = true;
out:
	wg_wipe(&st, sizeof(st));
	wg_wipe(&e, sizeof(e));
	return ok;
}

bool wg_handshake_consume_response(struct wg_handshake *handshake,
				   const struct wg_wire_response *message,
				   const struct wg_identity *identity,
				   const struct wg_remote *remote)
{
	struct symmetric st;
	bool ok = false;

	if (handshake->state != WG_HANDSHAKE_INITIATION_SENT ||
	    wg_load_le32(message->receiver) != handshake->local_index)
		return false;
	resume(&st, handshake);
	mix_ephemeral(&st, message->ephemeral);                             /* e */
	if (!mix_dh(&st, handshake->ephemeral_private, message->ephemeral)) /* ee */
		goto out;
	if (!mix_dh(&st, identity->private_key, message->ephemeral)) /* se */
		goto out;
	mix_psk(&st, remote->preshared_key);       /* psk */
	if (!unseal(&st, NULL, message->empty, 0)) /* {} */
		goto out;

	handshake->state = WG_HANDSHAKE_RESPONSE_CONSUMED;
	handshake->remote_index = wg_load_le32(message->sender);
	memcpy(handshake->remote_ephemeral, message->ephemeral, WG_KEY_LEN);
	wg_wipe(handshake->ephemeral_private, sizeof(handshake->ephemeral_private));
	keep(&st, handshake);
	ok = true;
out:
	wg_wipe(&st, sizeof(st));
	return ok;
}

void wg_handshake_finish(struct wg_handshake *handshake, struct wg_session *session, wg_time now)
{
	bool initiator = handshake->state == WG_HANDSHAKE_RESPONSE_CONSUMED;

	assert(initiator || handshake->state == WG_HANDSHAKE_RESPONSE_SENT);
	/* Paper, section 5.4.5: the initiator sends with the first. */
	wg_blake2s_kdf(initiator ? session->send_key : session->receive_key,
		       initiator ? session->receive_key : session->send_key, NULL, handshake->chain,
		       NULL, 0);
	session->local_index = handshake->local_index;
	session->remote_index = handshake->remote_index;
	session->initiator = initiator;
	session->may_send = true;
	session->birth = now;
	session->send_counter = 0;
	memset(&session->replay, 0, sizeof(session->replay));
	wg_wipe(handshake, sizeof(*handshake));
}
