/* What show tells of a running tunnel, gathered from all of its parts. */
#ifndef WG_DAEMON_DESCRIBE_H
#define WG_DAEMON_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/loop.h"
#include "daemon/traffic.h"

/* The answer to show=1, malloc'ed (see ctl/status.h). NULL: out of memory. */
char *wg_describe(const struct wg_traffic *traffic, bool link_up, const struct wg_loop_owner *owner,
		  size_t *len);

#endif
