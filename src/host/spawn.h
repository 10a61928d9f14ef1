/* Running commands, one after the other, without holding up the loop: hooks of the
 * configuration, resolvconf, nftables. Their output goes to the log, line by line. */
#ifndef WG_HOST_SPAWN_H
#define WG_HOST_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"

struct wg_spawn;

/* Where commands run, one spawn at a time. */
struct wg_spawner {
	uv_loop_t *loop;
	struct wg_spawn *running; /* NULL: none */
	bool ended;               /* the last command was, by its limit or wg_spawn_stop */
};

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

struct wg_spawn_options {
	bool keep_going;    /* failures are logged and do not stop the rest */
	bool brief;         /* its output is not logged, and its last line is the whole error */
	uint32_t limit;     /* seconds that each command may take; 0: any */
	const char *setter; /* what sets the limit, for messages: "HookTimeout" */
	wg_spawn_done *done;
	void *ctx;
};

/* Runs copies of n commands in order; done is called once, also for none. Each command
 * leads a session of its own, so that it can be ended with all that it started. 0 or
 * -errno, and then done is not called. */
int wg_spawn_run(struct wg_spawner *spawner, const struct wg_spawn_command *commands, size_t n,
		 const struct wg_spawn_options *options);

/* Ends what runs, which is a failure of that command: SIGTERM to its process group, and
 * SIGKILL to what is left of it 5 s later. The rest is run, or not, as after any failure.
 * why is copied; nothing while nothing runs, or it is being ended. */
void wg_spawn_stop(struct wg_spawner *spawner, const char *why);

#endif
