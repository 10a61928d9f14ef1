/* What is lost around the engine (ctl/losses.h), gathered where it happens. */
#ifndef WG_KEEPER_LOSSES_H
#define WG_KEEPER_LOSSES_H

#include <stdint.h>

#include "ctl/losses.h"
#include "pair/status.h"
#include "tun/link.h"

/* before is what the link had dropped when it became ours. */
void wg_losses_gather(uint64_t losses[static WG_LOSS_COUNT], const struct wg_engine_status *engine,
		      const struct wg_tun_link *link, uint64_t before);

#endif
