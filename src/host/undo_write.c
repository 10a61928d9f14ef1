#include "host/undo_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/undo_journals.h"

/* More than the lines of one change take, there and back, of a few parameters each. */
#define MAX_CHANGE 4096

/* A journal of so many bytes may be worth writing anew: a tunnel that is reloaded
 * every minute would pass WG_JOURNAL_MAX within the year. */
#define LONG (64u << 10)

void wg_undo_lines(const struct wg_undo *undo, const struct wg_journal *journal,
		   struct wg_journal_lines *lines)
{
	wg_journal_lines_init(lines);
	if (!journal->whole)
		wg_journal_put_head(lines);
	if (!wg_undo_is_here(undo, &journal->place))
		wg_journal_put_place(lines, &undo->here);
}

/* All of it, or nothing of it: what was written in part is taken off again. */
static int append(int fd, const struct wg_journal_lines *lines)
{
	off_t start = lseek(fd, 0, SEEK_END);
	size_t done = 0;
	int r = lines->failed ? -ENOMEM : 0;

	while (!r && done < lines->len) {
		ssize_t n = write(fd, lines->data + done, lines->len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			r = -errno;
	}
	if (!r && fsync(fd))
		r = -errno;
	if (r && start >= 0 && ftruncate(fd, start))
		return r;
	return r;
}

static bool is_mostly_over(const struct wg_undo *undo)
{
	size_t n = 0;

	for (size_t i = 0; i < undo->own.n; i++)
		n += !wg_undo_is_of_this_boot(undo, &undo->own.changes[i]);
	return undo->own.whole > LONG && n > undo->own.n / 2;
}

static void put_rest(const struct wg_undo *undo, struct wg_journal_lines *lines)
{
	size_t n = 0;

	wg_journal_lines_init(lines);
	wg_journal_put_head(lines);
	for (size_t i = 0; i < undo->own.n; i++) {
		const struct wg_journal_change *change = &undo->own.changes[i];

		if (!wg_undo_is_of_this_boot(undo, change))
			continue;
		wg_journal_put_place(lines, &change->place);
		wg_journal_put_change(lines, ++n, change);
		wg_journal_put_back(lines, n, change);
	}
}

/* The new file is complete, on disk and locked before it gets the old one's name. */
static int replace(struct wg_undo *undo, const struct wg_journal_lines *lines)
{
	int fd = openat(undo->dir_fd, undo->new_file,
			O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = append(fd, lines);
	r = r ? r : wg_undo_file_lock(fd, LOCK_EX | LOCK_NB);
	if (!r && renameat(undo->dir_fd, undo->new_file, undo->dir_fd, undo->file))
		r = -errno;
	if (r) {
		unlinkat(undo->dir_fd, undo->new_file, 0);
		close(fd);
		return r;
	}
	close(undo->fd);
	undo->fd = fd;
	return 0;
}

static int write_anew(struct wg_undo *undo)
{
	struct wg_journal_lines lines;
	int r;

	put_rest(undo, &lines);
	r = replace(undo, &lines);
	wg_journal_lines_deinit(&lines);
	if (r)
		return r;
	wg_journal_deinit(&undo->own);
	return wg_undo_read_journal(undo->fd, &undo->own);
}

/* Taking a change back is noted, too: that there is room for it has to be known before it
 * is made, since a disk may be full by then. What there is needs no more than as much
 * again. Not every file system can reserve. */
static int reserve(const struct wg_undo *undo)
{
	off_t len = 2 * (off_t)undo->own.whole + MAX_CHANGE;

	if (fallocate(undo->fd, FALLOC_FL_KEEP_SIZE, 0, len) &&
	    (errno == ENOSPC || errno == EDQUOT))
		return -errno;
	return 0;
}

int wg_undo_lock_to_change(struct wg_undo *undo, struct wg_error *error)
{
	int r = wg_undo_lock(undo, error);

	if (r)
		return r;
	if (is_mostly_over(undo))
		r = write_anew(undo);
	if (!r)
		r = reserve(undo);
	if (r) {
		wg_undo_unlock(undo);
		return wg_undo_file_refuse(undo, r, error);
	}
	return 0;
}

int wg_undo_append(struct wg_undo *undo, struct wg_journal_lines *lines, struct wg_error *error)
{
	int r = append(undo->fd, lines);

	wg_journal_lines_deinit(lines);
	return r ? wg_undo_file_refuse(undo, r, error) : 0;
}

int wg_undo_append_to(struct wg_undo *undo, const struct wg_undo_other *other,
		      struct wg_journal_lines *lines)
{
	int fd = openat(undo->dir_fd, other->file, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : 0;

	/* As its owner would when next it looks: nothing may follow a torn line. */
	if (!r && lseek(fd, 0, SEEK_END) != (off_t)other->journal.whole &&
	    ftruncate(fd, (off_t)other->journal.whole))
		r = -errno;
	r = r ? r : append(fd, lines);
	if (fd >= 0)
		close(fd);
	wg_journal_lines_deinit(lines);
	return r;
}

int wg_undo_append_begin(struct wg_undo *undo, const char *kind, const char *text,
			 struct wg_error *error)
{
	struct wg_journal_lines lines;

	wg_undo_lines(undo, &undo->own, &lines);
	wg_journal_put_begin(&lines, undo->own.n + 1, kind, text);
	return wg_undo_append(undo, &lines, error);
}

int wg_undo_end(struct wg_undo *undo, size_t number)
{
	struct wg_journal_lines lines;
	struct wg_error error;

	wg_journal_lines_init(&lines);
	wg_journal_put_end(&lines, number);
	return wg_undo_append(undo, &lines, &error);
}
