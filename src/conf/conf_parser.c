#include "conf/conf_parser.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *wg_conf_grow(void *items, size_t n, size_t size)
{
	if (n & (n - 1))
		return items;
	return reallocarray(items, n ? 2 * n : 1, size);
}

int wg_conf_refuse(struct wg_conf_parser *parser, const char *why)
{
	const struct wg_conf_key_type *key = parser->key;

	wg_error_set(parser->error, 0, "%s:%u: %s%s%s: %s", parser->conf->file, parser->line,
		     key->name, parser->shown[0] ? " " : "", parser->shown, why);
	wg_error_hint(parser->error, "%s = %s", key->name, key->form);
	return -EINVAL;
}

const char *wg_conf_show_word(struct wg_conf_parser *parser, const char *text)
{
	size_t len = strcspn(text, " \t=");

	if (len > WG_CONF_MAX_WORD)
		snprintf(parser->shown, sizeof(parser->shown), "a word of %zu characters", len);
	else
		snprintf(parser->shown, sizeof(parser->shown), "%.*s", (int)len, text);
	return parser->shown;
}

int wg_conf_judge(struct wg_conf_parser *parser, const char *why)
{
	return why ? wg_conf_refuse(parser, why) : 0;
}

char *wg_conf_expand(const struct wg_conf_parser *parser, const char *text)
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

int wg_conf_add_prefix(struct wg_conf_parser *parser, struct wg_conf_prefixes *list,
		       const struct wg_prefix *prefix)
{
	struct wg_conf_prefix *items = wg_conf_grow(list->items, list->n, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->n++] = (struct wg_conf_prefix){*prefix, parser->line};
	return 0;
}

int wg_conf_add_text(struct wg_conf_parser *parser, struct wg_conf_texts *list, char *text)
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
