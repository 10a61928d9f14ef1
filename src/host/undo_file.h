/* The directory of undo journals: its lock, and one's own journal's file. Only
 * host/undo*.c include it. */
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

/* flock(2), until it is done. 0 or -errno. */
int wg_undo_file_lock(int fd, int how);

/* Waits for the directory's lock, then reads all journals. */
int wg_undo_lock(struct wg_undo *undo, struct wg_error *error);
void wg_undo_unlock(struct wg_undo *undo);

/* Sets the error to why the journal cannot be used. Returns r. */
int wg_undo_file_refuse(const struct wg_undo *undo, int r, struct wg_error *error);

/* Tells the caller of the undo journal (struct wg_undo_ops). */
void wg_undo_note(const struct wg_undo *undo, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
