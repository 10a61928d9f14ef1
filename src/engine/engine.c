#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "confine/descriptors.h"

#define TRAFFIC_INTERVAL (5 * 60 * WG_SECOND)

/* So many turns with packets in so long a time, and the keeper is told that there is much to
 * do. */
#define BUSY_TURNS  64u
#define BUSY_WINDOW WG_SECOND

/* After whatever happened: sets the alarm to what comes next. */
static void finish_turn(struct wg_engine *engine)
{
	wg_time due = wg_device_due(engine->traffic.device);

	if (engine->trim.due < due)
		due = engine->trim.due;
	if (engine->window < due)
		due = engine->window;
	wg_alarm_set(&engine->alarm, due);
}

/* The data path takes an offload out of use by itself, which the keeper may have probed. */
static void look_at_offloads(struct wg_engine *engine)
{
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++) {
		enum wg_tun_offload which = (enum wg_tun_offload)i;
		bool failed = wg_tun_offload(engine->tun, which) == WG_OFFLOAD_FAILED;

		if (failed && !engine->failed[i])
			engine->events.offload_failed(engine->events.ctx, which);
		engine->failed[i] = failed;
	}
}

/* So that what is counted can be noted from time to time, without a timer of its own. */
static void tell_of_traffic(struct wg_engine *engine, wg_time now)
{
	if (!engine->traffic_came || now - engine->told < TRAFFIC_INTERVAL)
		return;
	engine->traffic_came = false;
	engine->told = now;
	engine->events.traffic(engine->events.ctx);
}

/* A keeper watches over an engine that is busy, which costs both a little; so a packet now and
 * then is not worth it. */
static void count_turn(struct wg_engine *engine)
{
	engine->traffic_came = true;
	if (++engine->turns < BUSY_TURNS || engine->busy)
		return;
	engine->busy = true;
	engine->turns = 0;
	engine->window = wg_clock_now().boot + BUSY_WINDOW;
	engine->events.busy(engine->events.ctx, true);
}

/* It is busy until a window has fewer turns. What came before, now and then, does not add up:
 * timers follow packets, so that some alarm comes in between. */
static void look_at_window(struct wg_engine *engine, wg_time now)
{
	if (engine->busy && now < engine->window)
		return;
	if (engine->busy && engine->turns < BUSY_TURNS) {
		engine->busy = false;
		engine->events.busy(engine->events.ctx, false);
	}
	engine->turns = 0;
	engine->window = engine->busy ? now + BUSY_WINDOW : WG_NEVER;
}

static void note_traffic(void *ctx)
{
	struct wg_engine *engine = ctx;

	look_at_offloads(engine);
	count_turn(engine);
	wg_trim_note_traffic(&engine->trim, &engine->traffic);
	finish_turn(engine);
}

static void on_alarm(void *ctx, int events)
{
	struct wg_engine *engine = ctx;
	struct wg_now now = wg_clock_now();

	(void)events;
	wg_alarm_clear(&engine->alarm);
	wg_traffic_tick(&engine->traffic, now);
	wg_trim_turn(&engine->trim, &engine->traffic, now.boot);
	engine->events.turned(engine->events.ctx);
	tell_of_traffic(engine, now.boot);
	look_at_window(engine, now.boot);
	finish_turn(engine);
}

static bool on_alarm_error(void *ctx)
{
	(void)ctx;
	return true; /* a timerfd has none */
}

/* A link of which the keeper gets no message is known by what it takes. */
static void look_at_link(struct wg_engine *engine)
{
	uint64_t refused = wg_tun_stats(engine->tun)->dropped_write;

	if (refused != engine->refused)
		engine->events.refused(engine->events.ctx);
	engine->refused = refused;
}

static void on_tun(void *ctx, int events)
{
	struct wg_engine *engine = ctx;

	(void)events;
	if (wg_traffic_from_tun(&engine->traffic))
		engine->events.gone(engine->events.ctx);
	note_traffic(engine);
}

/* The descriptor has an error once its link is gone, in whatever namespace. */
static bool on_tun_error(void *ctx)
{
	struct wg_engine *engine = ctx;
	char name[WG_TUN_NAME_LEN];

	if (!wg_tun_name(engine->tun, name))
		return true;
	engine->events.gone(engine->events.ctx);
	return false;
}

static void on_udp(void *ctx, int events)
{
	struct wg_engine_poller *udp = ctx;
	struct wg_engine *engine = udp->engine;
	int error = wg_traffic_from_udp(&engine->traffic, udp->i);

	(void)events;
	if (error) {
		wg_poller_close(udp->poller);
		udp->poller = NULL;
		engine->events.socket_failed(engine->events.ctx, udp->i, error);
	}
	look_at_link(engine);
	note_traffic(engine);
}

static bool on_udp_error(void *ctx)
{
	struct wg_engine_poller *udp = ctx;
	struct wg_poller *poller = udp->poller;

	wg_traffic_read_errors(&udp->engine->traffic, udp->i);
	/* libuv tells of an error and not of the datagrams that are there as well: reports
	 * without end would keep them waiting. */
	on_udp(udp, UV_READABLE);
	return udp->poller == poller;
}

static void stop_udp(struct wg_engine *engine)
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		wg_poller_close(engine->udp_pollers[i].poller);
		engine->udp_pollers[i].poller = NULL;
	}
	engine->traffic.udp = NULL;
}

static void start_udp(struct wg_engine *engine)
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		struct wg_engine_poller *udp = &engine->udp_pollers[i];
		const struct wg_poller_handler handler = {on_udp, on_udp_error, udp};
		int fd = wg_udp_fd(engine->udp, i);
		int error = 0;

		udp->engine = engine;
		udp->i = i;
		if (fd >= 0)
			error = wg_poller_open(&udp->poller, engine->uv, fd, UV_READABLE, &handler);
		if (error)
			wg_log(WG_LOG_ERROR, "wait for datagrams: %s", strerror(-error));
	}
	engine->traffic.udp = engine->udp;
}

struct wg_engine_lost wg_engine_lost(const struct wg_engine *engine)
{
	struct wg_engine_lost lost = engine->lost;
	const struct wg_udp_stats *stats;

	if (!engine->udp)
		return lost;
	stats = wg_udp_stats(engine->udp);
	lost.queue += stats->dropped_queue;
	lost.memory += stats->dropped_no_memory;
	lost.failures += stats->failed_receives;
	return lost;
}

/* So that nothing else gets the sockets' numbers while there are none. Closes what has them. */
static void keep_places(void)
{
	for (int i = 0; i < WG_UDP_SOCKETS; i++)
		(void)dup3(WG_CONFINE_FD_INPUT, WG_CONFINE_FD_IPV4 + i, O_CLOEXEC);
}

/* They are not polled any more when they are closed: libuv would take a new descriptor of
 * the same number for them. */
static void close_sockets(struct wg_engine *engine)
{
	if (!engine->udp)
		return;
	stop_udp(engine);
	engine->lost = wg_engine_lost(engine);
	wg_udp_close(engine->udp);
	engine->udp = NULL;
	keep_places();
}

/* Runs if both link and sockets are there. */
static void go_on(struct wg_engine *engine)
{
	if (engine->link_up && engine->udp && !wg_device_is_up(engine->traffic.device))
		wg_device_up(engine->traffic.device, wg_clock_now());
	wg_traffic_settle(&engine->traffic);
	finish_turn(engine);
}

int wg_engine_place(int fd, int number)
{
	int placed;

	if (fd < 0 || fd == number)
		return fd;
	placed = dup3(fd, number, O_CLOEXEC);
	close(fd);
	return placed;
}

static int adopt(struct wg_engine *engine, const int fds[static WG_UDP_SOCKETS],
		 const struct wg_udp_options *options)
{
	int placed[WG_UDP_SOCKETS];
	int error;

	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		placed[i] = wg_engine_place(fds[i], WG_CONFINE_FD_IPV4 + (int)i);
	error = wg_udp_adopt(&engine->udp, placed, options);
	if (!error) {
		start_udp(engine);
		return 0;
	}
	engine->udp = NULL;
	keep_places();
	return error;
}

int wg_engine_set_sockets(struct wg_engine *engine, const int fds[static WG_UDP_SOCKETS],
			  const struct wg_udp_options *options)
{
	int error = 0;

	close_sockets(engine);
	if (fds[0] >= 0 || fds[1] >= 0)
		error = adopt(engine, fds, options);
	wg_device_set_socket(engine->traffic.device, options->port, options->fwmark);
	go_on(engine);
	return error;
}

static void bring_down(struct wg_engine *engine)
{
	wg_device_down(engine->traffic.device);
	wg_traffic_drain(&engine->traffic);
	close_sockets(engine);
	finish_turn(engine);
}

void wg_engine_set_link(struct wg_engine *engine, bool up, uint32_t mtu)
{
	bool was_up = engine->link_up;

	if (mtu)
		wg_device_set_mtu(engine->traffic.device, mtu);
	engine->link_up = up;
	if (up && !was_up)
		go_on(engine);
	else if (!up && was_up)
		bring_down(engine);
}

int wg_engine_apply(struct wg_engine *engine, struct wg_config *change)
{
	int error = wg_device_apply(engine->traffic.device, change, wg_clock_now(),
				    &engine->traffic.out);

	if (!error)
		wg_trim_note_change(&engine->trim, change);
	go_on(engine);
	return error;
}

void wg_engine_set_workers(struct wg_engine *engine, int n)
{
	int error = wg_crew_set(&engine->crew, engine->uv, n);

	if (error)
		wg_log(WG_LOG_ERROR, "start the workers: %s; going on without", strerror(-error));
}

void wg_engine_decide(struct wg_engine *engine, enum wg_tun_offload which,
		      enum wg_offload_state state)
{
	wg_tun_decide(engine->tun, which, state);
	engine->failed[which] = state == WG_OFFLOAD_FAILED;
}

static int start_pollers(struct wg_engine *engine)
{
	const struct wg_poller_handler alarm = {on_alarm, on_alarm_error, engine};
	const struct wg_poller_handler tun = {on_tun, on_tun_error, engine};
	int error = wg_alarm_open(&engine->alarm);

	if (!error)
		error = wg_poller_open(&engine->alarm_poller, engine->uv, engine->alarm.fd,
				       UV_READABLE, &alarm);
	if (!error)
		error = wg_poller_open(&engine->tun_poller, engine->uv, wg_tun_fd(engine->tun),
				       UV_READABLE, &tun);
	return error;
}

int wg_engine_init(struct wg_engine *engine, uv_loop_t *uv, struct wg_tun *tun,
		   const struct wg_engine_events *events)
{
	int error;

	*engine = (struct wg_engine){.uv = uv, .tun = tun, .events = *events};
	engine->alarm.fd = -1;
	engine->window = WG_NEVER;
	wg_trim_init(&engine->trim);
	engine->crew = (struct wg_crew){
		.traffic = &engine->traffic, .settled = note_traffic, .ctx = engine};
	error = wg_traffic_init(&engine->traffic, tun);
	return error ? error : start_pollers(engine);
}

void wg_engine_close(struct wg_engine *engine)
{
	stop_udp(engine);
	wg_poller_close(engine->alarm_poller);
	wg_poller_close(engine->tun_poller);
	wg_crew_stop(&engine->crew);
	uv_run(engine->uv, UV_RUN_NOWAIT); /* libuv lets go of the descriptors */
	wg_alarm_close(&engine->alarm);
	wg_traffic_deinit(&engine->traffic);
	if (engine->udp)
		wg_udp_close(engine->udp);
	wg_tun_close(engine->tun);
}
