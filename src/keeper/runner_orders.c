#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "keeper/runner_parts.h"
#include "os/clock.h"
#include "pair/config.h"

/* Peers; what such a change was made of is given back to the system. */
#define LARGE_CHANGE 1000

static void send_config(struct wg_runner *runner, const struct wg_config *change)
{
	struct wg_pair_config_writer writer;
	const union wg_pair_message *answer;
	uint64_t serial = ++runner->serial;
	bool more = true;

	if (wg_pair_config_write_begin(&writer, change, serial))
		return; /* the picture has refused it before */
	while (runner->pid && more) {
		wg_pair_datagram_init(&runner->datagram);
		more = wg_pair_config_write(&writer, &runner->datagram);
		wg_runner_send(runner, WG_RUNNER_CHANGE_LIMIT);
	}
	answer = wg_runner_await(runner, WG_PAIR_APPLIED, serial, WG_RUNNER_CHANGE_LIMIT);
	if (answer && answer->applied.error)
		wg_runner_give_up(runner, "could not take a change");
}

int wg_runner_apply(struct wg_runner *runner, const struct wg_config *change)
{
	int error = wg_device_apply(runner->picture, change, wg_clock_now(), &runner->out);

	if (!error)
		send_config(runner, change);
#ifdef __GLIBC__
	if (change->n_peers >= LARGE_CHANGE || change->replace_peers)
		malloc_trim(0);
#endif
	return error;
}

void wg_runner_set_clamp_mss(struct wg_runner *runner, bool clamp_mss)
{
	union wg_pair_message *message = wg_runner_begin(runner, WG_PAIR_CLAMP_MSS, 0, 0);

	runner->told.clamp_mss = clamp_mss;
	if (!message)
		return;
	message->on_off.on = clamp_mss;
	wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
}

void wg_runner_set_link(struct wg_runner *runner, bool up, uint32_t mtu)
{
	union wg_pair_message *message = wg_runner_begin(runner, WG_PAIR_LINK, 0, 0);

	runner->told.link_up = up;
	runner->told.mtu = mtu;
	if (!message)
		return;
	message->link.up = up;
	message->link.mtu = mtu;
	wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
}

void wg_runner_set_sockets(struct wg_runner *runner, const struct wg_udp *udp, uint16_t port,
			   uint32_t fwmark)
{
	union wg_pair_message *message = wg_runner_begin(runner, WG_PAIR_SOCKETS, 0, 0);

	wg_device_set_socket(runner->picture, port, fwmark);
	runner->told.udp = udp;
	runner->told.port = port;
	runner->told.fwmark = fwmark;
	if (!message)
		return;
	message->sockets.port = port;
	message->sockets.fwmark = fwmark;
	for (unsigned int i = 0; udp && i < WG_UDP_SOCKETS; i++) {
		int fd = wg_udp_fd(udp, i);

		message->sockets.present[i] = fd >= 0;
		if (fd >= 0)
			runner->datagram.fds[runner->datagram.n_fds++] = fd;
	}
	wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
}

void wg_runner_set_workers(struct wg_runner *runner, int n)
{
	union wg_pair_message *message = wg_runner_begin(runner, WG_PAIR_WORKERS, 0, 0);

	runner->options.workers = n;
	if (!message)
		return;
	message->workers.n = n;
	wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
}

void wg_runner_decide(struct wg_runner *runner, enum wg_tun_offload which,
		      enum wg_offload_state state)
{
	union wg_pair_message *message = wg_runner_begin(runner, WG_PAIR_OFFLOAD, 0, 0);

	if (!message)
		return;
	message->offload.which = (uint8_t)which;
	message->offload.state = (uint8_t)state;
	wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
}

/* Fills in how they are; without an engine they are as the configuration says. Whether the
 * engine told of all of them. */
static bool ask_peers(struct wg_runner *runner, struct wg_config_peer *peers, size_t n)
{
	uint64_t serial = ++runner->serial;
	union wg_pair_message *question = wg_runner_begin(runner, WG_PAIR_ASK_PEERS, n, serial);
	const union wg_pair_message *answer;
	size_t found = 0;

	if (!question)
		return false;
	for (size_t i = 0; i < n; i++)
		memcpy(question->ask_peers.records[i], peers[i].public_key, WG_KEY_LEN);
	wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
	answer = wg_runner_await(runner, WG_PAIR_PEERS, serial, WG_RUNNER_ANSWER_LIMIT);
	for (size_t i = 0; answer && i < n && i < answer->peers.n; i++)
		found += wg_pair_get_peer(&peers[i], &answer->peers.records[i]);
	return found == n;
}

int wg_runner_describe_begin(struct wg_runner *runner, struct wg_config *config,
			     struct wg_device_cursor *cursor)
{
	return wg_device_describe_begin(runner->picture, config, cursor, wg_clock_now());
}

int wg_runner_describe_next(struct wg_runner *runner, struct wg_device_cursor *cursor, size_t n,
			    struct wg_config *config)
{
	size_t from = config->n_peers;
	int result;

	if (n > WG_PAIR_MAX_ASKED)
		n = WG_PAIR_MAX_ASKED;
	result = wg_device_describe_next(runner->picture, cursor, n, config, wg_clock_now());
	if (result >= 0 && config->n_peers > from)
		ask_peers(runner, config->peers + from, config->n_peers - from);
	return result;
}

int wg_runner_describe(struct wg_runner *runner, struct wg_config *config)
{
	struct wg_device_cursor cursor;
	int result = wg_runner_describe_begin(runner, config, &cursor);

	if (result)
		return result;
	do
		result = wg_runner_describe_next(runner, &cursor, WG_PAIR_MAX_ASKED, config);
	while (result > 0);
	return result;
}

bool wg_runner_describe_state(struct wg_runner *runner, const uint8_t public_key[static WG_KEY_LEN],
			      struct wg_config_peer *described)
{
	memcpy(described->public_key, public_key, WG_KEY_LEN);
	return ask_peers(runner, described, 1);
}

void wg_runner_interface(struct wg_runner *runner, struct wg_engine_status *status)
{
	uint64_t serial = ++runner->serial;
	union wg_pair_message *question = wg_runner_begin(runner, WG_PAIR_ASK_INTERFACE, 0, serial);
	const union wg_pair_message *answer = NULL;

	*status = (struct wg_engine_status){.workers = 0};
	if (question) {
		wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
		answer = wg_runner_await(runner, WG_PAIR_INTERFACE, serial, WG_RUNNER_ANSWER_LIMIT);
	}
	if (answer)
		wg_pair_get_interface(status, &answer->interface);
}

/* What is described is what is: as a change, it has to be said so. */
static void make_change(struct wg_config *config)
{
	config->replace_peers = true;
	for (size_t i = 0; i < config->n_peers; i++) {
		config->peers[i].has_keepalive = true;
		config->peers[i].replace_allowed_ips = true;
	}
}

static void tell_config(struct wg_runner *runner)
{
	struct wg_config config;

	wg_config_init(&config);
	if (wg_device_describe(runner->picture, &config, wg_clock_now())) {
		wg_runner_give_up(runner, "could not be told its configuration: memory is out");
	} else {
		make_change(&config);
		send_config(runner, &config);
	}
	wg_config_deinit(&config);
}

void wg_runner_tell_all(struct wg_runner *runner)
{
	const struct wg_runner_told told = runner->told;

	tell_config(runner);
	wg_runner_set_clamp_mss(runner, told.clamp_mss);
	wg_runner_set_sockets(runner, told.udp, told.port, told.fwmark);
	wg_runner_set_link(runner, told.link_up, told.mtu);
}
