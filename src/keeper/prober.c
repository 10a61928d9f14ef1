#include "keeper/prober.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/nearest.h"
#include "keeper/offloads.h"
#include "tun/kernel.h"
#include "udp/kernel.h"

int wg_probe_mode_parse(enum wg_probe_mode *mode, const char *text, const char *where,
			struct wg_error *error)
{
	static const char *const words[] = {
		[WG_PROBE_AUTO] = "auto",
		[WG_PROBE_ALWAYS] = "always",
		[WG_PROBE_NEVER] = "never",
	};
	const char *nearest;

	*mode = WG_PROBE_AUTO;
	if (!text || !*text)
		return 0;
	for (size_t i = 0; i < WG_ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*mode = (enum wg_probe_mode)i;
		return 0;
	}
	nearest = wg_nearest(text, words, WG_ARRAY_LEN(words));
	wg_error_set(error, -EINVAL, "%s%s: no such choice", where, text);
	if (nearest)
		wg_error_hint(error, "did you mean %s?", nearest);
	else
		wg_error_hint(error, "auto, always or never");
	return -EINVAL;
}

bool wg_probe_is_due(enum wg_probe_mode mode, enum wg_offload_trust trust)
{
	switch (mode) {
	case WG_PROBE_AUTO:
		return trust == WG_OFFLOAD_DOUBTED;
	case WG_PROBE_ALWAYS:
		return trust != WG_OFFLOAD_BARRED;
	case WG_PROBE_NEVER:
		break;
	}
	return false;
}

/* Whether it failed; says so. */
static bool is_bad(const char *name, const struct wg_offload_finding *finding)
{
	switch (finding->verdict) {
	case WG_OFFLOAD_BAD:
		wg_log(WG_LOG_INFO, "offload %s: switched off: the probe's %s", name,
		       finding->what);
		return true;
	case WG_OFFLOAD_GOOD:
		wg_log(WG_LOG_DEBUG, "offload %s: it passed the probe", name);
		break;
	case WG_OFFLOAD_UNPROBED:
		wg_log(WG_LOG_DEBUG, "offload %s: it cannot be probed here", name);
		break;
	}
	return false;
}

/* What is to be probed, of those that may be used. */
struct due {
	bool tun[WG_TUN_N_OFFLOADS];
	bool udp[WG_UDP_N_OFFLOADS];
	bool any;
};

static void find_due(const struct wg_prober *prober, const struct wg_sockets *sockets,
		     struct due *due)
{
	struct utsname kernel = {0};

	uname(&kernel);
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++) {
		enum wg_tun_offload which = (enum wg_tun_offload)i;

		due->tun[i] =
			wg_tun_offload(prober->tun, which) == WG_OFFLOAD_IN_USE &&
			wg_probe_is_due(prober->mode, wg_tun_kernel_trust(kernel.release, which));
		due->any |= due->tun[i];
	}
	for (int i = 0; i < WG_UDP_N_OFFLOADS; i++) {
		enum wg_udp_offload which = (enum wg_udp_offload)i;

		due->udp[i] =
			!sockets->unwanted[i] &&
			wg_probe_is_due(prober->mode, wg_udp_kernel_trust(kernel.release, which));
		due->any |= due->udp[i];
	}
}

void wg_prober_begin(const struct wg_prober *prober, struct wg_sockets *sockets)
{
	struct wg_probe_findings findings;
	struct due due = {0};

	find_due(prober, sockets, &due);
	if (!due.any)
		return;
	wg_probe_run(&findings);
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		if (due.tun[i] && is_bad(wg_offloads_tun_names[i], &findings.tun[i]))
			wg_tun_decide(prober->tun, (enum wg_tun_offload)i, WG_OFFLOAD_BROKEN);
	for (int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		sockets->broken[i] = due.udp[i] &&
				     is_bad(wg_offloads_udp_names[i], &findings.udp[i]);
}

/* An offload that was refused has been probed again. */
static void decide(const struct wg_prober *prober, enum wg_tun_offload which,
		   const struct wg_offload_finding *finding)
{
	if (is_bad(wg_offloads_tun_names[which], finding)) {
		wg_tun_decide(prober->tun, which, WG_OFFLOAD_BROKEN);
		prober->decided(prober->ctx, which, WG_OFFLOAD_BROKEN);
	} else if (finding->verdict == WG_OFFLOAD_GOOD) {
		wg_tun_decide(prober->tun, which, WG_OFFLOAD_IN_USE);
		prober->decided(prober->ctx, which, WG_OFFLOAD_IN_USE);
		wg_log(WG_LOG_INFO, "offload %s: in use again", wg_offloads_tun_names[which]);
	}
}

static void on_ready(void *ctx, int events)
{
	struct wg_prober *prober = ctx;
	struct wg_probe_findings findings;
	struct wg_probe *probe = prober->probe;

	(void)events;
	wg_poller_close(prober->poller);
	prober->poller = NULL;
	prober->probe = NULL;
	wg_probe_finish(probe, &findings);
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		if (prober->asked[i])
			decide(prober, (enum wg_tun_offload)i, &findings.tun[i]);
	wg_prober_look(prober); /* another one may have been refused meanwhile */
}

static bool on_error(void *ctx)
{
	on_ready(ctx, 0);
	return false;
}

/* What the kernel refused and was not probed for that before. */
static bool find_refused(struct wg_prober *prober)
{
	bool any = false;

	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++) {
		prober->asked[i] = !prober->repeated[i] &&
				   wg_tun_offload(prober->tun, (enum wg_tun_offload)i) ==
					   WG_OFFLOAD_FAILED;
		any |= prober->asked[i];
	}
	return any;
}

static void start(struct wg_prober *prober)
{
	const struct wg_poller_handler handler = {on_ready, on_error, prober};
	struct wg_probe_findings findings;

	if (wg_probe_start(&prober->probe) < 0) {
		prober->probe = NULL;
		return;
	}
	if (wg_poller_open(&prober->poller, prober->uv, wg_probe_fd(prober->probe), UV_READABLE,
			   &handler) < 0) {
		prober->poller = NULL;
		wg_probe_finish(prober->probe, &findings);
		prober->probe = NULL;
	}
}

void wg_prober_look(struct wg_prober *prober)
{
	if (prober->probe || prober->mode == WG_PROBE_NEVER || !find_refused(prober))
		return;
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++) {
		if (!prober->asked[i])
			continue;
		prober->repeated[i] = true;
		wg_log(WG_LOG_INFO, "offload %s: the kernel refused it, probing",
		       wg_offloads_tun_names[i]);
	}
	start(prober);
}

void wg_prober_end(struct wg_prober *prober)
{
	struct wg_probe_findings findings;

	prober->mode = WG_PROBE_NEVER;
	if (!prober->probe)
		return;
	wg_poller_close(prober->poller);
	prober->poller = NULL;
	wg_probe_finish(prober->probe, &findings);
	prober->probe = NULL;
}
