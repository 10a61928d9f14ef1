/* The text of an undo journal: lines that are only ever appended, so that whatever
 * a crash leaves is a beginning of it. Pure; host/undo.h owns the files.
 *
 *	tuff-undo 1                      what this is
 *	in BOOT NAMESPACE                where the following changes are made
 *	begin N KIND TEXT                change N is about to be made
 *	was N NAME VALUE                 and will touch this; was is its present value
 *	now N NAME VALUE                 what change N made of it
 *	done N                           change N has been made
 *	back N NAME VALUE                change N is about to be undone, giving this value
 *	back N                           change N, which has no values, is about to be undone
 *	end N                            change N is undone, or was never made
 *
 * Changes are numbered from 1 in their order. A last line without its newline was torn by
 * a crash, and nothing had been done about it. The last field of a line runs to its end;
 * bytes that could not stand there are written as %HH. Only this folder includes it. */
#ifndef WG_HOST_JOURNAL_H
#define WG_HOST_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_JOURNAL_MAX      (16u << 20) /* bytes of a journal that is read at all */
#define WG_JOURNAL_BOOT_LEN 40          /* a UUID's text and more */

/* Where a change was made: it means nothing anywhere else. */
struct wg_journal_place {
	char boot[WG_JOURNAL_BOOT_LEN];
	uint64_t namespace;
};

/* One parameter that a change touched. */
struct wg_journal_value {
	char *name;
	char *was;
	char *now;  /* NULL: not known, or (the change being done) untouched */
	char *back; /* NULL: nobody began to undo it */
};

struct wg_journal_change {
	struct wg_journal_place place;
	char *kind;
	char *text;
	struct wg_journal_value *values;
	size_t n_values;
	bool done;
	bool undoing; /* "back" without a value was said */
	bool ended;
};

struct wg_journal {
	struct wg_journal_change *changes; /* change N is changes[N - 1] */
	size_t n;
	struct wg_journal_place place; /* of changes to come; zeros: none was said */
	size_t whole;                  /* bytes of whole lines */
	size_t n_bad;                  /* lines that make no sense, and were passed over */
};

/* 0, -ENOMEM, -EFBIG (larger than WG_JOURNAL_MAX), or -EPROTO (not a journal that
 * this program understands); then there is nothing to deinit. */
int wg_journal_parse(struct wg_journal *journal, const char *data, size_t len);
void wg_journal_deinit(struct wg_journal *journal);

/* The value of that name in a change, or NULL. */
struct wg_journal_value *wg_journal_value(const struct wg_journal_change *change, const char *name);

/* Lines to be appended. Running out of memory is remembered in failed. */
struct wg_journal_lines {
	char *data;
	size_t len;
	size_t capacity;
	bool failed;
};

void wg_journal_lines_init(struct wg_journal_lines *lines);
void wg_journal_lines_deinit(struct wg_journal_lines *lines);

void wg_journal_put_head(struct wg_journal_lines *lines);
void wg_journal_put_place(struct wg_journal_lines *lines, const struct wg_journal_place *place);
void wg_journal_put_begin(struct wg_journal_lines *lines, size_t number, const char *kind,
			  const char *text);
/* verb is "was", "now" or "back". */
void wg_journal_put_value(struct wg_journal_lines *lines, const char *verb, size_t number,
			  const char *name, const char *value);
void wg_journal_put_done(struct wg_journal_lines *lines, size_t number);
void wg_journal_put_undoing(struct wg_journal_lines *lines, size_t number);
void wg_journal_put_end(struct wg_journal_lines *lines, size_t number);

/* A change anew: all of it but that somebody began to undo it, or did. */
void wg_journal_put_change(struct wg_journal_lines *lines, size_t number,
			   const struct wg_journal_change *change);
/* And that somebody began to. */
void wg_journal_put_back(struct wg_journal_lines *lines, size_t number,
			 const struct wg_journal_change *change);

#endif
