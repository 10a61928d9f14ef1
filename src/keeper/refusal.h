/* Why a link or a control socket could not be had, in words, and what to do. */
#ifndef WG_KEEPER_REFUSAL_H
#define WG_KEEPER_REFUSAL_H

#include <stddef.h>

#include "base/error.h"

/* Fills in error for a -errno of wg_newlink_open or wg_sockfile_listen;
 * returns code. */
int wg_refusal_of_link(struct wg_error *error, const char *name, int code);
int wg_refusal_of_control(struct wg_error *error, const char *name, const char *path, int code);

/* The answer to who asks a tunnel that has no file to reload; its length. */
size_t wg_refusal_of_reload(char *answer, size_t size, const char *name);

/* What to do where a limit of the process or the system was hit; else nothing. */
void wg_refusal_explain_limits(struct wg_error *error, int code);

#endif
