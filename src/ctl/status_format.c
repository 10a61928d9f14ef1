/* A status as text, on the side of the program that runs the tunnel; ctl/status_parse.c
 * reads it. */
#include <inttypes.h>

#include "crypto/encoding.h"
#include "ctl/status.h"

static void add_key(struct wg_text *text, const char *name, const uint8_t key[static WG_KEY_LEN])
{
	char base64[WG_KEY_BASE64_LEN + 1];

	wg_key_encode(base64, key);
	wg_text_printf(text, "%s=%s\n", name, base64);
}

static void add_drops(struct wg_text *text, const char *key, const uint64_t *drops,
		      const uint64_t *losses)
{
	for (int reason = 0; reason < WG_DROP_COUNT; reason++)
		if (drops[reason])
			wg_text_printf(text, "%s=%s %" PRIu64 "\n", key,
				       wg_drop_name((enum wg_drop)reason), drops[reason]);
	for (int loss = 0; loss < WG_LOSS_COUNT; loss++)
		if (losses[loss])
			wg_text_printf(text, "%s=%s %" PRIu64 "\n", key,
				       wg_loss_name((enum wg_loss)loss), losses[loss]);
}

/* "caller=wrong_key CALLS AGE KEY SOURCE" */
static void add_callers(struct wg_text *text, const struct wg_config *config)
{
	char source[WG_ENDPOINT_TEXT_LEN];
	char key[WG_KEY_BASE64_LEN + 1];

	for (int kind = 0; kind < WG_N_CALLERS; kind++) {
		const struct wg_config_caller *caller = &config->callers[kind];

		if (!caller->calls)
			continue;
		wg_key_encode(key, caller->public_key);
		wg_text_printf(text, "caller=%s %" PRIu64 " %" PRIu32 " %s %s\n",
			       wg_status_caller_name((enum wg_config_caller_kind)kind),
			       caller->calls, caller->age_sec, key,
			       wg_endpoint_format(source, &caller->source));
	}
}

static void add_health(struct wg_text *text, const struct wg_config_health *health)
{
	wg_text_printf(text,
		       "session=%d\nusable_key=%d\ninitiations_sent=%" PRIu32
		       "\nresponses_sent=%" PRIu32 "\nresponses_refused=%" PRIu32
		       "\ntimestamps_refused=%" PRIu32 "\nsend_error=%d\n",
		       health->session, health->usable_key, health->initiations_sent,
		       health->responses_sent, health->responses_refused,
		       health->timestamps_refused, -health->send_error);
}

/* "reported=port-closed AGE BY" */
static void add_report(struct wg_text *text, const struct wg_config_health *health)
{
	char by[WG_IP_TEXT_LEN];

	if (health->report)
		wg_text_printf(text, "reported=%s %" PRIu32 " %s\n",
			       wg_status_report_name(health->report), health->report_age_sec,
			       wg_ip_format(by, &health->reported_by));
}

static void add_peer(struct wg_text *text, const struct wg_status *status, size_t i)
{
	const struct wg_config_peer *peer = &status->config.peers[i];
	const struct wg_status_lookup *lookup = wg_status_lookup(status, i);
	const char *name = wg_status_peer_name(status, i);
	char endpoint[WG_ENDPOINT_TEXT_LEN];
	char prefix[WG_PREFIX_TEXT_LEN];

	add_key(text, "peer", peer->public_key);
	if (name)
		wg_text_printf(text, "name=%s\n", name);
	wg_text_printf(text, "preshared=%d\n", peer->has_preshared_key);
	if (peer->has_endpoint)
		wg_text_printf(text, "endpoint=%s\n",
			       wg_endpoint_format(endpoint, &peer->endpoint));
	wg_text_printf(text,
		       "handshake_sec=%" PRId64 "\nhandshake_nsec=%" PRId32 "\nrx_bytes=%" PRIu64
		       "\ntx_bytes=%" PRIu64 "\nkeepalive=%u\n",
		       peer->handshake_sec, peer->handshake_nsec, peer->rx_bytes, peer->tx_bytes,
		       peer->keepalive);
	add_health(text, &peer->health);
	if (lookup)
		wg_text_printf(text,
			       "lookup=%" PRIu32 " %" PRIu64 " %" PRIu32
			       "\nlookup_host=%s\nlookup_error=%s\nlookup_file=%s\n",
			       lookup->tries, lookup->seconds, lookup->line, lookup->host,
			       lookup->error, lookup->file);
	add_report(text, &peer->health);
	for (size_t k = 0; k < peer->n_allowed_ips; k++)
		wg_text_printf(text, "allowed_ip=%s\n",
			       wg_prefix_format(prefix, &peer->allowed_ips[k].prefix));
}

void wg_status_format_peers(struct wg_text *text, const struct wg_status *status)
{
	for (size_t i = 0; i < status->config.n_peers; i++)
		add_peer(text, status, i);
}

void wg_status_format_interface(struct wg_text *text, const struct wg_status *status)
{
	if (status->config.has_private_key)
		add_key(text, "own_key", status->public_key);
	if (status->config.has_listen_port)
		wg_text_printf(text, "listen_port=%u\n", status->config.listen_port);
	if (status->config.has_fwmark)
		wg_text_printf(text, "fwmark=%" PRIu32 "\n", status->config.fwmark);
	wg_text_printf(text,
		       "link=%s\nuptime=%" PRIu64 "\nmtu=%" PRIu32 "\nworkers=%" PRIu32
		       "\naead=%s\n",
		       status->link_up ? "up" : "down", status->uptime_sec, status->mtu,
		       status->workers, status->aead);
	if (status->restarts)
		wg_text_printf(text, "restarts=%" PRIu32 " %" PRIu64 " %s\n", status->restarts,
			       status->restarted_sec, status->restarted_why);
	if (*status->confine)
		wg_text_printf(text, "confine=%s\nlayers=%s\nconfined=%s\n", status->confine,
			       status->layers, status->confined);
	wg_text_printf(text, "offloads=%s\noffloads_off=%s\n", status->offloads,
		       status->offloads_off);
	if (status->unmarked)
		wg_text_printf(text, "unmarked=%" PRIu64 "\n", status->unmarked);
	add_drops(text, "drop", status->drops, status->losses);
	if (status->lately_sec)
		wg_text_printf(text, "lately=%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			       status->lately_sec, status->lately.out, status->lately.in);
	add_drops(text, "drop_lately", status->lately.drops, status->lately.losses);
	add_callers(text, &status->config);
}
