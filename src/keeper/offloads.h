/* Which of the kernel's offloads a tunnel may use, as people name them:
 *
 *   tso  TCP super-packets from the link, split here
 *   uso  the same for UDP
 *   gso  datagrams of one size leave together
 *   gro  datagrams arrive together, and packets go into the link together */
#ifndef WG_KEEPER_OFFLOADS_H
#define WG_KEEPER_OFFLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tun/tun.h"
#include "udp/udp.h"

/* All wanted is the zero value. */
struct wg_offloads {
	bool tun[WG_TUN_N_OFFLOADS]; /* unwanted */
	bool udp[WG_UDP_N_OFFLOADS];
};

/* As show and the log call each of them. */
extern const char *const wg_offloads_tun_names[WG_TUN_N_OFFLOADS];
extern const char *const wg_offloads_udp_names[WG_UDP_N_OFFLOADS];

/* Of a mask of enum wg_conf_offload, what is wanted. */
void wg_offloads_want(struct wg_offloads *offloads, unsigned int wanted);

/* "auto", "off", or words apart by commas or spaces, as Offload = in a file. NULL is
 * "auto". 0, or -EINVAL and a report; where names the place that it is from. */
int wg_offloads_parse(struct wg_offloads *offloads, const char *text, const char *where,
		      struct wg_error *error);

/* Those in use, apart by spaces; and why others are not: "uso: why; gro: why". Either
 * may be NULL. */
void wg_offloads_describe(const enum wg_offload_state *tun, const enum wg_offload_state *udp,
			  char *in_use, char *off, size_t size);

#endif
