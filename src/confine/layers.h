/* The layers one by one. Each returns 0, or the -errno for which it is not there; then as much of
 * it as could be had is. Only for this folder and its proof. */
#ifndef WG_CONFINE_LAYERS_H
#define WG_CONFINE_LAYERS_H

#include "confine/confine.h"

/* Makes the mount namespace's root an empty file system that cannot be written to. */
int wg_confine_empty_root(void);

/* No capability in any set of this thread, and no way to any. */
int wg_confine_drop_capabilities(void);

/* No new privileges from a program that is executed. */
int wg_confine_no_new_privs(void);

/* No core dumps, no debugger of the same user. */
int wg_confine_undumpable(void);

/* Of what Landlock of this kernel knows, nothing is allowed. */
int wg_confine_landlock(void);

/* Descriptors, size of files, core dumps. */
int wg_confine_limit(void);
/* Threads, counted for the user in its namespace. */
int wg_confine_limit_threads(unsigned int max);

/* The filter of system calls, for all threads. */
int wg_confine_filter(wg_confine_trapped *trapped);

#endif
