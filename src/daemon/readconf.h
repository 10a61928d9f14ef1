/* From what a command was given, a name or a file, to a configuration in memory. */
#ifndef WG_DAEMON_READCONF_H
#define WG_DAEMON_READCONF_H

#include "base/error.h"
#include "ctl/conf.h"

/* Finds, reads and parses the file, and loads the keys that it keeps elsewhere. On
 * success deinit conf. 0, or -errno and a report. */
int wg_readconf(struct wg_conf *conf, const char *source, struct wg_error *error);

/* The name of the tunnel that a source means; the file need not exist. */
int wg_readconf_name(char name[static WG_CONF_LINK_LEN], const char *source,
		     struct wg_error *error);

#endif
