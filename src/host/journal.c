#include "host/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "tuff-undo 1"

/* The word at *rest, which moves behind it and its blank. */
static char *next_word(char **rest)
{
	char *word = *rest;
	char *blank = strchr(word, ' ');

	if (blank)
		*blank = '\0';
	*rest = blank ? blank + 1 : word + strlen(word);
	return word;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place. False when an escape is none, or hides a NUL. */
static bool unescape(char *text)
{
	char *dst = text;

	for (; *text; text++) {
		int high, low;

		if (*text != '%') {
			*dst++ = *text;
			continue;
		}
		high = digit(text[1]);
		low = high < 0 ? -1 : digit(text[2]);
		if (low < 0 || high + low == 0)
			return false;
		*dst++ = (char)(high << 4 | low);
		text += 2;
	}
	*dst = '\0';
	return true;
}

static bool read_number(const char *text, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end;
}

/* The change that a line's number names; NULL when there is none. */
static struct wg_journal_change *named(struct wg_journal *journal, char **rest)
{
	uint64_t number;

	if (!read_number(next_word(rest), &number) || number < 1 || number > journal->n)
		return NULL;
	return &journal->changes[number - 1];
}

/* Lines give 0, -ENOMEM, or -EINVAL where they make no sense. */

static int read_place(struct wg_journal *journal, char *rest)
{
	struct wg_journal_place place = {{0}, 0};
	const char *boot = next_word(&rest);
	size_t len = strlen(boot);

	if (len >= sizeof(place.boot) || !read_number(rest, &place.namespace))
		return -EINVAL;
	memcpy(place.boot, boot, len + 1);
	journal->place = place;
	return 0;
}

static int read_begin(struct wg_journal *journal, char *rest)
{
	struct wg_journal_change *change;
	uint64_t number;
	char *kind;

	if (!journal->place.boot[0] || !read_number(next_word(&rest), &number) ||
	    number != journal->n + 1)
		return -EINVAL;
	kind = next_word(&rest);
	if (!*kind || !unescape(kind) || !unescape(rest))
		return -EINVAL;
	change = reallocarray(journal->changes, journal->n + 1, sizeof(*change));
	if (!change)
		return -ENOMEM;
	journal->changes = change;
	change += journal->n++;
	*change = (struct wg_journal_change){
		.place = journal->place,
		.kind = strdup(kind),
		.text = strdup(rest),
	};
	return change->kind && change->text ? 0 : -ENOMEM;
}

static int read_was(struct wg_journal_change *change, const char *name, const char *text)
{
	struct wg_journal_value *value;

	if (change->done || wg_journal_value(change, name))
		return -EINVAL;
	value = reallocarray(change->values, change->n_values + 1, sizeof(*value));
	if (!value)
		return -ENOMEM;
	change->values = value;
	value += change->n_values++;
	*value = (struct wg_journal_value){.name = strdup(name), .was = strdup(text)};
	return value->name && value->was ? 0 : -ENOMEM;
}

static int read_value(struct wg_journal *journal, const char *verb, char *rest)
{
	struct wg_journal_change *change = named(journal, &rest);
	struct wg_journal_value *value;
	char *name = next_word(&rest);
	char **field;

	if (!change || !unescape(name) || !unescape(rest))
		return -EINVAL;
	if (!strcmp(verb, "was"))
		return read_was(change, name, rest);
	value = wg_journal_value(change, name);
	if (!value)
		return -EINVAL;
	field = !strcmp(verb, "now") ? &value->now : &value->back;
	free(*field);
	*field = strdup(rest);
	return *field ? 0 : -ENOMEM;
}

static int read_mark(struct wg_journal *journal, const char *verb, char *rest)
{
	struct wg_journal_change *change = named(journal, &rest);

	if (!change || *rest)
		return -EINVAL;
	if (!strcmp(verb, "done"))
		change->done = true;
	else if (!strcmp(verb, "back"))
		change->undoing = true;
	else
		change->ended = true;
	return 0;
}

static int read_line(struct wg_journal *journal, char *line)
{
	const char *verb = next_word(&line);

	if (!strcmp(verb, "in"))
		return read_place(journal, line);
	if (!strcmp(verb, "begin"))
		return read_begin(journal, line);
	if (!strcmp(verb, "was") || !strcmp(verb, "now"))
		return read_value(journal, verb, line);
	if (!strcmp(verb, "back") && strchr(line, ' '))
		return read_value(journal, verb, line);
	if (!strcmp(verb, "done") || !strcmp(verb, "back") || !strcmp(verb, "end"))
		return read_mark(journal, verb, line);
	return -EINVAL;
}

/* Lines of a copy, each ended by a NUL in place of its newline. */
static int read_lines(struct wg_journal *journal, char *copy, size_t len)
{
	char *line = copy;
	char *end;

	while ((end = memchr(line, '\n', len - (size_t)(line - copy)))) {
		int r;

		*end = '\0';
		if (line == copy)
			r = strcmp(line, HEAD) != 0 ? -EPROTO : 0;
		else if (strlen(line) != (size_t)(end - line))
			r = -EINVAL;
		else
			r = read_line(journal, line);
		if (r && r != -EINVAL)
			return r;
		journal->n_bad += r != 0;
		line = end + 1;
		journal->whole = (size_t)(line - copy);
	}
	return 0;
}

int wg_journal_parse(struct wg_journal *journal, const char *data, size_t len)
{
	char *copy;
	int r;

	*journal = (struct wg_journal){.n = 0};
	if (len > WG_JOURNAL_MAX)
		return -EFBIG;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	r = read_lines(journal, copy, len);
	free(copy);
	if (r)
		wg_journal_deinit(journal);
	return r;
}

static void free_values(struct wg_journal_change *change)
{
	for (size_t i = 0; i < change->n_values; i++) {
		free(change->values[i].name);
		free(change->values[i].was);
		free(change->values[i].now);
		free(change->values[i].back);
	}
	free(change->values);
}

void wg_journal_deinit(struct wg_journal *journal)
{
	for (size_t i = 0; i < journal->n; i++) {
		free_values(&journal->changes[i]);
		free(journal->changes[i].kind);
		free(journal->changes[i].text);
	}
	free(journal->changes);
	*journal = (struct wg_journal){.n = 0};
}

struct wg_journal_value *wg_journal_value(const struct wg_journal_change *change, const char *name)
{
	/* Newest first: lines about one value follow each other. */
	for (size_t i = change->n_values; i-- > 0;)
		if (!strcmp(change->values[i].name, name))
			return &change->values[i];
	return NULL;
}

void wg_journal_lines_init(struct wg_journal_lines *lines)
{
	*lines = (struct wg_journal_lines){NULL, 0, 0, false};
}

void wg_journal_lines_deinit(struct wg_journal_lines *lines)
{
	free(lines->data);
	wg_journal_lines_init(lines);
}

static void put_bytes(struct wg_journal_lines *lines, const char *bytes, size_t len)
{
	if (lines->capacity - lines->len < len) {
		size_t capacity = 2 * lines->capacity + len + 256;
		char *data = realloc(lines->data, capacity);

		if (!data) {
			lines->failed = true;
			return;
		}
		lines->data = data;
		lines->capacity = capacity;
	}
	memcpy(lines->data + lines->len, bytes, len);
	lines->len += len;
}

static void put(struct wg_journal_lines *lines, const char *text)
{
	put_bytes(lines, text, strlen(text));
}

/* blank: whether a blank may stand in it, as in the last field of a line. */
static void put_escaped(struct wg_journal_lines *lines, const char *text, bool blank)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char escaped[4];

		if (c > ' ' && c < 0x7f && c != '%') {
			put_bytes(lines, text, 1);
		} else if (c == ' ' && blank) {
			put(lines, " ");
		} else {
			snprintf(escaped, sizeof(escaped), "%%%02x", c);
			put(lines, escaped);
		}
	}
}

static void put_verb(struct wg_journal_lines *lines, const char *verb, size_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%s %zu", verb, number);
	put(lines, text);
}

void wg_journal_put_head(struct wg_journal_lines *lines)
{
	put(lines, HEAD "\n");
}

void wg_journal_put_place(struct wg_journal_lines *lines, const struct wg_journal_place *place)
{
	char text[sizeof(place->boot) + 32];

	snprintf(text, sizeof(text), "in %s %" PRIu64 "\n", place->boot, place->namespace);
	put(lines, text);
}

void wg_journal_put_begin(struct wg_journal_lines *lines, size_t number, const char *kind,
			  const char *text)
{
	put_verb(lines, "begin", number);
	put(lines, " ");
	put_escaped(lines, kind, false);
	put(lines, " ");
	put_escaped(lines, text, true);
	put(lines, "\n");
}

void wg_journal_put_value(struct wg_journal_lines *lines, const char *verb, size_t number,
			  const char *name, const char *value)
{
	put_verb(lines, verb, number);
	put(lines, " ");
	put_escaped(lines, name, false);
	put(lines, " ");
	put_escaped(lines, value, true);
	put(lines, "\n");
}

void wg_journal_put_done(struct wg_journal_lines *lines, size_t number)
{
	put_verb(lines, "done", number);
	put(lines, "\n");
}

void wg_journal_put_undoing(struct wg_journal_lines *lines, size_t number)
{
	put_verb(lines, "back", number);
	put(lines, "\n");
}

void wg_journal_put_end(struct wg_journal_lines *lines, size_t number)
{
	put_verb(lines, "end", number);
	put(lines, "\n");
}

void wg_journal_put_change(struct wg_journal_lines *lines, size_t number,
			   const struct wg_journal_change *change)
{
	wg_journal_put_begin(lines, number, change->kind, change->text);
	for (size_t i = 0; i < change->n_values; i++)
		wg_journal_put_value(lines, "was", number, change->values[i].name,
				     change->values[i].was);
	for (size_t i = 0; i < change->n_values; i++)
		if (change->values[i].now)
			wg_journal_put_value(lines, "now", number, change->values[i].name,
					     change->values[i].now);
	if (change->done)
		wg_journal_put_done(lines, number);
}

void wg_journal_put_back(struct wg_journal_lines *lines, size_t number,
			 const struct wg_journal_change *change)
{
	for (size_t i = 0; i < change->n_values; i++)
		if (change->values[i].back)
			wg_journal_put_value(lines, "back", number, change->values[i].name,
					     change->values[i].back);
	if (change->undoing)
		wg_journal_put_undoing(lines, number);
}
