/* The list of system calls: which the engine's loop makes and with which arguments, and what
 * becomes of others. Only for the filter. */
#ifndef WG_CONFINE_CALLS_H
#define WG_CONFINE_CALLS_H

#include <seccomp.h>

/* Adds all rules to a filter for this process. 0 or -errno. */
int wg_confine_add_calls(scmp_filter_ctx filter);

#endif
