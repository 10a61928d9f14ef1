/* What is written to the journals. Only host/undo*.c include it; all but the first is
 * under the directory's lock. */
#ifndef WG_HOST_UNDO_WRITE_H
#define WG_HOST_UNDO_WRITE_H

#include "host/undo_file.h"

/* wg_undo_lock before a change: a journal that is mostly over is written anew without
 * that, and its changes get other numbers. */
int wg_undo_lock_to_change(struct wg_undo *undo, struct wg_error *error);

/* Begins lines for the journal, saying the place if it is not said yet; and appends them
 * all, synced, or none. Frees the lines. */
void wg_undo_lines(const struct wg_undo *undo, const struct wg_journal *journal,
		   struct wg_journal_lines *lines);
int wg_undo_append(struct wg_undo *undo, struct wg_journal_lines *lines, struct wg_error *error);
int wg_undo_append_to(struct wg_undo *undo, const struct wg_undo_other *other,
		      struct wg_journal_lines *lines);

/* Appends that the next change begins. */
int wg_undo_append_begin(struct wg_undo *undo, const char *kind, const char *text,
			 struct wg_error *error);

/* Marks a change as undone. */
int wg_undo_end(struct wg_undo *undo, size_t number);

#endif
