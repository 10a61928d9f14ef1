/* Handshakes per source under load: a token bucket for each IPv4 address and each IPv6 /64,
 * in a bounded table. An entry exists only for sources that proved a cookie, so strangers
 * cannot fill it. An attacker who overhears a message can send it again from the same
 * source as long as its cookie lasts; so a message that took a token once is known again
 * for a while, and leaves the other tokens to the source itself. Only this folder includes
 * it. */
#ifndef WG_CORE_RATELIMIT_H
#define WG_CORE_RATELIMIT_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/blake2s.h"
#include "crypto/shorthash.h"

#define WG_RATELIMIT_PER_SECOND  20
#define WG_RATELIMIT_BURST       5
#define WG_RATELIMIT_MAX_SOURCES 65536u
#define WG_RATELIMIT_SWEEP       WG_SECOND
/* As many messages of a source are known again. */
#define WG_RATELIMIT_KNOWN       8u

struct wg_ratelimit {
	struct wg_hash sources;
	struct wg_list by_age; /* least recently seen first */
	wg_time sweep_due;     /* WG_NEVER while the table is empty */
	uint8_t key[WG_SHORTHASH_KEY_LEN];
};

void wg_ratelimit_init(struct wg_ratelimit *limit, const struct wg_random *random);
void wg_ratelimit_deinit(struct wg_ratelimit *limit);

/* Takes a token of the source for a message with that mac1. False when it has none, or
 * the table is full, or the message took one before. */
bool wg_ratelimit_allow(struct wg_ratelimit *limit, const struct wg_ip *source,
			const uint8_t mac1[static WG_MAC_LEN], wg_time now);

/* Forgets sources that were silent for a second. Call at sweep_due. */
void wg_ratelimit_sweep(struct wg_ratelimit *limit, wg_time now);

#endif
