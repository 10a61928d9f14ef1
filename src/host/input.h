/* What a program that is started reads from its standard input. Only this folder includes
 * it. */
#ifndef WG_HOST_INPUT_H
#define WG_HOST_INPUT_H

#include <stdbool.h>

/* A file in memory that holds text and can change no more: nobody has to feed it, and
 * whoever reads it knows that no shell made it. A descriptor (close on exec), or -errno. */
int wg_input_open(const char *text);

/* Whether the descriptor is of such a file. */
bool wg_input_is(int fd);

#endif
