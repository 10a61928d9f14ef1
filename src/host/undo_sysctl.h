/* Undoing the changes of kernel parameters; for the files of this folder only. All of
 * it under the directory's lock. */
#ifndef WG_HOST_UNDO_SYSCTL_H
#define WG_HOST_UNDO_SYSCTL_H

#include "host/undo_file.h"

/* Whether it is a change of a parameter. */
bool wg_undo_sysctl_is(const struct wg_journal_change *change);
/* Whether this change has to be undone after the others. */
bool wg_undo_sysctl_is_last(const struct wg_journal_change *change);
/* Whether it is one of the parameter of that name; or, with last, one that stays
 * while that parameter does. */
bool wg_undo_sysctl_names(const struct wg_journal_change *change, const char *name, bool last);
/* Under a change's number; ends it in the journal. */
int wg_undo_sysctl_take_back(struct wg_undo *undo, size_t number);

#endif
