/* Whether the program runs in a container, for hints that fit there. */
#ifndef WG_OS_CONTAINER_H
#define WG_OS_CONTAINER_H

#include <stdbool.h>

bool wg_container_is_around(void);

/* Whether the mount at / is a container's: its layers are in the folder of an engine. mounts
 * is as /proc/self/mountinfo (proc_pid_mountinfo(5)). Pure. */
bool wg_container_is_root_of(const char *mounts);

#endif
