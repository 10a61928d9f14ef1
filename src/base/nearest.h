/* The word that was probably meant, for messages about a word that is not known. */
#ifndef WG_BASE_NEAREST_H
#define WG_BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* Of n words the one that is fewest typing errors from word (a letter too many, too
 * few, wrong, of the other case, or two swapped), or NULL when none is near: at most
 * one error for every three letters of the longer. Of equals, the first. */
const char *wg_nearest(const char *word, const char *const *words, size_t n);

/* Whether word is the other one with two neighbouring letters swapped or one letter
 * doubled: fingers slip like that, and the result is hardly ever a word of its own. Upper
 * and lower case are the same. */
bool wg_nearest_slipped(const char *word, const char *of);

#endif
