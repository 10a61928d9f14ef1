/* Answers of a tunnel to a request of tuff's own (down, reload), for both ends: lines of a
 * word and a text, and last of all an errno:
 *
 *	note=TEXT      something was left alone, or could not be put back
 *	warning=TEXT   it was done, and this is odd
 *	error=TEXT     why it was not done
 *	hint=TEXT      what helps against the line before; may be empty
 *	errno=NUMBER   0: it was done
 *
 * Pure. */
#ifndef WG_CTL_ANSWER_H
#define WG_CTL_ANSWER_H

#include "crypto/text.h"

/* An answer that says no more than that all went well. */
#define WG_ANSWER_DONE      "errno=0\n\n"
/* And one for when there is no memory to say why not (ENOMEM). */
#define WG_ANSWER_NO_MEMORY "errno=12\n\n"

enum wg_answer_word {
	WG_ANSWER_NOTE,
	WG_ANSWER_WARNING,
	WG_ANSWER_ERROR,
	WG_ANSWER_HINT,
	WG_ANSWER_ERRNO,
	WG_ANSWER_OTHER /* reading: a line that is none of these */
};

/* what is one line. */
void wg_answer_add(struct wg_text *text, enum wg_answer_word word, const char *what);
/* The end of an answer; err is 0 or -errno. */
void wg_answer_end(struct wg_text *text, int err);

/* Cuts the next line off an answer: its word, and in *what the text behind it, or the whole
 * line. *rest is NULL behind the last line, and then must not be given again. */
enum wg_answer_word wg_answer_next(char **rest, const char **what);

/* The text of an errno line: 0 or -errno; -EPROTO when it is no number. */
int wg_answer_errno(const char *what);

#endif
