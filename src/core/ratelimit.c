#include "core/ratelimit.h"

#include <stdlib.h>

#include "base/bytes.h"

/* Tokens are counted as the time it takes to earn them. */
#define TOKEN      (WG_SECOND / WG_RATELIMIT_PER_SECOND)
#define FULL       (WG_RATELIMIT_BURST * TOKEN)
#define PREFIX_LEN 8 /* of an IPv6 source: its /64 */

struct source {
	struct wg_hash_entry hash;
	struct wg_list age;
	struct wg_ip prefix;
	wg_time seen;
	wg_time tokens;
	uint64_t known[WG_RATELIMIT_KNOWN]; /* beginnings of mac1s, the oldest at next */
	uint32_t next;
};

static struct wg_ip prefix_of(const struct wg_ip *ip)
{
	struct wg_ip prefix = *ip;

	if (ip->family == WG_FAMILY_IPV6)
		memset(prefix.bytes + PREFIX_LEN, 0, sizeof(prefix.bytes) - PREFIX_LEN);
	return prefix;
}

static struct source *find(const struct wg_ratelimit *limit, const struct wg_ip *prefix,
			   uint64_t hash)
{
	struct wg_hash_entry *entry = wg_hash_first(&limit->sources, hash);

	for (; entry; entry = wg_hash_next(entry)) {
		struct source *source = WG_CONTAINER_OF(entry, struct source, hash);

		if (wg_ip_equal(&source->prefix, prefix))
			return source;
	}
	return NULL;
}

static struct source *add(struct wg_ratelimit *limit, const struct wg_ip *prefix, uint64_t hash,
			  wg_time now)
{
	struct source *source;

	if (limit->sources.n >= WG_RATELIMIT_MAX_SOURCES ||
	    wg_hash_reserve(&limit->sources, limit->sources.n + 1))
		return NULL;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->prefix = *prefix;
	source->seen = now;
	source->tokens = FULL;
	wg_list_init(&source->age);
	wg_hash_insert(&limit->sources, &source->hash, hash);
	if (limit->sweep_due == WG_NEVER)
		limit->sweep_due = now + WG_RATELIMIT_SWEEP;
	return source;
}

static void forget(struct wg_ratelimit *limit, struct source *source)
{
	wg_hash_remove(&limit->sources, &source->hash);
	wg_list_remove(&source->age);
	free(source);
}

static struct source *oldest(const struct wg_ratelimit *limit)
{
	if (wg_list_empty(&limit->by_age))
		return NULL;
	return WG_CONTAINER_OF(limit->by_age.next, struct source, age);
}

void wg_ratelimit_init(struct wg_ratelimit *limit, const struct wg_random *random)
{
	wg_hash_init(&limit->sources);
	wg_list_init(&limit->by_age);
	limit->sweep_due = WG_NEVER;
	wg_random_fill(random, limit->key, sizeof(limit->key));
}

void wg_ratelimit_deinit(struct wg_ratelimit *limit)
{
	struct source *source;

	while ((source = oldest(limit)))
		forget(limit, source);
	wg_hash_deinit(&limit->sources);
}

static bool knows(const struct source *source, uint64_t message)
{
	for (uint32_t i = 0; i < WG_RATELIMIT_KNOWN; i++)
		if (source->known[i] == message)
			return true;
	return false;
}

bool wg_ratelimit_allow(struct wg_ratelimit *limit, const struct wg_ip *ip,
			const uint8_t mac1[static WG_MAC_LEN], wg_time now)
{
	uint64_t message = wg_load_le64(mac1);
	struct wg_ip prefix = prefix_of(ip);
	uint64_t hash = wg_shorthash(limit->key, &prefix, sizeof(prefix));
	struct source *source = find(limit, &prefix, hash);

	if (!source)
		source = add(limit, &prefix, hash, now);
	if (!source)
		return false;
	source->tokens += now - source->seen;
	if (source->tokens > FULL)
		source->tokens = FULL;
	source->seen = now;
	wg_list_remove(&source->age);
	wg_list_push(&limit->by_age, &source->age);
	if (source->tokens < TOKEN || knows(source, message))
		return false;
	source->tokens -= TOKEN;
	source->known[source->next++ % WG_RATELIMIT_KNOWN] = message;
	return true;
}

void wg_ratelimit_sweep(struct wg_ratelimit *limit, wg_time now)
{
	struct source *source;

	while ((source = oldest(limit)) && now - source->seen >= WG_SECOND)
		forget(limit, source);
	limit->sweep_due = source ? now + WG_RATELIMIT_SWEEP : WG_NEVER;
}
