/* "Destination unreachable" for packets that no peer can take (RFC 792, RFC 4443). Only
 * this folder includes it. */
#ifndef WG_CORE_ICMP_H
#define WG_CORE_ICMP_H

#include <stdbool.h>

#include "base/packet.h"
#include "base/time.h"

/* A token bucket for all errors of a device, so that a sweep through addresses does
 * not come back as a sweep of errors. */
#define WG_ICMP_PER_SECOND 100
#define WG_ICMP_BURST      50

struct wg_icmp_limit {
	wg_time debt; /* tokens taken and not earned again, as time to earn them */
	wg_time seen;
};

/* Whether one more error may be sent; the zero value is a full bucket. */
bool wg_icmp_allow(struct wg_icmp_limit *limit, wg_time now);

/* Whether there may be an error about packet (whole header, see wg_inner_version):
 * RFC 1122, section 3.2.2; RFC 4443, section 2.4 e. */
bool wg_icmp_answerable(const struct wg_packet *packet);

/* The error about packet, addressed to its source; it comes from the unreachable address,
 * since the kernel drops packets that claim one of its own as their source. NULL when there
 * must be none, or memory is out. */
struct wg_packet *wg_icmp_unreachable(struct wg_pool *pool, const struct wg_packet *packet);

#endif
