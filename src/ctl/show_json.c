/* The JSON of `tuff show --json`. Its schema is docs/json.md: fields may be added,
 * those that are there keep their names and meanings. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encoding.h"
#include "ctl/show.h"

static json_t *key_json(const uint8_t key[static WG_KEY_LEN])
{
	char base64[WG_KEY_BASE64_LEN + 1];

	wg_key_encode(base64, key);
	return json_string(base64);
}

/* Words apart by spaces as an array. */
static json_t *words_json(const char *words)
{
	json_t *array = json_array();

	while (*words) {
		size_t len = strcspn(words, " ");

		if (len)
			json_array_append_new(array, json_stringn(words, len));
		words += len + (words[len] == ' ');
	}
	return array;
}

static json_t *drops_json(const struct wg_status *status)
{
	json_t *drops = json_object();

	for (int reason = 0; reason < WG_DROP_COUNT; reason++)
		json_object_set_new(drops, wg_drop_name((enum wg_drop)reason),
				    json_integer((json_int_t)status->drops[reason]));
	for (int loss = 0; loss < WG_LOSS_COUNT; loss++)
		json_object_set_new(drops, wg_loss_name((enum wg_loss)loss),
				    json_integer((json_int_t)status->losses[loss]));
	return drops;
}

/* Null, where nobody calls so. */
static json_t *caller_json(const struct wg_status *status, enum wg_config_caller_kind kind)
{
	const struct wg_config_caller *caller = &status->config.callers[kind];
	char text[WG_STATUS_TEXT_LEN];
	json_t *json;

	if (!*wg_status_caller(status, kind, text))
		return json_null();
	json = json_object();
	json_object_set_new(json, "calls", json_integer((json_int_t)caller->calls));
	json_object_set_new(json, "seconds_ago", json_integer(caller->age_sec));
	json_object_set_new(json, "last_from",
			    json_string(wg_endpoint_format(text, &caller->source)));
	if (kind == WG_CALLER_UNKNOWN)
		json_object_set_new(json, "public_key", key_json(caller->public_key));
	return json;
}

static json_t *allowed_ips_json(const struct wg_config_peer *peer)
{
	json_t *array = json_array();
	char text[WG_PREFIX_TEXT_LEN];

	for (size_t i = 0; i < peer->n_allowed_ips; i++)
		json_array_append_new(
			array, json_string(wg_prefix_format(text, &peer->allowed_ips[i].prefix)));
	return array;
}

static json_t *lookup_json(const struct wg_status_lookup *lookup)
{
	if (!lookup)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "host", lookup->host, "error",
			 lookup->error, "file", lookup->file, "line", (json_int_t)lookup->line,
			 "tries", (json_int_t)lookup->tries, "seconds",
			 (json_int_t)lookup->seconds);
}

static json_t *report_json(const struct wg_config_health *health)
{
	char text[WG_IP_TEXT_LEN];
	json_t *json;

	if (!health->report)
		return json_null();
	json = json_object();
	json_object_set_new(json, "what", json_string(wg_status_report_name(health->report)));
	json_object_set_new(json, "by", json_string(wg_ip_format(text, &health->reported_by)));
	json_object_set_new(json, "seconds_ago", json_integer(health->report_age_sec));
	return json;
}

static json_t *peer_json(const struct wg_status *status, size_t i)
{
	const struct wg_config_peer *peer = &status->config.peers[i];
	const char *name = wg_status_peer_name(status, i);
	char text[WG_STATUS_TEXT_LEN];
	json_t *json = json_object();

	json_object_set_new(json, "public_key", key_json(peer->public_key));
	json_object_set_new(json, "name", name ? json_string(name) : json_null());
	json_object_set_new(json, "has_preshared_key", json_boolean(peer->has_preshared_key));
	json_object_set_new(json, "endpoint",
			    peer->has_endpoint
				    ? json_string(wg_endpoint_format(text, &peer->endpoint))
				    : json_null());
	if (status->detailed)
		json_object_set_new(json, "endpoint_lookup",
				    lookup_json(wg_status_lookup(status, i)));
	json_object_set_new(json, "allowed_ips", allowed_ips_json(peer));
	json_object_set_new(json, "latest_handshake",
			    peer->handshake_sec ? json_integer(peer->handshake_sec) : json_null());
	json_object_set_new(json, "rx_bytes", json_integer((json_int_t)peer->rx_bytes));
	json_object_set_new(json, "tx_bytes", json_integer((json_int_t)peer->tx_bytes));
	json_object_set_new(json, "persistent_keepalive", json_integer(peer->keepalive));
	if (!status->detailed)
		return json;
	json_object_set_new(json, "session", json_boolean(peer->health.session));
	json_object_set_new(json, "initiations_unanswered",
			    json_integer(peer->health.initiations_sent));
	json_object_set_new(json, "responses_untaken", json_integer(peer->health.responses_sent));
	json_object_set_new(json, "no_session_reason",
			    *wg_status_reason(status, i, text) ? json_string(text) : json_null());
	json_object_set_new(json, "silent_reason",
			    *wg_status_silence(status, i, text) ? json_string(text) : json_null());
	json_object_set_new(json, "reported", report_json(&peer->health));
	return json;
}

static json_t *confinement_json(const struct wg_status *status)
{
	json_t *json;

	if (!*status->confine)
		return json_null();
	json = json_object();
	json_object_set_new(json, "mode", json_string(status->confine));
	json_object_set_new(json, "layers", words_json(status->layers));
	json_object_set_new(json, "text", json_string(status->confined));
	return json;
}

/* All of it but its peers. */
static json_t *interface_json(const char *interface, const struct wg_status *status)
{
	json_t *json = json_object();

	json_object_set_new(json, "interface", json_string(interface));
	json_object_set_new(json, "public_key",
			    status->config.has_private_key ? key_json(status->public_key)
							   : json_null());
	json_object_set_new(json, "listen_port", json_integer(status->config.listen_port));
	json_object_set_new(json, "fwmark", json_integer(status->config.fwmark));
	if (!status->detailed)
		return json;
	json_object_set_new(json, "pid", status->pid ? json_integer(status->pid) : json_null());
	json_object_set_new(json, "uptime", json_integer((json_int_t)status->uptime_sec));
	json_object_set_new(json, "link", json_string(status->link_up ? "up" : "down"));
	json_object_set_new(json, "mtu", json_integer(status->mtu));
	json_object_set_new(json, "workers", json_integer(status->workers));
	json_object_set_new(json, "cipher", json_string(status->aead));
	json_object_set_new(json, "engine_restarts", json_integer(status->restarts));
	json_object_set_new(json, "engine_restart_reason",
			    status->restarts ? json_string(status->restarted_why) : json_null());
	json_object_set_new(json, "confinement", confinement_json(status));
	json_object_set_new(json, "offloads", words_json(status->offloads));
	json_object_set_new(json, "offloads_off", json_string(status->offloads_off));
	json_object_set_new(json, "drops", drops_json(status));
	json_object_set_new(json, "congestion_unmarked",
			    json_integer((json_int_t)status->unmarked));
	json_object_set_new(json, "wrong_key_calls", caller_json(status, WG_CALLER_WRONG_KEY));
	json_object_set_new(json, "unknown_peer_calls", caller_json(status, WG_CALLER_UNKNOWN));
	return json;
}

static void begin_line(const struct wg_show_json *json, size_t depth)
{
	if (!json->compact)
		fprintf(json->file, "\n%*s", (int)(2 * depth), "");
}

static void print_name(const struct wg_show_json *json, size_t depth, const char *name)
{
	begin_line(json, depth);
	fprintf(json->file, "\"%s\":%s", name, json->compact ? "" : " ");
}

/* Writes a value as it looks at that depth of the document, and releases it: jansson can
 * only write whole documents. A newline that is found is never part of a string, where it
 * is escaped. */
static void print_value(struct wg_show_json *json, size_t depth, json_t *value)
{
	size_t flags = JSON_ENCODE_ANY | (json->compact ? JSON_COMPACT : JSON_INDENT(2));
	char *text = json_dumps(value, flags);
	char *rest = text;
	const char *line;

	json->failed |= !text;
	while ((line = strsep(&rest, "\n"))) {
		if (line != text)
			begin_line(json, depth);
		fputs(line, json->file);
	}
	free(text);
	json_decref(value);
}

static void end_interface(struct wg_show_json *json)
{
	if (json->n_peers)
		begin_line(json, 3);
	fputc(']', json->file);
	begin_line(json, 2);
	fputc('}', json->file);
}

void wg_show_json_begin(struct wg_show_json *json, FILE *file, bool compact, int64_t now_sec)
{
	*json = (struct wg_show_json){.file = file, .compact = compact};
	fputc('{', file);
	print_name(json, 1, "version");
	fputs("1,", file);
	print_name(json, 1, "time");
	fprintf(file, "%" PRId64 ",", now_sec);
	print_name(json, 1, "interfaces");
	fputc('[', file);
}

void wg_show_json_interface(struct wg_show_json *json, const char *interface,
			    const struct wg_status *status)
{
	json_t *fields = interface_json(interface, status);
	const char *name;
	json_t *value;

	if (json->n_interfaces++) {
		end_interface(json);
		fputc(',', json->file);
	}
	json->n_peers = 0;
	begin_line(json, 2);
	fputc('{', json->file);
	json_object_foreach(fields, name, value)
	{
		print_name(json, 3, name);
		print_value(json, 3, json_incref(value));
		fputc(',', json->file);
	}
	json_decref(fields);
	print_name(json, 3, "peers");
	fputc('[', json->file);
}

void wg_show_json_peer(struct wg_show_json *json, const struct wg_status *status, size_t i)
{
	if (json->n_peers++)
		fputc(',', json->file);
	begin_line(json, 4);
	print_value(json, 4, peer_json(status, i));
}

void wg_show_json_end(struct wg_show_json *json)
{
	if (json->n_interfaces) {
		end_interface(json);
		begin_line(json, 1);
	}
	fputc(']', json->file);
	begin_line(json, 0);
	fputs("}\n", json->file);
}
