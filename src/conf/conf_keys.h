/* The tables of the configuration's keys, one for each section, and the search in them.
 * Only conf/conf*.c include it. */
#ifndef WG_CONF_CONF_KEYS_H
#define WG_CONF_CONF_KEYS_H

#include "conf/conf_parser.h"

struct wg_conf_key_table {
	const char *section;
	const struct wg_conf_key_type *keys;
	size_t n; /* up to WG_CONF_MAX_KEYS */
};

extern const struct wg_conf_key_table wg_conf_interface_keys;
extern const struct wg_conf_key_table wg_conf_peer_keys;

/* Finds the key that text names in the present section, and puts it into the parser. 0, or
 * -EINVAL with the error set, which tells of another section or of the nearest name. */
int wg_conf_keys_find(struct wg_conf_parser *parser, const char *text);

#endif
