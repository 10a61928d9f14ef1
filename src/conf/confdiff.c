#include "conf/confdiff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/peerindex.h"
#include "crypto/secret.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* The two configurations that a change is made from. */
struct difference {
	const struct wg_conf *before;
	const struct wg_conf *wanted;
	struct wg_peerindex by_key_before;
	struct wg_peerindex by_key_wanted;
	struct wg_peerindex by_key_running;
	bool *differs;             /* of wanted's peers: it is part of the change */
	struct wg_prefix *claimed; /* by those peers, sorted */
	size_t n_claimed;
};

/* Whether the file says the same of the peer's endpoint as before. */
static bool same_endpoint(const struct difference *difference, size_t i)
{
	const struct wg_conf_peer *wanted = &difference->wanted->peers[i];
	const uint8_t *key = difference->wanted->config.peers[i].public_key;
	size_t before = wg_peerindex_find(&difference->by_key_before, key);
	const struct wg_conf_peer *peer;

	if (before == difference->before->n_peers)
		return false;
	peer = &difference->before->peers[before];
	return same_text(peer->endpoint_host, wanted->endpoint_host) &&
	       peer->endpoint_port == wanted->endpoint_port;
}

static bool sets_endpoint(const struct difference *difference, size_t i)
{
	return difference->wanted->config.peers[i].has_endpoint && !same_endpoint(difference, i);
}

static bool same_allowed_ips(const struct wg_config_peer *a, const struct wg_config_peer *b)
{
	if (a->n_allowed_ips != b->n_allowed_ips)
		return false;
	for (size_t i = 0; i < a->n_allowed_ips; i++)
		if (memcmp(&a->allowed_ips[i].prefix, &b->allowed_ips[i].prefix,
			   sizeof(a->allowed_ips[i].prefix)) != 0)
			return false;
	return true;
}

/* Whether the peer runs as it is wanted. */
static bool runs_so(const struct difference *difference, size_t i)
{
	const struct wg_config *running = difference->by_key_running.config;
	const struct wg_config_peer *wanted = &difference->wanted->config.peers[i];
	size_t at = wg_peerindex_find(&difference->by_key_running, wanted->public_key);
	const struct wg_config_peer *peer;

	if (at == running->n_peers)
		return false;
	peer = &running->peers[at];
	return wg_lockedkey_equal(&peer->preshared_key, &wanted->preshared_key) &&
	       peer->keepalive == wanted->keepalive && same_allowed_ips(peer, wanted) &&
	       !sets_endpoint(difference, i);
}

/* Where a file names a key twice, each part is applied in its turn. */
static void find_differences(struct difference *difference)
{
	const struct wg_conf *wanted = difference->wanted;

	for (size_t i = 0; i < wanted->n_peers; i++) {
		const uint8_t *key = wanted->config.peers[i].public_key;
		size_t first = wg_peerindex_find(&difference->by_key_wanted, key);

		difference->differs[i] |= first != i || !runs_so(difference, i);
		difference->differs[first] |= first != i;
	}
}

static int compare_prefixes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct wg_prefix));
}

static int gather_claims(struct difference *difference)
{
	const struct wg_config *wanted = &difference->wanted->config;
	size_t n = 0;

	for (size_t i = 0; i < wanted->n_peers; i++)
		n += difference->differs[i] ? wanted->peers[i].n_allowed_ips : 0;
	difference->claimed = calloc(n + 1, sizeof(*difference->claimed));
	if (!difference->claimed)
		return -ENOMEM;
	for (size_t i = 0; i < wanted->n_peers; i++)
		for (size_t k = 0; difference->differs[i] && k < wanted->peers[i].n_allowed_ips;
		     k++)
			difference->claimed[difference->n_claimed++] =
				wanted->peers[i].allowed_ips[k].prefix;
	qsort(difference->claimed, n, sizeof(*difference->claimed), compare_prefixes);
	return 0;
}

/* A prefix that the file gives to two peers is the last one's: so a peer that has one which
 * another peer of the change claims is part of it, too, in the file's order. */
static void find_claimed(struct difference *difference)
{
	const struct wg_config *wanted = &difference->wanted->config;

	for (size_t i = 0; i < wanted->n_peers; i++)
		for (size_t k = 0; !difference->differs[i] && k < wanted->peers[i].n_allowed_ips;
		     k++)
			difference->differs[i] = bsearch(&wanted->peers[i].allowed_ips[k].prefix,
							 difference->claimed, difference->n_claimed,
							 sizeof(*difference->claimed),
							 compare_prefixes) != NULL;
}

static int remove_others(struct wg_config *change, const struct difference *difference)
{
	const struct wg_config *running = difference->by_key_running.config;

	for (size_t i = 0; i < running->n_peers; i++) {
		const uint8_t *key = running->peers[i].public_key;
		struct wg_config_peer *peer;

		if (wg_peerindex_find(&difference->by_key_wanted, key) <
		    difference->wanted->n_peers)
			continue;
		peer = wg_config_add_peer(change);
		if (!peer)
			return -ENOMEM;
		memcpy(peer->public_key, key, WG_KEY_LEN);
		peer->remove = true;
	}
	return 0;
}

static int set_peer(struct wg_config *change, const struct difference *difference, size_t i)
{
	const struct wg_config_peer *from = &difference->wanted->config.peers[i];
	struct wg_config_peer *to = wg_config_add_peer(change);
	int err = to ? 0 : -ENOMEM;

	if (err)
		return err;
	memcpy(to->public_key, from->public_key, WG_KEY_LEN);
	err = wg_lockedkey_set(&to->preshared_key, wg_lockedkey_bytes(&from->preshared_key));
	to->has_preshared_key = true;
	to->keepalive = from->keepalive;
	to->has_keepalive = true;
	to->endpoint = from->endpoint;
	to->has_endpoint = sets_endpoint(difference, i);
	to->replace_allowed_ips = true;
	for (size_t k = 0; !err && k < from->n_allowed_ips; k++)
		err = wg_config_add_allowed_ip(to, &from->allowed_ips[k].prefix, false);
	return err;
}

static int find_all(struct difference *difference, const struct wg_config *running)
{
	int err = wg_peerindex_init(&difference->by_key_before, &difference->before->config);

	if (!err)
		err = wg_peerindex_init(&difference->by_key_wanted, &difference->wanted->config);
	if (!err)
		err = wg_peerindex_init(&difference->by_key_running, running);
	difference->differs = calloc(difference->wanted->n_peers + 1, sizeof(bool));
	if (err || !difference->differs)
		return -ENOMEM;
	find_differences(difference);
	err = gather_claims(difference);
	if (!err)
		find_claimed(difference);
	return err;
}

static void release(struct difference *difference)
{
	wg_peerindex_deinit(&difference->by_key_before);
	wg_peerindex_deinit(&difference->by_key_wanted);
	wg_peerindex_deinit(&difference->by_key_running);
	free(difference->differs);
	free(difference->claimed);
}

int wg_confdiff_make(struct wg_config *change, const struct wg_config *running,
		     const struct wg_conf *before, const struct wg_conf *wanted)
{
	struct difference difference = {.before = before, .wanted = wanted};
	int err = find_all(&difference, running);

	if (!err)
		err = wg_lockedkey_set(&change->private_key,
				       wg_lockedkey_bytes(&wanted->config.private_key));
	change->has_private_key = true;
	change->fwmark = wanted->config.fwmark;
	change->has_fwmark = true;
	change->listen_port = wanted->config.listen_port;
	change->has_listen_port = wanted->listen_port_line &&
				  wanted->config.listen_port != running->listen_port;
	if (!err)
		err = remove_others(change, &difference);
	for (size_t i = 0; !err && i < wanted->n_peers; i++)
		if (difference.differs[i])
			err = set_peer(change, &difference, i);
	release(&difference);
	return err;
}

/* The peer of that key in the file as it was before, if its endpoint had that name. */
static const struct wg_endpoint *find_found(const struct wg_peerindex *by_key,
					    const struct wg_conf *before,
					    const uint8_t public_key[static WG_KEY_LEN],
					    const char *host)
{
	size_t i = wg_peerindex_find(by_key, public_key);

	if (i == before->n_peers || !before->config.peers[i].has_endpoint ||
	    !same_text(before->peers[i].endpoint_host, host))
		return NULL;
	return &before->config.peers[i].endpoint;
}

int wg_confdiff_keep_found(const struct wg_conf *before, struct wg_conf *wanted)
{
	struct wg_peerindex by_key;
	int err = wg_peerindex_init(&by_key, &before->config);

	for (size_t i = 0; !err && i < wanted->n_peers; i++) {
		const struct wg_conf_peer *from = &wanted->peers[i];
		struct wg_config_peer *peer = &wanted->config.peers[i];
		const struct wg_endpoint *found = NULL;

		if (from->endpoint_host && !peer->has_endpoint)
			found = find_found(&by_key, before, peer->public_key, from->endpoint_host);
		if (found) {
			peer->endpoint = *found;
			peer->endpoint.port = from->endpoint_port;
			peer->has_endpoint = true;
		}
	}
	wg_peerindex_deinit(&by_key);
	return err;
}
