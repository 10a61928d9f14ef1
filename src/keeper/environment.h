/* What the environment asks of a tunnel: the same variables as wireguard-go's, since
 * wg-quick and others call `tuff NAME` with nothing but a name, and some of our own. */
#ifndef WG_KEEPER_ENVIRONMENT_H
#define WG_KEEPER_ENVIRONMENT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "confine/report.h"
#include "keeper/offloads.h"
#include "keeper/prober.h"

struct wg_environment {
	bool foreground;              /* WG_PROCESS_FOREGROUND=1 */
	int tun_fd;                   /* WG_TUN_FD: an open TUN link; -1: none */
	int uapi_fd;                  /* WG_UAPI_FD: a control socket that listens; -1: none */
	struct wg_offloads offloads;  /* TUFF_OFFLOAD; all, if it does not say */
	bool has_offloads;            /* it says */
	enum wg_probe_mode probe;     /* TUFF_OFFLOAD_PROBE; auto, if it does not say */
	int workers;                  /* TUFF_WORKERS; WG_WORKERS_AUTO if it does not say */
	enum wg_confine_mode confine; /* TUFF_CONFINE; auto, if it does not say */
	bool has_confine;
	enum wg_log_level log_level; /* LOG_LEVEL */
};

/* 0, or -EINVAL and a report. */
int wg_environment_read(struct wg_environment *environment, struct wg_error *error);

/* Starts the cryptographic libraries, with the cipher that TUFF_AEAD names, if it does.
 * 0, or -errno and a report. */
int wg_environment_start_crypto(struct wg_error *error);

#endif
