#include "daemon/ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ctl/text.h"
#include "ctl/uapi.h"
#include "daemon/sockfile.h"

/* How long a program may be silent before it is taken for dead: a tunnel with very many
 * peers can be at work for seconds. */
#define PATIENCE_SEC 10

/* To connect (when the listener's queue is full), to send and to receive: unix(7) and
 * socket(7). What takes longer fails with EAGAIN. 0: as long as it takes. */
static void set_patience(int fd, time_t seconds)
{
	const struct timeval limit = {.tv_sec = seconds};

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* pid is whoever listens, once connected. */
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

static bool has_begun(const struct wg_text *text)
{
	return text->len >= strlen(WG_UAPI_BEGUN) &&
	       !memcmp(text->data, WG_UAPI_BEGUN, strlen(WG_UAPI_BEGUN));
}

/* Up to the empty line, or the end. */
static int receive_all(int fd, struct wg_text *text)
{
	char chunk[4096];
	ssize_t n;

	do {
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			wg_text_add(text, chunk, (size_t)n);
		if (n > 0 && has_begun(text))
			set_patience(fd, 0);
	} while (n && !(text->len >= 2 && !memcmp(text->data + text->len - 2, "\n\n", 2)));
	return text->failed ? -ENOMEM : 0;
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

static int converse(int fd, const char *request, struct wg_text *text)
{
	int err = send_all(fd, request);

	if (!err)
		err = send_all(fd, "\n\n");
	if (!err)
		err = receive_all(fd, text);
	return err;
}

/* Without the line that says that it will come. */
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
	struct wg_text text;
	pid_t listener = 0;
	int fd = connect_to(name, &listener);
	int err;

	if (fd < 0)
		return refuse(name, fd, listener, error);
	wg_text_init(&text);
	err = converse(fd, request, &text);
	close(fd);
	if (err) {
		wg_text_deinit(&text);
		return refuse(name, err, listener, error);
	}
	*answer = wg_text_take(&text, len);
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

int wg_ask_status(const char *name, struct wg_status *status, struct wg_error *error)
{
	char *answer;
	size_t len;
	int err = wg_ask(name, "show=1", &answer, &len, NULL, error);

	if (err)
		return err;
	err = wg_status_parse(status, answer, len);
	free(answer);
	if (err) {
		wg_error_set(error, err, "%s: show: %s", name, strerror(-err));
		if (err == -EPROTO)
			wg_error_hint(error, "another program than tuff runs it: try wg show %s",
				      name);
	}
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
