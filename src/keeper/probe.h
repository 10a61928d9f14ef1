/* One run of the offloads' probe: a child process enters a network namespace of its own,
 * where it sends what tun/probe.h and udp/probe.h say, and this process judges what came
 * back. The host's own network sees nothing of it.
 *
 * The child may be made while threads run. Therefore it does nothing but make system calls
 * (async-signal-safe, as fork(2) asks) on memory that was there before, which it shares
 * with this process. It cannot hang: an alarm ends it. */
#ifndef WG_KEEPER_PROBE_H
#define WG_KEEPER_PROBE_H

#include "tun/tun.h"
#include "udp/udp.h"

struct wg_probe;

struct wg_probe_findings {
	struct wg_offload_finding tun[WG_TUN_N_OFFLOADS];
	struct wg_offload_finding udp[WG_UDP_N_OFFLOADS];
};

/* Starts one. 0 or -errno. */
int wg_probe_start(struct wg_probe **out);

/* Readable when it has ended. */
int wg_probe_fd(const struct wg_probe *probe);

/* Ends it, if it has not ended by itself, judges what it did, and frees it. */
void wg_probe_finish(struct wg_probe *probe, struct wg_probe_findings *findings);

/* All of it at once, within about a second. What could not be done is unprobed. */
void wg_probe_run(struct wg_probe_findings *findings);

#endif
