/* Numbers in text: digits only, the whole of it, within a bound. */
#ifndef WG_BASE_NUMBER_H
#define WG_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits. False, and number untouched, for anything else or more than max. */
bool wg_number_parse(uint32_t *number, uint32_t max, const char *text);
bool wg_number_parse_long(uint64_t *number, uint64_t max, const char *text);

/* The same, or hexadecimal behind "0x". */
bool wg_number_parse_any(uint32_t *number, uint32_t max, const char *text);

#endif
