#include "host/hostview.h"

#include <stdlib.h>

int wg_hostview_read(struct wg_hostview *view, struct wg_netlink *nl)
{
	int err;

	*view = (struct wg_hostview){0};
	err = wg_link_list(nl, &view->links, &view->n_links);
	if (!err)
		err = wg_route_list(nl, WG_FAMILY_NONE, 0, &view->routes, &view->n_routes);
	if (!err)
		err = wg_rule_list(nl, WG_FAMILY_NONE, &view->rules, &view->n_rules);
	if (err)
		wg_hostview_free(view);
	return err;
}

void wg_hostview_free(struct wg_hostview *view)
{
	free(view->links);
	free(view->routes);
	free(view->rules);
	*view = (struct wg_hostview){0};
}

uint32_t wg_hostview_path_mtu(struct wg_netlink *nl, const struct wg_ip *to, uint32_t mark,
			      uint32_t not_by)
{
	struct wg_route route;
	struct wg_link link;

	if (wg_route_lookup(nl, to, mark, &route) || route.link == not_by ||
	    wg_link_by_index(nl, route.link, &link))
		return 0;
	return route.mtu && route.mtu < link.mtu ? route.mtu : link.mtu;
}
