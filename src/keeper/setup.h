/* What a tunnel is made of before its loop runs: libraries, link, control socket. */
#ifndef WG_KEEPER_SETUP_H
#define WG_KEEPER_SETUP_H

#include <stdbool.h>

#include "base/error.h"
#include "keeper/environment.h"
#include "keeper/loop.h"

struct wg_setup {
	const char *name; /* asked for; a link that was passed on keeps its own */
	bool foreground;
	struct wg_environment environment;
};

/* Makes all of it, and the loop. 0, or -errno and a report. */
int wg_setup_loop(const struct wg_setup *setup, struct wg_loop **loop, struct wg_error *error);

/* Goes to the background in two steps (see background.h), keeping what the environment
 * passed on, unless it is to stay in the foreground. In the process that goes on 0; -errno
 * and a report when it could not be done. */
int wg_setup_fork(const struct wg_setup *setup, struct wg_error *error);
int wg_setup_detach(const struct wg_setup *setup, struct wg_error *error);

#endif
