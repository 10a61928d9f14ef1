/* A program that is run and waited for, within a limit: where there is no loop that could
 * go on meanwhile, or nothing left for it to do. Everywhere else is host/spawn.h. Only
 * this folder includes it. */
#ifndef WG_HOST_CHILD_H
#define WG_HOST_CHILD_H

#include "crypto/text.h"

struct wg_child {
	char **argv;          /* as for execvp(3); ends with NULL */
	const char *input;    /* what its standard input reads; NULL: nothing */
	struct wg_text *said; /* what it writes is added, 4 MiB at most; NULL: nobody wants it */
	unsigned int seconds; /* what it may take; then it is ended, with all that it started */
};

/* Its exit status, or -errno: -ETIMEDOUT when it was ended, -EINTR when a signal ended it. */
int wg_child_run(const struct wg_child *child);

#endif
