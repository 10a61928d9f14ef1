/* Reads the text of ctl/status_format.c as it arrives, on the side of the commands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "crypto/encoding.h"
#include "ctl/status.h"

/* The longest line is a peer's name's; a line of a configuration file has no more. */
#define MAX_LINE (64u << 10)

#define NUMBER(field, max)                                    \
	do {                                                  \
		uint64_t n_;                                  \
		if (!wg_number_parse_long(&n_, (max), value)) \
			return -EPROTO;                       \
		(field) = (__typeof__(field))n_;              \
		return 0;                                     \
	} while (0)

static int copy(char *field, size_t size, const char *value)
{
	snprintf(field, size, "%s", value);
	return 0;
}

/* The part of the value behind that name and a space, with which it must begin; otherwise
 * NULL. */
static const char *behind(const char *name, const char *value)
{
	size_t len = strlen(name);

	return strncmp(name, value, len) == 0 && value[len] == ' ' ? value + len + 1 : NULL;
}

static int parse_drop(uint64_t *drops, uint64_t *losses, const char *value)
{
	const char *number;

	if (!strchr(value, ' '))
		return -EPROTO;
	for (int i = 0; i < WG_DROP_COUNT; i++) {
		number = behind(wg_drop_name((enum wg_drop)i), value);
		if (number && !wg_number_parse_long(&drops[i], UINT64_MAX, number))
			return -EPROTO;
	}
	for (int i = 0; i < WG_LOSS_COUNT; i++) {
		number = behind(wg_loss_name((enum wg_loss)i), value);
		if (number && !wg_number_parse_long(&losses[i], UINT64_MAX, number))
			return -EPROTO;
	}
	return 0; /* a reason without a name here is of a newer program */
}

static int parse_lately(struct wg_status *status, char *value)
{
	const char *seconds = strsep(&value, " ");
	const char *out = strsep(&value, " ");

	return value && wg_number_parse_long(&status->lately_sec, INT64_MAX, seconds) &&
			       wg_number_parse_long(&status->lately.out, UINT64_MAX, out) &&
			       wg_number_parse_long(&status->lately.in, UINT64_MAX, value)
		       ? 0
		       : -EPROTO;
}

/* An endpoint as wg_endpoint_format writes it, whose zone is a number. */
static int parse_endpoint(struct wg_endpoint *endpoint, char *value)
{
	char *zone;

	if (!wg_endpoint_parse(endpoint, &zone, value) ||
	    (zone && !wg_number_parse(&endpoint->scope, UINT32_MAX, zone)))
		return -EPROTO;
	return 0;
}

static int parse_caller(struct wg_status *status, char *value)
{
	const char *name = strsep(&value, " ");
	const char *calls = strsep(&value, " ");
	const char *age = strsep(&value, " ");
	const char *key = strsep(&value, " ");
	struct wg_config_caller caller = {0};

	if (!value || !wg_number_parse_long(&caller.calls, UINT64_MAX, calls) ||
	    !wg_number_parse(&caller.age_sec, UINT32_MAX, age) ||
	    !wg_key_decode(caller.public_key, key) || parse_endpoint(&caller.source, value))
		return -EPROTO;
	for (int kind = 0; kind < WG_N_CALLERS; kind++)
		if (!strcmp(wg_status_caller_name((enum wg_config_caller_kind)kind), name))
			status->config.callers[kind] = caller;
	return 0;
}

static int parse_restarts(struct wg_status *status, char *value)
{
	const char *n = strsep(&value, " ");
	const char *age = strsep(&value, " ");

	if (!value || !wg_number_parse(&status->restarts, UINT32_MAX, n) ||
	    !wg_number_parse_long(&status->restarted_sec, INT64_MAX, age))
		return -EPROTO;
	return copy(status->restarted_why, sizeof(status->restarted_why), value);
}

static int parse_interface(struct wg_status *status, const char *key, char *value)
{
	if (!strcmp(key, "own_key")) {
		status->config.has_private_key = wg_key_decode(status->public_key, value);
		return status->config.has_private_key ? 0 : -EPROTO;
	}
	if (!strcmp(key, "listen_port")) {
		status->config.has_listen_port = true;
		NUMBER(status->config.listen_port, UINT16_MAX);
	}
	if (!strcmp(key, "fwmark")) {
		status->config.has_fwmark = true;
		NUMBER(status->config.fwmark, UINT32_MAX);
	}
	if (!strcmp(key, "link")) {
		status->detailed = true;
		status->link_up = !strcmp(value, "up");
	}
	if (!strcmp(key, "uptime"))
		NUMBER(status->uptime_sec, INT64_MAX);
	if (!strcmp(key, "mtu"))
		NUMBER(status->mtu, UINT32_MAX);
	if (!strcmp(key, "workers"))
		NUMBER(status->workers, UINT32_MAX);
	if (!strcmp(key, "aead"))
		return copy(status->aead, sizeof(status->aead), value);
	if (!strcmp(key, "restarts"))
		return parse_restarts(status, value);
	if (!strcmp(key, "confine"))
		return copy(status->confine, sizeof(status->confine), value);
	if (!strcmp(key, "layers"))
		return copy(status->layers, sizeof(status->layers), value);
	if (!strcmp(key, "confined"))
		return copy(status->confined, sizeof(status->confined), value);
	if (!strcmp(key, "offloads"))
		return copy(status->offloads, sizeof(status->offloads), value);
	if (!strcmp(key, "offloads_off"))
		return copy(status->offloads_off, sizeof(status->offloads_off), value);
	if (!strcmp(key, "unmarked"))
		return wg_number_parse_long(&status->unmarked, UINT64_MAX, value) ? 0 : -EPROTO;
	if (!strcmp(key, "drop"))
		return parse_drop(status->drops, status->losses, value);
	if (!strcmp(key, "lately"))
		return parse_lately(status, value);
	if (!strcmp(key, "drop_lately"))
		return parse_drop(status->lately.drops, status->lately.losses, value);
	if (!strcmp(key, "caller"))
		return parse_caller(status, value);
	return 0;
}

static int parse_report(struct wg_config_health *health, char *value)
{
	const char *name = strsep(&value, " ");
	const char *age = strsep(&value, " ");

	if (!value || !wg_number_parse(&health->report_age_sec, UINT32_MAX, age) ||
	    !wg_ip_parse(&health->reported_by, value))
		return -EPROTO;
	for (int kind = 0; kind < WG_REPORT_N_KINDS; kind++)
		if (!strcmp(wg_status_report_name((enum wg_report_kind)kind), name))
			health->report = (enum wg_report_kind)kind;
	return 0;
}

static int parse_health(struct wg_config_health *health, const char *key, char *value)
{
	if (!strcmp(key, "reported"))
		return parse_report(health, value);
	if (!strcmp(key, "session"))
		NUMBER(health->session, 1);
	if (!strcmp(key, "usable_key"))
		NUMBER(health->usable_key, 1);
	if (!strcmp(key, "initiations_sent"))
		NUMBER(health->initiations_sent, UINT32_MAX);
	if (!strcmp(key, "responses_sent"))
		NUMBER(health->responses_sent, UINT32_MAX);
	if (!strcmp(key, "responses_refused"))
		NUMBER(health->responses_refused, UINT32_MAX);
	if (!strcmp(key, "timestamps_refused"))
		NUMBER(health->timestamps_refused, UINT32_MAX);
	if (!strcmp(key, "send_error")) {
		uint64_t n;

		if (!wg_number_parse_long(&n, INT16_MAX, value))
			return -EPROTO;
		health->send_error = -(int)n;
	}
	return 0;
}

static int parse_peer(struct wg_status *status, const char *key, char *value)
{
	size_t last = status->config.n_peers - 1;
	struct wg_config_peer *peer = &status->config.peers[last];
	struct wg_prefix prefix;

	if (!strcmp(key, "preshared"))
		NUMBER(peer->has_preshared_key, 1);
	if (!strcmp(key, "endpoint")) {
		peer->has_endpoint = true;
		return parse_endpoint(&peer->endpoint, value);
	}
	if (!strcmp(key, "handshake_sec"))
		NUMBER(peer->handshake_sec, INT64_MAX);
	if (!strcmp(key, "handshake_nsec"))
		NUMBER(peer->handshake_nsec, 999999999);
	if (!strcmp(key, "rx_bytes"))
		NUMBER(peer->rx_bytes, UINT64_MAX);
	if (!strcmp(key, "tx_bytes"))
		NUMBER(peer->tx_bytes, UINT64_MAX);
	if (!strcmp(key, "keepalive"))
		NUMBER(peer->keepalive, UINT16_MAX);
	if (!strcmp(key, "allowed_ip"))
		return wg_prefix_parse(&prefix, value)
			       ? wg_config_add_allowed_ip(peer, &prefix, false)
			       : -EPROTO;
	return parse_health(&peer->health, key, value);
}

/* The numbers come first, then the texts. */
static int add_parsed_lookup(struct wg_status *status, char *value)
{
	struct wg_status_lookup lookup = {
		.peer = status->config.n_peers - 1, .host = "", .error = "", .file = ""};
	char *tries = strsep(&value, " ");
	char *seconds = strsep(&value, " ");

	if (!seconds || !value || wg_status_lookup(status, lookup.peer) ||
	    !wg_number_parse(&lookup.tries, UINT32_MAX, tries) ||
	    !wg_number_parse_long(&lookup.seconds, INT64_MAX, seconds) ||
	    !wg_number_parse(&lookup.line, UINT32_MAX, value))
		return -EPROTO;
	return wg_status_add_lookup(status, &lookup);
}

static int parse_lookup(struct wg_status *status, const char *key, char *value)
{
	struct wg_status_lookup *lookup;
	const char **text;

	if (!strcmp(key, "lookup"))
		return add_parsed_lookup(status, value);
	if (!status->n_lookups)
		return -EPROTO;
	lookup = &status->lookups[status->n_lookups - 1];
	if (lookup->peer != status->config.n_peers - 1)
		return -EPROTO;
	if (!strcmp(key, "lookup_host"))
		text = &lookup->host;
	else if (!strcmp(key, "lookup_error"))
		text = &lookup->error;
	else if (!strcmp(key, "lookup_file"))
		text = &lookup->file;
	else
		return 0; /* of a newer program */
	free((char *)*text);
	*text = strdup(value);
	return *text ? 0 : -ENOMEM;
}

static int begin_peer(struct wg_status *status, const char *value)
{
	struct wg_config_peer *peer = wg_config_add_peer(&status->config);

	if (!peer)
		return -ENOMEM;
	return wg_key_decode(peer->public_key, value) ? 0 : -EPROTO;
}

/* The part that was read last is whole now. */
static int tell(struct wg_status_reader *reader)
{
	const struct wg_status_handler *handler = reader->handler;
	struct wg_status *status = reader->status;
	int err = 0;

	if (!handler)
		return 0;
	if (!reader->told)
		err = handler->interface(handler->ctx, status);
	else if (status->config.n_peers)
		err = handler->peer(handler->ctx, status);
	reader->told = true;
	wg_status_forget_peers(status);
	return err;
}

static int parse_errno(const char *value)
{
	uint64_t n;

	if (!wg_number_parse_long(&n, INT16_MAX, value))
		return -EPROTO;
	return n ? -(int)n : 1;
}

/* Parses one line. 1 after the line of errno, when that was 0. */
static int parse_line(struct wg_status_reader *reader, char *line)
{
	struct wg_status *status = reader->status;
	char *value = strchr(line, '=');
	int result;

	if (!value)
		return -EPROTO;
	*value++ = '\0';
	if (!strcmp(line, "errno")) {
		result = parse_errno(value);
		return result == 1 ? tell(reader) ?: 1 : result;
	}
	if (!strcmp(line, "peer"))
		return tell(reader) ?: begin_peer(status, value);
	if (!status->config.n_peers)
		return parse_interface(status, line, value);
	if (!strcmp(line, "name"))
		return wg_status_name_peer(status, status->config.n_peers - 1, value);
	if (!strncmp(line, "lookup", strlen("lookup")))
		return parse_lookup(status, line, value);
	return parse_peer(status, line, value);
}

/* Takes bytes up to a newline; returns how many. */
static size_t take_line(struct wg_status_reader *reader, const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);
	size_t n = newline ? (size_t)(newline - data) : len;

	wg_text_add(&reader->line, data, n);
	if (reader->line.failed)
		reader->result = -ENOMEM;
	else if (reader->line.len > MAX_LINE)
		reader->result = -EPROTO;
	else if (newline)
		reader->result = parse_line(reader, reader->line.data);
	if (newline)
		wg_text_clear(&reader->line);
	return n + (newline != NULL);
}

void wg_status_reader_init(struct wg_status_reader *reader, struct wg_status *status,
			   const struct wg_status_handler *handler)
{
	*reader = (struct wg_status_reader){.status = status, .handler = handler};
	wg_text_init(&reader->line);
}

void wg_status_reader_deinit(struct wg_status_reader *reader)
{
	wg_text_deinit(&reader->line);
}

int wg_status_read(struct wg_status_reader *reader, const char *data, size_t len)
{
	while (!reader->result && len) {
		size_t n = take_line(reader, data, len);

		data += n;
		len -= n;
	}
	return reader->result;
}
