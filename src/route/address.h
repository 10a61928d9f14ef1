/* Addresses of links. */
#ifndef WG_ROUTE_ADDRESS_H
#define WG_ROUTE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "route/netlink.h"

struct wg_address {
	uint32_t link;
	struct wg_prefix prefix; /* with its host bits */
	/* Adding: no duplicate detection (RFC 4862 5.4), so that it can be used at
	 * once. Right wherever nobody else can have the address: single addresses,
	 * and all of a tunnel's. */
	bool nodad;
	bool tentative; /* listing: duplicate detection has not ended, or failed */
};

/* -EEXIST when the link has it already. */
int wg_address_add(struct wg_netlink *nl, const struct wg_address *address);
/* -EADDRNOTAVAIL when the link has no such address. */
int wg_address_delete(struct wg_netlink *nl, const struct wg_address *address);
/* The addresses of one link, or of all with link 0; both families. Freed by the caller. */
int wg_address_list(struct wg_netlink *nl, uint32_t link, struct wg_address **addresses, size_t *n);

#endif
