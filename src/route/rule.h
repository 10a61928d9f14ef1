/* Routing policy rules (ip-rule(8)), of the kinds that a tunnel needs. */
#ifndef WG_ROUTE_RULE_H
#define WG_ROUTE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "route/netlink.h"

struct wg_rule {
	uint8_t family;    /* enum wg_family */
	bool invert;       /* matches what the selectors do not */
	bool other;        /* listing: it has more than this struct tells */
	uint32_t priority; /* lower ones are asked first */
	uint32_t fwmark;
	uint32_t fwmask; /* 0: no mark is looked at */
	uint32_t table;
	int32_t suppress_prefixlength; /* routes of so few bits are passed over; -1: none */
};

/* -EEXIST when there is one just like it. */
int wg_rule_add(struct wg_netlink *nl, const struct wg_rule *rule);
/* Deletes exactly this rule, and one of it. -ENOENT when there is none. */
int wg_rule_delete(struct wg_netlink *nl, const struct wg_rule *rule);
/* Rules of a family (WG_FAMILY_NONE: both) in their order. Freed by the caller. */
int wg_rule_list(struct wg_netlink *nl, uint8_t family, struct wg_rule **rules, size_t *n);
/* Whether there is such a rule: 1, 0 or -errno. */
int wg_rule_exists(struct wg_netlink *nl, const struct wg_rule *rule);

#endif
