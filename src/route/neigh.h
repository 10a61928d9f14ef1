/* Neighbour proxies: addresses that this host answers solicitations for on a link
 * though they are behind it (RFC 4861 7.2.8, RFC 1027). */
#ifndef WG_ROUTE_NEIGH_H
#define WG_ROUTE_NEIGH_H

#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "route/netlink.h"

struct wg_neigh_proxy {
	uint32_t link;
	struct wg_ip ip;
};

/* Succeeds also where the proxy exists: the kernel keeps one of a kind. */
int wg_neigh_proxy_add(struct wg_netlink *nl, const struct wg_neigh_proxy *proxy);
/* -ENOENT when there is none. */
int wg_neigh_proxy_delete(struct wg_netlink *nl, const struct wg_neigh_proxy *proxy);
/* All of the namespace, of both families. Freed by the caller. */
int wg_neigh_proxy_list(struct wg_netlink *nl, struct wg_neigh_proxy **proxies, size_t *n);
/* Whether there is such a proxy: 1, 0 or -errno. */
int wg_neigh_proxy_exists(struct wg_netlink *nl, const struct wg_neigh_proxy *proxy);

#endif
