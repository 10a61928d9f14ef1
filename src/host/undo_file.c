#include "host/undo_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".undo"
#define LOCK   ".lock"

/* More than the lines of one change take, there and back, of a few parameters each. */
#define MAX_CHANGE 4096

/* A journal of so many bytes may be worth writing anew: a tunnel that is reloaded
 * every minute would pass WG_JOURNAL_MAX within the year. */
#define LONG (64u << 10)

static int lock_fd(int fd, int how)
{
	int r;

	do
		r = flock(fd, how);
	while (r && errno == EINTR);
	return r ? -errno : 0;
}

/* Whether the open file still is what its name leads to. */
static bool is_named(const struct wg_undo *undo, int fd)
{
	struct stat ours, named;

	return !fstat(fd, &ours) &&
	       !fstatat(undo->dir_fd, undo->file, &named, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* The tunnel's file, locked for as long as it is open: so two processes cannot both
 * be the tunnel, and a killed one is known to be gone. */
static int try_open_own(struct wg_undo *undo)
{
	for (;;) {
		int r;

		undo->fd = openat(undo->dir_fd, undo->file,
				  O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (undo->fd < 0)
			return -errno;
		r = lock_fd(undo->fd, LOCK_EX | LOCK_NB);
		if (!r && is_named(undo, undo->fd))
			return 0;
		close(undo->fd);
		undo->fd = -1;
		if (r)
			return r == -EWOULDBLOCK ? -EBUSY : r;
		/* Its last owner removed it between our opening and locking. */
	}
}

/* A process that was killed is gone when its last child is: one that runs commands of
 * libnftables, say. A tunnel that lives stays. */
static int open_own(struct wg_undo *undo)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	int r = try_open_own(undo);

	for (int tries = 0; r == -EBUSY && tries < 20; tries++) {
		nanosleep(&pause, NULL);
		r = try_open_own(undo);
	}
	return r;
}

int wg_undo_file_open(struct wg_undo *undo, struct wg_error *error)
{
	int r;

	if (mkdir(undo->dir, 0755) && errno != EEXIST)
		return wg_error_set(error, -errno, "%s: %m", undo->dir);
	undo->dir_fd = open(undo->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (undo->dir_fd < 0)
		return wg_error_set(error, -errno, "%s: %m", undo->dir);
	r = open_own(undo);
	if (r == -EBUSY)
		return wg_error_set(error, r, "%s/%s: in use by a running tunnel", undo->dir,
				    undo->file);
	if (r)
		return wg_error_set(error, r, "%s/%s: %s", undo->dir, undo->file, strerror(-r));
	/* A crash may have left the beginning of another one. */
	unlinkat(undo->dir_fd, undo->new_file, 0);
	return 0;
}

void wg_undo_file_close(struct wg_undo *undo)
{
	if (undo->fd >= 0)
		close(undo->fd);
	if (undo->dir_fd >= 0)
		close(undo->dir_fd);
}

static size_t read_all(int fd, char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, data + done, len - done, (off_t)done);

		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		if (n > 0)
			done += (size_t)n;
	}
	return done;
}

static int read_journal(int fd, struct wg_journal *journal)
{
	struct stat st;
	char *data;
	int r;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > WG_JOURNAL_MAX)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	r = wg_journal_parse(journal, data, read_all(fd, data, (size_t)st.st_size));
	free(data);
	return r;
}

static bool is_other(const struct wg_undo *undo, const char *file)
{
	size_t len = strlen(file);

	return len > strlen(SUFFIX) && !strcmp(file + len - strlen(SUFFIX), SUFFIX) &&
	       strcmp(file, undo->file) != 0;
}

static bool has_live(const struct wg_undo *undo, const struct wg_journal *journal)
{
	for (size_t i = 0; i < journal->n; i++)
		if (wg_undo_is_live(undo, &journal->changes[i]))
			return true;
	return false;
}

static int keep(struct wg_undo *undo, const char *file, const struct wg_journal *journal)
{
	struct wg_undo_other *other =
		reallocarray(undo->others, undo->n_others + 1, sizeof(*other));

	if (!other)
		return -ENOMEM;
	undo->others = other;
	other += undo->n_others;
	*other = (struct wg_undo_other){strdup(file), *journal};
	undo->n_others += other->file != NULL;
	return other->file ? 0 : -ENOMEM;
}

/* Takes another journal in if it has a say here. One that cannot be read has none. */
static int read_other(struct wg_undo *undo, const char *file)
{
	int fd = openat(undo->dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct wg_journal journal = {.n = 0};
	bool kept;
	int r;

	if (fd < 0)
		return 0;
	r = read_journal(fd, &journal);
	close(fd);
	if (r)
		return r == -ENOMEM ? r : 0;
	kept = has_live(undo, &journal);
	if (kept)
		r = keep(undo, file, &journal);
	if (!kept || r)
		wg_journal_deinit(&journal);
	return r;
}

static int read_others(struct wg_undo *undo)
{
	int fd = openat(undo->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		if (is_other(undo, entry->d_name))
			r = read_other(undo, entry->d_name);
	closedir(dir);
	return r;
}

static int read_everything(struct wg_undo *undo)
{
	int r = read_journal(undo->fd, &undo->own);

	if (r)
		return r;
	/* What a crash tore off was never acted on; the next line must not follow it. Else
	 * what is reserved behind the end stays. */
	if (lseek(undo->fd, 0, SEEK_END) != (off_t)undo->own.whole &&
	    ftruncate(undo->fd, (off_t)undo->own.whole))
		return -errno;
	return read_others(undo);
}

static int refuse(const struct wg_undo *undo, int r, struct wg_error *error)
{
	wg_error_set(error, r, "%s/%s: %s", undo->dir, undo->file,
		     r == -EPROTO ? "not an undo journal of this version" : strerror(-r));
	if (r == -ENOSPC || r == -EDQUOT)
		wg_error_hint(error,
			      "nothing is changed that cannot be noted first; make room: df -h %s",
			      undo->dir);
	return r;
}

int wg_undo_lock(struct wg_undo *undo, struct wg_error *error)
{
	int r = 0;

	undo->lock_fd = openat(undo->dir_fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Somebody removed the directory: our file is there as long as it is open, and
	 * there are no others to agree with. */
	if (undo->lock_fd < 0 && errno != ENOENT)
		return wg_error_set(error, -errno, "%s/" LOCK ": %m", undo->dir);
	if (undo->lock_fd >= 0)
		r = lock_fd(undo->lock_fd, LOCK_EX);
	r = r ? r : read_everything(undo);
	if (r) {
		wg_undo_unlock(undo);
		return refuse(undo, r, error);
	}
	return 0;
}

void wg_undo_unlock(struct wg_undo *undo)
{
	wg_journal_deinit(&undo->own);
	for (size_t i = 0; i < undo->n_others; i++) {
		free(undo->others[i].file);
		wg_journal_deinit(&undo->others[i].journal);
	}
	free(undo->others);
	undo->others = NULL;
	undo->n_others = 0;
	if (undo->lock_fd >= 0)
		close(undo->lock_fd);
	undo->lock_fd = -1;
}

static bool is_here(const struct wg_undo *undo, const struct wg_journal_place *place)
{
	return place->namespace == undo->here.namespace && !strcmp(place->boot, undo->here.boot);
}

bool wg_undo_is_live(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return !change->ended && is_here(undo, &change->place);
}

void wg_undo_lines(const struct wg_undo *undo, const struct wg_journal *journal,
		   struct wg_journal_lines *lines)
{
	wg_journal_lines_init(lines);
	if (!journal->whole)
		wg_journal_put_head(lines);
	if (!is_here(undo, &journal->place))
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

static bool is_over(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return change->ended || strcmp(change->place.boot, undo->here.boot) != 0;
}

static bool is_mostly_over(const struct wg_undo *undo)
{
	size_t n = 0;

	for (size_t i = 0; i < undo->own.n; i++)
		n += is_over(undo, &undo->own.changes[i]);
	return undo->own.whole > LONG && n > undo->own.n / 2;
}

static void put_rest(const struct wg_undo *undo, struct wg_journal_lines *lines)
{
	size_t n = 0;

	wg_journal_lines_init(lines);
	wg_journal_put_head(lines);
	for (size_t i = 0; i < undo->own.n; i++) {
		const struct wg_journal_change *change = &undo->own.changes[i];

		if (is_over(undo, change))
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
	r = r ? r : lock_fd(fd, LOCK_EX | LOCK_NB);
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
	return read_journal(undo->fd, &undo->own);
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
		return refuse(undo, r, error);
	}
	return 0;
}

int wg_undo_append(struct wg_undo *undo, struct wg_journal_lines *lines, struct wg_error *error)
{
	int r = append(undo->fd, lines);

	wg_journal_lines_deinit(lines);
	return r ? refuse(undo, r, error) : 0;
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

void wg_undo_note(const struct wg_undo *undo, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	undo->ops->note(undo->ops->ctx, text);
}
