/* The lines of a configuration file. Each is copied to one buffer, where comments and
 * blanks fall away, and is then a section, a key with its value, or more items of the list
 * before it. The meaning of keys is behind conf/conf_keys.h. */
#include "conf/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/defaults.h"
#include "base/nearest.h"
#include "conf/conf_keys.h"
#include "crypto/secret.h"

static void free_texts(struct wg_conf_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free(texts->items[i].text);
	free(texts->items);
}

static void free_peer(struct wg_conf_peer *peer)
{
	free(peer->name);
	free(peer->public_key.path);
	free(peer->preshared_key.path);
	free(peer->endpoint_host);
	free(peer->allowed_ips.items);
}

void wg_conf_deinit(struct wg_conf *conf)
{
	free(conf->file);
	wg_config_deinit(&conf->config);
	free(conf->private_key.path);
	for (size_t i = 0; i < conf->n_peers; i++)
		free_peer(&conf->peers[i]);
	free(conf->peers);
	free(conf->addresses.items);
	free(conf->dns_servers.items);
	free_texts(&conf->dns_domains);
	for (size_t i = 0; i < WG_CONF_N_HOOKS; i++)
		free_texts(&conf->hooks[i]);
	for (size_t i = 0; i < conf->n_sysctls; i++) {
		free(conf->sysctls[i].path);
		free(conf->sysctls[i].value);
	}
	free(conf->sysctls);
	free(conf->routes);
	free(conf->repeats);
	*conf = (struct wg_conf){0};
}

/* Cuts off a comment and the blanks at both ends; CR is one of them. */
static char *trim(char *text)
{
	char *end = text + strcspn(text, "#");

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!isspace((unsigned char)*text))
			*to++ = *text;
	*to = '\0';
}

static int add_peer(struct wg_conf_parser *parser)
{
	struct wg_conf *conf = parser->conf;
	struct wg_conf_peer *peers = wg_conf_grow(conf->peers, conf->n_peers, sizeof(*peers));
	struct wg_config_peer *config;

	if (!peers)
		return -ENOMEM;
	conf->peers = peers;
	config = wg_config_add_peer(&conf->config);
	if (!config)
		return -ENOMEM;
	config->has_preshared_key = true;
	config->has_keepalive = true;
	config->replace_allowed_ips = true;
	peers[conf->n_peers++] = (struct wg_conf_peer){.line = parser->line};
	memset(parser->seen[WG_CONF_PEER], 0, sizeof(parser->seen[WG_CONF_PEER]));
	return 0;
}

static int check_last_peer(struct wg_conf_parser *parser)
{
	const struct wg_conf *conf = parser->conf;
	const struct wg_conf_peer *peer;

	if (!conf->n_peers)
		return 0;
	peer = &conf->peers[conf->n_peers - 1];
	if (peer->public_key.from != WG_CONF_FROM_NOWHERE)
		return 0;
	wg_error_set(parser->error, 0, "%s:%u: [Peer]: it has no PublicKey", conf->file,
		     peer->line);
	wg_error_hint(parser->error, "the other host's tuff pubkey prints it");
	return -EINVAL;
}

static int unknown_section(struct wg_conf_parser *parser, const char *name)
{
	static const char *const names[] = {"[Interface]", "[Peer]"};
	const char *nearest = wg_nearest(name, names, 2);

	wg_error_set(parser->error, 0, "%s:%u: %.40s: unknown section", parser->conf->file,
		     parser->line, name);
	if (nearest)
		wg_error_hint(parser->error, "did you mean %s?", nearest);
	else
		wg_error_hint(parser->error, "the sections are [Interface] and [Peer]");
	return -EINVAL;
}

static int take_section(struct wg_conf_parser *parser, char *text)
{
	int error = check_last_peer(parser);

	if (error)
		return error;
	parser->list_open = false;
	squeeze(text);
	if (!strcasecmp(text, "[Interface]")) {
		parser->section = WG_CONF_INTERFACE;
		parser->has_interface = true;
		return 0;
	}
	if (strcasecmp(text, "[Peer]") != 0)
		return unknown_section(parser, text);
	parser->section = WG_CONF_PEER;
	return add_peer(parser);
}

/* Remembers where a key was given; if it was given before and only once counts, that is
 * noted. */
static int note_line(struct wg_conf_parser *parser)
{
	struct wg_conf *conf = parser->conf;
	unsigned int *seen = parser->key_seen;
	struct wg_conf_repeat *repeats;

	if (*seen && !(parser->key->flags & (WG_CONF_KEY_LIST | WG_CONF_KEY_MANY))) {
		repeats = wg_conf_grow(conf->repeats, conf->n_repeats, sizeof(*repeats));
		if (!repeats)
			return -ENOMEM;
		conf->repeats = repeats;
		repeats[conf->n_repeats++] =
			(struct wg_conf_repeat){parser->key->name, *seen, parser->line};
	}
	*seen = parser->line;
	return 0;
}

static int take_value(struct wg_conf_parser *parser, char *value)
{
	if (parser->key->flags & WG_CONF_KEY_SECRET)
		parser->shown[0] = '\0';
	else
		snprintf(parser->shown, sizeof(parser->shown), "%s", value);
	return parser->key->set(parser, value);
}

/* A list that ends in a comma, or has nothing yet, may go on in the next line. */
static int take_items(struct wg_conf_parser *parser, char *value)
{
	const char *separators = parser->key->flags & WG_CONF_KEY_WORDS ? ", \t" : ",";
	size_t len = strlen(value);
	char *rest = value;
	char *item;
	int error = 0;

	parser->list_open = !len || value[len - 1] == ',';
	while (!error && (item = strsep(&rest, separators))) {
		item = trim(item);
		if (*item)
			error = take_value(parser, item);
	}
	return error;
}

static int take_key(struct wg_conf_parser *parser, char *text, char *equals)
{
	char *value = trim(equals + 1);
	int error;

	*equals = '\0';
	parser->list_open = false;
	error = wg_conf_keys_find(parser, text);
	if (!error)
		error = note_line(parser);
	if (error)
		return error;
	if (parser->key->flags & WG_CONF_KEY_LIST)
		return take_items(parser, value);
	if (parser->key->flags & WG_CONF_KEY_COMPACT)
		squeeze(value);
	parser->shown[0] = '\0';
	return *value ? take_value(parser, value) : wg_conf_refuse(parser, "no value");
}

static int take_line(struct wg_conf_parser *parser)
{
	char *text = trim(parser->text);
	char *equals = strchr(text, '=');

	if (!*text)
		return 0;
	if (*text == '[')
		return take_section(parser, text);
	if (equals)
		return take_key(parser, text, equals);
	if (parser->list_open)
		return take_items(parser, text);
	wg_error_set(parser->error, 0, "%s:%u: %s: neither [SECTION] nor KEY = VALUE",
		     parser->conf->file, parser->line, wg_conf_show_word(parser, text));
	return -EINVAL;
}

static int too_long(struct wg_conf_parser *parser, size_t len)
{
	wg_error_set(parser->error, 0, "%s:%u: a line of %zu bytes: the limit is %d",
		     parser->conf->file, parser->line, len, WG_CONF_MAX_LINE);
	wg_error_hint(parser->error, "a list can be several lines, each with its key");
	return -E2BIG;
}

static int take_text(struct wg_conf_parser *parser, const char *text, size_t len)
{
	const char *end = text + len;
	int error = 0;

	/* The mark that some editors put before UTF-8. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (!error && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline ? newline : end) - text);

		parser->line++;
		if (line_len > WG_CONF_MAX_LINE)
			return too_long(parser, line_len);
		memcpy(parser->text, text, line_len);
		parser->text[line_len] = '\0';
		error = take_line(parser);
		text = newline ? newline + 1 : end;
	}
	return error ? error : check_last_peer(parser);
}

/* Checks the text as a whole, before its lines. */
static int check_text(struct wg_conf_parser *parser, const char *text, size_t len)
{
	const char *file = parser->conf->file;

	if (len > WG_CONF_MAX_SIZE)
		return wg_error_set(parser->error, -E2BIG, "%s: %zu bytes: the limit is %u MiB",
				    file, len, WG_CONF_MAX_SIZE >> 20);
	if (!memchr(text, '\0', len))
		return 0;
	wg_error_set(parser->error, 0, "%s: it holds zero bytes: not a text file", file);
	wg_error_hint(parser->error, "save it as UTF-8");
	return -EINVAL;
}

static int check_interface(struct wg_conf_parser *parser)
{
	if (parser->has_interface)
		return 0;
	wg_error_set(parser->error, 0, "%s: no [Interface] section", parser->conf->file);
	wg_error_hint(parser->error, "the file starts with a line [Interface]");
	return -EINVAL;
}

static void set_defaults(struct wg_conf *conf)
{
	conf->config.listen_port = WG_DEFAULT_PORT;
	conf->config.has_listen_port = true;
	conf->config.has_fwmark = true;
	conf->config.replace_peers = true;
	conf->offload_auto = true;
	conf->offloads = WG_CONF_OFFLOAD_ALL;
	conf->workers_auto = true;
	conf->hook_timeout = WG_CONF_HOOK_TIMEOUT;
}

static int parse(struct wg_conf_parser *parser, const char *name, const char *text, size_t len)
{
	int error;

	set_defaults(parser->conf);
	snprintf(parser->conf->name, sizeof(parser->conf->name), "%s", name);
	error = check_text(parser, text, len);
	if (!error)
		error = take_text(parser, text, len);
	if (!error)
		error = check_interface(parser);
	return error;
}

int wg_conf_parse(struct wg_conf *conf, const char *file, const char *name, const char *text,
		  size_t len, struct wg_error *error)
{
	struct wg_conf_parser *parser = wg_secret_new(sizeof(*parser)); /* it has lines with keys */
	int result = -ENOMEM;

	*conf = (struct wg_conf){0};
	wg_error_init(error);
	conf->file = strdup(file);
	if (parser && conf->file) {
		parser->conf = conf;
		parser->section = WG_CONF_NO_SECTION;
		parser->error = error;
		result = parse(parser, name, text, len);
	}
	if (result == -ENOMEM)
		wg_error_set(error, 0, "%s: out of memory", file);
	if (result)
		wg_conf_deinit(conf);
	wg_secret_free(parser, sizeof(*parser));
	return result;
}
