/* What is lost around the engine (ctl/losses.h), gathered where it happens. */
#ifndef WG_KEEPER_LOSSES_H
#define WG_KEEPER_LOSSES_H

#include <stdint.h>

#include "ctl/losses.h"
#include "keeper/sockets.h"
#include "tun/link.h"
#include "tun/tun.h"

/* Fills in the counters, all since the start. tun may be NULL: the link was given up.
 * link is what the kernel says of it now, and before how many it had dropped when it
 * became ours: a persistent link was there already. */
void wg_losses_gather(uint64_t losses[static WG_LOSS_COUNT], const struct wg_tun *tun,
		      const struct wg_sockets *sockets, const struct wg_tun_link *link,
		      uint64_t before);

#endif
