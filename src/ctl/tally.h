/* A tunnel's counts: the packets that went through its link, and those that were lost on
 * the way. */
#ifndef WG_CTL_TALLY_H
#define WG_CTL_TALLY_H

#include <stdint.h>

#include "core/drops.h"
#include "ctl/losses.h"

struct wg_tally {
	uint64_t out; /* packets from this host that were read from the link */
	uint64_t in;  /* packets for it that the link took */
	uint64_t drops[WG_DROP_COUNT];
	uint64_t losses[WG_LOSS_COUNT];
};

#endif
