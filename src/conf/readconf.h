/* From what a command was given, a name or a file, to a configuration in memory. Commands
 * call it, and the keeper at a reload. */
#ifndef WG_CONF_READCONF_H
#define WG_CONF_READCONF_H

#include "base/error.h"
#include "conf/check.h"
#include "conf/conf.h"

/* Finds, reads and parses the file, and loads the keys that it keeps elsewhere. On
 * success deinit conf. 0, or -errno and a report: also where keys are confused, so that a
 * secret would be sent or none be left. check, which is to be deinitialised in any case,
 * has what `tuff check` finds. */
int wg_readconf(struct wg_conf *conf, const char *source, struct wg_check *check,
		struct wg_error *error);

/* Reports the findings at warning level and above, one by one: a few, and then how many
 * more there are. */
void wg_readconf_warn(const struct wg_check *check,
		      void (*warning)(void *ctx, const struct wg_error *error), void *ctx);

/* Loads the keys that a parsed file keeps elsewhere, for a command that only looks at it:
 * one that cannot be had is a finding. systemd shows a credential to its service alone, so
 * from elsewhere it is no fault that it is not seen: returns the line of the first such
 * key, 0 if there is none. */
unsigned int wg_readconf_look_at_keys(struct wg_conf *conf, struct wg_check *check);

/* Adds the finding that such a key, at this line, was not looked at. */
void wg_readconf_note_credential(struct wg_check *check, unsigned int line);

/* The name of the tunnel that a source means; the file need not exist. */
int wg_readconf_name(char name[static WG_CONF_LINK_LEN], const char *source,
		     struct wg_error *error);

#endif
