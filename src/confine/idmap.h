/* The user that an engine runs as, and its user namespace's maps. */
#ifndef WG_CONFINE_IDMAP_H
#define WG_CONFINE_IDMAP_H

#include <stdint.h>
#include <sys/types.h>

/* Of two choices i, the user for an engine that this process starts: one of its own, or nobody,
 * who may not be alone but is nobody's. */
#define WG_CONFINE_N_USERS 2
uint32_t wg_confine_user(unsigned int i, pid_t starter);

/* Writes the maps of a child's new user namespace: one user and one group, that are the same
 * inside. The first choice that may be had, else the starter's own, which takes no right. Sets
 * uid to the choice, 0 if it is the starter's own. 0, or the -errno of what was refused first:
 * with uid 0, why it has no user of its own. */
int wg_confine_map(pid_t child, uint32_t *uid);

#endif
