/* The tunnel's TUN link as it is made: with the kernel WireGuard's settings. */
#ifndef WG_KEEPER_NEWLINK_H
#define WG_KEEPER_NEWLINK_H

#include "tun/tun.h"

/* The MTU of a new link, as the kernel's WireGuard has it: 1500 less IPv6, UDP and
 * WireGuard. */
#define WG_NEWLINK_MTU 1420

/* As wg_tun_open; a link that is not persistent, and so new, gets the usual MTU and no
 * link-local address. */
int wg_newlink_open(struct wg_tun **tun, const char *name);

#endif
