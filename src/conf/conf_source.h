/* Where a key comes from: the configuration file itself, a file of its own, or a
 * credential of systemd's. Only conf/conf*.c include it. */
#ifndef WG_CONF_CONF_SOURCE_H
#define WG_CONF_CONF_SOURCE_H

#include "conf/conf_parser.h"

/* Takes the key that value is, and notes that it stood here. 0, or -EINVAL with the error
 * set. */
int wg_conf_set_key(struct wg_conf_parser *parser, struct wg_conf_key *source,
		    uint8_t key[static WG_KEY_LEN], const char *value);

/* The same, into locked memory; also -ENOMEM. */
int wg_conf_set_secret(struct wg_conf_parser *parser, struct wg_conf_key *source,
		       struct wg_lockedkey *secret, const char *value);

/* Notes the file or the credential that value names; it is not read yet. */
int wg_conf_set_key_file(struct wg_conf_parser *parser, struct wg_conf_key *source,
			 const char *value);

#endif
