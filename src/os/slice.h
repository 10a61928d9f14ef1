/* How long the scheduler lets this thread run at a time. */
#ifndef WG_OS_SLICE_H
#define WG_OS_SLICE_H

/* Asks for long turns that may begin later; of all processor time the thread gets no more
 * and no less. Programs that it starts, and new threads, have the usual ones again. Does
 * nothing before Linux 6.12, or when somebody has chosen another policy than SCHED_OTHER
 * for the thread. */
void wg_slice_lengthen(void);

#endif
