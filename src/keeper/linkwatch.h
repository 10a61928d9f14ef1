/* The tunnel's link as the rest of the system sees it: up or down, its MTU, its name.
 *
 * rtnetlink tells of changes. A link that is moved to another network namespace looks
 * deleted to an ordinary netlink socket, so "gone" is never read from there: that is
 * an error on the TUN descriptor itself. After a move the socket listens to all
 * namespaces (NETLINK_LISTEN_ALL_NSID, for which CAP_NET_BROADCAST is needed). Where
 * that, or asking another namespace, is not allowed, the link is followed through its
 * descriptor alone: it can be written to (POLLOUT) exactly while the link is up, which
 * wakes a poller when it comes up, and a write that fails says that it went down. */
#ifndef WG_KEEPER_LINKWATCH_H
#define WG_KEEPER_LINKWATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "tun/link.h"
#include "tun/tun.h"

struct wg_linkwatch;

struct wg_linkwatch_handler {
	/* What the link is now. Called for every message in its order, so that a link
	 * that went down and up again is seen down; often nothing changed. */
	void (*state)(void *ctx, const struct wg_tun_link *state);
	/* Whether wg_linkwatch_look is to be called when the descriptor can be written
	 * to. */
	void (*want_writable)(void *ctx, bool wanted);
	void *ctx;
};

/* Follows the link of tun, which outlives it, and reports its present state (from
 * within). 0 or -errno. */
int wg_linkwatch_open(struct wg_linkwatch **out, uv_loop_t *loop, const struct wg_tun *tun,
		      const struct wg_linkwatch_handler *handler);
/* The memory goes when the loop runs on. NULL is ignored. */
void wg_linkwatch_close(struct wg_linkwatch *watch);

/* The descriptor became writable, or refused a packet: looks again, where no message
 * comes of it. */
void wg_linkwatch_look(struct wg_linkwatch *watch);

#endif
