/* The keys of [Interface], and how each takes its value. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/defaults.h"
#include "conf/conf_keys.h"
#include "conf/conf_source.h"
#include "conf/conf_value.h"

#define TEXT_AS_IS(number) #number
#define TEXT_OF(number)    TEXT_AS_IS(number)

/* Hints. */
#define FORM_SECRET "44 characters of base64; make a new one with: tuff genkey"
#define FORM_FILE   "a file's name, relative to the configuration's folder, or credential:NAME"
#define FORM_HOOK   "a command line; %i is the link's name"
#define FORM_SWITCH "yes or no"

static int set_private_key(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;
	int error =
		wg_conf_set_secret(parser, &conf->private_key, &conf->config.private_key, value);

	conf->config.has_private_key = !error;
	return error;
}

static int set_private_key_file(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;

	conf->config.has_private_key = false;
	wg_lockedkey_clear(&conf->config.private_key);
	return wg_conf_set_key_file(parser, &conf->private_key, value);
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
	return wg_conf_judge(parser,
			     wg_conf_value_number_or_off(&conf->config.fwmark, UINT32_MAX, value));
}

static int set_mtu(struct wg_conf_parser *parser, char *value)
{
	/* From the least that IPv4 knows (RFC 791) to the most that a TUN link takes. */
	const char *why = wg_conf_value_number(&parser->conf->mtu, 68, 65535, value);

	parser->conf->mtu_line = parser->line;
	return wg_conf_judge(parser, why);
}

static int set_table(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;

	conf->table_line = parser->line;
	return wg_conf_judge(parser, wg_conf_value_table(&conf->table_mode, &conf->table, value));
}

static int set_save_config(struct wg_conf_parser *parser, char *value)
{
	parser->conf->save_config_line = parser->line;
	return wg_conf_judge(parser, wg_conf_value_switch(&parser->conf->save_config, value));
}

static int set_clamp_mss(struct wg_conf_parser *parser, char *value)
{
	parser->conf->clamp_mss_line = parser->line;
	return wg_conf_judge(parser, wg_conf_value_switch(&parser->conf->clamp_mss, value));
}

static int set_proxy_ndp(struct wg_conf_parser *parser, char *value)
{
	parser->conf->proxy_ndp_line = parser->line;
	return wg_conf_judge(parser, wg_conf_value_link(parser->conf->proxy_ndp, value));
}

static int set_workers(struct wg_conf_parser *parser, char *value)
{
	struct wg_conf *conf = parser->conf;
	uint32_t n;

	conf->workers_line = parser->line;
	conf->workers_auto = !strcasecmp(value, "auto");
	if (conf->workers_auto)
		return 0;
	if (wg_conf_value_number(&n, 0, WG_MAX_WORKERS, value))
		return wg_conf_refuse(parser, "neither auto nor 0 to " TEXT_OF(WG_MAX_WORKERS));
	conf->workers = n;
	return 0;
}

static int set_confine(struct wg_conf_parser *parser, char *value)
{
	struct wg_error ignored;

	parser->conf->confine_line = parser->line;
	if (wg_confine_mode_parse(&parser->conf->confine, value, "", &ignored))
		return wg_conf_refuse(parser, "neither auto, strict nor off");
	return 0;
}

static int add_address(struct wg_conf_parser *parser, char *value)
{
	struct wg_prefix prefix;
	const char *why = wg_conf_value_prefix(&prefix, value);

	if (why)
		return wg_conf_refuse(parser, why);
	return wg_conf_add_prefix(parser, &parser->conf->addresses, &prefix);
}

/* wg-quick(8): a word that is no address is a search domain. */
static int add_dns(struct wg_conf_parser *parser, char *value)
{
	struct wg_ip ip;
	struct wg_prefix prefix;
	const char *why;

	if (wg_ip_parse(&ip, value)) {
		prefix = (struct wg_prefix){ip, wg_family_bits(ip.family)};
		return wg_conf_add_prefix(parser, &parser->conf->dns_servers, &prefix);
	}
	why = wg_conf_value_domain(value);
	if (why)
		return wg_conf_refuse(parser, why);
	return wg_conf_add_text(parser, &parser->conf->dns_domains, strdup(value));
}

static int add_hook(struct wg_conf_parser *parser, enum wg_conf_hook hook, const char *value)
{
	return wg_conf_add_text(parser, &parser->conf->hooks[hook], wg_conf_expand(parser, value));
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
	return wg_conf_judge(parser,
			     wg_conf_value_number_or_off(&conf->hook_timeout, 86400, value));
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
	sysctl.path = wg_conf_expand(parser, path);
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

static const struct wg_conf_key_type keys[] = {
	{"PrivateKey", WG_CONF_KEY_COMPACT | WG_CONF_KEY_SECRET, set_private_key, FORM_SECRET},
	{"PrivateKeyFile", 0, set_private_key_file, FORM_FILE},
	{"ListenPort", WG_CONF_KEY_COMPACT, set_listen_port,
	 "a port from 1 to 65535, or 0 for any free one"},
	{"FwMark", WG_CONF_KEY_COMPACT, set_fwmark, "a number below 2^32, also as 0xca6c, or off"},
	{"Address", WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_address,
	 "192.0.2.1/24, 2001:db8::1/64, ..."},
	{"DNS", WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_dns,
	 "addresses of name servers and search domains"},
	{"MTU", 0, set_mtu, "68 to 65535; leave it out to have it found"},
	{"Table", 0, set_table, "auto, off or a routing table's number"},
	{"PreUp", WG_CONF_KEY_MANY, add_pre_up, FORM_HOOK},
	{"PostUp", WG_CONF_KEY_MANY, add_post_up, FORM_HOOK},
	{"PreDown", WG_CONF_KEY_MANY, add_pre_down, FORM_HOOK},
	{"PostDown", WG_CONF_KEY_MANY, add_post_down, FORM_HOOK},
	{"HookTimeout", 0, set_hook_timeout, "seconds up to 86400 that each hook may take, or off"},
	{"SaveConfig", 0, set_save_config, FORM_SWITCH},
	{"Forward", WG_CONF_KEY_LIST, add_forward,
	 "ipv6 via eth0 (or ipv4, or both; eth0 is the link to the Internet)"},
	{"ProxyNDP", 0, set_proxy_ndp, "eth0 (the link that has the prefix)"},
	{"Sysctl", WG_CONF_KEY_MANY, add_sysctl, "net.ipv4.KEY=VALUE"},
	{"Route", WG_CONF_KEY_LIST, add_route, "PREFIX [via ADDRESS] [metric N]"},
	{"ClampMSS", 0, set_clamp_mss, FORM_SWITCH},
	{"Offload", WG_CONF_KEY_LIST | WG_CONF_KEY_WORDS, add_offload,
	 "auto, off, or some of tso, uso, gso, gro"},
	{"Workers", 0, set_workers, "auto, or a number of threads (0: none)"},
	{"Confine", 0, set_confine, "auto, strict or off"},
};

_Static_assert(WG_ARRAY_LEN(keys) <= WG_CONF_MAX_KEYS, "room for the lines seen");

const struct wg_conf_key_table wg_conf_interface_keys = {"[Interface]", keys, WG_ARRAY_LEN(keys)};
