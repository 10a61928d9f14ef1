#include "ctl/ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "crypto/text.h"
#include "ctl/sockfile.h"
#include "ctl/uapi.h"

/* How long a program may be silent before it is taken for dead: a tunnel with very many
 * peers can be at work for seconds. */
#define PATIENCE_SEC 10

/* To connect (when the listener's queue is full), to send and to receive: unix(7) and
 * socket(7). A call that takes longer fails with EAGAIN. 0: as long as it takes. */
static void set_patience(int fd, time_t seconds)
{
	const struct timeval limit = {.tv_sec = seconds};

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* pid is that of the process that listens, once connected. */
static int connect_to(const char *name, pid_t *pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred credentials;
	socklen_t len = sizeof(credentials);
	int err = wg_sockfile_place(address.sun_path, WG_SOCKFILE_FOLDER, name);
	int fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set_patience(fd, PATIENCE_SEC);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len)) {
		err = -errno;
		close(fd);
		return err;
	}
	*pid = credentials.pid;
	return fd;
}

static int send_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Takes a piece of an answer. 1: that was its end; 0: more has to come; or -errno. */
typedef int take_piece(void *ctx, const char *data, size_t len);

/* Up to the answer's end. -ENODATA when the other side ended it before. */
static int receive(int fd, take_piece *take, void *ctx)
{
	char piece[16384];
	int result = 0;

	while (!result) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENODATA;
		if (n > 0)
			result = take(ctx, piece, (size_t)n);
	}
	return result < 0 ? result : 0;
}

/* The name of a process, with its number; empty when either is not known. */
static void describe_process(char *text, size_t size, pid_t pid)
{
	char path[64];
	char comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = pid > 0 ? fopen(path, "re") : NULL;
	if (file && fgets(comm, sizeof(comm), file))
		comm[strcspn(comm, "\n")] = '\0';
	if (file)
		fclose(file);
	text[0] = '\0';
	if (*comm)
		snprintf(text, size, " (%s, process %d)", comm, (int)pid);
}

static int refuse_silent(const char *name, pid_t pid, struct wg_error *error)
{
	char process[64];

	describe_process(process, sizeof(process), pid);
	wg_error_set(error, -ETIMEDOUT,
		     "%s: the program that runs it%s does not answer at %s/%s.sock", name, process,
		     WG_SOCKFILE_FOLDER, name);
	if (*process)
		wg_error_hint(error, "if it stays so, end it with: kill %d", (int)pid);
	else
		wg_error_hint(error, "if it stays so, end it; to see which it is: ss -xlp");
	return -ETIMEDOUT;
}

static int refuse(const char *name, int err, pid_t pid, struct wg_error *error)
{
	if (err == -EAGAIN)
		return refuse_silent(name, pid, error);
	if (err == -ENOENT || err == -ECONNREFUSED || err == -ECONNRESET || err == -EPIPE) {
		wg_error_set(error, -ENOENT, "%s: no tunnel of this name is up", name);
		return -ENOENT;
	}
	wg_error_set(error, err, "%s: control socket: %s", name, strerror(-err));
	if (err == -EACCES || err == -EPERM)
		wg_error_hint(error, "run this as root");
	return err;
}

static int refuse_without_answer(const char *name, struct wg_error *error)
{
	wg_error_set(error, -EPROTO, "%s: the program that runs it gave no answer", name);
	wg_error_hint(error, "another program than tuff made it; to end it: rm %s/%s.sock",
		      WG_SOCKFILE_FOLDER, name);
	return -EPROTO;
}

/* An answer that is held whole. */
struct whole {
	int fd;
	struct wg_text text;
};

static bool has_begun(const struct wg_text *text)
{
	return text->len >= strlen(WG_UAPI_BEGUN) &&
	       !memcmp(text->data, WG_UAPI_BEGUN, strlen(WG_UAPI_BEGUN));
}

static int take_whole(void *ctx, const char *data, size_t len)
{
	struct whole *whole = ctx;
	struct wg_text *text = &whole->text;

	wg_text_add(text, data, len);
	if (text->failed)
		return -ENOMEM;
	if (has_begun(text))
		set_patience(whole->fd, 0);
	return text->len >= 2 && !memcmp(text->data + text->len - 2, "\n\n", 2);
}

static int take_status(void *ctx, const char *data, size_t len)
{
	return wg_status_read(ctx, data, len);
}

static int converse(int fd, const char *request, take_piece *take, void *ctx)
{
	int err = send_all(fd, request);

	if (!err)
		err = send_all(fd, "\n\n");
	if (!err)
		err = receive(fd, take, ctx);
	return err;
}

/* The answer without the line that says that it will come. */
static void strip_begun(char *answer, size_t *len)
{
	const size_t n = strlen(WG_UAPI_BEGUN);

	if (strncmp(answer, WG_UAPI_BEGUN, n) != 0)
		return;
	*len -= n;
	memmove(answer, answer + n, *len + 1);
}

int wg_ask(const char *name, const char *request, char **answer, size_t *len, pid_t *pid,
	   struct wg_error *error)
{
	pid_t listener = 0;
	struct whole whole = {.fd = connect_to(name, &listener)};
	int err;

	if (whole.fd < 0)
		return refuse(name, whole.fd, listener, error);
	wg_text_init(&whole.text);
	err = converse(whole.fd, request, take_whole, &whole);
	close(whole.fd);
	if (err && err != -ENODATA) {
		wg_text_deinit(&whole.text);
		return refuse(name, err, listener, error);
	}
	*answer = wg_text_take(&whole.text, len);
	if (*answer)
		strip_begun(*answer, len);
	if (!*answer || !*len) {
		free(*answer);
		return refuse_without_answer(name, error);
	}
	if (pid)
		*pid = listener;
	return 0;
}

/* Why a status was not had, or not all of it. */
static int refuse_status(const char *name, int err, pid_t pid, const struct wg_status *status,
			 struct wg_error *error)
{
	/* Another program hangs up, or answers what it likes. */
	if (err == -ENODATA && !status->detailed)
		return refuse_without_answer(name, error);
	if (err == -ENODATA)
		return wg_error_set(error, -EPIPE, "%s: the tunnel ended before it had told all",
				    name);
	if (err != -EPROTO)
		return refuse(name, err, pid, error);
	wg_error_set(error, err, "%s: show: %s", name, strerror(-err));
	wg_error_hint(error, "another program than tuff runs it: try wg show %s", name);
	return err;
}

static int ask_status(const char *name, struct wg_status *status,
		      const struct wg_status_handler *handler, struct wg_error *error)
{
	struct wg_status_reader reader;
	pid_t pid = 0;
	int fd = connect_to(name, &pid);
	int err;

	if (fd < 0)
		return refuse(name, fd, pid, error);
	status->pid = pid;
	wg_status_reader_init(&reader, status, handler);
	err = converse(fd, "show=1", take_status, &reader);
	wg_status_reader_deinit(&reader);
	close(fd);
	return err ? refuse_status(name, err, pid, status, error) : 0;
}

int wg_ask_status(const char *name, struct wg_status *status, struct wg_error *error)
{
	return ask_status(name, status, NULL, error);
}

int wg_ask_status_by_peer(const char *name, const struct wg_status_handler *handler,
			  struct wg_error *error)
{
	struct wg_status status;
	int err;

	wg_status_init(&status);
	err = ask_status(name, &status, handler, error);
	wg_status_deinit(&status);
	return err;
}

char *wg_ask_value(char **rest, const char *key)
{
	size_t key_len = strlen(key);
	char *line;

	while ((line = strsep(rest, "\n")))
		if (!strncmp(line, key, key_len) && line[key_len] == '=')
			return line + key_len + 1;
	return NULL;
}
