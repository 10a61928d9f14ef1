#include "keeper/runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "keeper/launch.h"
#include "keeper/refusal.h"
#include "keeper/runner_parts.h"
#include "os/clock.h"
#include "os/later.h"

/* Datagrams of one turn. */
#define BUDGET 64

/* How long an engine may take to end when it is told to (ms). */
#define END_LIMIT 2000

static void close_pair(struct wg_runner *runner)
{
	wg_poller_close(runner->poller);
	runner->poller = NULL;
	if (runner->socket.pair.kind)
		wg_pair_close(&runner->socket.pair);
	runner->socket.pair.kind = NULL;
	wg_runner_drop_aside(runner);
}

/* Takes its status, however it ended. */
static int reap(struct wg_runner *runner)
{
	int status = 0;

	while (waitpid(runner->pid, &status, 0) < 0 && errno == EINTR)
		;
	runner->pid = 0;
	return status;
}

static void heal_later(void *ctx)
{
	struct wg_runner *runner = ctx;

	if (!runner->stopped && !runner->pid)
		wg_runner_heal(runner);
}

void wg_runner_give_up(struct wg_runner *runner, const char *why)
{
	int status;

	if (!runner->pid)
		return;
	kill(runner->pid, SIGKILL);
	close_pair(runner);
	status = reap(runner);
	if (why)
		snprintf(runner->why, sizeof(runner->why), "the engine %s", why);
	else if (WIFSIGNALED(status))
		snprintf(runner->why, sizeof(runner->why), "the engine was ended by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(runner->why, sizeof(runner->why), "the engine ended with status %d",
			 WEXITSTATUS(status));
	if (!runner->stopped && !runner->starting && wg_later(runner->uv, heal_later, runner))
		heal_later(runner);
}

/* A line of the engine's. Its own are limited; this is for one that is not itself. */
static void take_log(struct wg_runner *runner, const struct wg_pair_log *line)
{
	if (line->level > WG_LOG_NOTICE || wg_log_allow(&runner->limit, wg_clock_now().boot))
		wg_log((enum wg_log_level)line->level, "%s", line->text);
}

static void take_silent(struct wg_runner *runner, const struct wg_pair_silent *message)
{
	struct wg_silent_peer silent = {
		.endpoint = wg_pair_to_endpoint(&message->endpoint),
		.initiations = message->initiations,
	};

	memcpy(silent.public_key, message->public_key, WG_KEY_LEN);
	runner->handler.silent(runner->handler.ctx, &silent);
}

/* It ends itself; what it could not tell of itself afterwards is why. */
static void take_trapped(struct wg_runner *runner, const struct wg_pair_trapped *trapped)
{
	char why[64];

	snprintf(why, sizeof(why), "made a system call that it may not: %d", trapped->number);
	wg_runner_give_up(runner, why);
}

void wg_runner_take(struct wg_runner *runner, const union wg_pair_message *message)
{
	const struct wg_runner_handler *handler = &runner->handler;

	switch ((enum wg_pair_type)message->header.type) {
	case WG_PAIR_LOG:
		take_log(runner, &message->log);
		break;
	case WG_PAIR_GONE:
		handler->gone(handler->ctx);
		break;
	case WG_PAIR_LOOK:
		handler->look(handler->ctx);
		break;
	case WG_PAIR_TRAFFIC:
		handler->traffic(handler->ctx);
		break;
	case WG_PAIR_REFUSED:
		if (!message->offload.of_udp)
			handler->offload_failed(handler->ctx,
						(enum wg_tun_offload)message->offload.which);
		break;
	case WG_PAIR_SILENT:
		take_silent(runner, &message->silent);
		break;
	case WG_PAIR_SOCKET_FAILED:
		wg_log(WG_LOG_ERROR, "receive: %s", strerror(-message->socket_failed.error));
		break;
	case WG_PAIR_TRAPPED:
		take_trapped(runner, &message->trapped);
		break;
	case WG_PAIR_BUSY:
	case WG_PAIR_IDLE:
		wg_runner_watch(runner, message->header.type == WG_PAIR_BUSY);
		break;
	case WG_PAIR_PONG:
		wg_runner_answered(runner, message->header.serial);
		break;
	case WG_PAIR_READY:
		break; /* it was awaited */
	default:
		/* An answer that was seen already, in company. */
		if (!message->header.serial || message->header.serial > runner->serial)
			wg_runner_give_up(runner, "said what was not due");
		break;
	}
}

void wg_runner_read(struct wg_runner *runner)
{
	for (int i = 0; i < BUDGET && runner->pid && wg_runner_receive(runner); i++)
		wg_runner_put_aside(runner);
	wg_runner_handle_aside(runner);
}

static void on_ready(void *ctx, int events)
{
	(void)events;
	wg_runner_read(ctx);
}

static bool on_error(void *ctx)
{
	struct wg_runner *runner = ctx;

	wg_runner_read(runner);
	return runner->pid != 0;
}

static uint8_t udp_state(const struct wg_runner_options *options, int i)
{
	return options->udp_unwanted[i] ? WG_OFFLOAD_UNWANTED
	       : options->udp_broken[i] ? WG_OFFLOAD_BROKEN
					: WG_OFFLOAD_IN_USE;
}

static int greet(struct wg_runner *runner)
{
	const struct wg_runner_options *options = &runner->options;
	union wg_pair_message *message = wg_runner_begin(runner, WG_PAIR_HELLO, 0, 0);
	const union wg_pair_message *ready;

	message->hello.version = WG_PAIR_VERSION;
	message->hello.log_level = options->log_level;
	message->hello.workers = options->workers;
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		message->hello.tun_offloads[i] =
			(uint8_t)wg_tun_offload(options->tun, (enum wg_tun_offload)i);
	for (int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		message->hello.udp_offloads[i] = udp_state(options, i);
	runner->datagram.fds[runner->datagram.n_fds++] = wg_tun_fd(options->tun);
	wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
	ready = wg_runner_await(runner, WG_PAIR_READY, 0, WG_RUNNER_ANSWER_LIMIT);
	if (!ready || ready->ready.version != WG_PAIR_VERSION)
		return -EIO;
	runner->report.held = ready->ready.layers;
	for (int i = 0; i < WG_CONFINE_N_LAYERS; i++)
		runner->report.errors[i] = ready->ready.errors[i];
	return options->confine == WG_CONFINE_STRICT &&
			       !wg_confine_is_whole(&runner->report, WG_CONFINE_SECCOMP)
		       ? -EPERM
		       : 0;
}

int wg_runner_start(struct wg_runner *runner)
{
	const struct wg_poller_handler handler = {on_ready, on_error, runner};
	int fd;
	int error = wg_launch(&runner->pid, &fd, runner->options.confine, &runner->report);

	if (error) {
		runner->pid = 0;
		return error;
	}
	runner->starting = true;
	wg_pair_socket_init(&runner->socket, fd, WG_PAIR_KEEPER);
	error = greet(runner);
	if (!error)
		error = wg_poller_open(&runner->poller, runner->uv, fd, UV_READABLE, &handler);
	if (error)
		wg_runner_give_up(runner, "did not start");
	runner->starting = false;
	return error;
}

static void flush_nothing(struct wg_out *out)
{
	(void)out;
}

static int make_picture(struct wg_runner *runner)
{
	struct wg_device_options options = {.random = wg_crypto_random()};

	wg_batch_init(&runner->out.tun);
	runner->out.flush = flush_nothing;
	runner->pool = wg_pool_new(0);
	options.pool = runner->pool;
	runner->picture = runner->pool ? wg_device_new(&options) : NULL;
	return runner->picture ? 0 : -ENOMEM;
}

/* Why there is no engine, in words. */
static void refuse(const struct wg_runner *runner, const struct wg_runner_options *options,
		   int code, struct wg_error *error)
{
	struct wg_error why;

	if (code == -EPERM && options->confine == WG_CONFINE_STRICT) {
		wg_confine_refuse(&runner->report, WG_CONFINE_SECCOMP, &why);
		wg_error_set(error, code, "%s: %s", options->name, why.text);
		wg_error_hint(error, "%s", why.hint);
		return;
	}
	wg_error_set(error, code, "%s: start the engine: %s", options->name,
		     *runner->why ? runner->why : strerror(-code));
	wg_refusal_explain_limits(error, code);
}

int wg_runner_new(struct wg_runner **out, uv_loop_t *uv, const struct wg_runner_options *options,
		  const struct wg_runner_handler *handler, struct wg_error *error)
{
	struct wg_runner *runner = calloc(1, sizeof(*runner));
	int code;

	if (!runner)
		return wg_error_set(error, -ENOMEM, "%s: %s", options->name, strerror(ENOMEM));
	runner->uv = uv;
	runner->handler = *handler;
	runner->options = *options;
	code = make_picture(runner);
	if (!code)
		code = wg_runner_open_timers(runner);
	if (!code)
		code = wg_runner_start(runner);
	if (code)
		refuse(runner, options, code, error);
	*out = runner;
	return code;
}

/* Its end of the pair is closed when the engine has let go of everything. */
static void await_end(struct wg_runner *runner)
{
	wg_time until = wg_clock_now().boot + END_LIMIT * WG_MILLISECOND;

	while (runner->pid && wg_runner_wait(runner, POLLIN, until))
		wg_runner_receive(runner);
}

void wg_runner_stop(struct wg_runner *runner)
{
	runner->stopped = true;
	if (wg_runner_begin(runner, WG_PAIR_END, 0, 0))
		wg_runner_send(runner, END_LIMIT);
	await_end(runner);
	wg_runner_give_up(runner, NULL);
	wg_runner_close_timers(runner);
}

void wg_runner_free(struct wg_runner *runner)
{
	if (!runner)
		return;
	if (runner->picture)
		wg_device_free(runner->picture);
	if (runner->pool)
		wg_pool_free(runner->pool);
	wg_wipe(runner, sizeof(*runner));
	free(runner);
}

const struct wg_confine_report *wg_runner_confined(const struct wg_runner *runner)
{
	return &runner->report;
}

const struct wg_runner_health *wg_runner_health(const struct wg_runner *runner)
{
	return &runner->health;
}
