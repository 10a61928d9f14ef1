/* Building and reading rtnetlink messages; only this folder includes it. */
#ifndef WG_ROUTE_MESSAGE_H
#define WG_ROUTE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "base/endpoint.h"
#include "route/netlink.h"

/* Attributes of one message by type; absent ones are NULL. */
#define WG_MESSAGE_MAX_ATTR 64

struct wg_message {
	const struct nlattr *attrs[WG_MESSAGE_MAX_ATTR];
};

/* Begins a request with a copy of the family's header. It stays valid, and may have
 * attributes put on, until it is sent. */
struct nlmsghdr *wg_message_begin(struct wg_netlink *nl, int type, int flags, const void *header,
				  size_t len);

/* Sends the request that was begun, and waits for the kernel's verdict. -ENOBUFS,
 * -ETIMEDOUT and -EBADMSG leave open whether it was carried out. */
int wg_message_do(struct wg_netlink *nl);

/* Reads one item out of a message; false to leave it out. */
typedef bool wg_message_reader(const struct nlmsghdr *nlh, void *item, const void *ctx);

/* Sends the request that was begun, and reads its single answer. -ENOENT when the
 * reader took none. */
int wg_message_get(struct wg_netlink *nl, wg_message_reader *read, size_t size, void *item);

/* Sends the dump that was begun, and makes an array of the items that the reader took. A
 * dump that a change interrupted is asked for again, a few times. *items is freed by the
 * caller. */
int wg_message_list(struct wg_netlink *nl, wg_message_reader *read, const void *ctx, size_t size,
		    void **items, size_t *n);

/* Sorts the attributes behind a header of len bytes. */
void wg_message_parse(struct wg_message *msg, const struct nlmsghdr *nlh, size_t len);
/* The same for attributes in a stretch of memory, as behind a next hop. */
void wg_message_parse_span(struct wg_message *msg, const void *data, size_t len);
/* The same for the attributes inside another one; NULL gives none. */
void wg_message_parse_nested(struct wg_message *msg, const struct nlattr *nest);

/* Values; fallback where the attribute is absent or too short. */
uint32_t wg_message_u32(const struct nlattr *attr, uint32_t fallback);
/* An address of that family, or one of WG_FAMILY_NONE. */
struct wg_ip wg_message_ip(const struct nlattr *attr, uint8_t af);

void wg_message_put_ip(struct nlmsghdr *nlh, int type, const struct wg_ip *ip);

/* AF_INET, AF_INET6 or AF_UNSPEC, and back. */
uint8_t wg_message_af(uint8_t family);
uint8_t wg_message_family(uint8_t af);

#endif
