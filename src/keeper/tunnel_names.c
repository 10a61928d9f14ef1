/* A tunnel's peers by name: what they are called, and endpoints that are to be resolved. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "keeper/tunnel_parts.h"

/* More lines than that are no help to who reads them. */
#define MAX_WARNINGS 5u

/* A silent peer may have called in the meantime: then it is where it called from. */
static bool is_back(const struct wg_tunnel *tunnel, size_t i)
{
	const uint8_t *key = tunnel->conf.config.peers[i].public_key;
	struct wg_config_peer now = {0};

	return wg_runner_describe_state(wg_loop_runner(tunnel->loop), key, &now) &&
	       now.health.session && !now.health.initiations_sent;
}

static void on_found(void *ctx, size_t i, const struct wg_endpoint *endpoint, bool silent)
{
	struct wg_tunnel *tunnel = ctx;
	struct wg_config change;
	struct wg_config_peer *peer;

	tunnel->conf.config.peers[i].endpoint = *endpoint;
	tunnel->conf.config.peers[i].has_endpoint = true;
	if (!tunnel->plan.link)
		return; /* it goes in with all the rest */
	if (silent && is_back(tunnel, i))
		return;
	wg_config_init(&change);
	peer = wg_config_add_peer(&change);
	if (peer) {
		memcpy(peer->public_key, tunnel->conf.config.peers[i].public_key, WG_KEY_LEN);
		peer->update_only = true;
		peer->endpoint = *endpoint;
		peer->has_endpoint = true;
		wg_loop_apply(tunnel->loop, &change);
	}
	wg_config_deinit(&change);
}

static void on_first_round(void *ctx)
{
	struct wg_tunnel *tunnel = ctx;

	if (wg_steps_is(&tunnel->steps, WG_STEPS_FORTH, WG_TUNNEL_NAMES))
		wg_steps_done(&tunnel->steps, NULL);
}

int wg_tunnel_start_names(struct wg_tunnel *tunnel)
{
	const struct wg_resolver_handler handler = {on_found, on_first_round, tunnel};

	return wg_resolver_new(&tunnel->resolver, wg_loop_uv(tunnel->loop), &tunnel->conf,
			       &handler);
}

static void warn(const struct wg_tunnel *tunnel, const struct wg_resolver_trouble *trouble)
{
	const struct wg_tunnel_events *events = &tunnel->events;
	struct wg_error warning;

	wg_error_set(&warning, 0, "%s:%u: Endpoint %s: %s", tunnel->conf.file, trouble->line,
		     trouble->host, trouble->why);
	wg_error_hint(&warning,
		      "the tunnel is up and goes on asking; see what getent ahosts %s says",
		      trouble->host);
	events->warning(events->ctx, &warning);
}

void wg_tunnel_warn_of_names(const struct wg_tunnel *tunnel)
{
	const struct wg_tunnel_events *events = &tunnel->events;
	struct wg_resolver_trouble trouble;
	struct wg_error more;
	size_t n = 0;

	for (size_t i = 0; i < wg_resolver_names(tunnel->resolver); i++)
		if (wg_resolver_trouble_at(tunnel->resolver, i, &trouble) && n++ < MAX_WARNINGS)
			warn(tunnel, &trouble);
	if (n <= MAX_WARNINGS)
		return;
	wg_error_set(&more, 0, "%s: and %zu more endpoints' names are not to be resolved",
		     tunnel->conf.file, n - MAX_WARNINGS);
	wg_error_hint(&more, "tuff show %s tells of each", tunnel->conf.name);
	events->warning(events->ctx, &more);
}

void wg_tunnel_on_silent(void *ctx, const struct wg_silent_peer *silent)
{
	struct wg_tunnel *tunnel = ctx;

	if (tunnel->resolver && wg_tunnel_is_up(tunnel))
		wg_resolver_silent(tunnel->resolver, silent);
}

void wg_tunnel_forget_names(struct wg_tunnel *tunnel)
{
	wg_resolver_close(tunnel->resolver);
	tunnel->resolver = NULL;
	if (tunnel->has_index)
		wg_peerindex_deinit(&tunnel->by_key);
	tunnel->has_index = false;
}

const char *wg_tunnel_on_peer_name(void *ctx, const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_tunnel *tunnel = ctx;
	size_t i;

	if (!tunnel->has_index)
		tunnel->has_index = !wg_peerindex_init(&tunnel->by_key, &tunnel->conf.config);
	if (!tunnel->has_index)
		return NULL;
	i = wg_peerindex_find(&tunnel->by_key, public_key);
	return i < tunnel->conf.n_peers ? tunnel->conf.peers[i].name : NULL;
}

bool wg_tunnel_on_peer_lookup(void *ctx, const uint8_t public_key[static WG_KEY_LEN],
			      struct wg_status_lookup *lookup)
{
	const struct wg_tunnel *tunnel = ctx;
	struct wg_resolver_trouble trouble;

	if (!tunnel->resolver || !wg_resolver_trouble(tunnel->resolver, public_key, &trouble))
		return false;
	*lookup = (struct wg_status_lookup){
		.host = trouble.host,
		.error = trouble.why,
		.file = tunnel->conf.file,
		.line = trouble.line,
		.tries = trouble.tries,
		.seconds = trouble.seconds,
	};
	return true;
}
