/* Keys that a configuration keeps in files of their own (PrivateKeyFile and the like) or
 * gets from systemd as credentials. A secret must belong to root or to the user who runs
 * this; nobody else may be allowed to touch it, but a group that we are in may read it.
 * Only this folder includes it. */
#ifndef WG_CONF_KEYFILE_H
#define WG_CONF_KEYFILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"
#include "conf/conf.h"

/* Whether a file's mode lets anybody except for its owner do anything, other than a group
 * that we are in read it. */
bool wg_keyfile_is_exposed(const struct stat *status);

/* Is told of a key that could not be loaded: the line that names it, and an error
 * FILE:LINE: KEY PATH: WHY with what to do. */
typedef void wg_keyfile_failed(void *ctx, unsigned int line, const struct wg_error *error);

/* Puts every key that conf takes from elsewhere into conf->config; those that cannot
 * be loaded are told to failed and stay unset. credentials is $CREDENTIALS_DIRECTORY,
 * or NULL without one. Returns how many failed. */
size_t wg_keyfile_load_all(struct wg_conf *conf, const char *credentials, wg_keyfile_failed *failed,
			   void *ctx);

/* The same with the first failure as an error. 0 or -EINVAL. */
int wg_keyfile_load(struct wg_conf *conf, const char *credentials, struct wg_error *error);

#endif
