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
#include "crypto/crypto.h"
#include "engine/crew.h"
#include "engine/traffic.h"
#include "engine/trim.h"
#include "keeper/control.h"
#include "keeper/describe.h"
#include "keeper/linkwatch.h"
#include "keeper/prober.h"
#include "keeper/refusal.h"
#include "keeper/sockets.h"
#include "os/clock.h"
#include "os/later.h"
#include "os/poller.h"
#include "os/slice.h"

/* What the loop itself opens, with both old and new sockets and a client or two. */
#define NEEDED_DESCRIPTORS 24

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

struct wg_loop;

/* One UDP socket's poller, and which it is. */
struct udp_poller {
	struct wg_loop *loop;
	unsigned int i;
	struct wg_poller *poller;
};

struct wg_loop {
	uv_loop_t uv;
	bool has_uv;
	struct wg_tun *tun;
	struct wg_poller *tun_poller;
	struct wg_alarm alarm;
	struct wg_poller *alarm_poller;
	struct udp_poller udp_pollers[WG_UDP_SOCKETS];
	uv_signal_t signals[WG_ARRAY_LEN(end_signals)];
	struct wg_crew crew; /* of workers */
	struct wg_prober prober;
	struct wg_linkwatch *watch;
	struct wg_control *control;

	struct wg_traffic traffic;
	struct wg_sockets sockets;
	bool link_up;
	struct wg_described described;
	uint64_t refused; /* packets that the link did not take, as last seen */
	struct wg_trim trim;
	int result;
	struct wg_loop_owner owner; /* all NULL: none */
};

static void end(struct wg_loop *loop, int result, const char *why)
{
	wg_log(result ? WG_LOG_ERROR : WG_LOG_INFO, "%s: ending", why);
	if (loop->owner.ending)
		loop->owner.ending(loop->owner.ctx, result, why);
	else
		wg_loop_stop(loop, result, "errno=0\n\n");
}

/* After whatever happened: sets the alarm to what comes next. */
static void finish_turn(struct wg_loop *loop)
{
	wg_time due = wg_device_due(loop->traffic.device);

	wg_alarm_set(&loop->alarm, due < loop->trim.due ? due : loop->trim.due);
}

static void note_traffic(void *ctx)
{
	struct wg_loop *loop = ctx;

	wg_prober_look(&loop->prober);
	wg_trim_note_traffic(&loop->trim, &loop->traffic);
	wg_describe_note_traffic(&loop->described, wg_clock_now().boot);
	finish_turn(loop);
}

static void on_alarm(void *ctx, int events)
{
	struct wg_loop *loop = ctx;
	struct wg_now now = wg_clock_now();

	(void)events;
	wg_alarm_clear(&loop->alarm);
	wg_traffic_tick(&loop->traffic, now);
	wg_trim_turn(&loop->trim, &loop->traffic, now.boot);
	if (loop->owner.turned)
		loop->owner.turned(loop->owner.ctx);
	finish_turn(loop);
}

static bool on_alarm_error(void *ctx)
{
	(void)ctx;
	return true; /* a timerfd has none */
}

/* A link of which no message comes is known by what it takes. */
static void look_at_link(struct wg_loop *loop)
{
	uint64_t refused = wg_tun_stats(loop->tun)->dropped_write;

	if (refused != loop->refused)
		wg_linkwatch_look(loop->watch);
	loop->refused = refused;
}

static void on_tun(void *ctx, int events)
{
	struct wg_loop *loop = ctx;

	if (events & UV_WRITABLE)
		wg_linkwatch_look(loop->watch);
	if ((events & UV_READABLE) && wg_traffic_from_tun(&loop->traffic))
		end(loop, 0, "the link is gone");
	note_traffic(loop);
}

/* The descriptor has an error once its link is gone, in whatever namespace. */
static bool on_tun_error(void *ctx)
{
	struct wg_loop *loop = ctx;
	char name[WG_TUN_NAME_LEN];

	if (!wg_tun_name(loop->tun, name))
		return true;
	end(loop, 0, "the link is gone");
	return false;
}

static void on_udp(void *ctx, int events)
{
	struct udp_poller *udp = ctx;
	struct wg_loop *loop = udp->loop;
	int error = wg_traffic_from_udp(&loop->traffic, udp->i);

	(void)events;
	if (error) {
		wg_log(WG_LOG_ERROR, "receive: %s", strerror(-error));
		wg_poller_close(udp->poller);
		udp->poller = NULL;
	}
	look_at_link(loop);
	note_traffic(loop);
}

static bool on_udp_error(void *ctx)
{
	struct udp_poller *udp = ctx;

	struct wg_poller *poller = udp->poller;

	wg_traffic_read_errors(&udp->loop->traffic, udp->i);
	/* libuv tells of an error and not of the datagrams that are there as well: reports
	 * without end would keep them waiting. */
	on_udp(udp, UV_READABLE);
	return udp->poller == poller;
}

static void stop_udp(struct wg_loop *loop)
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		wg_poller_close(loop->udp_pollers[i].poller);
		loop->udp_pollers[i].poller = NULL;
	}
	loop->traffic.udp = NULL;
}

static void start_udp(struct wg_loop *loop)
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct udp_poller *udp = &loop->udp_pollers[i];
		const struct wg_poller_handler handler = {on_udp, on_udp_error, udp};
		int fd = wg_udp_fd(loop->sockets.udp, i);
		int error = 0;

		udp->loop = loop;
		udp->i = i;
		if (fd >= 0)
			error = wg_poller_open(&udp->poller, &loop->uv, fd, UV_READABLE, &handler);
		if (error)
			wg_log(WG_LOG_ERROR, "wait for datagrams: %s", strerror(-error));
	}
	loop->traffic.udp = loop->sockets.udp;
}

/* The sockets are what they should be: tells the engine, and lets it run if they and
 * the link are there. */
static void announce_sockets(struct wg_loop *loop)
{
	wg_device_set_socket(loop->traffic.device, loop->sockets.port, loop->sockets.fwmark);
	if (loop->sockets.udp && !wg_device_is_up(loop->traffic.device))
		wg_device_up(loop->traffic.device, wg_clock_now());
	wg_traffic_settle(&loop->traffic);
	finish_turn(loop);
}

static void bring_up(struct wg_loop *loop)
{
	int error = wg_sockets_open(&loop->sockets);

	if (error) {
		wg_log(WG_LOG_ERROR, "listen on port %u: %s; trying again when the link comes up",
		       loop->sockets.port, strerror(-error));
	} else {
		wg_log(WG_LOG_DEBUG, "link up, listening on port %u", loop->sockets.port);
		start_udp(loop);
		announce_sockets(loop);
	}
	if (loop->owner.link_up)
		loop->owner.link_up(loop->owner.ctx, error);
}

static void bring_down(struct wg_loop *loop)
{
	wg_log(WG_LOG_DEBUG, "link down");
	wg_device_down(loop->traffic.device);
	wg_traffic_drain(&loop->traffic);
	stop_udp(loop);
	wg_sockets_close(&loop->sockets);
	finish_turn(loop);
}

static void on_link_state(void *ctx, const struct wg_tun_link *link)
{
	struct wg_loop *loop = ctx;

	if (link->mtu)
		wg_device_set_mtu(loop->traffic.device, link->mtu);
	if (link->up == loop->link_up)
		return;
	loop->link_up = link->up;
	if (link->up)
		bring_up(loop);
	else
		bring_down(loop);
}

static void on_want_writable(void *ctx, bool wanted)
{
	struct wg_loop *loop = ctx;

	wg_poller_want(loop->tun_poller, wanted ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

/* Puts prepared sockets in their place. The old ones are not polled any more when they
 * are closed: libuv would take a new descriptor of the same number for them. */
static void swap_sockets(struct wg_loop *loop, const struct wg_sockets *next)
{
	bool differ = next->udp != loop->sockets.udp;

	if (differ)
		stop_udp(loop);
	wg_sockets_commit(&loop->sockets, next);
	if (differ && loop->sockets.udp)
		start_udp(loop);
	announce_sockets(loop);
}

int wg_loop_apply(struct wg_loop *loop, struct wg_config *change)
{
	/* Sockets that could not be opened are tried again only for a new port. */
	bool should_be_open = loop->link_up && (loop->sockets.udp || change->has_listen_port);
	struct wg_sockets next;
	int error = wg_sockets_prepare(&loop->sockets, change, should_be_open, &next);

	if (error)
		return error;
	error = wg_device_apply(loop->traffic.device, change, wg_clock_now(), &loop->traffic.out);
	if (error) {
		wg_sockets_abandon(&loop->sockets, &next);
		return error;
	}
	wg_trim_note_change(&loop->trim, change);
	swap_sockets(loop, &next);
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

static int start_alarm(struct wg_loop *loop)
{
	const struct wg_poller_handler handler = {on_alarm, on_alarm_error, loop};
	int error = wg_alarm_open(&loop->alarm);

	return error
		       ?: wg_poller_open(&loop->alarm_poller, &loop->uv, loop->alarm.fd,
					 UV_READABLE, &handler);
}

static int start_tun(struct wg_loop *loop)
{
	const struct wg_poller_handler handler = {on_tun, on_tun_error, loop};

	return wg_poller_open(&loop->tun_poller, &loop->uv, wg_tun_fd(loop->tun), UV_READABLE,
			      &handler);
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

/* Sets up one thing after the other; what says which one failed. */
static int start(struct wg_loop *loop, const struct wg_loop_options *options, const char **what)
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
	if (!error)
		error = start_alarm(loop);
	if (!error)
		error = start_tun(loop);
	if (!error) {
		*what = "set up packet buffers";
		error = wg_traffic_init(&loop->traffic, loop->tun);
	}
	if (!error) {
		*what = "start the workers";
		error = wg_crew_set(&loop->crew, &loop->uv, options->workers);
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
	loop->described = (struct wg_described){.traffic = &loop->traffic,
						.sockets = &loop->sockets,
						.owner = &loop->owner,
						.link_up = &loop->link_up};
	wg_describe_init(&loop->described, loop->tun);
	loop->alarm.fd = -1;
	wg_trim_init(&loop->trim);
	loop->crew =
		(struct wg_crew){.traffic = &loop->traffic, .settled = note_traffic, .ctx = loop};
	wg_sockets_init(&loop->sockets);
	memcpy(loop->sockets.unwanted, options->offloads.udp, sizeof(loop->sockets.unwanted));
	wg_tun_set_offloads(loop->tun, options->offloads.tun);
	loop->prober =
		(struct wg_prober){.mode = options->probe, .tun = loop->tun, .uv = &loop->uv};
	wg_prober_begin(&loop->prober, &loop->sockets);
	code = start(loop, options, &what);
	if (code) {
		wg_error_set(error, code, "%s: %s: %s", options->name, what, strerror(-code));
		wg_refusal_explain_limits(error, code);
		wg_loop_free(loop);
		return code;
	}
	wg_log(WG_LOG_INFO, "cipher: %s", wg_crypto_aead_name());
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

struct wg_device *wg_loop_device(struct wg_loop *loop)
{
	return loop->traffic.device;
}

bool wg_loop_link_is_up(const struct wg_loop *loop)
{
	return loop->link_up;
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

int wg_loop_set_workers(struct wg_loop *loop, int workers)
{
	return wg_crew_set(&loop->crew, &loop->uv, workers);
}

int wg_loop_run(struct wg_loop *loop)
{
	wg_slice_lengthen();
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	return loop->result;
}

static void close_signals(struct wg_loop *loop)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(end_signals); i++)
		if (loop->signals[i].data)
			uv_close((uv_handle_t *)&loop->signals[i], NULL);
}

void wg_loop_drop_link(struct wg_loop *loop)
{
	if (loop->link_up)
		bring_down(loop);
	loop->link_up = false;
	wg_prober_end(&loop->prober);
	wg_linkwatch_close(loop->watch);
	loop->watch = NULL;
	wg_poller_close(loop->tun_poller);
	loop->tun_poller = NULL;
	wg_tun_close(loop->tun);
	loop->tun = NULL;
	loop->traffic.tun = NULL;
}

/* Descriptors are closed only when libuv has let go of them. */
void wg_loop_free(struct wg_loop *loop)
{
	wg_prober_end(&loop->prober);
	wg_control_close(loop->control);
	loop->control = NULL; /* what happens in the last turn has nobody to answer */
	wg_linkwatch_close(loop->watch);
	stop_udp(loop);
	wg_poller_close(loop->alarm_poller);
	wg_poller_close(loop->tun_poller);
	close_signals(loop);
	wg_crew_stop(&loop->crew);
	if (loop->has_uv) {
		uv_run(&loop->uv, UV_RUN_DEFAULT);
		uv_loop_close(&loop->uv);
	}
	wg_alarm_close(&loop->alarm);
	wg_sockets_close(&loop->sockets);
	wg_traffic_deinit(&loop->traffic);
	if (loop->tun)
		wg_tun_close(loop->tun);
	free(loop);
}
