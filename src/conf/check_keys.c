/* Rules about keys: mixed up, given twice, or where others can read them. */
#include <string.h>

#include "conf/check_rules.h"
#include "crypto/secret.h"

static void check_readable(struct wg_check *check, const struct wg_conf *conf)
{
	unsigned int line = conf->private_key.from == WG_CONF_FROM_HERE ? conf->private_key.line
									: 0;

	for (size_t i = 0; i < conf->n_peers && !line; i++)
		if (conf->peers[i].preshared_key.from == WG_CONF_FROM_HERE)
			line = conf->peers[i].preshared_key.line;
	if (!line)
		return;
	wg_check_add(check, WG_CHECK_WARNING, "readable-secret", line,
		     "a secret is in this file, which others can read");
	wg_check_remedy(check,
			"chmod 600 %s, or keep it apart with PrivateKeyFile or "
			"PresharedKeyFile; if it has been read, make a new one",
			conf->file);
}

/* A hook of the kind `wg set %i private-key <(...)`, as in wg-quick(8). */
static bool hook_sets_key(const struct wg_conf *conf)
{
	for (size_t hook = WG_CONF_PRE_UP; hook <= WG_CONF_POST_UP; hook++)
		for (size_t i = 0; i < conf->hooks[hook].n; i++)
			if (strstr(conf->hooks[hook].items[i].text, "private-key"))
				return true;
	return false;
}

static void check_private_key(struct wg_check *check, const struct wg_conf *conf)
{
	if (conf->private_key.from == WG_CONF_FROM_NOWHERE && !hook_sets_key(conf)) {
		wg_check_add(check, WG_CHECK_WARNING, "no-private-key", 0,
			     "there is no PrivateKey: no handshake can be made");
		wg_check_remedy(
			check, "(umask 077; tuff genkey > private), then PrivateKeyFile = private");
	}
	if (conf->config.has_private_key && !wg_lockedkey_is_set(&conf->config.private_key)) {
		wg_check_add(check, WG_CHECK_ERROR, "no-private-key", conf->private_key.line,
			     "a private key of zeros is none");
		wg_check_remedy(check, "make one with: tuff genkey");
	}
}

static void check_against_private(struct wg_check *check, const struct wg_conf *conf, size_t i,
				  const uint8_t own[static WG_KEY_LEN])
{
	const struct wg_config_peer *peer = &conf->config.peers[i];
	const struct wg_conf_peer *lines = &conf->peers[i];
	const struct wg_lockedkey *secret = &conf->config.private_key;
	char label[WG_CHECK_LABEL_LEN];

	if (wg_equal(peer->public_key, wg_lockedkey_bytes(secret), WG_KEY_LEN)) {
		wg_check_add(check, WG_CHECK_ERROR, "private-key-as-public", lines->public_key.line,
			     "this host's private key stands as a peer's public key");
		wg_check_remedy(check, "take what tuff pubkey prints on the other host; if this "
				       "file was given away, make a new private key");
	} else if (!memcmp(peer->public_key, own, WG_KEY_LEN)) {
		wg_check_add(check, WG_CHECK_WARNING, "own-key", lines->public_key.line,
			     "the public key of %s is this host's own: the peer is ignored",
			     wg_check_label(label, conf, i));
		wg_check_remedy(check, "take what tuff pubkey prints on the other host");
	}
	if (wg_lockedkey_is_set(&peer->preshared_key) &&
	    wg_lockedkey_equal(&peer->preshared_key, secret)) {
		wg_check_add(check, WG_CHECK_ERROR, "equal-keys", lines->preshared_key.line,
			     "the preshared key is this host's private key");
		wg_check_remedy(check, "make one with tuff genpsk, the same on both hosts");
	}
}

static void check_zero_public(struct wg_check *check, const struct wg_conf *conf, size_t i)
{
	const struct wg_conf_key *source = &conf->peers[i].public_key;

	/* A key from a file that could not be loaded is zero, which another finding tells. */
	if (source->from != WG_CONF_FROM_HERE ||
	    !wg_is_zero(conf->config.peers[i].public_key, WG_KEY_LEN))
		return;
	wg_check_add(check, WG_CHECK_ERROR, "weak-key", source->line,
		     "a public key of zeros is nobody's: no handshake can be made");
	wg_check_remedy(check, "take what tuff pubkey prints on the other host");
}

static void check_preshared(struct wg_check *check, const struct wg_conf *conf, size_t i)
{
	const struct wg_config_peer *peer = &conf->config.peers[i];

	if (!wg_lockedkey_is_set(&peer->preshared_key) ||
	    !wg_equal(wg_lockedkey_bytes(&peer->preshared_key), peer->public_key, WG_KEY_LEN))
		return;
	wg_check_add(check, WG_CHECK_ERROR, "equal-keys", conf->peers[i].preshared_key.line,
		     "the preshared key is the peer's public key, which is no secret");
	wg_check_remedy(check, "make one with tuff genpsk, the same on both hosts");
}

void wg_check_keys(struct wg_check *check, const struct wg_conf *conf, bool others_can_read)
{
	uint8_t own[WG_KEY_LEN] = {0};
	bool have_key = conf->config.has_private_key &&
			wg_lockedkey_is_set(&conf->config.private_key);

	if (others_can_read)
		check_readable(check, conf);
	check_private_key(check, conf);
	if (have_key)
		wg_x25519_public(own, wg_lockedkey_bytes(&conf->config.private_key));
	for (size_t i = 0; i < conf->n_peers; i++) {
		if (have_key)
			check_against_private(check, conf, i, own);
		check_zero_public(check, conf, i);
		check_preshared(check, conf, i);
	}
}
