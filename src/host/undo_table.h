/* Claims of routing tables in the journal. Only host/undo*.c include it. */
#ifndef WG_HOST_UNDO_TABLE_H
#define WG_HOST_UNDO_TABLE_H

#include "host/undo_file.h"

/* Whether it is a claim: there is nothing to undo. */
bool wg_undo_table_is(const struct wg_journal_change *change);

#endif
