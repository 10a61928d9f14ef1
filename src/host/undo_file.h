/* The directory of undo journals: its lock, one's own journal and the others; for
 * the files of this folder only. */
#ifndef WG_HOST_UNDO_FILE_H
#define WG_HOST_UNDO_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/journal.h"
#include "host/undo.h"

/* Another tunnel's journal. */
struct wg_undo_other {
	char *file; /* its name in the directory */
	struct wg_journal journal;
};

struct wg_undo {
	const struct wg_undo_ops *ops;
	struct wg_netlink *nl;
	struct wg_journal_place here;
	char *dir;
	char *file;     /* NAME.undo */
	char *new_file; /* NAME.undo.new, while it is written anew */
	int dir_fd;
	int fd; /* locked as long as this tunnel lives */

	/* Between lock and unlock. */
	int lock_fd;
	struct wg_journal own;
	struct wg_undo_other *others; /* that have changes here */
	size_t n_others;
};

/* Opens the directory and the tunnel's file in it. */
int wg_undo_file_open(struct wg_undo *undo, struct wg_error *error);
void wg_undo_file_close(struct wg_undo *undo);

/* Waits for the directory's lock, then reads all journals. */
int wg_undo_lock(struct wg_undo *undo, struct wg_error *error);
/* And before a change: a journal that is mostly over is written anew without that, and
 * its changes get other numbers. */
int wg_undo_lock_to_change(struct wg_undo *undo, struct wg_error *error);
void wg_undo_unlock(struct wg_undo *undo);

/* Under the lock: whether a change was made here and is not undone. */
bool wg_undo_is_live(const struct wg_undo *undo, const struct wg_journal_change *change);

/* Under the lock: begins lines for the journal, saying the place if it is not said
 * yet; and appends them all, synced, or none. Frees the lines. */
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

void wg_undo_note(const struct wg_undo *undo, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
