/* Functions that the rules of `tuff check` share. Only conf/check*.c include it. */
#ifndef WG_CONF_CHECK_RULES_H
#define WG_CONF_CHECK_RULES_H

#include "conf/check.h"

#define WG_CHECK_LABEL_LEN 72

/* A peer's name or, if it has none, its public key, or the line where it starts. */
const char *wg_check_label(char label[static WG_CHECK_LABEL_LEN], const struct wg_conf *conf,
			   size_t peer);

/* Whether any address, or any allowed IP, is of the family. */
bool wg_check_has_address(const struct wg_conf *conf, uint8_t family);
bool wg_check_has_allowed_ip(const struct wg_conf *conf, uint8_t family);

/* The rules. */
void wg_check_keys(struct wg_check *check, const struct wg_conf *conf, bool others_can_read);
void wg_check_peers(struct wg_check *check, const struct wg_conf *conf,
		    const struct wg_check_host *host);
void wg_check_overlaps(struct wg_check *check, const struct wg_conf *conf);
void wg_check_link(struct wg_check *check, const struct wg_conf *conf);
void wg_check_hooks(struct wg_check *check, const struct wg_conf *conf);

#endif
