/* Which offloads of a tunnel are probed, and what follows from it: at the start, those
 * that the kernel's release leaves in doubt; later, one that the kernel refused, which is
 * used again if the probe finds nothing wrong with it. Once for each: if it is refused
 * again, the kernel knows something that the probe does not show. */
#ifndef WG_KEEPER_PROBER_H
#define WG_KEEPER_PROBER_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "keeper/probe.h"
#include "keeper/sockets.h"
#include "os/poller.h"

enum wg_probe_mode {
	WG_PROBE_AUTO,   /* what is in doubt */
	WG_PROBE_ALWAYS, /* all that can be */
	WG_PROBE_NEVER
};

/* "auto", "always" or "never"; NULL and "" are "auto". 0, or -EINVAL and a report; where
 * names the place that it is from. */
int wg_probe_mode_parse(enum wg_probe_mode *mode, const char *text, const char *where,
			struct wg_error *error);

/* Whether an offload is to be probed at the start. */
bool wg_probe_is_due(enum wg_probe_mode mode, enum wg_offload_trust trust);

struct wg_prober {
	enum wg_probe_mode mode;
	struct wg_tun *tun;
	uv_loop_t *uv;
	struct wg_probe *probe; /* NULL: none is under way */
	struct wg_poller *poller;
	/* One that the kernel had refused was probed again, and is decided. */
	void (*decided)(void *ctx, enum wg_tun_offload which, enum wg_offload_state state);
	void *ctx;
	bool asked[WG_TUN_N_OFFLOADS];    /* of the one under way */
	bool repeated[WG_TUN_N_OFFLOADS]; /* since the start */
};

/* Probes, if it must, before any packet and thread; the link's offloads and what the
 * sockets may use are as wanted before, and fit to use afterwards. */
void wg_prober_begin(const struct wg_prober *prober, struct wg_sockets *sockets);

/* Repeats the probe for what the kernel has refused since, while the loop goes on. */
void wg_prober_look(struct wg_prober *prober);

/* Ends what is under way; nothing is probed any more. */
void wg_prober_end(struct wg_prober *prober);

#endif
