/* Where configuration files are, and reading them into memory. Only commands include it. */
#ifndef WG_CONF_CONFFILE_H
#define WG_CONF_CONFFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conf/conf.h"

/* Where a tunnel's file is looked for: /etc/tuff, then /etc/wireguard. */
extern const char *const wg_conffile_folders[2];

struct wg_conffile {
	char *path;
	char name[WG_CONF_LINK_LEN]; /* the link's: the file's without ".conf" */
	char *text;                  /* not a string; it may hold secrets: wg_secret_new's */
	size_t len;
	size_t capacity;
	bool others_can_read; /* its mode lets others than its owner */
};

/* Finds and reads a file: a word that has a slash or ends in ".conf" is its path, any other
 * the link's name, looked for in the folders. 0, or -errno with error saying why; on
 * success deinit it. */
int wg_conffile_read(struct wg_conffile *file, const char *name_or_path,
		     const char *const folders[static 2], struct wg_error *error);

/* Wipes and frees. */
void wg_conffile_deinit(struct wg_conffile *file);

#endif
