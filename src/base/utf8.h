/* Text from outside as valid UTF-8 (RFC 3629), which JSON and terminals need. */
#ifndef WG_BASE_UTF8_H
#define WG_BASE_UTF8_H

#include <stdbool.h>

bool wg_utf8_valid(const char *text);

/* Puts '?' in the place of each byte that is no part of a character. */
void wg_utf8_mend(char *text);

#endif
