/* What must be true of a message beyond its type and length, and of its parts. Only
 * this folder includes it. */
#ifndef WG_PAIR_CHECK_H
#define WG_PAIR_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "pair/message.h"

/* Whether an endpoint is one of a known family, or none, and nothing else is set. */
bool wg_pair_is_endpoint(const struct wg_pair_endpoint *endpoint);

/* Whether it is a time that the wall clock can have shown. */
bool wg_pair_is_wall_clock(int64_t sec, int32_t nsec);

/* How many bytes each of its records has; 0: it has none. */
size_t wg_pair_record_len(enum wg_pair_type type);

/* Of a message whose length is that of its type, with as many records as it says. Makes
 * its text printable. */
bool wg_pair_message_is_valid(union wg_pair_message *message);

/* How many descriptors such a message comes with. */
size_t wg_pair_wanted_fds(const union wg_pair_message *message);

#endif
