#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/utf8.h"

/* Formats into size bytes: one line, whatever the arguments hold. */
static void write_line(char *line, size_t size, const char *format, va_list args)
{
	int len = vsnprintf(line, size, format, args);

	if (len >= (int)size)
		memcpy(line + size - sizeof("..."), "...", sizeof("..."));
	wg_utf8_mend(line);
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
}

void wg_error_init(struct wg_error *error)
{
	error->text[0] = '\0';
	error->hint[0] = '\0';
}

int wg_error_set(struct wg_error *error, int code, const char *format, ...)
{
	va_list args;

	wg_error_init(error);
	va_start(args, format);
	write_line(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

void wg_error_hint(struct wg_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(error->hint, sizeof(error->hint), format, args);
	va_end(args);
}

void wg_error_prefix(struct wg_error *error, const char *format, ...)
{
	char text[sizeof(error->text)];
	size_t len;
	va_list args;

	memcpy(text, error->text, sizeof(text));
	va_start(args, format);
	write_line(error->text, sizeof(error->text), format, args);
	va_end(args);
	len = strlen(error->text);
	snprintf(error->text + len, sizeof(error->text) - len, ": %s", text);
}

void wg_error_print(const struct wg_error *error, FILE *file)
{
	fprintf(file, "tuff: %s\n", error->text);
	if (error->hint[0])
		fprintf(file, "hint: %s\n", error->hint);
}
