/* mac1, mac2 and cookies (paper, sections 5.3, 5.4.4 and 5.4.7). The checker is the
 * receiver's side, one per device; the jar the sender's, one per peer. */
#ifndef WG_NOISE_COOKIE_H
#define WG_NOISE_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/random.h"
#include "base/time.h"
#include "noise/wire.h"

#define WG_COOKIE_SECRET_AGE (120 * WG_SECOND) /* the checker's secret is renewed then */
#define WG_COOKIE_AGE        (115 * WG_SECOND) /* a received cookie is used this long */

enum wg_mac_verdict {
	WG_MAC_INVALID,    /* mac1 is wrong */
	WG_MAC_VALID,      /* mac1 is right, mac2 is not */
	WG_MAC_WITH_COOKIE /* both are right */
};

struct wg_cookie_checker {
	uint8_t mac1_key[WG_KEY_LEN];
	uint8_t cookie_key[WG_KEY_LEN];
	uint8_t secret[WG_KEY_LEN];
	wg_time secret_birth;
	bool has_secret;
};

struct wg_cookie_jar {
	uint8_t mac1_key[WG_KEY_LEN];
	uint8_t cookie_key[WG_KEY_LEN];
	uint8_t cookie[WG_COOKIE_LEN];
	wg_time cookie_birth;
	bool has_cookie;
	uint8_t mac1_sent[WG_MAC_LEN];
	bool awaits_reply; /* mac1_sent has not been answered by a cookie yet */
};

/* For our own public key. A kept secret stays valid across keys. */
void wg_cookie_checker_init(struct wg_cookie_checker *checker,
			    const uint8_t public_key[static WG_KEY_LEN]);

/* Checks a handshake message's macs; mac2 only where asked (under load). message
 * ends with mac1 and mac2; len is of all of it. The secret is renewed lazily. */
enum wg_mac_verdict wg_cookie_check(struct wg_cookie_checker *checker, const void *message,
				    size_t len, const struct wg_endpoint *source, bool check_mac2,
				    wg_time now, const struct wg_random *random);

/* The mac1 of a handshake message of len bytes, which tells messages apart that carry one
 * cookie. */
static inline const uint8_t *wg_cookie_mac1(const uint8_t *message, size_t len)
{
	return message + len - 2 * WG_MAC_LEN;
}

/* Builds the reply to a message of len bytes whose mac1 was right; sender is the
 * index that the message names its sender by. */
void wg_cookie_reply(struct wg_cookie_checker *checker, struct wg_wire_cookie_reply *reply,
		     const void *message, size_t len, const uint8_t sender[static 4],
		     const struct wg_endpoint *source, wg_time now, const struct wg_random *random);

/* For a peer's public key. Forgets any cookie. */
void wg_cookie_jar_init(struct wg_cookie_jar *jar, const uint8_t public_key[static WG_KEY_LEN]);

/* Writes mac1 and, with a cookie that is fresh, mac2 (zeros otherwise). */
void wg_cookie_sign(struct wg_cookie_jar *jar, void *message, size_t len, wg_time now);

/* Takes a reply's cookie, once, if it answers the mac1 that was signed last. */
bool wg_cookie_consume(struct wg_cookie_jar *jar, const struct wg_wire_cookie_reply *reply,
		       wg_time now) __attribute__((warn_unused_result));

#endif
