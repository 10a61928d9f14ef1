/* The device's tables grow before a change needs the room, so that the change cannot fail,
 * and shrink when peers have gone. Only this folder includes it. */
#ifndef WG_CORE_TABLES_H
#define WG_CORE_TABLES_H

#include <stddef.h>

struct wg_device;

/* Room for n_new more peers and n_prefixes more prefixes. 0 or -ENOMEM; room that is there
 * already stays. */
int wg_tables_reserve(struct wg_device *device, size_t n_new, size_t n_prefixes);

/* Gives back what the present peers do not need, when that is most of it. */
void wg_tables_fit(struct wg_device *device);

#endif
