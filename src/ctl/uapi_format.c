#include <inttypes.h>
#include <stdio.h>

#include "crypto/encoding.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "ctl/uapi.h"

static void add_key(struct wg_text *text, const char *name, const uint8_t key[static WG_KEY_LEN])
{
	char hex[WG_HEX_LEN(WG_KEY_LEN) + 1];

	wg_hex_encode(hex, key, WG_KEY_LEN);
	wg_text_printf(text, "%s=%s\n", name, hex);
	wg_wipe(hex, sizeof(hex));
}

static void add_peer(struct wg_text *text, const struct wg_config_peer *peer)
{
	char endpoint[WG_ENDPOINT_TEXT_LEN];
	char prefix[WG_PREFIX_TEXT_LEN];

	add_key(text, "public_key", peer->public_key);
	add_key(text, "preshared_key", wg_lockedkey_bytes(&peer->preshared_key));
	wg_text_printf(text, "protocol_version=1\n");
	if (peer->has_endpoint)
		wg_text_printf(text, "endpoint=%s\n",
			       wg_endpoint_format(endpoint, &peer->endpoint));
	wg_text_printf(text,
		       "last_handshake_time_sec=%" PRId64 "\nlast_handshake_time_nsec=%" PRId32
		       "\ntx_bytes=%" PRIu64 "\nrx_bytes=%" PRIu64
		       "\npersistent_keepalive_interval=%u\n",
		       peer->handshake_sec, peer->handshake_nsec, peer->tx_bytes, peer->rx_bytes,
		       peer->keepalive);
	for (size_t i = 0; i < peer->n_allowed_ips; i++)
		wg_text_printf(text, "allowed_ip=%s\n",
			       wg_prefix_format(prefix, &peer->allowed_ips[i].prefix));
}

void wg_uapi_format_device(struct wg_text *text, const struct wg_config *config)
{
	if (wg_lockedkey_is_set(&config->private_key))
		add_key(text, "private_key", wg_lockedkey_bytes(&config->private_key));
	if (config->has_listen_port && config->listen_port)
		wg_text_printf(text, "listen_port=%u\n", config->listen_port);
	if (config->has_fwmark && config->fwmark)
		wg_text_printf(text, "fwmark=%" PRIu32 "\n", config->fwmark);
}

void wg_uapi_format_peers(struct wg_text *text, const struct wg_config *config)
{
	for (size_t i = 0; i < config->n_peers; i++)
		add_peer(text, &config->peers[i]);
}

/* wg negates nothing: of the answer to a set it makes its own return value, which is
 * negative for an error; of the answer to a get it makes errno, which is positive. */
size_t wg_uapi_format_errno(char text[static WG_UAPI_ERRNO_LEN], enum wg_uapi_kind kind, int error)
{
	return (size_t)snprintf(text, WG_UAPI_ERRNO_LEN, "errno=%d\n\n",
				kind == WG_UAPI_SET ? error : -error);
}
