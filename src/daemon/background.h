/* Going to the background: the first process waits until the second is ready. */
#ifndef WG_DAEMON_BACKGROUND_H
#define WG_DAEMON_BACKGROUND_H

#include <stddef.h>

/* Forks, before any loop or thread exists. The new process gets 0: it leads a session
 * of its own, its standard input and output are /dev/null, its standard error goes to
 * the old process, and of the other descriptors only those of keep are left (an
 * inherited lock would stay taken for as long as the tunnel lives). The old process
 * never returns: it repeats what it is told on its own standard error and exits, with
 * 0 once the new process is ready, or else as that one does. -errno when it could
 * not be done. */
int wg_background_enter(const int *keep, size_t n_keep);

/* The new process is ready: lets the old one go and turns standard error to
 * /dev/null. 0, or -EPIPE when the old process is gone: nobody knows then that the
 * new one exists, so it should end. SIGPIPE must be ignored. */
int wg_background_ready(void);

#endif
