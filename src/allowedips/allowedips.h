/* Cryptokey routing (paper, section 2): which peer an address belongs to. Longest
 * prefix match over IPv4 and IPv6. A look-up allocates nothing. Only the engine has one. */
#ifndef WG_ALLOWEDIPS_ALLOWEDIPS_H
#define WG_ALLOWEDIPS_ALLOWEDIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/list.h"

struct wg_allowedips;

/* Embedded in whatever owns prefixes (a peer). */
struct wg_allowedips_owner {
	struct wg_list prefixes; /* its entries, in the order of insertion */
	size_t n;
};

void wg_allowedips_owner_init(struct wg_allowedips_owner *owner);

/* NULL: out of memory. */
struct wg_allowedips *wg_allowedips_new(void);
/* Owners are not touched afterwards. */
void wg_allowedips_free(struct wg_allowedips *table);

/* Makes room so that the next n insertions cannot fail, whatever is removed in between.
 * This room replaces what an earlier call made, so that n = 0 gives unused room back. 0 or
 * -ENOMEM. */
int wg_allowedips_reserve(struct wg_allowedips *table, size_t n);

/* Gives a prefix (host bits are masked off) to owner, taking it from any other.
 * *previous, where previous is not NULL, is set to the former owner, or to NULL if there
 * was none. 0 or -ENOMEM. */
int wg_allowedips_insert(struct wg_allowedips *table, const struct wg_prefix *prefix,
			 struct wg_allowedips_owner *owner, struct wg_allowedips_owner **previous);

/* Removes exactly this prefix if this owner has it. Whether it had. */
bool wg_allowedips_remove(struct wg_allowedips *table, const struct wg_prefix *prefix,
			  struct wg_allowedips_owner *owner);

/* Removes all of an owner's prefixes. */
void wg_allowedips_remove_all(struct wg_allowedips *table, struct wg_allowedips_owner *owner);

/* The owner of the longest prefix that holds the address (4 or 16 bytes, network
 * order), or NULL. */
struct wg_allowedips_owner *wg_allowedips_lookup4(const struct wg_allowedips *table,
						  const uint8_t ip[static 4]);
struct wg_allowedips_owner *wg_allowedips_lookup6(const struct wg_allowedips *table,
						  const uint8_t ip[static 16]);

/* An owner's prefixes one by one, in the order of insertion: start with *cursor
 * NULL; false at the end. The table must not change meanwhile. */
bool wg_allowedips_next(const struct wg_allowedips_owner *owner, const struct wg_list **cursor,
			struct wg_prefix *prefix);

#endif
