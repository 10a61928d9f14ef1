/* The inner IP packets: just enough of RFC 791 and RFC 8200 to route them, to trust their
 * length, and to carry their ECN field (RFC 6040). Only this folder includes it. */
#ifndef WG_CORE_INNER_H
#define WG_CORE_INNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/packet.h"

#define WG_ECN_MASK 3u
#define WG_ECN_CE   3u

/* The headers without options and extensions. */
#define WG_INNER_IPV4_LEN 20u
#define WG_INNER_IPV6_LEN 40u

/* The IP version, 4 or 6, of a packet whose header is whole; 0 for anything else. */
static inline unsigned int wg_inner_version(const struct wg_packet *packet)
{
	if (packet->len >= WG_INNER_IPV4_LEN && packet->data[0] >> 4 == 4)
		return 4;
	if (packet->len >= WG_INNER_IPV6_LEN && packet->data[0] >> 4 == 6)
		return 6;
	return 0;
}

/* Its addresses: 4 or 16 bytes each. */
static inline const uint8_t *wg_inner_source(const struct wg_packet *packet)
{
	return packet->data + (packet->data[0] >> 4 == 4 ? 12 : 8);
}

static inline const uint8_t *wg_inner_destination(const struct wg_packet *packet)
{
	return packet->data + (packet->data[0] >> 4 == 4 ? 16 : 24);
}

/* Cuts off padding: all that is behind the length which the header states. False when the
 * version is unknown, the header too short, or that length not there. */
bool wg_inner_trim(struct wg_packet *packet) __attribute__((warn_unused_result));

/* The DS field for the outer header: DSCP 0 and the inner ECN field (RFC 6040,
 * section 4.1, normal mode). */
uint8_t wg_inner_encapsulate_ecn(const struct wg_packet *packet);

/* Applies the outer ECN field to the inner one (RFC 6040, section 4.2). False when it
 * cannot: congestion was experienced, but there is no ECN inside. The packet is as it was
 * then. The RFC would drop it; Linux' WireGuard delivers it (it does not look at what
 * INET_ECN_decapsulate returns), and there are networks that set both bits of everything. */
bool wg_inner_decapsulate_ecn(struct wg_packet *packet, uint8_t outer)
	__attribute__((warn_unused_result));

#endif
