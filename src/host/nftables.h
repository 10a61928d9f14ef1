/* nftables, by libnftables(3), in a short-lived process: the library would be the largest
 * part of a daemon that needs it twice in its life. The process is this program, started
 * anew, so that it has neither the daemon's keys nor anything that a thread was at when it
 * was forked; it reads the commands and says what nftables says. */
#ifndef WG_HOST_NFTABLES_H
#define WG_HOST_NFTABLES_H

#include <stddef.h>

#include "base/error.h"
#include "host/spawn.h"

/* The word that makes this program that process; nobody else is served. */
#define WG_NFTABLES_OPTION "--nftables"

/* Runs commands as nft(8) takes them, all of them or none, from the loop and within 10 s;
 * done as for wg_spawn_run, with "what: nftables: " and the reason when they were not. what
 * is how messages call it. 0 or -errno, and then done is not called. */
int wg_nftables_start(struct wg_spawner *spawner, const char *what, const char *commands,
		      wg_spawn_done *done, void *ctx);

/* The same, and waits. 0; -EOPNOTSUPP where the kernel has no nftables, or the library is
 * not there; -ENOENT when something that they name is not there; or another -errno. */
int wg_nftables_run(const char *commands, struct wg_error *error);

/* The whole ruleset as nft(8) lists it, without counters and sets' elements: malloc'ed,
 * len bytes. Waits; errors as above. */
int wg_nftables_list(char **ruleset, size_t *len, struct wg_error *error);

/* That process: argv is WG_NFTABLES_OPTION and the number of who started it. Returns only
 * when somebody else calls. */
void wg_nftables_serve(int argc, char **argv);

#endif
