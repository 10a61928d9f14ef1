/* Lowering the TCP maximum segment size that both ends of a connection announce, so that
 * what they send fits the tunnel even where no ICMP error gets through (RFC 9293, section
 * 3.7.1; RFC 6691). Only this folder includes it. */
#ifndef WG_CORE_MSS_H
#define WG_CORE_MSS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/packet.h"

/* Lowers the option of a SYN to what an inner packet of mtu bytes carries, and mends
 * the checksum. Anything else is left alone. Whether it changed the packet. */
bool wg_mss_clamp(struct wg_packet *packet, uint32_t mtu);

#endif
