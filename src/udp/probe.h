/* The probe of UDP_SEGMENT and UDP_GRO: trains of datagrams between two sockets on the
 * loopback link. One socket takes datagrams one by one, which tells of sending; another
 * takes trains, which tells of receiving, as far as sending is good.
 *
 * Making and judging are apart, since they happen in two processes: the memory between
 * them is shared. Only the keeper includes it; its child process sends, and it judges. */
#ifndef WG_UDP_PROBE_H
#define WG_UDP_PROBE_H

#include <stdbool.h>

#include "base/offload.h"
#include "udp/train.h"
#include "udp/udp.h"

/* Zero before. The first index is what is probed. */
struct wg_udp_probe {
	bool ended[WG_UDP_N_OFFLOADS];
	struct wg_udp_take takes[WG_UDP_N_OFFLOADS][WG_UDP_TRAINS];
};

/* Sends all trains, in a network namespace that holds nothing and dies with the process.
 * Only system calls; nothing is closed. */
void wg_udp_probe_make(struct wg_udp_probe *probe);

/* Of every offload, what that tells. */
void wg_udp_probe_judge(const struct wg_udp_probe *probe,
			struct wg_offload_finding findings[static WG_UDP_N_OFFLOADS]);

#endif
