#include "pair/status.h"

#include <string.h>

static void put_states(uint8_t *dst, const enum wg_offload_state *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (uint8_t)src[i];
}

static void get_states(enum wg_offload_state *dst, const uint8_t *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (enum wg_offload_state)src[i];
}

static void put_caller(struct wg_pair_caller *dst, const struct wg_config_caller *src)
{
	dst->source = wg_pair_from_endpoint(&src->source);
	memcpy(dst->public_key, src->public_key, WG_KEY_LEN);
	dst->calls = src->calls;
	dst->age_sec = src->age_sec;
}

static void get_caller(struct wg_config_caller *dst, const struct wg_pair_caller *src)
{
	dst->source = wg_pair_to_endpoint(&src->source);
	memcpy(dst->public_key, src->public_key, WG_KEY_LEN);
	dst->calls = src->calls;
	dst->age_sec = src->age_sec;
}

bool wg_pair_put_interface(struct wg_pair_datagram *datagram, uint64_t serial,
			   const struct wg_engine_status *status)
{
	union wg_pair_message *message = wg_pair_add(datagram, WG_PAIR_INTERFACE, 0, serial);
	struct wg_pair_interface *out;

	if (!message)
		return false;
	out = &message->interface;
	memcpy(out->drops, status->drops, sizeof(out->drops));
	out->unmarked = status->unmarked;
	out->link_read = status->link_read;
	out->link_written = status->link_written;
	out->link_no_memory = status->link_no_memory;
	out->link_malformed = status->link_malformed;
	out->link_refused = status->link_refused;
	out->link_failed = status->link_failed;
	out->socket_queue = status->socket_queue;
	out->socket_no_memory = status->socket_no_memory;
	out->socket_failed = status->socket_failed;
	out->bytes_held = status->bytes_held;
	for (size_t i = 0; i < WG_N_CALLERS; i++)
		put_caller(&out->callers[i], &status->callers[i]);
	out->mtu = status->mtu;
	out->workers = status->workers;
	put_states(out->tun_offloads, status->tun_offloads, WG_PAIR_TUN_OFFLOADS);
	put_states(out->udp_offloads, status->udp_offloads, WG_PAIR_UDP_OFFLOADS);
	wg_pair_set_text(out->aead, sizeof(out->aead), status->aead);
	return true;
}

void wg_pair_get_interface(struct wg_engine_status *status,
			   const struct wg_pair_interface *interface)
{
	memcpy(status->drops, interface->drops, sizeof(status->drops));
	status->unmarked = interface->unmarked;
	status->link_read = interface->link_read;
	status->link_written = interface->link_written;
	status->link_no_memory = interface->link_no_memory;
	status->link_malformed = interface->link_malformed;
	status->link_refused = interface->link_refused;
	status->link_failed = interface->link_failed;
	status->socket_queue = interface->socket_queue;
	status->socket_no_memory = interface->socket_no_memory;
	status->socket_failed = interface->socket_failed;
	status->bytes_held = interface->bytes_held;
	for (size_t i = 0; i < WG_N_CALLERS; i++)
		get_caller(&status->callers[i], &interface->callers[i]);
	status->mtu = interface->mtu;
	status->workers = interface->workers;
	get_states(status->tun_offloads, interface->tun_offloads, WG_PAIR_TUN_OFFLOADS);
	get_states(status->udp_offloads, interface->udp_offloads, WG_PAIR_UDP_OFFLOADS);
	memcpy(status->aead, interface->aead, sizeof(status->aead));
}

static void put_health(struct wg_pair_peer *record, const struct wg_config_health *health)
{
	record->session = health->session;
	record->usable_key = health->usable_key;
	record->initiations_sent = health->initiations_sent;
	record->responses_sent = health->responses_sent;
	record->responses_refused = health->responses_refused;
	record->timestamps_refused = health->timestamps_refused;
	record->send_error = health->send_error;
	record->report = (uint8_t)health->report;
	record->report_age_sec = health->report_age_sec;
	record->reported_by = wg_pair_from_ip(&health->reported_by);
}

void wg_pair_put_peer(struct wg_pair_peer *record, const struct wg_config_peer *peer)
{
	record->found = 1;
	if (peer->has_endpoint)
		record->endpoint = wg_pair_from_endpoint(&peer->endpoint);
	record->handshake_sec = peer->handshake_sec;
	record->handshake_nsec = peer->handshake_nsec;
	record->rx_bytes = peer->rx_bytes;
	record->tx_bytes = peer->tx_bytes;
	put_health(record, &peer->health);
}

bool wg_pair_get_peer(struct wg_config_peer *peer, const struct wg_pair_peer *record)
{
	if (!record->found)
		return false;
	peer->has_endpoint = record->endpoint.ip.family != WG_FAMILY_NONE;
	peer->endpoint = wg_pair_to_endpoint(&record->endpoint);
	peer->handshake_sec = record->handshake_sec;
	peer->handshake_nsec = record->handshake_nsec;
	peer->rx_bytes = record->rx_bytes;
	peer->tx_bytes = record->tx_bytes;
	peer->health = (struct wg_config_health){
		.session = record->session,
		.usable_key = record->usable_key,
		.initiations_sent = record->initiations_sent,
		.responses_sent = record->responses_sent,
		.responses_refused = record->responses_refused,
		.timestamps_refused = record->timestamps_refused,
		.send_error = record->send_error,
		.report = (enum wg_report_kind)record->report,
		.report_age_sec = record->report_age_sec,
		.reported_by = wg_pair_to_ip(&record->reported_by),
	};
	return true;
}
