#include "host/forward.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/sysctl.h"
#include "route/link.h"
#include "route/route.h"

#define ALL_IPV6 "net/ipv6/conf/all/forwarding"
#define ALL_IPV4 "net/ipv4/ip_forward"

/* On, unless it is: there are two ways of being on (2: and still solicit routers). */
static int turn_on(struct wg_undo *undo, const char *name, const char *meanwhile,
		   struct wg_error *error)
{
	char present[WG_SYSCTL_VALUE_LEN];
	int r = wg_sysctl_read(name, present);

	if (r)
		return wg_error_set(error, r, "%s: %s", name, strerror(-r));
	return wg_undo_sysctl(undo, name, strcmp(present, "0") ? present : "1", meanwhile, error);
}

/* advertised: a default route of it is at stake. Else it may come to be one day, and that
 * is worth a warning only. */
static int listen_on(struct wg_undo *undo, const char *link, bool advertised,
		     struct wg_error *error)
{
	char name[WG_SYSCTL_NAME_LEN], present[WG_SYSCTL_VALUE_LEN];
	int r = wg_sysctl_conf(name, "ipv6", link, "accept_ra");

	r = r ? r : wg_sysctl_read(name, present);
	if (r)
		return wg_error_set(error, r, "%s: accept_ra: %s", link, strerror(-r));
	if (!strcmp(present, "0"))
		return 0;
	r = wg_undo_sysctl(undo, name, "2", ALL_IPV6, error);
	if (advertised || !wg_sysctl_is_refused(r))
		return r;
	wg_log(WG_LOG_WARNING,
	       "%s; going on, since %s has no advertised default route now: one that comes "
	       "later would be lost",
	       error->text, link);
	return 0;
}

/* On every interface with a route from an advertisement. Twice on the same is fine. */
static int listen_where_advertised(struct wg_undo *undo, struct wg_netlink *nl,
				   struct wg_error *error)
{
	struct wg_route *routes;
	struct wg_link link;
	size_t n;
	int r = wg_route_list(nl, WG_FAMILY_IPV6, 0, &routes, &n);

	if (r)
		return wg_error_set(error, r, "list of IPv6 routes: %s", strerror(-r));
	for (size_t i = 0; i < n && !r; i++) {
		if (routes[i].protocol != WG_ROUTE_FROM_RA || !routes[i].link)
			continue;
		/* One that has just gone has no routes to lose. */
		if (!wg_link_by_index(nl, routes[i].link, &link))
			r = listen_on(undo, link.name, !routes[i].dst.bits, error);
	}
	free(routes);
	return r;
}

/* Where forwarding was on before, single interfaces may have it off. */
static int turn_on_uplink(struct wg_undo *undo, const char *family, const char *uplink,
			  const char *all, struct wg_error *error)
{
	char name[WG_SYSCTL_NAME_LEN];

	if (!uplink)
		return 0;
	if (wg_sysctl_conf(name, family, uplink, "forwarding"))
		return wg_error_set(error, -EINVAL, "%s: no interface's name", uplink);
	return turn_on(undo, name, all, error);
}

static int turn_on_tunnel(const char *family, const char *tunnel, struct wg_error *error)
{
	char name[WG_SYSCTL_NAME_LEN], present[WG_SYSCTL_VALUE_LEN];
	int r = wg_sysctl_conf(name, family, tunnel, "forwarding");

	r = r ? r : wg_sysctl_read(name, present);
	if (!r && !strcmp(present, "0"))
		r = wg_sysctl_write(name, "1");
	if (r && r != -ENOENT)
		return wg_error_set(error, r, "%s: forwarding: %s", tunnel, strerror(-r));
	return 0;
}

static int turn_all_on(struct wg_undo *undo, const char *family, const char *all,
		       const char *uplink, const char *tunnel, struct wg_error *error)
{
	int r = turn_on(undo, all, NULL, error);

	r = r ? r : turn_on_uplink(undo, family, uplink, all, error);
	return r ? r : turn_on_tunnel(family, tunnel, error);
}

static int check_uplink(struct wg_netlink *nl, const char *uplink, struct wg_error *error)
{
	struct wg_link link;
	int r = uplink ? wg_link_find(nl, uplink, &link) : 0;

	return r ? wg_error_set(error, r, "via %s: %s", uplink, strerror(-r)) : 0;
}

int wg_forward_ipv6(struct wg_undo *undo, struct wg_netlink *nl, const char *uplink,
		    const char *tunnel, struct wg_error *error)
{
	int r = check_uplink(nl, uplink, error);

	/* Where a default route was advertised comes first, and cannot do without. */
	r = r ? r : listen_where_advertised(undo, nl, error);
	if (!r && uplink)
		r = listen_on(undo, uplink, false, error);
	return r ? r : turn_all_on(undo, "ipv6", ALL_IPV6, uplink, tunnel, error);
}

int wg_forward_ipv4(struct wg_undo *undo, struct wg_netlink *nl, const char *uplink,
		    const char *tunnel, struct wg_error *error)
{
	int r = check_uplink(nl, uplink, error);

	return r ? r : turn_all_on(undo, "ipv4", ALL_IPV4, uplink, tunnel, error);
}

int wg_forward_ipv6_end(struct wg_undo *undo)
{
	return wg_undo_sysctl_reset(undo, ALL_IPV6);
}

int wg_forward_ipv4_end(struct wg_undo *undo)
{
	return wg_undo_sysctl_reset(undo, ALL_IPV4);
}
