/* What happens in a world: steps of an operation and its argument. */
#ifndef WG_FUZZ_ENGINES_EVENTS_H
#define WG_FUZZ_ENGINES_EVENTS_H

#include <stdint.h>

/* Any two bytes are one. The argument's lowest bit is mostly the side, and above it are
 * numbers, choices and times. */
void wg_events_take(uint8_t operation, uint8_t argument);

#endif
