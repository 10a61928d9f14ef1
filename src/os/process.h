/* The process itself: limits and signals, set before anything secret exists. */
#ifndef WG_OS_PROCESS_H
#define WG_OS_PROCESS_H

/* No core dumps and no debugger of the same user; descriptors and locked memory up to
 * the hard limits; writing to a closed pipe is an error and not the end. */
void wg_process_prepare(void);

#endif
