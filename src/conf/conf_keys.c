#include "conf/conf_keys.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/nearest.h"

static const struct wg_conf_key_table *const tables[] = {
	[WG_CONF_INTERFACE] = &wg_conf_interface_keys,
	[WG_CONF_PEER] = &wg_conf_peer_keys,
};

/* The key of a section that was probably meant. */
static const char *nearest_key(const char *word, enum wg_conf_section section)
{
	const char *names[WG_CONF_MAX_KEYS];
	size_t n = 0;

	if (section == WG_CONF_NO_SECTION)
		return NULL;
	for (; n < tables[section]->n; n++)
		names[n] = tables[section]->keys[n].name;
	return wg_nearest(word, names, n);
}

static int unknown_key(struct wg_conf_parser *parser, const char *text)
{
	const char *word = wg_conf_show_word(parser, text);
	const char *here = nearest_key(word, parser->section);
	const char *in_interface = nearest_key(word, WG_CONF_INTERFACE);
	const char *in_peer = nearest_key(word, WG_CONF_PEER);

	wg_error_set(parser->error, 0, "%s:%u: %s: unknown key", parser->conf->file, parser->line,
		     word);
	if (here)
		wg_error_hint(parser->error, "did you mean %s?", here);
	else if (in_interface)
		wg_error_hint(parser->error, "did you mean %s, below [Interface]?", in_interface);
	else if (in_peer)
		wg_error_hint(parser->error, "did you mean %s, below [Peer]?", in_peer);
	return -EINVAL;
}

static int misplaced_key(struct wg_conf_parser *parser, const char *key, const char *section)
{
	wg_error_set(parser->error, 0, "%s:%u: %s: %s", parser->conf->file, parser->line, key,
		     parser->section == WG_CONF_NO_SECTION ? "it stands before any section"
							   : "it belongs in another section");
	wg_error_hint(parser->error, "put it below %s", section);
	return -EINVAL;
}

/* wg takes keys with blanks inside. False: it is longer than any key. */
static bool squeeze(char name[static WG_CONF_MAX_WORD + 1], const char *text)
{
	size_t len = 0;

	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (len == WG_CONF_MAX_WORD)
			return false;
		name[len++] = *text;
	}
	name[len] = '\0';
	return true;
}

/* And in any case. */
static const struct wg_conf_key_type *find(const struct wg_conf_key_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcasecmp(table->keys[i].name, name))
			return &table->keys[i];
	return NULL;
}

int wg_conf_keys_find(struct wg_conf_parser *parser, const char *text)
{
	char name[WG_CONF_MAX_WORD + 1];

	if (!squeeze(name, text))
		return unknown_key(parser, text);
	for (unsigned int section = 0; section < WG_ARRAY_LEN(tables); section++) {
		const struct wg_conf_key_table *table = tables[section];
		const struct wg_conf_key_type *key = find(table, name);

		if (key && section != parser->section)
			return misplaced_key(parser, key->name, table->section);
		if (key) {
			parser->key = key;
			parser->key_seen = &parser->seen[section][key - table->keys];
			return 0;
		}
	}
	return unknown_key(parser, text);
}
