/* What the configuration's lines (conf/conf.c) and its keys (conf/conf_keys.c) share. */
#ifndef WG_CONF_CONF_PARSER_H
#define WG_CONF_CONF_PARSER_H

#include "base/error.h"
#include "conf/conf.h"

enum wg_conf_section { WG_CONF_NO_SECTION, WG_CONF_INTERFACE, WG_CONF_PEER };

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
	enum wg_conf_section section;
	unsigned int flags;
	/* Takes a value or one item, which it may cut up. 0, -EINVAL with the error set,
	 * or -ENOMEM. */
	int (*set)(struct wg_conf_parser *parser, char *value);
	const char *form; /* what a value looks like, for the hint */
};

#define WG_CONF_MAX_KEYS 48

struct wg_conf_parser {
	struct wg_conf *conf;
	struct wg_error *error;
	unsigned int line;
	enum wg_conf_section section;
	bool has_interface;
	const struct wg_conf_key_type *key;  /* of this line */
	bool list_open;                      /* the next line may have more items for key */
	unsigned int seen[WG_CONF_MAX_KEYS]; /* lines; by the key's place in the table */
	char text[WG_CONF_MAX_LINE + 1];     /* the line; it is cut up */
	char shown[128];                     /* the value at hand, for messages */
};

extern const struct wg_conf_key_type wg_conf_keys[];
extern const size_t wg_conf_n_keys;

/* Says why the value at hand is wrong, and what it should look like. -EINVAL. */
int wg_conf_refuse(struct wg_conf_parser *parser, const char *why);

/* The items with room for one more: where n is a power of two (or 0) that is new
 * memory. NULL: out of memory, the items are as they were. */
void *wg_conf_grow(void *items, size_t n, size_t size);

#endif
