#include "keeper/sockets.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/defaults.h"
#include "base/log.h"
#include "os/portholder.h"

void wg_sockets_init(struct wg_sockets *sockets)
{
	*sockets = (struct wg_sockets){.choice = WG_PORT_DEFAULT};
}

static int open_port(struct wg_sockets *sockets, uint16_t port)
{
	struct wg_udp_options options = {.port = port, .fwmark = sockets->fwmark};
	int error;

	memcpy(options.unwanted, sockets->unwanted, sizeof(options.unwanted));
	memcpy(options.broken, sockets->broken, sizeof(options.broken));
	error = wg_udp_open(&sockets->udp, &options);

	if (error)
		sockets->udp = NULL;
	else
		sockets->port = wg_udp_port(sockets->udp);
	return error;
}

static uint16_t preferred_port(const struct wg_sockets *sockets)
{
	if (sockets->port == 0 && sockets->choice == WG_PORT_DEFAULT)
		return WG_DEFAULT_PORT;
	return sockets->port;
}

int wg_sockets_open(struct wg_sockets *sockets)
{
	uint16_t port = preferred_port(sockets);
	char holder[WG_PORTHOLDER_LEN];
	bool known;
	int error = open_port(sockets, port);

	if (error != -EADDRINUSE || sockets->choice == WG_PORT_FIXED)
		return error;
	error = open_port(sockets, 0);
	if (error)
		return error;
	known = wg_portholder_find(holder, port);
	wg_log(WG_LOG_NOTICE, "port %u is taken%s%s, listening on %u instead", port,
	       known ? " by " : "", known ? holder : "", sockets->port);
	return error;
}

void wg_sockets_close(struct wg_sockets *sockets)
{
	if (sockets->udp)
		wg_udp_close(sockets->udp);
	sockets->udp = NULL;
}

static void choose_port(struct wg_sockets *next, uint16_t port)
{
	next->choice = port ? WG_PORT_FIXED : WG_PORT_ANY;
	next->port = port;
}

int wg_sockets_prepare(const struct wg_sockets *sockets, const struct wg_config *change,
		       bool should_be_open, struct wg_sockets *next)
{
	*next = *sockets;
	if (change->has_listen_port)
		choose_port(next, change->listen_port);
	if (change->has_fwmark)
		next->fwmark = change->fwmark;
	if (!should_be_open)
		return 0;
	if (!next->udp || next->port != sockets->port)
		return wg_sockets_open(next);
	if (next->fwmark != sockets->fwmark)
		return wg_udp_set_mark(next->udp, next->fwmark);
	return 0;
}

void wg_sockets_commit(struct wg_sockets *sockets, const struct wg_sockets *next)
{
	if (sockets->udp != next->udp)
		wg_sockets_close(sockets);
	*sockets = *next;
}

void wg_sockets_abandon(const struct wg_sockets *sockets, struct wg_sockets *next)
{
	if (next->udp != sockets->udp)
		wg_sockets_close(next);
	else if (next->fwmark != sockets->fwmark && next->udp)
		wg_udp_set_mark(next->udp, sockets->fwmark);
}
