/* The table of the configuration's keys, and what each does with its value. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "conf/conf_parser.h"
#include "conf/conf_value.h"
#include "crypto/encoding.h"
#include "crypto/secret.h"

#define CREDENTIAL "credential:"

/* Hints. */
#define FORM_KEY    "44 characters of base64, as the other host's tuff pubkey prints them"
#define FORM_SECRET "44 characters of base64; make a new one with: tuff genkey"
#define FORM_PSK    "44 characters of base64; make a new one with: tuff genpsk"
#define FORM_FILE   "a file's name, relative to the configuration's folder, or credential:NAME"
#define FORM_HOOK   "a command line; %i is the link's name"
#define FORM_PREFIX "192.0.2.0/24, 2001:db8::/32, ..."
#define FORM_SWITCH "yes or no"

static struct wg_conf_peer *last_peer(struct wg_conf_parser *parser)
{
	return &parser->conf->peers[parser->conf->n_peers - 1];
}

static struct wg_config_peer *last_config_peer(struct wg_conf_parser *parser)
{
	return &parser->conf->config.peers[parser->conf->config.n_peers - 1];
}

static int judge(struct wg_conf_parser *parser, const char *why)
{
	return why ? wg_conf_refuse(parser, why) : 0;
}

/* A copy of text with the link's name for each %i. NULL: out of memory. */
static char *expand(const struct wg_conf_parser *parser, const char *text)
{
	const char *name = parser->conf->name;
	size_t n = 0;
	char *copy;
	char *to;

	for (const char *p = text; (p = strstr(p, "%i")); p += 2)
		n++;
	copy = to = malloc(strlen(text) + n * strlen(name) + 1);
	if (!copy)
		return NULL;
	while (*text) {
		if (text[0] == '%' && text[1] == 'i') {
			to = stpcpy(to, name);
			text += 2;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return copy;
}

/* path relative to the folder of the configuration file. */
static char *beside(const struct wg_conf *conf, const char *path)
{
	const char *slash = strrchr(conf->file, '/');
	size_t folder = *path == '/' || !slash ? 0 : (size_t)(slash - conf->file) + 1;
	char *joined = malloc(folder + strlen(path) + 1);

	if (!joined)
		return NULL;
	memcpy(joined, conf->file, folder);
	memcpy(joined + folder, path, strlen(path) + 1);
	return joined;
}

static void set_source(struct wg_conf_parser *parser, struct wg_conf_key *key,
		       enum wg_conf_from from, char *path)
{
	free(key->path);
	*key = (struct wg_conf_key){from, path, parser->line};
}

static int set_key(struct wg_conf_parser *parser, struct wg_conf_key *source,
		   uint8_t key[static WG_KEY_LEN], const char *value)
{
	if (!wg_key_decode(key, value))
		return wg_conf_refuse(parser, "not a key");
	set_source(parser, source, WG_CONF_FROM_HERE, NULL);
	return 0;
}

static int set_secret(struct wg_conf_parser *parser, struct wg_conf_key *source,
		      struct wg_lockedkey *secret, const char *value)
{
	uint8_t key[WG_KEY_LEN];
	int error = set_key(parser, source, key, value);

	if (!error)
		error = wg_lockedkey_set(secret, key);
	wg_wipe(key, sizeof(key));
	return error;
}

static int set_key_file(struct wg_conf_parser *parser, struct wg_conf_key *source,
			const char *value)
{
	bool credential = !strncmp(value, CREDENTIAL, strlen(CREDENTIAL));
	char *path = expand(parser, credential ? value + strlen(CREDENTIAL) : value);
	char *joined;

	if (!path)
		return -ENOMEM;
	if (credential && (!*path || *path == '.' || strchr(path, '/'))) {
		free(path);
		return wg_conf_refuse(parser, "not a credential's name");
	}
	joined = credential ? path : beside(parser->conf, path);
	if (joined != path)
		free(path);
	if (!joined)
		return -ENOMEM;
	set_source(parser, source, credential ? WG_CONF_FROM_CREDENTIAL : WG_CONF_FROM_FILE,
		   joined);
	return 0;
}

static int set_private_key(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;
	int error = set_secret(parser, &conf->private_key, &conf->config.private_key, value);

	conf->config.has_private_key = !error;
	return error;
}

static int set_private_key_file(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;

	conf->config.has_private_key = false;
	wg_lockedkey_clear(&conf->config.private_key);
	return set_key_file(parser, &conf->private_key, value);
}

static int set_public_key(struct wg_conf_parser *parser, char *value)
{
	return set_key(parser, &last_peer(parser)->public_key, last_config_peer(parser)->public_key,
		       value);
}

static int set_public_key_file(struct wg_conf_parser *parser, char *value)
{
	memset(last_config_peer(parser)->public_key, 0, WG_KEY_LEN);
	return set_key_file(parser, &last_peer(parser)->public_key, value);
}

static int set_preshared_key(struct wg_conf_parser *parser, char *value)
{
	return set_secret(parser, &last_peer(parser)->preshared_key,
			  &last_config_peer(parser)->preshared_key, value);
}

static int set_preshared_key_file(struct wg_conf_parser *parser, char *value)
{
	wg_lockedkey_clear(&last_config_peer(parser)->preshared_key);
	return set_key_file(parser, &last_peer(parser)->preshared_key, value);
}

static int set_listen_port(struct wg_conf_parser *parser, char *value)
{
	uint32_t port;
	const char *why = wg_conf_value_number(&port, 0, UINT16_MAX, value);

	if (why)
		return wg_conf_refuse(parser, why);
	parser->conf->config.listen_port = (uint16_t)port;
	parser->conf->listen_port_line = parser->line;
	return 0;
}

static int set_fwmark(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;

	conf->fwmark_line = parser->line;
	return judge(parser, wg_conf_value_number_or_off(&conf->config.fwmark, UINT32_MAX, value));
}

static int set_mtu(struct wg_conf_parser *parser, char *value)
{
	/* From the least that IPv4 knows (RFC 791) to the most that a TUN link takes. */
	const char *why = wg_conf_value_number(&parser->conf->mtu, 68, 65535, value);

	parser->conf->mtu_line = parser->line;
	return judge(parser, why);
}

static int set_table(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;

	conf->table_line = parser->line;
	return judge(parser, wg_conf_value_table(&conf->table_mode, &conf->table, value));
}

static int set_save_config(struct wg_conf_parser *parser, char *value)
{
	parser->conf->save_config_line = parser->line;
	return judge(parser, wg_conf_value_switch(&parser->conf->save_config, value));
}

static int set_clamp_mss(struct wg_conf_parser *parser, char *value)
{
	parser->conf->clamp_mss_line = parser->line;
	return judge(parser, wg_conf_value_switch(&parser->conf->clamp_mss, value));
}

static int set_proxy_ndp(struct wg_conf_parser *parser, char *value)
{
	parser->conf->proxy_ndp_line = parser->line;
	return judge(parser, wg_conf_value_link(parser->conf->proxy_ndp, value));
}

static int set_workers(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;
	uint32_t n;

	conf->workers_line = parser->line;
	conf->workers_auto = !strcasecmp(value, "auto");
	if (conf->workers_auto)
		return 0;
	if (wg_conf_value_number(&n, 0, 64, value))
		return wg_conf_refuse(parser, "neither auto nor 0 to 64");
	conf->workers = n;
	return 0;
}

static int add_prefix(struct wg_conf_parser *parser, struct wg_conf_prefixes *list,
		      const struct wg_prefix *prefix)
{
	struct wg_conf_prefix *items = wg_conf_grow(list->items, list->n, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->n++] = (struct wg_conf_prefix){*prefix, parser->line};
	return 0;
}

/* Takes over text, which may be NULL: out of memory. */
static int add_text(struct wg_conf_parser *parser, struct wg_conf_texts *list, char *text)
{
	struct wg_conf_text *items = wg_conf_grow(list->items, list->n, sizeof(*items));

	if (items)
		list->items = items;
	if (!items || !text) {
		free(text);
		return -ENOMEM;
	}
	items[list->n++] = (struct wg_conf_text){text, parser->line};
	return 0;
}

static int add_address(struct wg_conf_parser *parser, char *value)
{
	struct wg_prefix prefix;
	const char *why = wg_conf_value_prefix(&prefix, value);

	if (why)
		return wg_conf_refuse(parser, why);
	return add_prefix(parser, &parser->conf->addresses, &prefix);
}

/* wg-quick(8): what is no address is a search domain. */
static int add_dns(struct wg_conf_parser *parser, char *value)
{
	struct wg_ip ip;
	struct wg_prefix prefix;
	const char *why;

	if (wg_ip_parse(&ip, value)) {
		prefix = (struct wg_prefix){ip, wg_family_bits(ip.family)};
		return add_prefix(parser, &parser->conf->dns_servers, &prefix);
	}
	why = wg_conf_value_domain(value);
	if (why)
		return wg_conf_refuse(parser, why);
	return add_text(parser, &parser->conf->dns_domains, strdup(value));
}

static int add_hook(struct wg_conf_parser *parser, enum wg_conf_hook hook, const char *value)
{
	return add_text(parser, &parser->conf->hooks[hook], expand(parser, value));
}

static int add_pre_up(struct wg_conf_parser *parser, char *value)
{
	return add_hook(parser, WG_CONF_PRE_UP, value);
}

static int add_post_up(struct wg_conf_parser *parser, char *value)
{
	return add_hook(parser, WG_CONF_POST_UP, value);
}

static int add_pre_down(struct wg_conf_parser *parser, char *value)
{
	return add_hook(parser, WG_CONF_PRE_DOWN, value);
}

static int add_post_down(struct wg_conf_parser *parser, char *value)
{
	return add_hook(parser, WG_CONF_POST_DOWN, value);
}

static int set_hook_timeout(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;

	conf->hook_timeout_line = parser->line;
	return judge(parser, wg_conf_value_number_or_off(&conf->hook_timeout, 86400, value));
}

static int add_forward(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf_forward forward = {.on = true, .line = parser->line};
	bool ipv4;
	bool ipv6;
	const char *why = wg_conf_value_forward(&ipv4, &ipv6, forward.uplink, value);

	if (why)
		return wg_conf_refuse(parser, why);
	if (ipv4)
		parser->conf->forward_ipv4 = forward;
	if (ipv6)
		parser->conf->forward_ipv6 = forward;
	return 0;
}

static int add_route(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;
	struct wg_conf_route route = {.line = parser->line};
	struct wg_conf_route *routes;
	const char *why = wg_conf_value_route(&route, value);

	if (why)
		return wg_conf_refuse(parser, why);
	routes = wg_conf_grow(conf->routes, conf->n_routes, sizeof(*routes));
	if (!routes)
		return -ENOMEM;
	conf->routes = routes;
	routes[conf->n_routes++] = route;
	return 0;
}

static int add_sysctl(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;
	struct wg_conf_sysctl sysctl = {.line = parser->line};
	struct wg_conf_sysctl *sysctls;
	char *path;
	char *set_to;
	const char *why = wg_conf_value_sysctl(&path, &set_to, value);

	if (why)
		return wg_conf_refuse(parser, why);
	sysctls = wg_conf_grow(conf->sysctls, conf->n_sysctls, sizeof(*sysctls));
	if (!sysctls)
		return -ENOMEM;
	conf->sysctls = sysctls;
	sysctl.path = expand(parser, path);
	sysctl.value = strdup(set_to);
	sysctls[conf->n_sysctls++] = sysctl;
	return sysctl.path && sysctl.value ? 0 : -ENOMEM;
}

static int add_offload(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;
	bool is_auto = !strcasecmp(value, "auto");
	bool alone = is_auto || !strcasecmp(value, "off");
	unsigned int offload = is_auto ? WG_CONF_OFFLOAD_ALL : 0;
	const char *why = alone ? NULL : wg_conf_value_offload(&offload, value);

	if (why)
		return wg_conf_refuse(parser, why);
	if (conf->offload_line && (alone || conf->offload_auto || !conf->offloads))
		return wg_conf_refuse(parser, "auto and off stand alone");
	if (!conf->offload_line)
		conf->offloads = 0;
	conf->offload_auto = is_auto;
	conf->offloads |= offload;
	conf->offload_line = parser->line;
	return 0;
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
	error = add_prefix(parser, &last_peer(parser)->allowed_ips, &prefix);
	if (error)
		return error;
	wg_prefix_mask(&prefix);
	return wg_config_add_allowed_ip(last_config_peer(parser), &prefix, false);
}

const struct wg_conf_key_type wg_conf_keys[] = {
	{"PrivateKey", WG_CONF_INTERFACE, WG_CONF_KEY_COMPACT | WG_CONF_KEY_SECRET, set_private_key,
	 FORM_SECRET},
	{"PrivateKeyFile", WG_CONF_INTERFACE, 0, set_private_key_file, FORM_FILE},
	{"ListenPort", WG_CONF_INTERFACE, WG_CONF_KEY_COMPACT, set_listen_port,
	 "a port from 1 to 65535, or 0 for any free one"},
	{"FwMark", WG_CONF_INTERFACE, WG_CONF_KEY_COMPACT, set_fwmark,
	 "a number below 2^32, also as 0xca6c, or off"},
	{"Address", WG_CONF_INTERFACE, WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_address,
	 "192.0.2.1/24, 2001:db8::1/64, ..."},
	{"DNS", WG_CONF_INTERFACE, WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_dns,
	 "addresses of name servers and search domains"},
	{"MTU", WG_CONF_INTERFACE, 0, set_mtu, "68 to 65535; leave it out to have it found"},
	{"Table", WG_CONF_INTERFACE, 0, set_table, "auto, off or a routing table's number"},
	{"PreUp", WG_CONF_INTERFACE, WG_CONF_KEY_MANY, add_pre_up, FORM_HOOK},
	{"PostUp", WG_CONF_INTERFACE, WG_CONF_KEY_MANY, add_post_up, FORM_HOOK},
	{"PreDown", WG_CONF_INTERFACE, WG_CONF_KEY_MANY, add_pre_down, FORM_HOOK},
	{"PostDown", WG_CONF_INTERFACE, WG_CONF_KEY_MANY, add_post_down, FORM_HOOK},
	{"HookTimeout", WG_CONF_INTERFACE, 0, set_hook_timeout,
	 "seconds up to 86400 that each hook may take, or off"},
	{"SaveConfig", WG_CONF_INTERFACE, 0, set_save_config, FORM_SWITCH},
	{"Forward", WG_CONF_INTERFACE, WG_CONF_KEY_LIST, add_forward,
	 "ipv6 via eth0 (or ipv4, or both; eth0 is the link to the Internet)"},
	{"ProxyNDP", WG_CONF_INTERFACE, 0, set_proxy_ndp, "eth0 (the link that has the prefix)"},
	{"Sysctl", WG_CONF_INTERFACE, WG_CONF_KEY_MANY, add_sysctl, "net.ipv4.KEY=VALUE"},
	{"Route", WG_CONF_INTERFACE, WG_CONF_KEY_LIST, add_route,
	 "PREFIX [via ADDRESS] [metric N]"},
	{"ClampMSS", WG_CONF_INTERFACE, 0, set_clamp_mss, FORM_SWITCH},
	{"Offload", WG_CONF_INTERFACE, WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_offload,
	 "auto, off, or some of tso, uso, gso, gro"},
	{"Workers", WG_CONF_INTERFACE, 0, set_workers, "auto, or a number of threads (0: none)"},

	{"Name", WG_CONF_PEER, 0, set_name, "a label for people"},
	{"PublicKey", WG_CONF_PEER, WG_CONF_KEY_COMPACT, set_public_key, FORM_KEY},
	{"PublicKeyFile", WG_CONF_PEER, 0, set_public_key_file, FORM_FILE},
	{"PresharedKey", WG_CONF_PEER, WG_CONF_KEY_COMPACT | WG_CONF_KEY_SECRET, set_preshared_key,
	 FORM_PSK},
	{"PresharedKeyFile", WG_CONF_PEER, 0, set_preshared_key_file, FORM_FILE},
	{"Endpoint", WG_CONF_PEER, WG_CONF_KEY_COMPACT, set_endpoint,
	 "HOST:PORT; an IPv6 address goes in brackets, [2001:db8::1]:51820"},
	{"AllowedIPs", WG_CONF_PEER, WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_allowed_ip,
	 FORM_PREFIX},
	{"PersistentKeepalive", WG_CONF_PEER, WG_CONF_KEY_COMPACT, set_keepalive,
	 "seconds from 1 to 65535, or off"},
};

const size_t wg_conf_n_keys = WG_ARRAY_LEN(wg_conf_keys);

_Static_assert(WG_ARRAY_LEN(wg_conf_keys) <= WG_CONF_MAX_KEYS, "room for the lines seen");
