/* The host's network as it is before a tunnel changes it. Read by the keeper and by
 * `tuff doctor`; a plan (host/plan.h) is made from it. */
#ifndef WG_HOST_HOSTVIEW_H
#define WG_HOST_HOSTVIEW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "route/link.h"
#include "route/route.h"
#include "route/rule.h"

struct wg_hostview {
	struct wg_link *links;
	size_t n_links;
	struct wg_route *routes; /* both families, all tables */
	size_t n_routes;
	struct wg_rule *rules;
	size_t n_rules;
};

/* 0 or -errno. */
int wg_hostview_read(struct wg_hostview *view, struct wg_netlink *nl);
void wg_hostview_free(struct wg_hostview *view);

/* The MTU of the path that a datagram with this mark takes to an address; 0: it has none, or
 * the path leads into the link of that index. */
uint32_t wg_hostview_path_mtu(struct wg_netlink *nl, const struct wg_ip *to, uint32_t mark,
			      uint32_t not_by);

/* The link of that name, or NULL. */
static inline const struct wg_link *wg_hostview_link(const struct wg_hostview *view,
						     const char *name)
{
	for (size_t i = 0; i < view->n_links; i++)
		if (!strcmp(view->links[i].name, name))
			return &view->links[i];
	return NULL;
}

#endif
