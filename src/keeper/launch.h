/* Starting the engine's program: a process of its own, with one end of a pair of sockets, as
 * much confined as it can be from outside, and none of this one's pages. */
#ifndef WG_KEEPER_LAUNCH_H
#define WG_KEEPER_LAUNCH_H

#include <sys/types.h>

#include "confine/report.h"

/* fd becomes this process' end of the pair; the report is continued by the engine. 0; -EPERM:
 * mode is strict, and a layer is missing; or another -errno. */
int wg_launch(pid_t *pid, int *fd, enum wg_confine_mode mode, struct wg_confine_report *report);

#endif
