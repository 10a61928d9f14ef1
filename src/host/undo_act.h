/* Routes, rules and neighbour proxies as text in the journal. Only host/undo*.c include
 * it.
 *
 *	route DST VIA|- LINK METRIC TABLE TYPE PROTOCOL MTU
 *	rule FAMILY PRIORITY MARK/MASK not|- TABLE SUPPRESS
 *	proxy IP LINK */
#ifndef WG_HOST_UNDO_ACT_H
#define WG_HOST_UNDO_ACT_H

#include <stdbool.h>

#include "route/neigh.h"
#include "route/route.h"
#include "route/rule.h"

#define WG_UNDO_ACT_LEN 192

enum wg_undo_act_kind { WG_UNDO_ROUTE, WG_UNDO_RULE, WG_UNDO_PROXY };

struct wg_undo_act {
	enum wg_undo_act_kind kind;
	union {
		struct wg_route route;
		struct wg_rule rule;
		struct wg_neigh_proxy proxy;
	};
};

const char *wg_undo_act_kind_name(enum wg_undo_act_kind kind);

void wg_undo_act_format(char text[static WG_UNDO_ACT_LEN], const struct wg_undo_act *act);
/* False when it is none of these kinds, or makes no sense. */
bool wg_undo_act_parse(struct wg_undo_act *act, const char *kind, const char *text);

/* 1 when the kernel has it, 0 when not, or -errno. */
int wg_undo_act_exists(struct wg_netlink *nl, const struct wg_undo_act *act);
int wg_undo_act_make(struct wg_netlink *nl, const struct wg_undo_act *act);
int wg_undo_act_unmake(struct wg_netlink *nl, const struct wg_undo_act *act);

#endif
