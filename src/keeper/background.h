/* Going to the background: the first process waits until the second is ready. It is made
 * before there is anything secret, which a child would not have (crypto/secret.h), and leaves
 * what is around it when nothing of that is needed any more. */
#ifndef WG_KEEPER_BACKGROUND_H
#define WG_KEEPER_BACKGROUND_H

#include <stddef.h>

/* Forks, before any loop, thread or secret exists. The new process gets 0 and goes on as
 * the old one would have. The old process never returns: it repeats what it is told on its
 * own standard error and exits, with 0 once the new process is ready, or else as that one
 * does. -errno when it could not be done. */
int wg_background_fork(void);

/* The new process leads a session of its own from then on, its folder is /, its standard
 * input and output are /dev/null, its standard error goes to the old process, and of the
 * other descriptors only those of keep are left (an inherited lock would stay taken for as
 * long as the tunnel lives). 0 or -errno. */
int wg_background_detach(const int *keep, size_t n_keep);

/* The new process is ready: lets the old one go and turns standard error to
 * /dev/null. 0, or -EPIPE when the old process is gone: nobody knows then that the
 * new one exists, so it should end. SIGPIPE must be ignored. */
int wg_background_ready(void);

#endif
