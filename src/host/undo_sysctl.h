/* Kernel parameters in the journals. Only host/undo*.c include it; all of it is under the
 * directory's lock. */
#ifndef WG_HOST_UNDO_SYSCTL_H
#define WG_HOST_UNDO_SYSCTL_H

#include "host/sysctl.h"
#include "host/undo_file.h"

/* Whether it is a change of a parameter. */
bool wg_undo_sysctl_is(const struct wg_journal_change *change);
/* Whether this change has to be undone after the others. */
bool wg_undo_sysctl_is_last(const struct wg_journal_change *change);
/* Whether it is one of the parameter of that name; or, with last, one that stays
 * while that parameter does. */
bool wg_undo_sysctl_names(const struct wg_journal_change *change, const char *name, bool last);
/* "NAME" out of a change's text, "NAME while OTHER", and OTHER, or NULL. False: it is too
 * long for one. */
bool wg_undo_sysctl_split(const char *text, char name[static WG_SYSCTL_NAME_LEN],
			  const char **meanwhile);
/* The value of a parameter that another tunnel's change made, or may have made, what it is;
 * and whose it is, where whose is not NULL. NULL: nobody's. */
const struct wg_journal_value *wg_undo_sysctl_kept(const struct wg_undo *undo, const char *name,
						   const struct wg_undo_other **whose);

/* Takes back a change of one's own, by its number (host/undo_sysctl_back.c); ends it
 * in the journal. 0 or -errno. */
int wg_undo_sysctl_take_back(struct wg_undo *undo, size_t number);

#endif
