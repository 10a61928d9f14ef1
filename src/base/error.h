/* The text that tells a person of a failure: one line, WHERE: WHAT: WHY, and, where it is
 * known, what to do.
 *
 *	return wg_error_set(error, -ENOENT, "%s:%u: PrivateKeyFile %s: %s", file, line,
 *			    path, strerror(ENOENT));
 *
 * The function that finds the failure fills it in; the one that talks to the person prints
 * it, once (as "tuff: ..." and "hint: ..."). Secrets never go into it. */
#ifndef WG_BASE_ERROR_H
#define WG_BASE_ERROR_H

#include <stdio.h>

struct wg_error {
	char text[1024]; /* empty: no error */
	char hint[512];  /* empty: none */
};

void wg_error_init(struct wg_error *error);

/* Sets the text and takes back any hint. Text that is too long is cut and ends in "...";
 * control characters, and bytes that are not UTF-8, become '?'. Returns code, so that a
 * caller can return it on. */
int wg_error_set(struct wg_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the hint; after wg_error_set. */
void wg_error_hint(struct wg_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "WHERE: " before the text, for a caller that knows more about the place. */
void wg_error_prefix(struct wg_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "tuff: TEXT\n" and, if there is one, "hint: HINT\n". */
void wg_error_print(const struct wg_error *error, FILE *file);

#endif
