/* The other end of the control socket: asking a running tunnel something. Only commands
 * include it. */
#ifndef WG_CTL_ASK_H
#define WG_CTL_ASK_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "ctl/status.h"

/* Sends the request ("show=1") to the tunnel of that name and waits for the whole answer:
 * malloc'ed lines with a NUL behind them. pid (may be NULL) is the process that answered.
 * 0; -ENOENT when no such tunnel runs; -EPROTO when the program that runs it does not know
 * the request; -ETIMEDOUT when it is silent for 10 s, unless it said that it has begun
 * (WG_UAPI_BEGUN); or another -errno. error says it in words. */
int wg_ask(const char *name, const char *request, char **answer, size_t *len, pid_t *pid,
	   struct wg_error *error);

/* Asks it for what `tuff show` prints; status is initialised by the caller. Errors as
 * above. */
int wg_ask_status(const char *name, struct wg_status *status, struct wg_error *error);

/* The same as it is read: handler is told of the interface and of one peer after the
 * other, and nothing more is held. The handler's error ends it, and is returned. */
int wg_ask_status_by_peer(const char *name, const struct wg_status_handler *handler,
			  struct wg_error *error);

/* The value of the first line "KEY=..." of an answer, cut off in place; NULL: none. The
 * search goes on from *rest, which begins as the answer. */
char *wg_ask_value(char **rest, const char *key);

#endif
