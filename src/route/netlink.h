/* A route netlink socket (rtnetlink(7)) and its manners: one request at a time, answered
 * at once by the kernel. Links, addresses, routes, rules and neighbours have files of
 * their own; every function of theirs takes this socket, and returns 0 or -errno. The
 * keeper and doctor have one each. */
#ifndef WG_ROUTE_NETLINK_H
#define WG_ROUTE_NETLINK_H

#include <stdint.h>

struct wg_netlink;

/* Opens a socket in the caller's present network namespace; it is for use there, since it
 * is opened again when an answer was lost. Requests that only ask are then sent again. */
int wg_netlink_open(struct wg_netlink **out);
/* NULL is ignored. */
void wg_netlink_close(struct wg_netlink *nl);

/* Why the last request failed, in the kernel's own words, or what happened to its answer;
 * "" where the error says it all. */
const char *wg_netlink_error(const struct wg_netlink *nl);

/* A number that no other network namespace of this boot has. */
int wg_netlink_namespace(uint64_t *cookie);

#endif
