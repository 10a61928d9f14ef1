#include "ctl/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

void wg_status_init(struct wg_status *status)
{
	*status = (struct wg_status){.mtu = 0};
	wg_config_init(&status->config);
}

void wg_status_deinit(struct wg_status *status)
{
	for (size_t i = 0; status->peer_names && i < status->config.n_peers; i++)
		free(status->peer_names[i]);
	free((void *)status->peer_names);
	wg_config_deinit(&status->config);
	wg_status_init(status);
}

int wg_status_name_peer(struct wg_status *status, size_t i, const char *name)
{
	if (!status->peer_names)
		status->peer_names = (char **)calloc(status->config.n_peers, sizeof(char *));
	if (!status->peer_names)
		return -ENOMEM;
	free(status->peer_names[i]);
	status->peer_names[i] = strdup(name);
	return status->peer_names[i] ? 0 : -ENOMEM;
}

const char *wg_status_peer_name(const struct wg_status *status, size_t i)
{
	return status->peer_names ? status->peer_names[i] : NULL;
}

static const char *unanswered(const struct wg_config_peer *peer, char *text)
{
	char endpoint[WG_ENDPOINT_TEXT_LEN];
	bool one = peer->health.initiations_sent == 1;

	snprintf(text, WG_STATUS_TEXT_LEN,
		 "%" PRIu32
		 " initiation%s sent to %s, no answer: it is not there, a firewall drops them, "
		 "or it does not know our public key",
		 peer->health.initiations_sent, one ? "" : "s",
		 wg_endpoint_format(endpoint, &peer->endpoint));
	return text;
}

static const char *unreachable(const struct wg_config_peer *peer, char *text)
{
	char endpoint[WG_ENDPOINT_TEXT_LEN];

	snprintf(text, WG_STATUS_TEXT_LEN, "%s cannot be sent to: %s (%s)",
		 wg_endpoint_format(endpoint, &peer->endpoint), strerror(-peer->health.send_error),
		 strerrorname_np(-peer->health.send_error));
	return text;
}

/* The first cause, of those that can be told, that stands in the way. */
const char *wg_status_reason(const struct wg_status *status, size_t i,
			     char text[static WG_STATUS_TEXT_LEN])
{
	const struct wg_config_peer *peer = &status->config.peers[i];
	const char *reason = "no data has asked for one yet";

	if (!status->detailed || peer->health.session)
		return "";
	if (!status->link_up)
		reason = "the link is down";
	else if (!status->config.has_private_key)
		reason = "the interface has no private key";
	else if (!peer->health.usable_key)
		reason = "its public key cannot be used (a point of low order)";
	else if (peer->health.responses_refused)
		reason = "it answers, but its answers do not open: the preshared keys differ";
	else if (peer->health.send_error)
		return unreachable(peer, text);
	else if (peer->health.timestamps_refused)
		reason = "its handshakes are not newer than its last one: its clock went back";
	else if (!peer->has_endpoint)
		reason = "no endpoint: it has to call first";
	else if (peer->health.initiations_sent)
		return unanswered(peer, text);
	else if (!peer->n_allowed_ips)
		reason = "no allowed IPs: nothing can be sent to it";
	snprintf(text, WG_STATUS_TEXT_LEN, "%s", reason);
	return text;
}
