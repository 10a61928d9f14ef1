/* A tunnel's configuration as text again: SaveConfig. The host's settings in the file stay,
 * and keys and peers are those of the running tunnel, as with wg-quick(8). Only the keeper
 * includes it. */
#ifndef WG_CONF_CONFWRITE_H
#define WG_CONF_CONFWRITE_H

#include "conf/conf.h"
#include "core/config.h"
#include "crypto/text.h"

/* The text of a file: conf, with running in the place of its config, which is from when the
 * tunnel came up. Secrets that came from files of their own, and were not changed since,
 * stay there. Peers keep the order of conf; those that conf does not have come last. text
 * is initialised here, as one with secrets, and to be deinitialised by the caller; failed
 * says that memory was out. */
void wg_confwrite_text(struct wg_text *text, const struct wg_conf *conf,
		       const struct wg_config *running);

#endif
