#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "host/input.h"

#define LINE_LEN  512
/* What a pipe holds (pipe(7)). */
#define PIPE_LEN  65536
/* Milliseconds: what a command that is being ended has to clean up, and how often its group
 * is looked at then. */
#define GRACE     5000u
#define LOOK_EACH 50u

struct command {
	char *what;
	char *text;
	char **argv;
	char *input;
};

struct wg_spawn {
	struct wg_spawner *spawner;
	struct command *commands;
	size_t n;
	size_t next; /* the one after the running one */
	struct wg_spawn_options options;
	struct wg_error error;

	/* Of the running one. */
	uv_process_t process;
	uv_pipe_t output;
	uv_timer_t timer; /* the limit; once it is being ended, the next look at its group */
	unsigned int open_handles;
	uint64_t started; /* milliseconds of uv_now() */
	uint64_t stopped;
	char stop_reason[128]; /* empty: nobody ends it */
	bool ended;            /* the command itself; its group may not have */
	int64_t exit_status;
	int signal;
	char line[LINE_LEN];
	size_t line_len;
	char said[LINE_LEN + 1]; /* its last line */
	char chunk[4096];
};

static const char *what_of(const struct wg_spawn *spawn)
{
	return spawn->commands[spawn->next - 1].what;
}

static void log_line(struct wg_spawn *spawn)
{
	if (spawn->line_len) {
		memcpy(spawn->said, spawn->line, spawn->line_len);
		spawn->said[spawn->line_len] = '\0';
		if (!spawn->options.brief)
			wg_log(WG_LOG_INFO, "%s: %s", what_of(spawn), spawn->said);
	}
	spawn->line_len = 0;
}

static void free_command(struct command *command)
{
	for (char **arg = command->argv; arg && *arg; arg++)
		free(*arg);
	free((void *)command->argv);
	free(command->what);
	free(command->text);
	free(command->input);
}

static void spawn_free(struct wg_spawn *spawn)
{
	for (size_t i = 0; i < spawn->n; i++)
		free_command(&spawn->commands[i]);
	free(spawn->commands);
	free(spawn);
}

static void finish(struct wg_spawn *spawn)
{
	struct wg_error error = spawn->error;
	wg_spawn_done *done = spawn->options.done;
	void *ctx = spawn->options.ctx;

	spawn->spawner->running = NULL;
	spawn->spawner->ended = *spawn->stop_reason != '\0';
	spawn_free(spawn);
	done(ctx, &error);
}

static void note_failure(struct wg_spawn *spawn)
{
	const struct command *command = &spawn->commands[spawn->next - 1];
	const char *said = spawn->said;
	const char *open = *said ? " (" : "";
	const char *close = *said ? ")" : "";
	struct wg_error error;

	if (*spawn->stop_reason)
		wg_error_set(&error, -ETIMEDOUT,
			     "%s: %s: it was ended after %" PRIu64 " s: %s%s%s%s", command->what,
			     command->text, (spawn->stopped - spawn->started) / 1000,
			     spawn->stop_reason, open, said, close);
	else if (spawn->options.brief && *said)
		wg_error_set(&error, -EINVAL, "%s: %s: %s", command->what, command->text, said);
	else if (spawn->signal)
		wg_error_set(&error, -EINTR, "%s: %s: ended by signal %d%s%s%s", command->what,
			     command->text, spawn->signal, open, said, close);
	else
		wg_error_set(&error, -EINVAL, "%s: %s: exit status %d%s%s%s", command->what,
			     command->text, (int)spawn->exit_status, open, said, close);
	if (spawn->options.keep_going)
		wg_log(WG_LOG_WARNING, "%s", error.text);
	else
		spawn->error = error;
}

static void take_output(struct wg_spawn *spawn, const char *bytes, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || spawn->line_len == sizeof(spawn->line))
			log_line(spawn);
		if (bytes[i] != '\n')
			spawn->line[spawn->line_len++] = bytes[i];
	}
}

static void start_next(struct wg_spawn *spawn);

/* Process, output and timer are closed one by one; the last goes on. */
static void on_closed(uv_handle_t *handle)
{
	struct wg_spawn *spawn = handle->data;

	if (--spawn->open_handles > 0)
		return;
	log_line(spawn);
	if (spawn->exit_status || spawn->signal || *spawn->stop_reason)
		note_failure(spawn);
	start_next(spawn);
}

static void close_output(struct wg_spawn *spawn)
{
	if (!uv_is_closing((uv_handle_t *)&spawn->output))
		uv_close((uv_handle_t *)&spawn->output, on_closed);
}

static uv_loop_t *loop_of(const struct wg_spawn *spawn)
{
	return spawn->spawner->loop;
}

/* Nobody is left that belongs to the command. */
static void close_all(struct wg_spawn *spawn)
{
	close_output(spawn);
	uv_close((uv_handle_t *)&spawn->process, on_closed);
	uv_close((uv_handle_t *)&spawn->timer, on_closed);
}

/* The command's process group has its number; it stays the group's while any of it is left,
 * also when the command itself is not. */
static bool signal_group(const struct wg_spawn *spawn, int signal)
{
	return !kill(-spawn->process.pid, signal);
}

static void on_look(uv_timer_t *timer)
{
	struct wg_spawn *spawn = timer->data;
	bool overdue = uv_now(loop_of(spawn)) - spawn->stopped >= GRACE;

	if (overdue)
		signal_group(spawn, SIGKILL);
	if (spawn->ended && (overdue || !signal_group(spawn, 0)))
		close_all(spawn);
	else
		uv_timer_start(&spawn->timer, on_look, LOOK_EACH, 0);
}

static void stop(struct wg_spawn *spawn, const char *why)
{
	if (*spawn->stop_reason || spawn->ended || spawn->process.pid <= 0)
		return;
	snprintf(spawn->stop_reason, sizeof(spawn->stop_reason), "%s", why);
	uv_update_time(loop_of(spawn));
	spawn->stopped = uv_now(loop_of(spawn));
	signal_group(spawn, SIGTERM);
	uv_timer_start(&spawn->timer, on_look, LOOK_EACH, 0);
}

static void on_limit(uv_timer_t *timer)
{
	struct wg_spawn *spawn = timer->data;
	char why[64];

	snprintf(why, sizeof(why), "%s = %" PRIu32, spawn->options.setter, spawn->options.limit);
	stop(spawn, why);
}

/* What the command left running in the background may keep its output open, and write,
 * for ever, so its end is not waited for: what is there now is read, and that is all. */
static void on_ended(uv_process_t *process, int64_t exit_status, int signal)
{
	struct wg_spawn *spawn = process->data;
	uv_os_fd_t fd;
	ssize_t n = 1;
	size_t total = 0;

	spawn->exit_status = exit_status;
	spawn->signal = signal;
	if (!uv_is_closing((uv_handle_t *)&spawn->output) &&
	    !uv_fileno((uv_handle_t *)&spawn->output, &fd)) {
		while (n > 0 && total < PIPE_LEN) {
			n = read(fd, spawn->chunk, sizeof(spawn->chunk));
			take_output(spawn, spawn->chunk, n);
			total += n > 0 ? (size_t)n : 0;
		}
	}
	spawn->ended = true;
	if (!*spawn->stop_reason)
		close_all(spawn);
	/* else its group is waited for, so that what it does at its end is done */
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct wg_spawn *spawn = handle->data;

	(void)suggested;
	*buf = uv_buf_init(spawn->chunk, sizeof(spawn->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct wg_spawn *spawn = stream->data;

	take_output(spawn, buf->base, n);
	if (n < 0)
		close_output(spawn);
}

static int start_process(struct wg_spawn *spawn, const struct command *command, int input,
			 int output)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = input < 0 ? UV_IGNORE : UV_INHERIT_FD, .data.fd = input},
		{.flags = UV_INHERIT_FD, .data.fd = output},
		{.flags = UV_INHERIT_FD, .data.fd = output},
	};
	uv_process_options_t options = {
		.exit_cb = on_ended,
		.file = command->argv[0],
		.args = command->argv,
		.stdio = stdio,
		.stdio_count = 3,
		.flags = UV_PROCESS_DETACHED,
	};

	return uv_spawn(loop_of(spawn), &spawn->process, &options);
}

static void start(struct wg_spawn *spawn, const struct command *command)
{
	int input = command->input ? wg_input_open(command->input) : -1;
	int pipe[2] = {-1, -1};
	int err = command->input && input < 0 ? input : 0;

	uv_pipe_init(loop_of(spawn), &spawn->output, 0);
	uv_timer_init(loop_of(spawn), &spawn->timer);
	spawn->process.data = spawn->output.data = spawn->timer.data = spawn;
	spawn->open_handles = 3;
	uv_update_time(loop_of(spawn));
	spawn->started = uv_now(loop_of(spawn));
	if (!err && pipe2(pipe, O_CLOEXEC))
		err = -errno;
	if (!err)
		err = uv_pipe_open(&spawn->output, pipe[0]);
	if (!err)
		err = start_process(spawn, command, input, pipe[1]);
	if (pipe[1] >= 0)
		close(pipe[1]);
	if (input >= 0)
		close(input);
	if (!err) {
		uv_read_start((uv_stream_t *)&spawn->output, on_alloc, on_read);
		if (spawn->options.limit)
			uv_timer_start(&spawn->timer, on_limit, spawn->options.limit * 1000ull, 0);
		return;
	}
	snprintf(spawn->said, sizeof(spawn->said), "%s: %s", command->argv[0], strerror(-err));
	spawn->exit_status = 127;
	/* uv_spawn initialises the handle before anything can fail in it. */
	if (spawn->process.type == UV_PROCESS)
		uv_close((uv_handle_t *)&spawn->process, on_closed);
	else
		spawn->open_handles--;
	close_output(spawn);
	uv_close((uv_handle_t *)&spawn->timer, on_closed);
}

static void start_next(struct wg_spawn *spawn)
{
	if (spawn->next == spawn->n || *spawn->error.text) {
		finish(spawn);
		return;
	}
	spawn->exit_status = 0;
	spawn->signal = 0;
	spawn->said[0] = '\0';
	spawn->stop_reason[0] = '\0';
	spawn->ended = false;
	memset(&spawn->process, 0, sizeof(spawn->process));
	spawn->next++;
	start(spawn, &spawn->commands[spawn->next - 1]);
}

static bool copy_command(struct command *to, const struct wg_spawn_command *from)
{
	size_t n = 0;

	while (from->argv[n])
		n++;
	to->what = strdup(from->what);
	to->text = strdup(from->text);
	to->input = from->input ? strdup(from->input) : NULL;
	to->argv = (char **)calloc(n + 1, sizeof(char *));
	if (!to->what || !to->text || !to->argv || (from->input && !to->input))
		return false;
	for (size_t i = 0; i < n; i++) {
		to->argv[i] = strdup(from->argv[i]);
		if (!to->argv[i])
			return false;
	}
	return true;
}

int wg_spawn_run(struct wg_spawner *spawner, const struct wg_spawn_command *commands, size_t n,
		 const struct wg_spawn_options *options)
{
	struct wg_spawn *spawn = calloc(1, sizeof(*spawn));

	if (!spawn)
		return -ENOMEM;
	spawn->commands = calloc(n + 1, sizeof(*spawn->commands));
	spawn->spawner = spawner;
	spawn->options = *options;
	for (; spawn->commands && spawn->n < n; spawn->n++) {
		if (!copy_command(&spawn->commands[spawn->n], &commands[spawn->n])) {
			spawn->n++;
			break;
		}
	}
	if (!spawn->commands || (n && !spawn->commands[n - 1].argv)) {
		spawn_free(spawn);
		return -ENOMEM;
	}
	spawner->running = spawn;
	start_next(spawn);
	return 0;
}

void wg_spawn_stop(struct wg_spawner *spawner, const char *why)
{
	if (spawner->running)
		stop(spawner->running, why);
}
