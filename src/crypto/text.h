/* Text that grows while it is written. The memory that it gives up on growing is wiped;
 * that of a text with secrets is locked and stays out of core dumps (secret.h). A failure
 * is remembered, so the writer checks once, at the end. */
#ifndef WG_CRYPTO_TEXT_H
#define WG_CRYPTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct wg_text {
	char *data; /* NUL-terminated once anything was added */
	size_t len;
	size_t capacity;
	bool failed; /* memory was out; nothing more is added */
	bool secret; /* its memory is that of secrets */
};

void wg_text_init(struct wg_text *text);
/* For text with secrets. */
void wg_text_init_secret(struct wg_text *text);

/* Wipes and frees; it is empty again, and has not failed. */
void wg_text_deinit(struct wg_text *text);

/* Empty again; the memory is kept. */
void wg_text_clear(struct wg_text *text);

void wg_text_add(struct wg_text *text, const char *data, size_t len);
void wg_text_printf(struct wg_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Gives the memory to the caller, who wipes and frees it; text, which is none with
 * secrets, is empty again. NULL when anything failed. */
char *wg_text_take(struct wg_text *text, size_t *len);

#endif
