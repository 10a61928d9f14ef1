/* Values of the configuration file: from text to what they mean. All return NULL when the
 * text is right, otherwise why it is not, in a few words. Texts given as char * are cut up.
 * Only conf/conf*.c include it. */
#ifndef WG_CONF_CONF_VALUE_H
#define WG_CONF_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "conf/conf.h"

const char *wg_conf_value_switch(bool *on, const char *text);

/* A whole number from min to max. */
const char *wg_conf_value_number(uint32_t *number, uint32_t min, uint32_t max, const char *text);

/* The same, or "off", which is 0. */
const char *wg_conf_value_number_or_off(uint32_t *number, uint32_t max, const char *text);

const char *wg_conf_value_prefix(struct wg_prefix *prefix, const char *text);

/* The name that a link may have. */
const char *wg_conf_value_link(char link[static WG_CONF_LINK_LEN], const char *text);

/* HOST:PORT; host points into text, an IPv6 address without its brackets. */
const char *wg_conf_value_endpoint(char **host, uint16_t *port, char *text);

/* A DNS search domain. */
const char *wg_conf_value_domain(const char *text);

/* off, auto, or a table's number or well-known name. */
const char *wg_conf_value_table(enum wg_conf_table *mode, uint32_t *table, const char *text);

/* PREFIX [via ADDRESS] [metric N] */
const char *wg_conf_value_route(struct wg_conf_route *route, char *text);

/* ipv4|ipv6|both [via LINK]; link is empty without one. */
const char *wg_conf_value_forward(bool *ipv4, bool *ipv6, char link[static WG_CONF_LINK_LEN],
				  char *text);

/* KEY=VALUE under net., as sysctl(8) has it: path (in place, with slashes) and value
 * point into text. */
const char *wg_conf_value_sysctl(char **path, char **value, char *text);

/* One of tso, uso, gso and gro. */
const char *wg_conf_value_offload(unsigned int *offload, const char *text);

#endif
