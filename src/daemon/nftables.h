/* nftables, by libnftables(3), in a short-lived process: the library would be the
 * largest part of a daemon that needs it twice in its life. */
#ifndef WG_DAEMON_NFTABLES_H
#define WG_DAEMON_NFTABLES_H

#include <stddef.h>

#include "base/error.h"

/* Runs commands as nft(8) takes them, all of them or none. 0; -EOPNOTSUPP where the
 * kernel has no nftables, or the library is not there; -ENOENT when something that they
 * name is not there; or another -errno. */
int wg_nftables_run(const char *commands, struct wg_error *error);

/* The whole ruleset as nft(8) lists it, without counters and sets' elements: malloc'ed,
 * len bytes. Errors as above. */
int wg_nftables_list(char **ruleset, size_t *len, struct wg_error *error);

#endif
