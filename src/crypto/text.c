#include "crypto/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

#define FIRST_CAPACITY 1024

void wg_text_init(struct wg_text *text)
{
	*text = (struct wg_text){0};
}

void wg_text_init_secret(struct wg_text *text)
{
	*text = (struct wg_text){.secret = true};
}

static void give_back(const struct wg_text *text)
{
	if (text->secret) {
		wg_secret_free(text->data, text->capacity);
		return;
	}
	if (text->data)
		wg_wipe(text->data, text->capacity);
	free(text->data);
}

void wg_text_deinit(struct wg_text *text)
{
	give_back(text);
	*text = (struct wg_text){.secret = text->secret};
}

void wg_text_clear(struct wg_text *text)
{
	if (text->data)
		wg_wipe(text->data, text->len);
	text->len = 0;
}

/* Room for len more bytes and a NUL. Not realloc: the old memory must be wiped. */
static bool reserve(struct wg_text *text, size_t len)
{
	size_t capacity = text->capacity ? text->capacity : FIRST_CAPACITY;
	char *grown;

	if (text->failed || len < text->capacity - text->len)
		return !text->failed;
	while (capacity - text->len <= len)
		capacity *= 2;
	grown = text->secret ? wg_secret_new(capacity) : malloc(capacity);
	if (!grown) {
		text->failed = true;
		return false;
	}
	if (text->data) {
		memcpy(grown, text->data, text->len + 1);
		give_back(text);
	}
	text->data = grown;
	text->capacity = capacity;
	return true;
}

void wg_text_add(struct wg_text *text, const char *data, size_t len)
{
	if (!reserve(text, len))
		return;
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void wg_text_printf(struct wg_text *text, const char *format, ...)
{
	char *end = text->data ? text->data + text->len : NULL;
	size_t room = text->capacity - text->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(end, room, format, args);
	va_end(args);
	if (len < 0 || !reserve(text, (size_t)len)) {
		text->failed = true;
		return;
	}
	/* Nearly always there is room for the text already, so it is formatted only once. */
	if ((size_t)len >= room) {
		va_start(args, format);
		vsnprintf(text->data + text->len, (size_t)len + 1, format, args);
		va_end(args);
	}
	text->len += (size_t)len;
}

char *wg_text_take(struct wg_text *text, size_t *len)
{
	char *data = text->data;

	assert(!text->secret);
	if (text->failed) {
		wg_text_deinit(text);
		return NULL;
	}
	*len = text->len;
	wg_text_init(text);
	return data;
}
