#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "keeper/runner_parts.h"
#include "os/clock.h"
#include "os/later.h"

/* What came while something else was waited for. */
struct aside {
	size_t len;
	uint8_t bytes[];
};

/* NULL: none is left. */
static struct aside *take_aside(struct wg_runner *runner)
{
	struct aside *first;

	if (!runner->n_aside)
		return NULL;
	first = runner->aside[runner->first_aside];
	runner->first_aside = (runner->first_aside + 1) % WG_RUNNER_ASIDE;
	runner->n_aside--;
	return first;
}

void wg_runner_drop_aside(struct wg_runner *runner)
{
	struct aside *first;

	while ((first = take_aside(runner)))
		free(first);
}

void wg_runner_handle_aside(void *ctx)
{
	struct wg_runner *runner = ctx;
	struct aside *first;

	runner->later = false;
	while ((first = take_aside(runner))) {
		const union wg_pair_message *message;
		size_t at = 0;

		memcpy(runner->taken.bytes, first->bytes, first->len);
		runner->taken.len = first->len;
		free(first);
		while (runner->pid && (message = wg_pair_next(&runner->taken, &at)))
			wg_runner_take(runner, message);
	}
}

void wg_runner_put_aside(struct wg_runner *runner)
{
	const struct wg_pair_datagram *datagram = &runner->answer;
	struct aside *aside = malloc(sizeof(*aside) + datagram->len);

	if (!aside || runner->n_aside == WG_RUNNER_ASIDE) {
		free(aside);
		wg_runner_give_up(runner, "told more than can be kept");
		return;
	}
	aside->len = datagram->len;
	memcpy(aside->bytes, datagram->bytes, datagram->len);
	runner->aside[(runner->first_aside + runner->n_aside++) % WG_RUNNER_ASIDE] = aside;
	if (!runner->later)
		runner->later = !wg_later(runner->uv, wg_runner_handle_aside, runner);
}

int wg_runner_receive(struct wg_runner *runner)
{
	int result = wg_pair_receive(&runner->socket.pair, &runner->answer);

	if (result == -EAGAIN)
		return 0;
	if (result > 0)
		return 1;
	wg_runner_give_up(runner, result == -EPROTO ? "broke the rules of the pair" : NULL);
	return 0;
}

bool wg_runner_wait(struct wg_runner *runner, short events, wg_time until)
{
	struct pollfd ready = {.fd = runner->socket.fd, .events = events};
	wg_time left = until - wg_clock_now().boot;
	int result;

	if (left <= 0)
		return false;
	result = poll(&ready, 1, (int)(left / WG_MILLISECOND) + 1);
	return result > 0 || (result < 0 && errno == EINTR);
}

static void give_up_waiting(struct wg_runner *runner)
{
	wg_runner_give_up(runner, "did not answer");
}

void wg_runner_send(struct wg_runner *runner, int limit)
{
	wg_time until = wg_clock_now().boot + limit * WG_MILLISECOND;
	int error = -EAGAIN;

	while (runner->pid && error == -EAGAIN) {
		error = wg_pair_send(&runner->socket.pair, &runner->datagram);
		if (error != -EAGAIN)
			break;
		if (!wg_runner_wait(runner, POLLIN | POLLOUT, until))
			give_up_waiting(runner);
		else if (wg_runner_receive(runner))
			wg_runner_put_aside(runner);
	}
	if (error && error != -EAGAIN)
		wg_runner_give_up(runner, NULL);
	wg_pair_datagram_wipe(&runner->datagram);
	runner->datagram.n_fds = 0;
}

union wg_pair_message *wg_runner_begin(struct wg_runner *runner, enum wg_pair_type type, size_t n,
				       uint64_t serial)
{
	if (!runner->pid)
		return NULL;
	wg_pair_datagram_init(&runner->datagram);
	return wg_pair_add(&runner->datagram, type, n, serial);
}

const union wg_pair_message *wg_runner_await(struct wg_runner *runner, enum wg_pair_type type,
					     uint64_t serial, int limit)
{
	wg_time until = wg_clock_now().boot + limit * WG_MILLISECOND;

	while (runner->pid) {
		const union wg_pair_message *message;
		size_t at = 0;

		if (!wg_runner_receive(runner)) {
			if (runner->pid && !wg_runner_wait(runner, POLLIN, until))
				give_up_waiting(runner);
			continue;
		}
		wg_runner_put_aside(runner); /* an answer may be in company */
		while ((message = wg_pair_next(&runner->answer, &at)))
			if (message->header.type == type && message->header.serial == serial)
				return message;
	}
	return NULL;
}
