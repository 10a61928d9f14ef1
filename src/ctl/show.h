/* What `tuff show` prints of a status: text like wg's, or JSON (docs/json.md). */
#ifndef WG_CTL_SHOW_H
#define WG_CTL_SHOW_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/status.h"

/* Text for people. now_sec is the wall clock. */
void wg_show_text(FILE *file, const char *interface, const struct wg_status *status,
		  int64_t now_sec);

/* One interface as a JSON object, a reference for the caller. NULL: out of memory. */
json_t *wg_show_json(const char *interface, const struct wg_status *status);

#endif
