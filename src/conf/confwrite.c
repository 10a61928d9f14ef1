#include "conf/confwrite.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/defaults.h"
#include "base/sysctl_name.h"
#include "conf/offload.h"
#include "crypto/encoding.h"
#include "crypto/secret.h"
#include "crypto/text.h"

/* So that no line is longer than WG_CONF_MAX_LINE. */
#define ITEMS_A_LINE 256u

/* A peer of the running tunnel. */
struct place {
	const struct wg_config_peer *peer;
	bool written;
};

struct writer {
	struct wg_text text;
	const struct wg_conf *conf;
	const struct wg_config *running;
	struct place *places; /* of running's peers, sorted by key */
};

static void add_key(struct writer *writer, const char *name, const uint8_t key[static WG_KEY_LEN])
{
	char base64[WG_KEY_BASE64_LEN + 1];

	wg_key_encode(base64, key);
	wg_text_printf(&writer->text, "%s = %s\n", name, base64);
	wg_wipe(base64, sizeof(base64));
}

/* A path as the file has it: relative to its folder where it is in there, unless that
 * would read as something else. */
static const char *beside(const struct wg_conf *conf, const char *path)
{
	const char *slash = strrchr(conf->file, '/');
	size_t folder = slash ? (size_t)(slash - conf->file) + 1 : 0;
	const char *rest = path + folder;

	if (strncmp(path, conf->file, folder) != 0 || !*rest || *rest == '/' ||
	    isspace((unsigned char)*rest) || !strncmp(rest, "credential:", 11))
		return path;
	return rest;
}

/* The file or credential that a key comes from; false when the key itself is wanted. */
static bool add_reference(struct writer *writer, const char *name, const struct wg_conf_key *source)
{
	switch (source->from) {
	case WG_CONF_FROM_FILE:
		wg_text_printf(&writer->text, "%sFile = %s\n", name,
			       beside(writer->conf, source->path));
		return true;
	case WG_CONF_FROM_CREDENTIAL:
		wg_text_printf(&writer->text, "%sFile = credential:%s\n", name, source->path);
		return true;
	case WG_CONF_FROM_NOWHERE:
	case WG_CONF_FROM_HERE:
		break;
	}
	return false;
}

static void add_private_key(struct writer *writer)
{
	const struct wg_config *before = &writer->conf->config;
	const struct wg_config *now = writer->running;

	if (!now->has_private_key)
		return;
	if (before->has_private_key &&
	    wg_lockedkey_equal(&before->private_key, &now->private_key) &&
	    add_reference(writer, "PrivateKey", &writer->conf->private_key))
		return;
	add_key(writer, "PrivateKey", wg_lockedkey_bytes(&now->private_key));
}

/* The usual port needs no line, nor does a mark that was chosen: both are found again. */
static void add_sockets(struct writer *writer)
{
	const struct wg_conf *conf = writer->conf;
	const struct wg_config *now = writer->running;

	if (now->has_listen_port && (conf->listen_port_line || now->listen_port != WG_DEFAULT_PORT))
		wg_text_printf(&writer->text, "ListenPort = %u\n", now->listen_port);
	if (now->fwmark && (conf->fwmark_line || now->fwmark != conf->config.fwmark))
		wg_text_printf(&writer->text, "FwMark = 0x%" PRIx32 "\n", now->fwmark);
}

static void add_addresses(struct writer *writer)
{
	const struct wg_conf *conf = writer->conf;
	char text[WG_PREFIX_TEXT_LEN];

	for (size_t i = 0; i < conf->addresses.n; i++)
		wg_text_printf(&writer->text, "Address = %s\n",
			       wg_prefix_format(text, &conf->addresses.items[i].prefix));
	for (size_t i = 0; i < conf->dns_servers.n; i++)
		wg_text_printf(&writer->text, "DNS = %s\n",
			       wg_ip_format(text, &conf->dns_servers.items[i].prefix.ip));
	for (size_t i = 0; i < conf->dns_domains.n; i++)
		wg_text_printf(&writer->text, "DNS = %s\n", conf->dns_domains.items[i].text);
	if (conf->mtu)
		wg_text_printf(&writer->text, "MTU = %" PRIu32 "\n", conf->mtu);
}

static void add_table(struct writer *writer)
{
	const struct wg_conf *conf = writer->conf;

	if (!conf->table_line)
		return;
	switch (conf->table_mode) {
	case WG_CONF_TABLE_AUTO:
		wg_text_printf(&writer->text, "Table = auto\n");
		break;
	case WG_CONF_TABLE_OFF:
		wg_text_printf(&writer->text, "Table = off\n");
		break;
	case WG_CONF_TABLE_NUMBER:
		wg_text_printf(&writer->text, "Table = %" PRIu32 "\n", conf->table);
		break;
	}
}

static void add_hooks(struct writer *writer)
{
	static const char *const names[WG_CONF_N_HOOKS] = {"PreUp", "PostUp", "PreDown",
							   "PostDown"};

	for (size_t which = 0; which < WG_CONF_N_HOOKS; which++)
		for (size_t i = 0; i < writer->conf->hooks[which].n; i++)
			wg_text_printf(&writer->text, "%s = %s\n", names[which],
				       writer->conf->hooks[which].items[i].text);
	if (writer->conf->save_config)
		wg_text_printf(&writer->text, "SaveConfig = true\n");
}

static void add_forward(struct writer *writer, const char *family,
			const struct wg_conf_forward *forward)
{
	if (forward->on)
		wg_text_printf(&writer->text, "Forward = %s%s%s\n", family,
			       *forward->uplink ? " via " : "", forward->uplink);
}

static void add_sysctl(struct writer *writer, const struct wg_conf_sysctl *sysctl)
{
	char key[WG_SYSCTL_NAME_LEN];

	wg_text_printf(&writer->text, "Sysctl = %s=%s\n", wg_sysctl_key(key, sysctl->path),
		       sysctl->value);
}

static void add_route(struct writer *writer, const struct wg_conf_route *route)
{
	char text[WG_PREFIX_TEXT_LEN];

	wg_text_printf(&writer->text, "Route = %s", wg_prefix_format(text, &route->prefix));
	if (route->via.family != WG_FAMILY_NONE)
		wg_text_printf(&writer->text, " via %s", wg_ip_format(text, &route->via));
	if (route->metric)
		wg_text_printf(&writer->text, " metric %" PRIu32, route->metric);
	wg_text_printf(&writer->text, "\n");
}

static void add_offloads(struct writer *writer)
{
	const struct wg_conf *conf = writer->conf;

	if (!conf->offload_line)
		return;
	if (conf->offload_auto || !conf->offloads) {
		wg_text_printf(&writer->text, "Offload = %s\n",
			       conf->offload_auto ? "auto" : "off");
		return;
	}
	for (size_t i = 0; i < WG_CONF_N_OFFLOADS; i++)
		if (conf->offloads & wg_conf_offload_words[i].offload)
			wg_text_printf(&writer->text, "Offload = %s\n",
				       wg_conf_offload_words[i].word);
}

static void add_own_keys(struct writer *writer)
{
	const struct wg_conf *conf = writer->conf;

	add_forward(writer, "ipv4", &conf->forward_ipv4);
	add_forward(writer, "ipv6", &conf->forward_ipv6);
	if (*conf->proxy_ndp)
		wg_text_printf(&writer->text, "ProxyNDP = %s\n", conf->proxy_ndp);
	for (size_t i = 0; i < conf->n_sysctls; i++)
		add_sysctl(writer, &conf->sysctls[i]);
	for (size_t i = 0; i < conf->n_routes; i++)
		add_route(writer, &conf->routes[i]);
	if (conf->clamp_mss)
		wg_text_printf(&writer->text, "ClampMSS = yes\n");
	add_offloads(writer);
	if (conf->hook_timeout_line)
		wg_text_printf(&writer->text, "HookTimeout = %" PRIu32 "\n", conf->hook_timeout);
	if (conf->workers_line && conf->workers_auto)
		wg_text_printf(&writer->text, "Workers = auto\n");
	else if (conf->workers_line)
		wg_text_printf(&writer->text, "Workers = %u\n", conf->workers);
	if (conf->confine_line)
		wg_text_printf(&writer->text, "Confine = %s\n",
			       wg_confine_mode_name(conf->confine));
}

/* Brackets around what has colons. */
static void add_endpoint_text(struct writer *writer, const char *host, uint16_t port)
{
	wg_text_printf(&writer->text,
		       strchr(host, ':') ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n", host,
		       port);
}

/* The peer's present endpoint; or the file's words for it, if they still lead there. */
static void add_endpoint(struct writer *writer, const struct wg_config_peer *now,
			 const struct wg_conf_peer *peer, const struct wg_config_peer *before)
{
	char text[WG_ENDPOINT_TEXT_LEN];

	if (peer && peer->endpoint_host &&
	    (!now->has_endpoint ||
	     (before->has_endpoint && wg_endpoint_equal(&before->endpoint, &now->endpoint))))
		add_endpoint_text(writer, peer->endpoint_host, peer->endpoint_port);
	else if (now->has_endpoint)
		wg_text_printf(&writer->text, "Endpoint = %s\n",
			       wg_endpoint_format(text, &now->endpoint));
}

static void add_allowed_ips(struct writer *writer, const struct wg_config_peer *peer)
{
	char text[WG_PREFIX_TEXT_LEN];

	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		const char *before = i % ITEMS_A_LINE ? ", "
				     : i              ? "\nAllowedIPs = "
						      : "AllowedIPs = ";

		wg_text_printf(&writer->text, "%s%s", before,
			       wg_prefix_format(text, &peer->allowed_ips[i].prefix));
	}
	if (peer->n_allowed_ips)
		wg_text_printf(&writer->text, "\n");
}

/* peer and before are conf's, or NULL. */
static void add_peer(struct writer *writer, const struct wg_config_peer *now,
		     const struct wg_conf_peer *peer, const struct wg_config_peer *before)
{
	wg_text_printf(&writer->text, "\n[Peer]\n");
	if (peer && peer->name)
		wg_text_printf(&writer->text, "Name = %s\n", peer->name);
	if (!peer || !add_reference(writer, "PublicKey", &peer->public_key))
		add_key(writer, "PublicKey", now->public_key);
	if (wg_lockedkey_is_set(&now->preshared_key) &&
	    !(peer && wg_lockedkey_equal(&before->preshared_key, &now->preshared_key) &&
	      add_reference(writer, "PresharedKey", &peer->preshared_key)))
		add_key(writer, "PresharedKey", wg_lockedkey_bytes(&now->preshared_key));
	add_allowed_ips(writer, now);
	add_endpoint(writer, now, peer, before);
	if (now->keepalive)
		wg_text_printf(&writer->text, "PersistentKeepalive = %u\n", now->keepalive);
}

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	return memcmp(left->peer->public_key, right->peer->public_key, WG_KEY_LEN);
}

static bool sort_peers(struct writer *writer)
{
	size_t n = writer->running->n_peers;

	writer->places = calloc(n + 1, sizeof(*writer->places));
	for (size_t i = 0; writer->places && i < n; i++)
		writer->places[i].peer = &writer->running->peers[i];
	if (writer->places && n)
		qsort(writer->places, n, sizeof(*writer->places), compare_places);
	return writer->places;
}

/* The place of the running peer with this one's key, the first time; then NULL. */
static const struct place *take_place(struct writer *writer, const struct wg_config_peer *peer)
{
	const struct place wanted = {.peer = peer};
	struct place *place = bsearch(&wanted, writer->places, writer->running->n_peers,
				      sizeof(wanted), compare_places);

	if (!place || place->written)
		return NULL;
	place->written = true;
	return place;
}

/* First the peers of conf, in its order. A key that conf has twice is one peer. */
static void add_peers(struct writer *writer)
{
	const struct wg_conf *conf = writer->conf;
	const struct wg_config *running = writer->running;
	const struct place *place;

	for (size_t i = 0; i < conf->n_peers; i++) {
		place = take_place(writer, &conf->config.peers[i]);
		if (place)
			add_peer(writer, place->peer, &conf->peers[i], &conf->config.peers[i]);
	}
	for (size_t i = 0; i < running->n_peers; i++)
		if (take_place(writer, &running->peers[i]))
			add_peer(writer, &running->peers[i], NULL, NULL);
}

void wg_confwrite_text(struct wg_text *text, const struct wg_conf *conf,
		       const struct wg_config *running)
{
	struct writer writer = {.conf = conf, .running = running};

	wg_text_init_secret(&writer.text);
	wg_text_printf(&writer.text, "[Interface]\n");
	add_addresses(&writer);
	add_table(&writer);
	add_hooks(&writer);
	add_own_keys(&writer);
	add_sockets(&writer);
	add_private_key(&writer);
	if (sort_peers(&writer))
		add_peers(&writer);
	else
		writer.text.failed = true;
	free(writer.places);
	*text = writer.text;
}
