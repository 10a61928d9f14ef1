#include "ctl/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "crypto/encoding.h"

void wg_status_init(struct wg_status *status)
{
	*status = (struct wg_status){.mtu = 0};
	wg_config_init(&status->config);
}

static void free_lookup(struct wg_status_lookup *lookup)
{
	free((char *)lookup->host);
	free((char *)lookup->error);
	free((char *)lookup->file);
}

void wg_status_forget_peers(struct wg_status *status)
{
	for (size_t i = 0; i < status->n_peer_names; i++) {
		free(status->peer_names[i]);
		status->peer_names[i] = NULL;
	}
	for (size_t i = 0; i < status->n_lookups; i++)
		free_lookup(&status->lookups[i]);
	status->n_lookups = 0;
	wg_config_clear_peers(&status->config);
}

void wg_status_deinit(struct wg_status *status)
{
	wg_status_forget_peers(status);
	free((void *)status->peer_names);
	free(status->lookups);
	wg_config_deinit(&status->config);
	wg_status_init(status);
}

/* Entries for as many peers as the configuration has room for. */
static int grow_names(struct wg_status *status)
{
	size_t n = status->config.peers_capacity;
	char **names = (char **)reallocarray((void *)status->peer_names, n, sizeof(char *));

	if (!names)
		return -ENOMEM;
	memset((void *)(names + status->n_peer_names), 0,
	       (n - status->n_peer_names) * sizeof(char *));
	status->peer_names = names;
	status->n_peer_names = n;
	return 0;
}

int wg_status_name_peer(struct wg_status *status, size_t i, const char *name)
{
	if (i >= status->n_peer_names && grow_names(status))
		return -ENOMEM;
	free(status->peer_names[i]);
	status->peer_names[i] = strdup(name);
	return status->peer_names[i] ? 0 : -ENOMEM;
}

const char *wg_status_peer_name(const struct wg_status *status, size_t i)
{
	return i < status->n_peer_names ? status->peer_names[i] : NULL;
}

/* Makes a text fit one line and JSON, whatever a file is called. */
static char *copy_line(const char *text)
{
	char *line = strdup(text);

	if (!line)
		return NULL;
	wg_utf8_mend(line);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return line;
}

int wg_status_add_lookup(struct wg_status *status, const struct wg_status_lookup *lookup)
{
	struct wg_status_lookup *lookups =
		reallocarray(status->lookups, status->n_lookups + 1, sizeof(*lookups));
	struct wg_status_lookup copy = *lookup;

	if (!lookups)
		return -ENOMEM;
	status->lookups = lookups;
	copy.host = copy_line(lookup->host);
	copy.error = copy_line(lookup->error);
	copy.file = copy_line(lookup->file);
	if (!copy.host || !copy.error || !copy.file) {
		free_lookup(&copy);
		return -ENOMEM;
	}
	lookups[status->n_lookups++] = copy;
	return 0;
}

const struct wg_status_lookup *wg_status_lookup(const struct wg_status *status, size_t i)
{
	size_t from = 0;
	size_t to = status->n_lookups;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (status->lookups[middle].peer == i)
			return &status->lookups[middle];
		if (status->lookups[middle].peer < i)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

static const char *unresolved(const struct wg_status_lookup *lookup, char *text)
{
	snprintf(text, WG_STATUS_TEXT_LEN, "its name %.100s is not to be resolved: %.100s",
		 lookup->host, lookup->error);
	return text;
}

static const char *unanswered(const struct wg_config_peer *peer, char *text)
{
	char endpoint[WG_ENDPOINT_TEXT_LEN];
	bool one = peer->health.initiations_sent == 1;

	snprintf(text, WG_STATUS_TEXT_LEN,
		 "%" PRIu32
		 " initiation%s sent to %s, no answer: a firewall, a wrong address or port, or it "
		 "does not know our public key",
		 peer->health.initiations_sent, one ? "" : "s",
		 wg_endpoint_format(endpoint, &peer->endpoint));
	return text;
}

static const char *untaken(const struct wg_config_peer *peer, char *text)
{
	char endpoint[WG_ENDPOINT_TEXT_LEN];

	snprintf(text, WG_STATUS_TEXT_LEN,
		 "it calls, but takes no answer (%" PRIu32
		 " sent to %s): a firewall drops them, or the preshared keys differ",
		 peer->health.responses_sent, wg_endpoint_format(endpoint, &peer->endpoint));
	return text;
}

/* The same, where the network said why. */
static const char *reported(const struct wg_config_peer *peer, char *text)
{
	static const char *const what[WG_REPORT_N_KINDS] = {
		[WG_REPORT_NONE] = "it is silent at",
		[WG_REPORT_PORT_CLOSED] = "nothing listens at",
		[WG_REPORT_PROHIBITED] = "a firewall refuses what is sent to",
		[WG_REPORT_NO_HOST] = "no host answers at the address of",
		[WG_REPORT_NO_ROUTE] = "there is no route to",
	};
	char endpoint[WG_ENDPOINT_TEXT_LEN];
	char by[WG_IP_TEXT_LEN];

	snprintf(text, WG_STATUS_TEXT_LEN,
		 "%s %s, as %s reported %" PRIu32 " seconds ago (%" PRIu32 " initiation%s sent)",
		 what[peer->health.report], wg_endpoint_format(endpoint, &peer->endpoint),
		 wg_ip_format(by, &peer->health.reported_by), peer->health.report_age_sec,
		 peer->health.initiations_sent, peer->health.initiations_sent == 1 ? "" : "s");
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

/* The first cause, of those that can be told, that stands in the way of a handshake. */
static const char *cause(const struct wg_status *status, const struct wg_config_peer *peer,
			 char *text)
{
	const struct wg_status_lookup *lookup =
		wg_status_lookup(status, (size_t)(peer - status->config.peers));
	const char *reason = "no data has asked for one yet";

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
	else if (!peer->has_endpoint && lookup)
		return unresolved(lookup, text);
	else if (!peer->has_endpoint)
		reason = "no endpoint: it has to call first";
	else if (wg_status_takes_no_answer(&peer->health))
		return untaken(peer, text);
	else if (peer->health.initiations_sent)
		return peer->health.report ? reported(peer, text) : unanswered(peer, text);
	else if (!peer->n_allowed_ips)
		reason = "no allowed IPs: nothing can be sent to it";
	snprintf(text, WG_STATUS_TEXT_LEN, "%s", reason);
	return text;
}

const char *wg_status_reason(const struct wg_status *status, size_t i,
			     char text[static WG_STATUS_TEXT_LEN])
{
	const struct wg_config_peer *peer = &status->config.peers[i];

	return status->detailed && !peer->health.session ? cause(status, peer, text) : "";
}

const char *wg_status_silence(const struct wg_status *status, size_t i,
			      char text[static WG_STATUS_TEXT_LEN])
{
	const struct wg_config_peer *peer = &status->config.peers[i];

	return status->detailed && peer->health.session && wg_status_is_silent(&peer->health)
		       ? cause(status, peer, text)
		       : "";
}

const char *wg_status_report_name(enum wg_report_kind kind)
{
	static const char *const names[WG_REPORT_N_KINDS] = {
		[WG_REPORT_NONE] = "none",
		[WG_REPORT_PORT_CLOSED] = "port-closed",
		[WG_REPORT_PROHIBITED] = "prohibited",
		[WG_REPORT_NO_HOST] = "no-host",
		[WG_REPORT_NO_ROUTE] = "no-route",
	};

	return names[kind];
}

const char *wg_status_caller_name(enum wg_config_caller_kind kind)
{
	static const char *const names[WG_N_CALLERS] = {
		[WG_CALLER_WRONG_KEY] = "wrong_key",
		[WG_CALLER_UNKNOWN] = "unknown_peer",
	};

	return names[kind];
}

/* Whether somebody at that place has found the right key since. */
static bool came_through(const struct wg_config *config, const struct wg_endpoint *source)
{
	for (size_t i = 0; i < config->n_peers; i++)
		if (config->peers[i].health.session && config->peers[i].has_endpoint &&
		    wg_endpoint_equal(&config->peers[i].endpoint, source))
			return true;
	return false;
}

const char *wg_status_caller(const struct wg_status *status, enum wg_config_caller_kind kind,
			     char text[static WG_STATUS_TEXT_LEN])
{
	const struct wg_config_caller *caller = &status->config.callers[kind];
	char source[WG_ENDPOINT_TEXT_LEN];
	char key[WG_KEY_BASE64_LEN + 1];

	if (!caller->calls || caller->age_sec > WG_STATUS_CALL_LASTS)
		return "";
	wg_endpoint_format(source, &caller->source);
	if (kind == WG_CALLER_WRONG_KEY) {
		if (came_through(&status->config, &caller->source))
			return "";
		snprintf(text, WG_STATUS_TEXT_LEN,
			 "somebody calls with another public key for us (%" PRIu64
			 " message%s with a wrong mac1, last from %s)",
			 caller->calls, caller->calls == 1 ? "" : "s", source);
	} else {
		wg_key_encode(key, caller->public_key);
		snprintf(text, WG_STATUS_TEXT_LEN,
			 "an unknown peer, whose key is %s, calls (%" PRIu64
			 " time%s, last from %s)",
			 key, caller->calls, caller->calls == 1 ? "" : "s", source);
	}
	return text;
}
