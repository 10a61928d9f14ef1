/* For the tests of the control server: one over a temporary folder, with a handler that
 * only takes notes. Clients are sockets of the same thread: a Unix socket's bytes and
 * inotify's events are there as soon as they are written, so turning the loop a few
 * times is enough. */
#ifndef WG_TESTS_CONTROL_H
#define WG_TESTS_CONTROL_H

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wgtest.h"

#include "base/log.h"
#include "ctl/uapi.h"
#include "keeper/control.h"

#define GET      "get=1\n\n"
#define SET_PORT "set=1\nlisten_port=5000\n\n"
#define OK       "errno=0\n\n"

struct bench {
	char folder[64];
	uv_loop_t loop;
	struct wg_sockfile file;
	struct wg_control *control;

	/* The handler's notes. */
	size_t n_sets;
	size_t n_gets;
	size_t n_gone;
	size_t n_downs;
	int n_reloads;
	int reload_result;
	uint16_t port;
	size_t peers_shown;
	size_t n_pieces;
	size_t fails_behind; /* so many peers a get has its error, if it has one */
	int get_error;
	int set_error;
};

static size_t n_log_lines;

static inline void count_line(enum wg_log_level level, const char *text)
{
	(void)level;
	(void)text;
	n_log_lines++;
}

static inline int on_set(void *ctx, struct wg_config *change)
{
	struct bench *bench = ctx;

	bench->n_sets++;
	if (!bench->set_error && change->has_listen_port)
		bench->port = change->listen_port;
	return bench->set_error;
}

/* A peer for each piece. */
static inline int on_describe(void *ctx, enum wg_uapi_kind kind, struct wg_description *description,
			      struct wg_text *text)
{
	struct bench *bench = ctx;
	size_t peer = description->cursor.told;

	assert_int_equal(kind, WG_UAPI_GET);
	if (!description->begun) {
		bench->n_gets++;
		if (bench->port)
			wg_text_printf(text, "listen_port=%u\n", bench->port);
		description->begun = true;
		description->cursor.last = bench->peers_shown;
	}
	if (peer < description->cursor.last) {
		bench->n_pieces++;
		wg_text_printf(text, "public_key=%064zx\n", peer);
		description->cursor.told++;
	}
	if (bench->get_error && description->cursor.told == bench->fails_behind)
		return bench->get_error;
	return description->cursor.told < description->cursor.last;
}

static inline void on_gone(void *ctx)
{
	struct bench *bench = ctx;

	bench->n_gone++;
}

static inline void on_down(void *ctx)
{
	struct bench *bench = ctx;

	bench->n_downs++;
}

static inline int on_reload(void *ctx)
{
	struct bench *bench = ctx;

	bench->n_reloads++;
	return bench->reload_result;
}

static inline void turn(struct bench *bench)
{
	for (int i = 0; i < 200; i++)
		uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static inline struct wg_control_handler handler_of(struct bench *bench)
{
	return (struct wg_control_handler){
		.set = on_set,
		.describe = on_describe,
		.reload = on_reload,
		.down = on_down,
		.gone = on_gone,
		.ctx = bench,
	};
}

static inline void serve(struct bench *bench, const struct wg_control_limits *limits)
{
	const struct wg_control_handler handler = handler_of(bench);
	char path[sizeof(bench->file.path)];
	int fd;

	assert_int_equal(wg_sockfile_place(path, bench->folder, "wg0"), 0);
	fd = wg_sockfile_listen(&bench->file, path);
	assert_true(fd >= 0);
	assert_int_equal(
		wg_control_open(&bench->control, &bench->loop, fd, &bench->file, limits, &handler),
		0);
}

static inline int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	snprintf(bench->folder, sizeof(bench->folder), "/tmp/wg-control-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	assert_int_equal(uv_loop_init(&bench->loop), 0);
	serve(bench, &wg_control_usual_limits);
	n_log_lines = 0;
	wg_log_init(count_line, WG_LOG_DEBUG);
	*state = bench;
	return 0;
}

static inline void stop(struct bench *bench)
{
	wg_control_close(bench->control);
	bench->control = NULL;
	uv_run(&bench->loop, UV_RUN_DEFAULT);
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;

	stop(bench);
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	rmdir(bench->folder);
	free(bench);
	return 0;
}

static inline void serve_with_limits(struct bench *bench, size_t clients, size_t bytes)
{
	const struct wg_control_limits limits = {clients, bytes};

	stop(bench);
	serve(bench, &limits);
}

static inline int dial(struct bench *bench)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, bench->file.path, sizeof(address.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	turn(bench);
	return fd;
}

static inline void say(struct bench *bench, int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	turn(bench);
}

/* What is there to read up to size - 1 bytes; "(end)" when the server hung up. */
static inline const char *heard(struct bench *bench, int fd)
{
	static char text[65536];
	ssize_t n;

	turn(bench);
	n = read(fd, text, sizeof(text) - 1);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return "(end)";
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

#endif
