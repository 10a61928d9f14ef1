#include "noise/cookie.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/secret.h"

#define LABEL_LEN (sizeof("mac1----") - 1)

/* Both macs are at a message's end. */
#define MACS_LEN (2 * WG_MAC_LEN)

/* HASH(label || public key) of the paper, sections 5.4.4 and 5.4.7. */
static void derive_keys(uint8_t mac1_key[static WG_KEY_LEN], uint8_t cookie_key[static WG_KEY_LEN],
			const uint8_t public_key[static WG_KEY_LEN])
{
	wg_blake2s_hash(mac1_key, "mac1----", LABEL_LEN, public_key, WG_KEY_LEN);
	wg_blake2s_hash(cookie_key, "cookie--", LABEL_LEN, public_key, WG_KEY_LEN);
}

/* Whether the mac that follows the first len bytes of message is right. */
static bool mac_follows(const uint8_t *message, size_t len, const uint8_t *key, size_t key_len)
{
	uint8_t mac[WG_MAC_LEN];

	wg_blake2s_mac(mac, key, key_len, message, len);
	return wg_equal(mac, message + len, WG_MAC_LEN);
}

static void renew_secret(struct wg_cookie_checker *checker, wg_time now,
			 const struct wg_random *random)
{
	if (checker->has_secret && now - checker->secret_birth < WG_COOKIE_SECRET_AGE)
		return;
	wg_random_fill(random, checker->secret, sizeof(checker->secret));
	checker->secret_birth = now;
	checker->has_secret = true;
}

/* MAC(secret, address || port) */
static void make_cookie(struct wg_cookie_checker *checker, uint8_t cookie[static WG_COOKIE_LEN],
			const struct wg_endpoint *source, wg_time now,
			const struct wg_random *random)
{
	uint8_t bytes[sizeof(source->ip.bytes) + 2];
	size_t len = wg_family_len(source->ip.family);

	renew_secret(checker, now, random);
	memcpy(bytes, source->ip.bytes, len);
	wg_store_be16(bytes + len, source->port);
	wg_blake2s_mac(cookie, checker->secret, sizeof(checker->secret), bytes, len + 2);
}

void wg_cookie_checker_init(struct wg_cookie_checker *checker,
			    const uint8_t public_key[static WG_KEY_LEN])
{
	derive_keys(checker->mac1_key, checker->cookie_key, public_key);
}

enum wg_mac_verdict wg_cookie_check(struct wg_cookie_checker *checker, const void *message,
				    size_t len, const struct wg_endpoint *source, bool check_mac2,
				    wg_time now, const struct wg_random *random)
{
	uint8_t cookie[WG_COOKIE_LEN];
	bool with_cookie;

	assert(len > MACS_LEN);
	if (!mac_follows(message, len - MACS_LEN, checker->mac1_key, sizeof(checker->mac1_key)))
		return WG_MAC_INVALID;
	if (!check_mac2)
		return WG_MAC_VALID;
	make_cookie(checker, cookie, source, now, random);
	with_cookie = mac_follows(message, len - WG_MAC_LEN, cookie, sizeof(cookie));
	wg_wipe(cookie, sizeof(cookie));
	return with_cookie ? WG_MAC_WITH_COOKIE : WG_MAC_VALID;
}

void wg_cookie_reply(struct wg_cookie_checker *checker, struct wg_wire_cookie_reply *reply,
		     const void *message, size_t len, const uint8_t sender[static 4],
		     const struct wg_endpoint *source, wg_time now, const struct wg_random *random)
{
	const uint8_t *mac1 = (const uint8_t *)message + len - MACS_LEN;
	uint8_t cookie[WG_COOKIE_LEN];

	assert(len > MACS_LEN);
	make_cookie(checker, cookie, source, now, random);
	wg_store_le32(reply->type, WG_MESSAGE_COOKIE_REPLY);
	memcpy(reply->receiver, sender, sizeof(reply->receiver));
	wg_random_fill(random, reply->nonce, sizeof(reply->nonce));
	wg_xaead_seal(reply->cookie, cookie, sizeof(cookie), mac1, WG_MAC_LEN, reply->nonce,
		      checker->cookie_key);
	wg_wipe(cookie, sizeof(cookie));
}

void wg_cookie_jar_init(struct wg_cookie_jar *jar, const uint8_t public_key[static WG_KEY_LEN])
{
	wg_wipe(jar, sizeof(*jar));
	derive_keys(jar->mac1_key, jar->cookie_key, public_key);
}

void wg_cookie_sign(struct wg_cookie_jar *jar, void *message, size_t len, wg_time now)
{
	uint8_t *mac1 = (uint8_t *)message + len - MACS_LEN;
	uint8_t *mac2 = mac1 + WG_MAC_LEN;

	assert(len > MACS_LEN);
	wg_blake2s_mac(mac1, jar->mac1_key, sizeof(jar->mac1_key), message, len - MACS_LEN);
	memcpy(jar->mac1_sent, mac1, WG_MAC_LEN);
	jar->awaits_reply = true;
	if (jar->has_cookie && now - jar->cookie_birth < WG_COOKIE_AGE)
		wg_blake2s_mac(mac2, jar->cookie, sizeof(jar->cookie), message, len - WG_MAC_LEN);
	else
		memset(mac2, 0, WG_MAC_LEN);
}

bool wg_cookie_consume(struct wg_cookie_jar *jar, const struct wg_wire_cookie_reply *reply,
		       wg_time now)
{
	uint8_t cookie[WG_COOKIE_LEN];

	if (!jar->awaits_reply)
		return false;
	if (!wg_xaead_open(cookie, reply->cookie, sizeof(cookie), jar->mac1_sent,
			   sizeof(jar->mac1_sent), reply->nonce, jar->cookie_key))
		return false;
	memcpy(jar->cookie, cookie, sizeof(cookie));
	wg_wipe(cookie, sizeof(cookie));
	jar->cookie_birth = now;
	jar->has_cookie = true;
	jar->awaits_reply = false;
	return true;
}
