/* Every act that needs a privilege (CAP_NET_ADMIN, root's files), and nothing else, so
 * that a small process can do them for one that has none. Nothing in the daemon goes
 * to the system for these but through here. */
#ifndef WG_KEEPER_PRIVILEGED_H
#define WG_KEEPER_PRIVILEGED_H

#include <stdint.h>

#include "ctl/sockfile.h"
#include "tun/link.h"
#include "tun/tun.h"
#include "udp/udp.h"

/* The MTU of a new link, as the kernel's WireGuard has it: 1500 less IPv6, UDP and
 * WireGuard. */
#define WG_PRIVILEGED_MTU 1420

/* As wg_tun_open; a link that is not persistent, and so new, gets the usual MTU and no
 * link-local address. */
int wg_privileged_open_tun(struct wg_tun **tun, const char *name);

/* As wg_tun_link_get. */
int wg_privileged_get_link(const struct wg_tun *tun, struct wg_tun_link *link);

/* As wg_udp_open and wg_udp_set_mark. */
int wg_privileged_open_udp(struct wg_udp **udp, const struct wg_udp_options *options);
int wg_privileged_set_mark(struct wg_udp *udp, uint32_t fwmark);

/* As wg_sockfile_listen and wg_sockfile_remove. */
int wg_privileged_listen(struct wg_sockfile *file, const char *path);
void wg_privileged_remove(const struct wg_sockfile *file);

#endif
