/* Words that are no commands, but that people try as one: said with what to use instead,
 * where `tuff WORD` would else make a link of that name and stay silent. Pure. */
#ifndef WG_CLI_VERBS_H
#define WG_CLI_VERBS_H

#include <stdbool.h>

#define WG_VERBS_HINT_LEN 256

/* Words of so few letters are names, unless their letters slipped. */
#define WG_VERBS_SHORT 3

/* What was probably meant by a word that is no command: fills in the hint, one line.
 * False when the word may as well be the name of a link: one with a digit is; one of
 * up to three letters is, unless it is a command or a reserved word with two letters
 * swapped or one doubled; a longer one may have one error for every three letters. */
bool wg_verbs_guess(char hint[static WG_VERBS_HINT_LEN], const char *word);

#endif
