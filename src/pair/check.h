/* What must be true of a message beyond its type and length; codec.c only. */
#ifndef WG_PAIR_CHECK_H
#define WG_PAIR_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "pair/message.h"

/* How many bytes each of its records has; 0: it has none. */
size_t wg_pair_record_len(enum wg_pair_type type);

/* Of a message whose length is that of its type, with as many records as it says. Makes
 * its text printable. */
bool wg_pair_message_is_valid(union wg_pair_message *message);

/* How many descriptors such a message comes with. */
size_t wg_pair_wanted_fds(const union wg_pair_message *message);

#endif
