#include "daemon/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/text.h"
#include "daemon/sockfile.h"

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
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len)) {
		err = -errno;
		close(fd);
		return err;
	}
	if (pid)
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
	} while (n && !(text->len >= 2 && !memcmp(text->data + text->len - 2, "\n\n", 2)));
	return text->failed ? -ENOMEM : 0;
}

static int refuse(const char *name, int err, struct wg_error *error)
{
	if (err == -ENOENT || err == -ECONNREFUSED || err == -ECONNRESET || err == -EPIPE) {
		wg_error_set(error, -ENOENT, "%s: no tunnel of this name is up", name);
		return -ENOENT;
	}
	wg_error_set(error, err, "%s: control socket: %s", name, strerror(-err));
	return err;
}

int wg_ask(const char *name, const char *request, char **answer, size_t *len, pid_t *pid,
	   struct wg_error *error)
{
	struct wg_text text;
	int fd = connect_to(name, pid);
	int err;

	if (fd < 0)
		return refuse(name, fd, error);
	wg_text_init(&text);
	err = send_all(fd, request);
	if (!err)
		err = send_all(fd, "\n\n");
	if (!err)
		err = receive_all(fd, &text);
	close(fd);
	if (err) {
		wg_text_deinit(&text);
		return refuse(name, err, error);
	}
	*answer = wg_text_take(&text, len);
	if (!*answer || !*len) {
		free(*answer);
		wg_error_set(error, -EPROTO, "%s: the program that runs it gave no answer", name);
		wg_error_hint(error, "another program than tuff made it; to end it: rm %s/%s.sock",
			      WG_SOCKFILE_FOLDER, name);
		return -EPROTO;
	}
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
