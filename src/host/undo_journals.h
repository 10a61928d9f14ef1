/* What the journals of a directory say, one's own and the others'. Only host/undo*.c
 * include it; all of it is under the directory's lock. */
#ifndef WG_HOST_UNDO_JOURNALS_H
#define WG_HOST_UNDO_JOURNALS_H

#include "host/undo_file.h"

/* Reads the tunnel's own journal, and the others that have a say here. 0 or -errno; what
 * was read is to be forgotten in any case. */
int wg_undo_read_journals(struct wg_undo *undo);
void wg_undo_forget_journals(struct wg_undo *undo);

/* Reads one. 0, -errno, or -EPROTO when it is none. */
int wg_undo_read_journal(int fd, struct wg_journal *journal);

/* Whether a place is the one where this process is. */
bool wg_undo_is_here(const struct wg_undo *undo, const struct wg_journal_place *place);

/* Whether a change was made here and is not undone; and whether in this boot, be it in
 * another network namespace. */
bool wg_undo_is_live(const struct wg_undo *undo, const struct wg_journal_change *change);
bool wg_undo_is_of_this_boot(const struct wg_undo *undo, const struct wg_journal_change *change);

/* The last live change of a kind and text in a journal, or NULL; and whether one of the
 * others' has such. */
const struct wg_journal_change *wg_undo_find(const struct wg_undo *undo,
					     const struct wg_journal *journal, const char *kind,
					     const char *text);
bool wg_undo_others_have(const struct wg_undo *undo, const char *kind, const char *text);

/* The number of a change of one's own. */
size_t wg_undo_number_of(const struct wg_undo *undo, const struct wg_journal_change *change);

#endif
