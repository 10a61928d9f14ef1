/* The request parser. Lines are collected in one small buffer, which is locked, and looked up in
 * two tables, one for the device and one for the peer that is being described. The first error
 * discards the configuration; from then on lines are only skipped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "crypto/encoding.h"
#include "crypto/secret.h"
#include "ctl/uapi.h"

enum progress {
	PROGRESS_START,  /* the first line is awaited */
	PROGRESS_LINES,  /* its other lines */
	PROGRESS_WHOLE,  /* the empty line came */
	PROGRESS_ADRIFT, /* where this request ends cannot be known */
};

struct wg_uapi_parser {
	wg_uapi_scope *scope;
	enum progress progress;
	enum wg_uapi_kind kind;
	int error;    /* the first one; 0 or -errno */
	size_t total; /* bytes of this request so far */
	size_t parts; /* bytes of memory that the peers' allowed IPs and keys take */
	char line[WG_UAPI_MAX_LINE + 1];
	size_t line_len; /* may exceed the maximum; the rest is then not kept */
	struct wg_config config;
};

static int parse_true(bool *flag, const char *text)
{
	if (strcmp(text, "true") != 0)
		return -EINVAL;
	*flag = true;
	return 0;
}

/* A scope is an interface's name or, where there is none of that name, its index, as
 * in RFC 4007, section 11.2. Only a link-local address keeps it. */
static int parse_scope(struct wg_endpoint *endpoint, wg_uapi_scope *find, const char *text)
{
	uint32_t index = find(text);

	if (!index && (!wg_number_parse(&index, UINT32_MAX, text) || !index))
		return -ENODEV;
	endpoint->scope = wg_ip_is_link_local(&endpoint->ip) ? index : 0;
	return 0;
}

static int parse_endpoint(struct wg_endpoint *endpoint, wg_uapi_scope *find, char *text)
{
	struct wg_endpoint parsed;
	char *zone;
	int error = 0;

	if (!wg_endpoint_parse(&parsed, &zone, text) || !parsed.port)
		return -EINVAL;
	if (zone)
		error = parse_scope(&parsed, find, zone);
	if (!error)
		*endpoint = parsed;
	return error;
}

static struct wg_config_peer *last_peer(struct wg_uapi_parser *parser)
{
	return &parser->config.peers[parser->config.n_peers - 1];
}

static int set_secret(struct wg_lockedkey *secret, const char *value)
{
	uint8_t key[WG_KEY_LEN];
	int error = wg_hex_decode(key, WG_KEY_LEN, value) ? wg_lockedkey_set(secret, key) : -EINVAL;

	wg_wipe(key, sizeof(key));
	return error;
}

static int set_private_key(struct wg_uapi_parser *parser, char *value)
{
	int error = set_secret(&parser->config.private_key, value);

	parser->config.has_private_key |= !error;
	return error;
}

static int set_listen_port(struct wg_uapi_parser *parser, char *value)
{
	uint32_t port;

	if (!wg_number_parse(&port, UINT16_MAX, value))
		return -EINVAL;
	parser->config.listen_port = (uint16_t)port;
	parser->config.has_listen_port = true;
	return 0;
}

static int set_fwmark(struct wg_uapi_parser *parser, char *value)
{
	if (!wg_number_parse(&parser->config.fwmark, UINT32_MAX, value))
		return -EINVAL;
	parser->config.has_fwmark = true;
	return 0;
}

static int set_replace_peers(struct wg_uapi_parser *parser, char *value)
{
	return parse_true(&parser->config.replace_peers, value);
}

static int set_public_key(struct wg_uapi_parser *parser, char *value)
{
	struct wg_config_peer *peer = wg_config_add_peer(&parser->config);

	if (!peer)
		return -ENOMEM;
	return wg_hex_decode(peer->public_key, WG_KEY_LEN, value) ? 0 : -EINVAL;
}

static int set_remove(struct wg_uapi_parser *parser, char *value)
{
	return parse_true(&last_peer(parser)->remove, value);
}

static int set_update_only(struct wg_uapi_parser *parser, char *value)
{
	return parse_true(&last_peer(parser)->update_only, value);
}

static int set_preshared_key(struct wg_uapi_parser *parser, char *value)
{
	struct wg_config_peer *peer = last_peer(parser);
	bool had_one = wg_lockedkey_is_set(&peer->preshared_key);
	int error = set_secret(&peer->preshared_key, value);

	peer->has_preshared_key |= !error;
	if (!had_one && wg_lockedkey_is_set(&peer->preshared_key))
		parser->parts += wg_secret_cost(WG_KEY_LEN);
	return error;
}

static int set_endpoint(struct wg_uapi_parser *parser, char *value)
{
	struct wg_config_peer *peer = last_peer(parser);
	int error = parse_endpoint(&peer->endpoint, parser->scope, value);

	if (!error)
		peer->has_endpoint = true;
	return error;
}

static int set_keepalive(struct wg_uapi_parser *parser, char *value)
{
	struct wg_config_peer *peer = last_peer(parser);
	uint32_t seconds;

	if (!wg_number_parse(&seconds, UINT16_MAX, value))
		return -EINVAL;
	peer->keepalive = (uint16_t)seconds;
	peer->has_keepalive = true;
	return 0;
}

static int set_replace_allowed_ips(struct wg_uapi_parser *parser, char *value)
{
	return parse_true(&last_peer(parser)->replace_allowed_ips, value);
}

/* The bytes that the allocator takes for a peer's allowed IPs: 16 at a time, and its own
 * word. */
static size_t block_bytes(size_t allowed_ips)
{
	size_t len = allowed_ips * sizeof(struct wg_config_allowed_ip);

	return len ? (len + sizeof(size_t) + 15) / 16 * 16 : 0;
}

static int set_allowed_ip(struct wg_uapi_parser *parser, char *value)
{
	struct wg_config_peer *peer = last_peer(parser);
	size_t capacity = peer->allowed_ips_capacity;
	bool remove = *value == '-';
	struct wg_prefix prefix;
	int error;

	if (!wg_prefix_parse(&prefix, value + remove))
		return -EINVAL;
	wg_prefix_mask(&prefix);
	error = wg_config_add_allowed_ip(peer, &prefix, remove);
	parser->parts += block_bytes(peer->allowed_ips_capacity) - block_bytes(capacity);
	return error;
}

static int set_protocol_version(struct wg_uapi_parser *parser, char *value)
{
	(void)parser;
	return strcmp(value, "1") == 0 ? 0 : -EINVAL;
}

struct key {
	const char *name;
	int (*set)(struct wg_uapi_parser *parser, char *value);
};

static const struct key device_keys[] = {
	{"private_key", set_private_key}, {"listen_port", set_listen_port},
	{"fwmark", set_fwmark},           {"replace_peers", set_replace_peers},
	{"public_key", set_public_key},
};

static const struct key peer_keys[] = {
	{"public_key", set_public_key},
	{"remove", set_remove},
	{"update_only", set_update_only},
	{"preshared_key", set_preshared_key},
	{"endpoint", set_endpoint},
	{"persistent_keepalive_interval", set_keepalive},
	{"replace_allowed_ips", set_replace_allowed_ips},
	{"allowed_ip", set_allowed_ip},
	{"protocol_version", set_protocol_version},
};

static int set_key(struct wg_uapi_parser *parser, const char *name, char *value)
{
	bool in_peer = parser->config.n_peers > 0;
	const struct key *keys = in_peer ? peer_keys : device_keys;
	size_t n = in_peer ? WG_ARRAY_LEN(peer_keys) : WG_ARRAY_LEN(device_keys);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(keys[i].name, name))
			return keys[i].set(parser, value);
	return -EINVAL;
}

static void fail(struct wg_uapi_parser *parser, int error)
{
	parser->error = error;
	parser->parts = 0;
	wg_config_deinit(&parser->config);
}

static void fail_at_once(struct wg_uapi_parser *parser, int error)
{
	fail(parser, error);
	parser->progress = PROGRESS_ADRIFT;
}

static void start(struct wg_uapi_parser *parser)
{
	static const char *const first_lines[WG_UAPI_N_KINDS] = {
		[WG_UAPI_GET] = "get=1",   [WG_UAPI_SET] = "set=1",       [WG_UAPI_SHOW] = "show=1",
		[WG_UAPI_DOWN] = "down=1", [WG_UAPI_RELOAD] = "reload=1",
	};

	for (int kind = 0; kind < WG_UAPI_N_KINDS; kind++) {
		if (strcmp(parser->line, first_lines[kind]) != 0)
			continue;
		parser->kind = (enum wg_uapi_kind)kind;
		parser->progress = PROGRESS_LINES;
		return;
	}
	fail_at_once(parser, -EPROTO);
}

static int take_line(struct wg_uapi_parser *parser)
{
	char *equals = strchr(parser->line, '=');

	if (!equals)
		return -EPROTO;
	/* The line is shorter than the text that came when that is too long or has a zero
	 * byte. */
	if (parser->kind != WG_UAPI_SET || strlen(parser->line) != parser->line_len)
		return -EINVAL;
	*equals = '\0';
	return set_key(parser, parser->line, equals + 1);
}

static void end_line(struct wg_uapi_parser *parser)
{
	int error = 0;

	if (parser->progress == PROGRESS_START)
		start(parser);
	else if (!parser->line_len)
		parser->progress = PROGRESS_WHOLE;
	else if (!parser->error)
		error = take_line(parser);
	if (error)
		fail(parser, error);
	wg_wipe(parser->line, sizeof(parser->line));
	parser->line_len = 0;
}

/* Takes bytes of one line, without its newline. */
static void collect(struct wg_uapi_parser *parser, const char *data, size_t len)
{
	if (parser->line_len < WG_UAPI_MAX_LINE) {
		size_t room = WG_UAPI_MAX_LINE - parser->line_len;

		memcpy(parser->line + parser->line_len, data, len < room ? len : room);
	}
	parser->line_len += len;
	if (parser->line_len > WG_UAPI_MAX_LINE && parser->progress == PROGRESS_START)
		fail_at_once(parser, -EPROTO);
}

struct wg_uapi_parser *wg_uapi_parser_new(wg_uapi_scope *scope)
{
	struct wg_uapi_parser *parser = wg_secret_new(sizeof(*parser));

	if (!parser)
		return NULL;
	parser->scope = scope;
	wg_config_init(&parser->config);
	wg_uapi_parser_reset(parser);
	return parser;
}

void wg_uapi_parser_free(struct wg_uapi_parser *parser)
{
	if (!parser)
		return;
	wg_config_deinit(&parser->config);
	wg_secret_free(parser, sizeof(*parser));
}

void wg_uapi_parser_reset(struct wg_uapi_parser *parser)
{
	wg_uapi_scope *scope = parser->scope;

	wg_config_deinit(&parser->config);
	wg_wipe(parser, sizeof(*parser));
	*parser = (struct wg_uapi_parser){.scope = scope, .kind = WG_UAPI_GET};
}

bool wg_uapi_parser_in_step(const struct wg_uapi_parser *parser)
{
	return parser->progress != PROGRESS_ADRIFT;
}

int wg_uapi_parse(struct wg_uapi_parser *parser, const char *data, size_t len, size_t *used)
{
	*used = 0;
	while (*used < len && parser->progress <= PROGRESS_LINES) {
		const char *rest = data + *used;
		const char *newline = memchr(rest, '\n', len - *used);
		size_t line_len = newline ? (size_t)(newline - rest) : len - *used;
		size_t taken = line_len + (newline != NULL);

		*used += taken;
		parser->total += taken;
		if (parser->total > WG_UAPI_MAX_REQUEST) {
			fail_at_once(parser, -E2BIG);
			break;
		}
		collect(parser, rest, line_len);
		if (newline && parser->progress != PROGRESS_ADRIFT)
			end_line(parser);
	}
	if (parser->progress <= PROGRESS_LINES)
		return 0;
	return parser->error ? parser->error : 1;
}

size_t wg_uapi_parser_bytes(const struct wg_uapi_parser *parser)
{
	return parser->config.peers_capacity * sizeof(struct wg_config_peer) + parser->parts;
}

enum wg_uapi_kind wg_uapi_kind(const struct wg_uapi_parser *parser)
{
	return parser->kind;
}

struct wg_config *wg_uapi_config(struct wg_uapi_parser *parser)
{
	return &parser->config;
}
