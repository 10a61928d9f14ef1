/* What the files of a tunnel share: its life (tunnel.c), what it plans for its host
 * (tunnel_plan.c), its change to what a file says (tunnel_change.c) and its peers' names
 * (tunnel_names.c). Only keeper/tunnel*.c includes it. */
#ifndef WG_KEEPER_TUNNEL_PARTS_H
#define WG_KEEPER_TUNNEL_PARTS_H

#include "conf/peerindex.h"
#include "crypto/text.h"
#include "host/plan.h"
#include "host/spawn.h"
#include "keeper/resolver.h"
#include "keeper/steps.h"
#include "keeper/tunnel.h"

struct wg_tunnel_reload;

/* The steps of a tunnel's life, in their order. */
enum wg_tunnel_step {
	WG_TUNNEL_PRE_UP,
	WG_TUNNEL_NAMES,
	WG_TUNNEL_LINK,
	WG_TUNNEL_HOST,
	WG_TUNNEL_DNS,
	WG_TUNNEL_POST_UP,
	WG_TUNNEL_UP, /* under way until the end is asked for */
	WG_TUNNEL_N_STEPS
};

struct wg_tunnel {
	struct wg_loop *loop;
	struct wg_conf conf;
	char *source;
	struct wg_undo *undo;
	struct wg_netlink *netlink;
	struct wg_plan plan;
	struct wg_resolver *resolver;
	struct wg_tunnel_events events;

	struct wg_steps steps;     /* enum wg_tunnel_step */
	struct wg_spawner spawner; /* of hooks, resolvconf and nftables */
	char end_reason[64];
	struct wg_tunnel_reload *reload; /* one under way; NULL: none */
	bool reload_wanted;              /* another one is due, or is about to begin */
	bool has_index;
	struct wg_peerindex by_key; /* of conf, made when it is needed first */
	int result;
	struct wg_text notes; /* what could not be put back, for who asked for the end */
};

/* Why the engine or its sockets did not become what the file says. */
void wg_tunnel_refuse_config(struct wg_error *error, const struct wg_conf *conf, int err);

/* The host's network as conf wants it, in a plan to be freed. 0, or -errno and a report. */
int wg_tunnel_make_plan(const struct wg_tunnel *tunnel, const struct wg_conf *conf,
			struct wg_plan *plan, struct wg_error *error);

static inline bool wg_tunnel_is_up(const struct wg_tunnel *tunnel)
{
	return wg_steps_is(&tunnel->steps, WG_STEPS_FORTH, WG_TUNNEL_UP);
}

/* Hurries the command that runs; its step is done when it has ended. */
void wg_tunnel_hurry(void *ctx, const char *why);

/* A request to reload, for wg_loop_owner. */
int wg_tunnel_on_reload(void *ctx);

/* The end is asked for while the tunnel is up: its last step is done when no reload is
 * under way any more. */
void wg_tunnel_end_reload(void *ctx, const char *why);

/* Looks up the names of the tunnel's file; when each is known, or not to be had yet, that
 * step is done, if it is under way. 0 or -errno. */
int wg_tunnel_start_names(struct wg_tunnel *tunnel);

/* The tunnel gets another file's configuration, or ends. */
void wg_tunnel_forget_names(struct wg_tunnel *tunnel);

/* Tells of names that could not be resolved. */
void wg_tunnel_warn_of_names(const struct wg_tunnel *tunnel);

/* For wg_loop_owner: a peer has fallen silent; what a peer is called, and the trouble
 * with its endpoint's name. */
void wg_tunnel_on_silent(void *ctx, const struct wg_silent_peer *silent);
const char *wg_tunnel_on_peer_name(void *ctx, const uint8_t public_key[static WG_KEY_LEN]);
bool wg_tunnel_on_peer_lookup(void *ctx, const uint8_t public_key[static WG_KEY_LEN],
			      struct wg_status_lookup *lookup);

#endif
