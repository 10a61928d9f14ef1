/* The inner layers of the engine's confinement, made by the engine itself: those that an exec
 * would undo or not survive, and those that need to know its threads.
 *
 *	main: wg_confine_enter, while there is one thread and no key
 *	      libuv's loop, timerfd, workers, pollers, wg_slice_lengthen
 *	      wg_confine_finish
 *	      the first packet */
#ifndef WG_CONFINE_CONFINE_H
#define WG_CONFINE_CONFINE_H

#include "confine/report.h"

/* Exit status when a system call outside of the list was made, and after abort(). */
#define WG_CONFINE_EXIT_TRAPPED 121
#define WG_CONFINE_EXIT_ABORTED 134

/* First in main: continues the report of who started this process, which is taken from the
 * environment. Ends with its starter from here on; an empty root, no capability, no dump, no new
 * privileges, Landlock, limits. Nothing can be opened by a path afterwards. Works on the calling
 * thread and those that it makes later, so there must not be others. 0; -EINVAL when it was not
 * started by wg_confine_start; -ECHILD when the starter is gone (the pair is hung up); -EPERM:
 * strict, and a layer is missing (up to WG_CONFINE_LANDLOCK). */
int wg_confine_enter(struct wg_confine_report *report);

/* What is told of a system call that is not on the list: its number and architecture
 * (AUDIT_ARCH_*). Called in a signal handler, in the thread that made it; the process exits with
 * WG_CONFINE_EXIT_TRAPPED when it returns. */
typedef void wg_confine_trapped(int nr, uint32_t arch);

/* Last, when all threads, descriptors, mappings of descriptors and signal handlers exist: a limit
 * on threads and the filter of system calls, for all threads. More threads can be made later,
 * max_threads at once. 0; -EPERM: strict, and a layer is missing. */
int wg_confine_finish(struct wg_confine_report *report, unsigned int max_threads,
		      wg_confine_trapped *trapped);

#endif
