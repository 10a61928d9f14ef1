/* For the tests of cryptokey routing: asking either family. */
#ifndef WG_TESTS_ALLOWEDIPS_H
#define WG_TESTS_ALLOWEDIPS_H

#include "wgtest.h"

#include "allowedips/allowedips.h"

static inline struct wg_allowedips_owner *look_up(const struct wg_allowedips *table,
						  const struct wg_ip *ip)
{
	return ip->family == WG_FAMILY_IPV6 ? wg_allowedips_lookup6(table, ip->bytes)
					    : wg_allowedips_lookup4(table, ip->bytes);
}

#endif
