/* What the files of a tunnel share: its life (tunnel.c), its change to what a file says
 * (tunnel_change.c) and its peers' names (tunnel_names.c). */
#ifndef WG_KEEPER_TUNNEL_PARTS_H
#define WG_KEEPER_TUNNEL_PARTS_H

#include "conf/peerindex.h"
#include "crypto/text.h"
#include "host/plan.h"
#include "host/spawn.h"
#include "keeper/resolver.h"
#include "keeper/tunnel.h"

struct wg_tunnel_reload;

enum wg_tunnel_phase { WG_TUNNEL_STARTING, WG_TUNNEL_UP, WG_TUNNEL_ENDING };

struct wg_tunnel {
	struct wg_loop *loop;
	struct wg_conf conf;
	char *source;
	struct wg_undo *undo;
	struct wg_netlink *netlink;
	struct wg_plan plan;
	struct wg_resolver *resolver;
	void (*first_round)(void *ctx); /* of the resolver; ctx is the tunnel */
	struct wg_tunnel_events events;

	enum wg_tunnel_phase phase;
	struct wg_spawner spawner; /* of hooks, resolvconf and nftables */
	bool hook_runs;            /* a command is under way; ending waits for it */
	bool end_wanted;           /* something ended the tunnel while one was */
	char end_reason[64];
	struct wg_tunnel_reload *reload; /* one that waits for a command; NULL: none */
	bool reload_wanted;              /* another one is due, or is about to begin */
	bool waits_for_link;
	bool was_up; /* PostUp began, so PreDown and PostDown are due */
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

/* A command ended, or none was needed; error->text is why it failed, or empty. Whether what
 * was under way may go on: else the tunnel is on its way to its end. */
bool wg_tunnel_goes_on(struct wg_tunnel *tunnel, const struct wg_error *error);

/* A request to reload, for wg_loop_owner. */
int wg_tunnel_on_reload(void *ctx);

/* Looks up the names of the tunnel's file. 0 or -errno. */
int wg_tunnel_start_names(struct wg_tunnel *tunnel);

/* The tunnel gets another file's configuration, or ends. */
void wg_tunnel_forget_names(struct wg_tunnel *tunnel);

/* Tells of names that could not be resolved. */
void wg_tunnel_warn_of_names(const struct wg_tunnel *tunnel);

/* For wg_loop_owner: peers may have fallen silent; what a peer is called, and the trouble
 * with its endpoint's name. */
void wg_tunnel_on_turned(void *ctx);
const char *wg_tunnel_on_peer_name(void *ctx, const uint8_t public_key[static WG_KEY_LEN]);
bool wg_tunnel_on_peer_lookup(void *ctx, const uint8_t public_key[static WG_KEY_LEN],
			      struct wg_status_lookup *lookup);

#endif
