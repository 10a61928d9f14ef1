/* Running commands, one after the other, without holding up the loop: hooks of the
 * configuration, and resolvconf. Their output goes to the log, line by line. */
#ifndef WG_DAEMON_SPAWN_H
#define WG_DAEMON_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/error.h"

struct wg_spawn;

/* One program: argv as for execvp(3), and what its standard input reads (NULL: nothing). */
struct wg_spawn_command {
	const char *what; /* how messages call it: "wg0.conf:7: PostUp" */
	const char *text; /* and what it runs: "echo %i", "resolvconf" */
	char **argv;      /* ends with NULL */
	const char *input;
};

/* error->text is empty when all went well; else it names the command that failed, with
 * the last line that it wrote, and those behind it were not run. The spawn is gone when this is
 * called. */
typedef void wg_spawn_done(void *ctx, const struct wg_error *error);

/* Runs copies of n commands in order; done is called from the loop, once, also for
 * none. With keep_going, failures are logged and do not stop the rest. 0 or -errno, and
 * then done is not called. */
int wg_spawn_run(uv_loop_t *loop, const struct wg_spawn_command *commands, size_t n,
		 bool keep_going, wg_spawn_done *done, void *ctx);

#endif
