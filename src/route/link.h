/* Network links: finding them, bringing them up and down, their MTU. */
#ifndef WG_ROUTE_LINK_H
#define WG_ROUTE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "route/netlink.h"

#define WG_LINK_NAME_LEN 16 /* IFNAMSIZ, with its NUL */

struct wg_link {
	uint32_t index;
	uint32_t mtu;
	char name[WG_LINK_NAME_LEN];
	char kind[16]; /* "tun", "veth" …; "" for hardware */
	bool up;       /* administratively */
	bool running;  /* and able to carry packets */

	/* net.ipv6.conf.NAME, as the kernel has it; -1 without IPv6. */
	int ipv6_forwarding;
	int ipv6_accept_ra;
	int ipv6_disabled;
};

/* -ENODEV when there is no such link. */
int wg_link_find(struct wg_netlink *nl, const char *name, struct wg_link *link);
int wg_link_by_index(struct wg_netlink *nl, uint32_t index, struct wg_link *link);
/* All of the namespace; *links is freed by the caller. */
int wg_link_list(struct wg_netlink *nl, struct wg_link **links, size_t *n);

int wg_link_set_up(struct wg_netlink *nl, uint32_t index, bool up);
int wg_link_set_mtu(struct wg_netlink *nl, uint32_t index, uint32_t mtu);
/* Keeps the kernel from giving the link an IPv6 address of its own making: without a
 * link-local one nothing is solicited from it. -errno where there is no IPv6. */
int wg_link_set_addressless(struct wg_netlink *nl, uint32_t index);
int wg_link_delete(struct wg_netlink *nl, uint32_t index);

#endif
