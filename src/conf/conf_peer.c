/* The keys of [Peer], and how each takes its value; all are about the last peer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "conf/conf_keys.h"
#include "conf/conf_source.h"
#include "conf/conf_value.h"

/* Hints. */
#define FORM_KEY    "44 characters of base64, as the other host's tuff pubkey prints them"
#define FORM_PSK    "44 characters of base64; make a new one with: tuff genpsk"
#define FORM_FILE   "a file's name, relative to the configuration's folder, or credential:NAME"
#define FORM_PREFIX "192.0.2.0/24, 2001:db8::/32, ..."

static struct wg_conf_peer *last_peer(struct wg_conf_parser *parser)
{
	return &parser->conf->peers[parser->conf->n_peers - 1];
}

static struct wg_config_peer *last_config_peer(struct wg_conf_parser *parser)
{
	return &parser->conf->config.peers[parser->conf->config.n_peers - 1];
}

static int set_name(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf_peer *peer = last_peer(parser);

	if (strlen(value) > 63)
		return wg_conf_refuse(parser, "longer than 63 characters");
	if (!wg_utf8_valid(value))
		return wg_conf_refuse(parser, "not UTF-8");
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return wg_conf_refuse(parser, "it has control characters");
	free(peer->name);
	peer->name = strdup(value);
	peer->name_line = parser->line;
	return peer->name ? 0 : -ENOMEM;
}

static int set_public_key(struct wg_conf_parser *parser, char *value)
{
	return wg_conf_set_key(parser, &last_peer(parser)->public_key,
			       last_config_peer(parser)->public_key, value);
}

static int set_public_key_file(struct wg_conf_parser *parser, char *value)
{
	memset(last_config_peer(parser)->public_key, 0, WG_KEY_LEN);
	return wg_conf_set_key_file(parser, &last_peer(parser)->public_key, value);
}

static int set_preshared_key(struct wg_conf_parser *parser, char *value)
{
	return wg_conf_set_secret(parser, &last_peer(parser)->preshared_key,
				  &last_config_peer(parser)->preshared_key, value);
}

static int set_preshared_key_file(struct wg_conf_parser *parser, char *value)
{
	wg_lockedkey_clear(&last_config_peer(parser)->preshared_key);
	return wg_conf_set_key_file(parser, &last_peer(parser)->preshared_key, value);
}

static int set_endpoint(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf_peer *peer = last_peer(parser);
	struct wg_config_peer *config = last_config_peer(parser);
	char *host;
	const char *why = wg_conf_value_endpoint(&host, &peer->endpoint_port, value);

	if (why)
		return wg_conf_refuse(parser, why);
	free(peer->endpoint_host);
	peer->endpoint_host = strdup(host);
	peer->endpoint_line = parser->line;
	config->endpoint = (struct wg_endpoint){.port = peer->endpoint_port};
	config->has_endpoint = wg_ip_parse(&config->endpoint.ip, host);
	return peer->endpoint_host ? 0 : -ENOMEM;
}

static int set_keepalive(struct wg_conf_parser *parser, char *value)
{
	uint32_t seconds;
	const char *why = wg_conf_value_number_or_off(&seconds, UINT16_MAX, value);

	if (why)
		return wg_conf_refuse(parser, why);
	last_config_peer(parser)->keepalive = (uint16_t)seconds;
	last_peer(parser)->keepalive_line = parser->line;
	return 0;
}

static int add_allowed_ip(struct wg_conf_parser *parser, char *value)
{
	struct wg_prefix prefix;
	const char *why = wg_conf_value_prefix(&prefix, value);
	int error;

	if (why)
		return wg_conf_refuse(parser, why);
	error = wg_conf_add_prefix(parser, &last_peer(parser)->allowed_ips, &prefix);
	if (error)
		return error;
	wg_prefix_mask(&prefix);
	return wg_config_add_allowed_ip(last_config_peer(parser), &prefix, false);
}

static const struct wg_conf_key_type keys[] = {
	{"Name", 0, set_name, "a label for people"},
	{"PublicKey", WG_CONF_KEY_COMPACT, set_public_key, FORM_KEY},
	{"PublicKeyFile", 0, set_public_key_file, FORM_FILE},
	{"PresharedKey", WG_CONF_KEY_COMPACT | WG_CONF_KEY_SECRET, set_preshared_key, FORM_PSK},
	{"PresharedKeyFile", 0, set_preshared_key_file, FORM_FILE},
	{"Endpoint", WG_CONF_KEY_COMPACT, set_endpoint,
	 "HOST:PORT; an IPv6 address goes in brackets, [2001:db8::1]:51820"},
	{"AllowedIPs", WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_allowed_ip, FORM_PREFIX},
	{"PersistentKeepalive", WG_CONF_KEY_COMPACT, set_keepalive,
	 "seconds from 1 to 65535, or off"},
};

_Static_assert(WG_ARRAY_LEN(keys) <= WG_CONF_MAX_KEYS, "room for the lines seen");

const struct wg_conf_key_table wg_conf_peer_keys = {"[Peer]", keys, WG_ARRAY_LEN(keys)};
