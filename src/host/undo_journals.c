#include "host/undo_journals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".undo"

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

int wg_undo_read_journal(int fd, struct wg_journal *journal)
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

bool wg_undo_is_here(const struct wg_undo *undo, const struct wg_journal_place *place)
{
	return place->namespace == undo->here.namespace && !strcmp(place->boot, undo->here.boot);
}

bool wg_undo_is_live(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return !change->ended && wg_undo_is_here(undo, &change->place);
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
	r = wg_undo_read_journal(fd, &journal);
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

int wg_undo_read_journals(struct wg_undo *undo)
{
	int r = wg_undo_read_journal(undo->fd, &undo->own);

	if (r)
		return r;
	/* What a crash tore off was never acted on; the next line must not follow it. Else
	 * what is reserved behind the end stays. */
	if (lseek(undo->fd, 0, SEEK_END) != (off_t)undo->own.whole &&
	    ftruncate(undo->fd, (off_t)undo->own.whole))
		return -errno;
	return read_others(undo);
}

bool wg_undo_is_of_this_boot(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return !change->ended && !strcmp(change->place.boot, undo->here.boot);
}

const struct wg_journal_change *wg_undo_find(const struct wg_undo *undo,
					     const struct wg_journal *journal, const char *kind,
					     const char *text)
{
	for (size_t i = journal->n; i-- > 0;) {
		const struct wg_journal_change *change = &journal->changes[i];

		if (wg_undo_is_live(undo, change) && !strcmp(change->kind, kind) &&
		    !strcmp(change->text, text))
			return change;
	}
	return NULL;
}

bool wg_undo_others_have(const struct wg_undo *undo, const char *kind, const char *text)
{
	for (size_t i = 0; i < undo->n_others; i++)
		if (wg_undo_find(undo, &undo->others[i].journal, kind, text))
			return true;
	return false;
}

size_t wg_undo_number_of(const struct wg_undo *undo, const struct wg_journal_change *change)
{
	return (size_t)(change - undo->own.changes) + 1;
}

void wg_undo_forget_journals(struct wg_undo *undo)
{
	wg_journal_deinit(&undo->own);
	for (size_t i = 0; i < undo->n_others; i++) {
		free(undo->others[i].file);
		wg_journal_deinit(&undo->others[i].journal);
	}
	free(undo->others);
	undo->others = NULL;
	undo->n_others = 0;
}
