/* Why a link or a control socket could not be had, in words, and what to do. */
#ifndef WG_DAEMON_REFUSAL_H
#define WG_DAEMON_REFUSAL_H

#include "base/error.h"

/* Fills in error for a -errno of wg_privileged_open_tun or wg_privileged_listen;
 * returns code. */
int wg_refusal_of_link(struct wg_error *error, const char *name, int code);
int wg_refusal_of_control(struct wg_error *error, const char *name, const char *path, int code);

/* What to do where a limit of the process or the system was hit; else nothing. */
void wg_refusal_explain_limits(struct wg_error *error, int code);

#endif
