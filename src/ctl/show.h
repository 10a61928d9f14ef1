/* The output of `tuff show`: a status as text like wg's, or as JSON (docs/json.md). Both
 * are printed piece by piece, as the status is read, so that of very many peers no more
 * than one is held. Only commands include it. */
#ifndef WG_CTL_SHOW_H
#define WG_CTL_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/status.h"

/* Text for people. now_sec is the wall clock. */
void wg_show_interface(FILE *file, const char *interface, const struct wg_status *status);
void wg_show_peer(FILE *file, const struct wg_status *status, size_t i, int64_t now_sec);

/* A line a peer, whose columns docs/tuff.8 lists: they stay. */
void wg_show_brief(FILE *file, const char *interface, const struct wg_status *status, size_t i,
		   int64_t now_sec);

/* One JSON document: begin, then each interface and all of its peers, then end. It is
 * whole only after the end. */
struct wg_show_json {
	FILE *file;
	bool compact; /* on one line */
	bool failed;  /* memory was out: the output is not complete */
	size_t n_interfaces;
	size_t n_peers; /* of the present interface */
};

/* now_sec is the wall clock. */
void wg_show_json_begin(struct wg_show_json *json, FILE *file, bool compact, int64_t now_sec);
void wg_show_json_interface(struct wg_show_json *json, const char *interface,
			    const struct wg_status *status);
void wg_show_json_peer(struct wg_show_json *json, const struct wg_status *status, size_t i);
/* Behind the last of them, also if there was none. */
void wg_show_json_end(struct wg_show_json *json);

#endif
