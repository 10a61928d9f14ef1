#include "keeper/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/bytes.h"
#include "base/log.h"
#include "ctl/answer.h"
#include "keeper/control.h"
#include "keeper/describe.h"
#include "keeper/linkwatch.h"
#include "keeper/prober.h"
#include "keeper/refusal.h"
#include "keeper/sockets.h"
#include "os/clock.h"
#include "os/later.h"
#include "os/poller.h"

/* What the loop itself opens, with both old and new sockets and a client or two. */
#define NEEDED_DESCRIPTORS 24

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

struct wg_loop {
	uv_loop_t uv;
	bool has_uv;
	struct wg_tun *tun;
	struct wg_poller *writable; /* of tun, while it is waited for; NULL: it is not */
	uv_signal_t signals[WG_ARRAY_LEN(end_signals)];
	struct wg_runner *runner;
	struct wg_prober prober;
	struct wg_linkwatch *watch;
	struct wg_control *control;
	struct wg_sockets sockets;
	struct wg_tun_link link; /* as last heard */
	struct wg_described described;
	int result;
	struct wg_loop_owner owner; /* all NULL: none */
};

static void end(struct wg_loop *loop, int result, const char *why)
{
	wg_log(result ? WG_LOG_ERROR : WG_LOG_INFO, "%s: ending", why);
	if (loop->owner.ending)
		loop->owner.ending(loop->owner.ctx, result, why);
	else
		wg_loop_stop(loop, result, WG_ANSWER_DONE);
}

/* The engine's word alone does not end a tunnel. */
static void on_gone(void *ctx)
{
	struct wg_loop *loop = ctx;
	char name[WG_TUN_NAME_LEN];

	if (loop->tun && wg_tun_name(loop->tun, name))
		end(loop, 0, "the link is gone");
}

static void on_look(void *ctx)
{
	struct wg_loop *loop = ctx;

	if (loop->watch)
		wg_linkwatch_look(loop->watch);
}

static void on_offload_failed(void *ctx, enum wg_tun_offload which)
{
	struct wg_loop *loop = ctx;

	if (!loop->tun || wg_tun_offload(loop->tun, which) != WG_OFFLOAD_IN_USE)
		return;
	wg_tun_decide(loop->tun, which, WG_OFFLOAD_FAILED);
	wg_prober_look(&loop->prober);
}

static void on_offload_decided(void *ctx, enum wg_tun_offload which, enum wg_offload_state state)
{
	struct wg_loop *loop = ctx;

	wg_runner_decide(loop->runner, which, state);
}

static void on_silent(void *ctx, const struct wg_silent_peer *silent)
{
	struct wg_loop *loop = ctx;

	if (loop->owner.silent)
		loop->owner.silent(loop->owner.ctx, silent);
}

static void on_traffic(void *ctx)
{
	struct wg_loop *loop = ctx;

	wg_describe_note_traffic(&loop->described, wg_clock_now().boot);
}

static void give_sockets(struct wg_loop *loop)
{
	wg_runner_set_sockets(loop->runner, loop->sockets.udp, loop->sockets.port,
			      loop->sockets.fwmark);
}

static void bring_up(struct wg_loop *loop)
{
	int error = wg_sockets_open(&loop->sockets);

	if (error) {
		wg_log(WG_LOG_ERROR, "listen on port %u: %s; trying again when the link comes up",
		       loop->sockets.port, strerror(-error));
	} else {
		wg_log(WG_LOG_DEBUG, "link up, listening on port %u", loop->sockets.port);
		give_sockets(loop);
	}
	wg_runner_set_link(loop->runner, true, loop->link.mtu);
	if (loop->owner.link_up)
		loop->owner.link_up(loop->owner.ctx, error);
}

static void bring_down(struct wg_loop *loop)
{
	wg_log(WG_LOG_DEBUG, "link down");
	wg_runner_set_link(loop->runner, false, loop->link.mtu);
	wg_sockets_close(&loop->sockets);
	give_sockets(loop);
}

static void on_link_state(void *ctx, const struct wg_tun_link *link)
{
	struct wg_loop *loop = ctx;
	struct wg_tun_link before = loop->link;

	loop->link = *link;
	if (link->up && !before.up)
		bring_up(loop);
	else if (!link->up && before.up)
		bring_down(loop);
	else if (link->mtu != before.mtu)
		wg_runner_set_link(loop->runner, link->up, link->mtu);
}

static void on_writable(void *ctx, int events)
{
	(void)events;
	on_look(ctx);
}

/* Its link is gone, which the engine will say, too. */
static bool on_writable_error(void *ctx)
{
	on_gone(ctx);
	return false;
}

static void on_want_writable(void *ctx, bool wanted)
{
	struct wg_loop *loop = ctx;
	const struct wg_poller_handler handler = {on_writable, on_writable_error, loop};

	if (wanted == (loop->writable != NULL))
		return;
	if (!wanted) {
		wg_poller_close(loop->writable);
		loop->writable = NULL;
	} else if (wg_poller_open(&loop->writable, &loop->uv, wg_tun_fd(loop->tun), UV_WRITABLE,
				  &handler)) {
		loop->writable = NULL;
	}
}

int wg_loop_apply(struct wg_loop *loop, struct wg_config *change)
{
	/* Sockets that could not be opened are tried again only for a new port. */
	bool should_be_open = loop->link.up && (loop->sockets.udp || change->has_listen_port);
	struct wg_sockets next;
	int error = wg_sockets_prepare(&loop->sockets, change, should_be_open, &next);

	if (error)
		return error;
	error = wg_runner_apply(loop->runner, change);
	if (error) {
		wg_sockets_abandon(&loop->sockets, &next);
		return error;
	}
	if (next.udp == loop->sockets.udp && next.port == loop->sockets.port &&
	    next.fwmark == loop->sockets.fwmark) {
		wg_sockets_commit(&loop->sockets, &next);
		return 0;
	}
	wg_sockets_commit(&loop->sockets, &next);
	give_sockets(loop);
	return 0;
}

static int on_set(void *ctx, struct wg_config *change)
{
	return wg_loop_apply(ctx, change);
}

static int on_describe(void *ctx, enum wg_uapi_kind kind, struct wg_description *description,
		       struct wg_text *text)
{
	struct wg_loop *loop = ctx;

	return wg_describe(&loop->described, kind, description, text);
}

static void on_socket_gone(void *ctx)
{
	end(ctx, 0, "the control socket was removed");
}

static void refuse_reload(void *ctx)
{
	struct wg_loop *loop = ctx;
	char name[WG_TUN_NAME_LEN] = "";
	char answer[256];

	wg_tun_name(loop->tun, name);
	wg_loop_reload_begins(loop);
	wg_loop_reloaded(loop, answer, wg_refusal_of_reload(answer, sizeof(answer), name));
}

static int on_reload(void *ctx)
{
	struct wg_loop *loop = ctx;

	return loop->owner.reload ? loop->owner.reload(loop->owner.ctx)
				  : wg_later(&loop->uv, refuse_reload, loop);
}

static void on_down(void *ctx)
{
	end(ctx, 0, "asked to");
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct wg_loop *loop = handle->data;

	if (number == SIGHUP && loop->owner.reload)
		loop->owner.reload(loop->owner.ctx);
	else
		end(loop, 0, strsignal(number));
}

static int start_signals(struct wg_loop *loop)
{
	int error = 0;

	for (size_t i = 0; i < WG_ARRAY_LEN(end_signals) && !error; i++) {
		error = uv_signal_init(&loop->uv, &loop->signals[i]);
		if (error)
			break;
		loop->signals[i].data = loop;
		error = uv_signal_start(&loop->signals[i], on_signal, end_signals[i]);
	}
	return error;
}

static int start_runner(struct wg_loop *loop, const struct wg_loop_options *options,
			struct wg_error *error)
{
	struct wg_runner_options runner = {
		.name = options->name,
		.tun = loop->tun,
		.workers = options->workers,
		.log_level = options->log_level,
		.confine = options->confine,
	};
	const struct wg_runner_handler handler = {
		.gone = on_gone,
		.look = on_look,
		.offload_failed = on_offload_failed,
		.silent = on_silent,
		.traffic = on_traffic,
		.ctx = loop,
	};

	memcpy(runner.udp_unwanted, loop->sockets.unwanted, sizeof(runner.udp_unwanted));
	memcpy(runner.udp_broken, loop->sockets.broken, sizeof(runner.udp_broken));
	return wg_runner_new(&loop->runner, &loop->uv, &runner, &handler, error);
}

static int start_watch(struct wg_loop *loop)
{
	const struct wg_linkwatch_handler handler = {on_link_state, on_want_writable, loop};

	return wg_linkwatch_open(&loop->watch, &loop->uv, loop->tun, &handler);
}

static int start_control(struct wg_loop *loop, const struct wg_loop_options *options)
{
	const struct wg_control_handler handler = {
		.set = on_set,
		.describe = on_describe,
		.reload = on_reload,
		.down = on_down,
		.gone = on_socket_gone,
		.ctx = loop,
	};

	return wg_control_open(&loop->control, &loop->uv, options->control_fd,
			       &options->control_file, &wg_control_usual_limits, &handler);
}

/* That many descriptors are to be had. libuv (1.44) aborts when it gets none for its
 * own signals, so it is found out before. */
static int check_descriptors(int some_fd)
{
	int fds[NEEDED_DESCRIPTORS];
	size_t n = 0;
	int error = 0;

	while (n < WG_ARRAY_LEN(fds) && !error) {
		fds[n] = fcntl(some_fd, F_DUPFD_CLOEXEC, 0);
		if (fds[n] < 0)
			error = -errno;
		else
			n++;
	}
	while (n > 0)
		close(fds[--n]);
	return error;
}

/* Sets up one thing after the other; what says which one failed, or is NULL when why does. */
static int start(struct wg_loop *loop, const struct wg_loop_options *options, const char **what,
		 struct wg_error *why)
{
	int error;

	*what = "start the event loop";
	error = check_descriptors(options->control_fd);
	if (!error) {
		error = uv_loop_init(&loop->uv);
		loop->has_uv = !error;
	}
	if (!error)
		error = start_signals(loop);
	if (!error) {
		error = start_runner(loop, options, why);
		*what = error ? NULL : *what;
	}
	if (!error) {
		*what = "follow the link";
		error = start_watch(loop);
	}
	if (!error) {
		*what = "serve the control socket";
		error = start_control(loop, options);
	} else {
		close(options->control_fd);
		wg_sockfile_remove(&options->control_file);
	}
	return error;
}

int wg_loop_new(struct wg_loop **out, const struct wg_loop_options *options, struct wg_error *error)
{
	struct wg_loop *loop = calloc(1, sizeof(*loop));
	const char *what = "start the event loop";
	int code = -ENOMEM;

	if (!loop) {
		close(options->control_fd);
		wg_sockfile_remove(&options->control_file);
		wg_tun_close(options->tun);
		return wg_error_set(error, code, "%s: %s: %s", options->name, what,
				    strerror(-code));
	}
	loop->tun = options->tun;
	loop->described = (struct wg_described){.loop = loop, .owner = &loop->owner};
	wg_describe_init(&loop->described, loop->tun);
	wg_sockets_init(&loop->sockets);
	memcpy(loop->sockets.unwanted, options->offloads.udp, sizeof(loop->sockets.unwanted));
	wg_tun_set_offloads(loop->tun, options->offloads.tun);
	loop->prober = (struct wg_prober){.mode = options->probe,
					  .tun = loop->tun,
					  .uv = &loop->uv,
					  .decided = on_offload_decided,
					  .ctx = loop};
	wg_prober_begin(&loop->prober, &loop->sockets);
	code = start(loop, options, &what, error);
	if (code) {
		if (what) {
			wg_error_set(error, code, "%s: %s: %s", options->name, what,
				     strerror(-code));
			wg_refusal_explain_limits(error, code);
		}
		wg_loop_free(loop);
		return code;
	}
	*out = loop;
	return 0;
}

void wg_loop_set_owner(struct wg_loop *loop, const struct wg_loop_owner *owner)
{
	loop->owner = *owner;
}

uv_loop_t *wg_loop_uv(struct wg_loop *loop)
{
	return &loop->uv;
}

struct wg_runner *wg_loop_runner(struct wg_loop *loop)
{
	return loop->runner;
}

const struct wg_tun *wg_loop_tun(const struct wg_loop *loop)
{
	return loop->tun;
}

const struct wg_sockets *wg_loop_sockets(const struct wg_loop *loop)
{
	return &loop->sockets;
}

const struct wg_tun_link *wg_loop_link(const struct wg_loop *loop)
{
	return &loop->link;
}

void wg_loop_reload_begins(struct wg_loop *loop)
{
	if (loop->control)
		wg_control_reload_begins(loop->control);
}

void wg_loop_reloaded(struct wg_loop *loop, const char *text, size_t len)
{
	if (loop->control)
		wg_control_reloaded(loop->control, text, len);
}

void wg_loop_stop(struct wg_loop *loop, int result, const char *farewell)
{
	wg_control_farewell(loop->control, farewell);
	loop->result = result;
	uv_stop(&loop->uv);
}

int wg_loop_run(struct wg_loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	return loop->result;
}

static void close_signals(struct wg_loop *loop)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(end_signals); i++)
		if (loop->signals[i].data)
			uv_close((uv_handle_t *)&loop->signals[i], NULL);
}

static void close_link(struct wg_loop *loop)
{
	wg_prober_end(&loop->prober);
	wg_linkwatch_close(loop->watch);
	loop->watch = NULL;
	wg_poller_close(loop->writable);
	loop->writable = NULL;
}

/* It is gone when the last descriptor of it is, of which the engine has one. */
void wg_loop_drop_link(struct wg_loop *loop)
{
	close_link(loop);
	wg_runner_stop(loop->runner);
	wg_sockets_close(&loop->sockets);
	wg_tun_close(loop->tun);
	loop->tun = NULL;
	loop->link.up = false;
}

/* Descriptors are closed only when libuv has let go of them. */
void wg_loop_free(struct wg_loop *loop)
{
	wg_control_close(loop->control);
	loop->control = NULL; /* what happens in the last turn has nobody to answer */
	close_link(loop);
	close_signals(loop);
	if (loop->runner)
		wg_runner_stop(loop->runner);
	if (loop->has_uv) {
		uv_run(&loop->uv, UV_RUN_DEFAULT);
		uv_loop_close(&loop->uv);
	}
	wg_runner_free(loop->runner);
	wg_sockets_close(&loop->sockets);
	wg_tun_close(loop->tun);
	free(loop);
}
