/* The tunnel's UDP sockets over its life: which port they get, when they are open, and
 * how a change of port or mark is made whole or not at all. */
#ifndef WG_KEEPER_SOCKETS_H
#define WG_KEEPER_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "udp/udp.h"

enum wg_port_choice {
	WG_PORT_DEFAULT, /* nobody has set it: the default or, if it is taken, any */
	WG_PORT_ANY,     /* any free one was asked for */
	WG_PORT_FIXED    /* this one, or none */
};

struct wg_sockets {
	enum wg_port_choice choice;
	uint16_t port; /* in use, or wanted when the link comes up; 0: not picked yet */
	uint32_t fwmark;
	bool unwanted[WG_UDP_N_OFFLOADS];
	bool broken[WG_UDP_N_OFFLOADS]; /* as the probe found */
	struct wg_udp *udp;             /* NULL: closed */
};

/* All offloads are wanted at first. */
void wg_sockets_init(struct wg_sockets *sockets);

/* Opens them, as the link came up. The port they had before is tried first. 0 or
 * -errno; they are closed then. */
int wg_sockets_open(struct wg_sockets *sockets);

/* Closes them; port and mark are kept. */
void wg_sockets_close(struct wg_sockets *sockets);

/* Makes next what sockets would be after a change, without touching them: if they
 * should be open, new ones are opened next to the old (another port), or the old ones
 * are kept (the same port). Then one of the two below must follow. 0 or -errno, and
 * then none. */
int wg_sockets_prepare(const struct wg_sockets *sockets, const struct wg_config *change,
		       bool should_be_open, struct wg_sockets *next);

/* Puts next in the place of sockets, closing what it does not use any more. */
void wg_sockets_commit(struct wg_sockets *sockets, const struct wg_sockets *next);

/* Undoes the preparation. */
void wg_sockets_abandon(const struct wg_sockets *sockets, struct wg_sockets *next);

#endif
