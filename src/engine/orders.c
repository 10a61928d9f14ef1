#include "engine/orders.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/descriptors.h"
#include "engine/answers.h"

/* Datagrams of one turn: packets have theirs in between. */
#define BUDGET 32

/* How long a keeper may take to say what the engine is to be (ms). */
#define HELLO_LIMIT 10000

/* Whose lines they are: a sink has no context. */
static struct wg_orders *logging;

/* Sends what there is; what does not go now goes when the pair has room. */
static void flush(struct wg_orders *orders)
{
	int error = 0;

	if (!orders->out.len)
		return;
	error = wg_pair_send(&orders->pair->pair, &orders->out);
	if (error == -EAGAIN && orders->poller) {
		orders->blocked = true;
		wg_poller_want(orders->poller, UV_WRITABLE);
		return;
	}
	/* A keeper that is gone is seen by who reads. */
	wg_pair_datagram_wipe(&orders->out);
	orders->blocked = false;
	if (orders->poller)
		wg_poller_want(orders->poller, UV_READABLE);
}

/* One message more, behind what waits. NULL: there is no room for it. */
static union wg_pair_message *add(struct wg_orders *orders, enum wg_pair_type type, size_t n,
				  uint64_t serial)
{
	union wg_pair_message *message = wg_pair_add(&orders->out, type, n, serial);

	if (!message && !orders->blocked) {
		flush(orders);
		message = wg_pair_add(&orders->out, type, n, serial);
	}
	return message;
}

/* What has no more to say than that it happened. */
static void tell(struct wg_orders *orders, enum wg_pair_type type)
{
	if (add(orders, type, 0, 0))
		flush(orders);
}

static void on_gone(void *ctx)
{
	tell(ctx, WG_PAIR_GONE);
}

static void on_refused(void *ctx)
{
	tell(ctx, WG_PAIR_LOOK);
}

static void on_offload_failed(void *ctx, enum wg_tun_offload which)
{
	struct wg_orders *orders = ctx;
	union wg_pair_message *message = add(orders, WG_PAIR_REFUSED, 0, 0);

	if (!message)
		return;
	message->offload.which = (uint8_t)which;
	message->offload.state = WG_OFFLOAD_FAILED;
	flush(orders);
}

static void on_socket_failed(void *ctx, unsigned int i, int error)
{
	struct wg_orders *orders = ctx;
	union wg_pair_message *message = add(orders, WG_PAIR_SOCKET_FAILED, 0, 0);

	if (!message)
		return;
	message->socket_failed.socket = (uint8_t)i;
	message->socket_failed.error = error;
	flush(orders);
}

static void on_traffic(void *ctx)
{
	tell(ctx, WG_PAIR_TRAFFIC);
}

static void on_busy(void *ctx, bool busy)
{
	tell(ctx, busy ? WG_PAIR_BUSY : WG_PAIR_IDLE);
}

static void on_turned(void *ctx)
{
	struct wg_orders *orders = ctx;
	struct wg_silent_peer silent;

	while (!orders->blocked && wg_device_next_silent(orders->engine->traffic.device, &silent)) {
		union wg_pair_message *message = add(orders, WG_PAIR_SILENT, 0, 0);

		if (!message)
			return;
		memcpy(message->silent.public_key, silent.public_key, WG_KEY_LEN);
		message->silent.endpoint = wg_pair_from_endpoint(&silent.endpoint);
		message->silent.initiations = silent.initiations;
	}
	flush(orders);
}

const struct wg_engine_events wg_orders_events = {
	.gone = on_gone,
	.refused = on_refused,
	.offload_failed = on_offload_failed,
	.socket_failed = on_socket_failed,
	.traffic = on_traffic,
	.busy = on_busy,
	.turned = on_turned,
};

static void write_log(enum wg_log_level level, const char *text)
{
	union wg_pair_message *message = add(logging, WG_PAIR_LOG, 0, 0);

	if (!message)
		return;
	message->log.level = level;
	wg_pair_set_text(message->log.text, sizeof(message->log.text), text);
	flush(logging);
}

void wg_orders_take_log(struct wg_orders *orders, enum wg_log_level level)
{
	logging = orders;
	wg_log_init(write_log, level);
}

static void take_config(struct wg_orders *orders, const union wg_pair_message *order)
{
	int result = wg_pair_config_read(&orders->change, order);
	union wg_pair_message *answer;

	if (result == 0)
		return;
	if (result == 1)
		result = wg_engine_apply(orders->engine, &orders->change.config);
	wg_pair_config_reader_deinit(&orders->change);
	answer = add(orders, WG_PAIR_APPLIED, 0, order->header.serial);
	if (answer)
		answer->applied.error = result;
}

static void take_sockets(struct wg_orders *orders, const struct wg_pair_sockets *order)
{
	struct wg_udp_options options = {.port = order->port, .fwmark = order->fwmark};
	int fds[WG_UDP_SOCKETS];
	size_t n = 0;
	int error;

	memcpy(options.unwanted, orders->udp_unwanted, sizeof(options.unwanted));
	memcpy(options.broken, orders->udp_broken, sizeof(options.broken));
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		fds[i] = order->present[i] ? orders->in.fds[n++] : -1;
	orders->in.n_fds = 0; /* they have another owner now */
	error = wg_engine_set_sockets(orders->engine, fds, &options);
	if (error)
		wg_log(WG_LOG_ERROR, "take over the sockets: %s", strerror(-error));
}

static void answer_interface(struct wg_orders *orders, uint64_t serial)
{
	struct wg_engine_status status;

	wg_answers_interface(orders->engine, &status);
	if (wg_pair_put_interface(&orders->out, serial, &status))
		return;
	flush(orders);
	(void)wg_pair_put_interface(&orders->out, serial, &status);
}

static void answer_peers(struct wg_orders *orders, const struct wg_pair_ask_peers *question)
{
	union wg_pair_message *answer =
		add(orders, WG_PAIR_PEERS, question->n, question->header.serial);
	struct wg_config_peer peer;

	for (uint32_t i = 0; answer && i < question->n; i++)
		if (wg_answers_peer(orders->engine, question->records[i], &peer))
			wg_pair_put_peer(&answer->peers.records[i], &peer);
}

/* False: it is the last one. */
static bool obey(struct wg_orders *orders, const union wg_pair_message *order)
{
	struct wg_engine *engine = orders->engine;

	switch ((enum wg_pair_type)order->header.type) {
	case WG_PAIR_CONFIG_BEGIN:
	case WG_PAIR_CONFIG_PEER:
	case WG_PAIR_CONFIG_IPS:
	case WG_PAIR_CONFIG_END:
		take_config(orders, order);
		break;
	case WG_PAIR_CLAMP_MSS:
		wg_device_set_clamp_mss(engine->traffic.device, order->on_off.on);
		break;
	case WG_PAIR_LINK:
		wg_engine_set_link(engine, order->link.up, order->link.mtu);
		break;
	case WG_PAIR_SOCKETS:
		take_sockets(orders, &order->sockets);
		break;
	case WG_PAIR_WORKERS:
		wg_engine_set_workers(engine, order->workers.n);
		break;
	case WG_PAIR_OFFLOAD:
		if (!order->offload.of_udp)
			wg_engine_decide(engine, (enum wg_tun_offload)order->offload.which,
					 (enum wg_offload_state)order->offload.state);
		break;
	case WG_PAIR_ASK_INTERFACE:
		answer_interface(orders, order->header.serial);
		break;
	case WG_PAIR_ASK_PEERS:
		answer_peers(orders, &order->ask_peers);
		break;
	case WG_PAIR_PING:
		(void)add(orders, WG_PAIR_PONG, 0, order->header.serial);
		break;
	default:
		return false; /* END, or what nobody says after the first message */
	}
	return true;
}

static void obey_all(struct wg_orders *orders)
{
	const union wg_pair_message *order;
	size_t at = 0;

	while ((order = wg_pair_next(&orders->in, &at)))
		if (!obey(orders, order)) {
			uv_stop(orders->uv);
			break;
		}
	while (orders->in.n_fds > 0)
		close(orders->in.fds[--orders->in.n_fds]);
	wg_pair_datagram_wipe(&orders->in);
	flush(orders);
}

static void on_ready(void *ctx, int events)
{
	struct wg_orders *orders = ctx;
	int result = 1;

	(void)events;
	if (orders->blocked)
		flush(orders);
	for (int i = 0; i < BUDGET && result > 0 && !orders->blocked; i++) {
		result = wg_pair_receive(&orders->pair->pair, &orders->in);
		if (result > 0)
			obey_all(orders);
	}
	/* Without a keeper there is no tunnel; nor with one that does not speak the language. */
	if (result == 0 || (result < 0 && result != -EAGAIN))
		uv_stop(orders->uv);
}

static bool on_error(void *ctx)
{
	struct wg_orders *orders = ctx;

	uv_stop(orders->uv);
	return false;
}

int wg_orders_hello(struct wg_orders *orders, struct wg_pair_socket *pair,
		    struct wg_pair_hello *hello, int *tun_fd)
{
	struct pollfd ready = {.fd = pair->fd, .events = POLLIN};
	const union wg_pair_message *message;
	size_t at = 0;
	int result;

	*orders = (struct wg_orders){.pair = pair};
	wg_pair_config_reader_init(&orders->change);
	wg_pair_datagram_init(&orders->out);
	if (poll(&ready, 1, HELLO_LIMIT) != 1)
		return -ETIMEDOUT;
	result = wg_pair_receive(&pair->pair, &orders->in);
	if (result <= 0)
		return result ? result : -EPIPE;
	message = wg_pair_next(&orders->in, &at);
	if (!message || message->header.type != WG_PAIR_HELLO || orders->in.n_fds < 1)
		return -EPROTO;
	*hello = message->hello;
	*tun_fd = wg_engine_place(orders->in.fds[0], WG_CONFINE_FD_TUN);
	if (*tun_fd < 0)
		return -errno;
	for (int i = 0; i < WG_UDP_N_OFFLOADS; i++) {
		orders->udp_unwanted[i] = hello->udp_offloads[i] == WG_OFFLOAD_UNWANTED;
		orders->udp_broken[i] = hello->udp_offloads[i] == WG_OFFLOAD_BROKEN;
	}
	return 0;
}

int wg_orders_begin(struct wg_orders *orders, struct wg_engine *engine, uv_loop_t *uv)
{
	const struct wg_poller_handler handler = {on_ready, on_error, orders};

	orders->engine = engine;
	orders->uv = uv;
	return wg_poller_open(&orders->poller, uv, orders->pair->fd, UV_READABLE, &handler);
}

void wg_orders_ready(struct wg_orders *orders, const struct wg_confine_report *report)
{
	union wg_pair_message *ready = add(orders, WG_PAIR_READY, 0, 0);

	_Static_assert((int)WG_CONFINE_N_LAYERS <= (int)WG_PAIR_MAX_LAYERS, "there is room");
	if (!ready)
		return;
	ready->ready.version = WG_PAIR_VERSION;
	ready->ready.layers = report->held;
	memcpy(ready->ready.errors, report->errors, sizeof(report->errors));
	flush(orders);
}

void wg_orders_trapped(int number, uint32_t arch)
{
	static union wg_pair_message message = {
		.header = {.type = WG_PAIR_TRAPPED, .len = sizeof(message.trapped)}};

	message.trapped.number = number;
	message.trapped.arch = arch;
	(void)!send(WG_CONFINE_FD_PAIR, &message, sizeof(message.trapped),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

void wg_orders_end(struct wg_orders *orders)
{
	wg_log_init(NULL, WG_LOG_SILENT);
	logging = NULL;
	wg_poller_close(orders->poller);
	orders->poller = NULL;
	wg_pair_config_reader_deinit(&orders->change);
	wg_pair_datagram_wipe(&orders->in);
	wg_pair_datagram_wipe(&orders->out);
}
