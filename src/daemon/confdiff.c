#include "daemon/confdiff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

/* Peers of a file by their keys, sorted for searching: a file may have thousands. */
struct by_key {
	const struct wg_conf *conf;
	size_t *order;
};

static const uint8_t *key_of(const struct by_key *keys, size_t i)
{
	return keys->conf->config.peers[keys->order[i]].public_key;
}

/* Public keys: nothing is given away by how long a comparison takes. */
static int compare(const void *a, const void *b, void *conf)
{
	const struct wg_config_peer *peers = ((const struct wg_conf *)conf)->config.peers;

	return memcmp(peers[*(const size_t *)a].public_key, peers[*(const size_t *)b].public_key,
		      WG_KEY_LEN);
}

static int sort(struct by_key *keys, const struct wg_conf *conf)
{
	keys->conf = conf;
	keys->order = calloc(conf->n_peers + 1, sizeof(*keys->order));
	if (!keys->order)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_peers; i++)
		keys->order[i] = i;
	qsort_r(keys->order, conf->n_peers, sizeof(*keys->order), compare, (void *)conf);
	return 0;
}

/* Its place in the file, or n_peers. */
static size_t find(const struct by_key *keys, const uint8_t public_key[static WG_KEY_LEN])
{
	size_t low = 0;
	size_t high = keys->conf->n_peers;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(key_of(keys, middle), public_key, WG_KEY_LEN);

		if (order == 0)
			return keys->order[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return keys->conf->n_peers;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Whether the file says of the peer's endpoint what it said before. */
static bool same_endpoint(const struct by_key *before, const struct wg_conf_peer *wanted,
			  const uint8_t public_key[static WG_KEY_LEN])
{
	size_t i = find(before, public_key);
	const struct wg_conf_peer *peer;

	if (i == before->conf->n_peers)
		return false;
	peer = &before->conf->peers[i];
	return same_text(peer->endpoint_host, wanted->endpoint_host) &&
	       peer->endpoint_port == wanted->endpoint_port;
}

static int remove_others(struct wg_config *change, const struct wg_config *running,
			 const struct by_key *wanted)
{
	for (size_t i = 0; i < running->n_peers; i++) {
		struct wg_config_peer *peer;

		if (find(wanted, running->peers[i].public_key) < wanted->conf->n_peers)
			continue;
		peer = wg_config_add_peer(change);
		if (!peer)
			return -ENOMEM;
		memcpy(peer->public_key, running->peers[i].public_key, WG_KEY_LEN);
		peer->remove = true;
	}
	return 0;
}

static int set_peer(struct wg_config *change, const struct by_key *before,
		    const struct wg_conf *wanted, size_t i)
{
	const struct wg_config_peer *from = &wanted->config.peers[i];
	struct wg_config_peer *to = wg_config_add_peer(change);
	int err = to ? 0 : -ENOMEM;

	if (err)
		return err;
	memcpy(to->public_key, from->public_key, WG_KEY_LEN);
	memcpy(to->preshared_key, from->preshared_key, WG_KEY_LEN);
	to->has_preshared_key = true;
	to->keepalive = from->keepalive;
	to->has_keepalive = true;
	to->endpoint = from->endpoint;
	to->has_endpoint = from->has_endpoint &&
			   !same_endpoint(before, &wanted->peers[i], from->public_key);
	to->replace_allowed_ips = true;
	for (size_t k = 0; !err && k < from->n_allowed_ips; k++)
		err = wg_config_add_allowed_ip(to, &from->allowed_ips[k].prefix, false);
	return err;
}

int wg_confdiff_make(struct wg_config *change, const struct wg_config *running,
		     const struct wg_conf *before, const struct wg_conf *wanted)
{
	struct by_key old = {0};
	struct by_key new = {0};
	int err = sort(&old, before);

	if (!err)
		err = sort(&new, wanted);
	memcpy(change->private_key, wanted->config.private_key, WG_KEY_LEN);
	change->has_private_key = true;
	change->fwmark = wanted->config.fwmark;
	change->has_fwmark = true;
	change->listen_port = wanted->config.listen_port;
	change->has_listen_port = wanted->listen_port_line &&
				  wanted->config.listen_port != running->listen_port;
	if (!err)
		err = remove_others(change, running, &new);
	for (size_t i = 0; !err && i < wanted->n_peers; i++)
		err = set_peer(change, &old, wanted, i);
	free(old.order);
	free(new.order);
	return err;
}

/* The peer of that key in the file as it was, if it had an endpoint by that name. */
static const struct wg_endpoint *find_found(const struct by_key *before,
					    const uint8_t public_key[static WG_KEY_LEN],
					    const char *host)
{
	size_t i = find(before, public_key);

	if (i == before->conf->n_peers || !before->conf->config.peers[i].has_endpoint ||
	    !same_text(before->conf->peers[i].endpoint_host, host))
		return NULL;
	return &before->conf->config.peers[i].endpoint;
}

int wg_confdiff_keep_found(const struct wg_conf *before, struct wg_conf *wanted)
{
	struct by_key old = {0};
	int err = sort(&old, before);

	for (size_t i = 0; !err && i < wanted->n_peers; i++) {
		const struct wg_conf_peer *from = &wanted->peers[i];
		struct wg_config_peer *peer = &wanted->config.peers[i];
		const struct wg_endpoint *found = NULL;

		if (from->endpoint_host && !peer->has_endpoint)
			found = find_found(&old, peer->public_key, from->endpoint_host);
		if (found) {
			peer->endpoint = *found;
			peer->endpoint.port = from->endpoint_port;
			peer->has_endpoint = true;
		}
	}
	free(old.order);
	return err;
}
