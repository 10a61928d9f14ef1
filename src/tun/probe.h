/* The probe of a TUN link's offloads: super-packets go through a loop of our own, and what
 * comes back is judged.
 *
 *   specimens -> "in" -> forwarding -> "out" -> (split) -> judged
 *
 * "out" first takes no super-packets, so that Linux cuts them up: that tells of writing
 * (TCP_GRO, UDP_GRO). Then it takes them, so that they are split here: that tells of
 * reading (TSO, USO), as far as writing is good.
 *
 * Making and judging are apart, since they happen in two processes: the memory between
 * them is shared. Only the keeper includes it; its child process sends, and it judges. */
#ifndef WG_TUN_PROBE_H
#define WG_TUN_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/offload.h"
#include "tun/specimen.h"
#include "tun/tun.h"

/* The packets that came back of one specimen. */
struct wg_tun_take {
	bool made; /* it was written, or refused, and all was read */
	int error; /* why it was refused: -errno, or 0 */
	uint16_t n;
	uint16_t used;                          /* bytes */
	uint16_t lens[2 * WG_SPECIMEN_PACKETS]; /* with vnet headers */
	uint8_t bytes[2 * WG_SPECIMEN_ROOM];    /* one behind the other */
};

enum wg_tun_pass {
	WG_TUN_PASS_CUT,   /* by Linux */
	WG_TUN_PASS_WHOLE, /* as they went in */
	WG_TUN_N_PASSES
};

/* Zero before. */
struct wg_tun_probe {
	bool ended[WG_TUN_N_PASSES];
	struct wg_tun_take takes[WG_TUN_N_PASSES][WG_SPECIMENS];
};

/* Sends all specimens, in a network namespace that holds nothing and dies with the
 * process. Only system calls; nothing is closed. */
void wg_tun_probe_make(struct wg_tun_probe *probe);

/* Of every offload, what that tells. */
void wg_tun_probe_judge(const struct wg_tun_probe *probe,
			struct wg_offload_finding findings[static WG_TUN_N_OFFLOADS]);

#endif
