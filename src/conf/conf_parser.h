/* A configuration file while it is read: the state that its lines (conf/conf.c) and its
 * keys (conf/conf_keys.h) share. Only this folder includes it; all others call
 * wg_conf_parse. */
#ifndef WG_CONF_CONF_PARSER_H
#define WG_CONF_CONF_PARSER_H

#include "base/error.h"
#include "conf/conf.h"

enum wg_conf_section { WG_CONF_INTERFACE, WG_CONF_PEER, WG_CONF_NO_SECTION };

struct wg_conf_parser;

enum wg_conf_key_flags {
	WG_CONF_KEY_LIST = 1 << 0,    /* items between commas; given again, it adds */
	WG_CONF_KEY_WORDS = 1 << 1,   /* blanks separate items, too */
	WG_CONF_KEY_MANY = 1 << 2,    /* given again, it adds; not a list */
	WG_CONF_KEY_COMPACT = 1 << 3, /* wg drops all blanks in its value */
	WG_CONF_KEY_SECRET = 1 << 4   /* its value is never shown */
};

struct wg_conf_key_type {
	const char *name;
	unsigned int flags;
	/* Takes a value or one item, which it may cut up. 0, -EINVAL with the error set,
	 * or -ENOMEM. */
	int (*set)(struct wg_conf_parser *parser, char *value);
	const char *form; /* the form of a value, for the hint */
};

/* Of a section. */
#define WG_CONF_MAX_KEYS 48

/* A word that is longer than any key may be a secret in the wrong place. */
#define WG_CONF_MAX_WORD 24

struct wg_conf_parser {
	struct wg_conf *conf;
	struct wg_error *error;
	unsigned int line;
	enum wg_conf_section section;
	bool has_interface;
	const struct wg_conf_key_type *key; /* of this line */
	unsigned int *key_seen;             /* its place in seen */
	bool list_open;                     /* the next line may have more items for key */
	/* The lines that keys were in last, by their place in the section's table. */
	unsigned int seen[WG_CONF_NO_SECTION][WG_CONF_MAX_KEYS];
	char text[WG_CONF_MAX_LINE + 1]; /* the line; it is cut up */
	char shown[128];                 /* the value at hand, for messages */
};

/* Says why the value at hand is wrong, and what it should look like. -EINVAL. */
int wg_conf_refuse(struct wg_conf_parser *parser, const char *why);
/* The same if there is a reason; NULL: 0. */
int wg_conf_judge(struct wg_conf_parser *parser, const char *why);

/* The name in messages of a line without a known key: its first word. */
const char *wg_conf_show_word(struct wg_conf_parser *parser, const char *text);

/* The items with room for one more: where n is a power of two (or 0) that is new
 * memory. NULL: out of memory, the items are as they were. */
void *wg_conf_grow(void *items, size_t n, size_t size);

/* A copy of text with the link's name for each %i, the caller's. NULL: out of memory. */
char *wg_conf_expand(const struct wg_conf_parser *parser, const char *text);

/* Appends to a list of the configuration. 0 or -ENOMEM. The text is taken over, also on
 * failure; it may be NULL, which is out of memory as well. */
int wg_conf_add_prefix(struct wg_conf_parser *parser, struct wg_conf_prefixes *list,
		       const struct wg_prefix *prefix);
int wg_conf_add_text(struct wg_conf_parser *parser, struct wg_conf_texts *list, char *text);

#endif
