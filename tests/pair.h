/* For the tests of the pair: one valid message of each type. */
#ifndef WG_TESTS_PAIR_H
#define WG_TESTS_PAIR_H

#include <stdio.h>
#include <string.h>

#include "base/defaults.h"
#include "base/log.h"
#include "base/offload.h"
#include "pair/codec.h"

static inline struct wg_pair_endpoint pair_endpoint(const char *address, uint16_t port)
{
	struct wg_endpoint endpoint = {.port = port};

	if (!wg_ip_parse(&endpoint.ip, address))
		return (struct wg_pair_endpoint){0};
	return wg_pair_from_endpoint(&endpoint);
}

/* Members that are not mentioned are zero. */
static inline void pair_fill_to_engine(union wg_pair_message *message)
{
	switch (message->header.type) {
	case WG_PAIR_HELLO:
		message->hello.version = WG_PAIR_VERSION;
		message->hello.log_level = WG_LOG_INFO;
		message->hello.workers = WG_WORKERS_AUTO;
		message->hello.tun_offloads[3] = WG_OFFLOAD_BROKEN;
		message->hello.has_ledger = 1;
		break;
	case WG_PAIR_CONFIG_BEGIN:
		memset(message->config_begin.private_key, 7, WG_KEY_LEN);
		message->config_begin.has_private_key = 1;
		message->config_begin.n_peers = 1;
		break;
	case WG_PAIR_CONFIG_PEER:
		memset(message->config_peer.public_key, 8, WG_KEY_LEN);
		message->config_peer.endpoint = pair_endpoint("2001:db8::1", 30567);
		message->config_peer.has_endpoint = 1;
		message->config_peer.n_allowed_ips = 2;
		break;
	case WG_PAIR_CONFIG_IPS:
		for (uint32_t i = 0; i < message->config_ips.n; i++) {
			message->config_ips.records[i].ip = pair_endpoint("192.0.2.1", 1).ip;
			message->config_ips.records[i].bits = 32;
		}
		break;
	case WG_PAIR_CLAMP_MSS:
		message->on_off.on = 1;
		break;
	case WG_PAIR_LINK:
		message->link.mtu = 1420;
		message->link.up = 1;
		break;
	case WG_PAIR_SOCKETS:
		message->sockets.port = 30567;
		message->sockets.present[1] = 1;
		break;
	case WG_PAIR_WORKERS:
		message->workers.n = 4;
		break;
	case WG_PAIR_OFFLOAD:
		message->offload.of_udp = 1;
		message->offload.which = 1;
		message->offload.state = WG_OFFLOAD_BROKEN;
		break;
	case WG_PAIR_ASK_PEERS:
		memset(message->ask_peers.records, 9, message->ask_peers.n * WG_KEY_LEN);
		break;
	default:
		break;
	}
}

static inline void pair_fill_to_keeper(union wg_pair_message *message)
{
	switch (message->header.type) {
	case WG_PAIR_READY:
		message->ready.version = WG_PAIR_VERSION;
		break;
	case WG_PAIR_APPLIED:
		message->applied.error = -12;
		break;
	case WG_PAIR_INTERFACE:
		message->interface.drops[3] = 5;
		message->interface.callers[1].source = pair_endpoint("192.0.2.9", 4000);
		message->interface.callers[1].calls = 2;
		message->interface.mtu = 1420;
		message->interface.workers = 2;
		message->interface.udp_offloads[0] = WG_OFFLOAD_UNSUPPORTED;
		wg_pair_set_text(message->interface.aead, sizeof(message->interface.aead),
				 "libsodium");
		break;
	case WG_PAIR_PEERS:
		message->peers.records[0].found = 1;
		message->peers.records[0].session = 1;
		message->peers.records[0].endpoint = pair_endpoint("192.0.2.7", 30567);
		message->peers.records[0].handshake_sec = 1700000000;
		message->peers.records[0].report = WG_REPORT_NO_HOST;
		message->peers.records[0].reported_by = pair_endpoint("192.0.2.8", 1).ip;
		break;
	case WG_PAIR_REFUSED:
		message->offload.which = 2;
		message->offload.state = WG_OFFLOAD_FAILED;
		break;
	case WG_PAIR_SILENT:
		message->silent.endpoint = pair_endpoint("192.0.2.7", 30567);
		message->silent.initiations = 3;
		break;
	case WG_PAIR_SOCKET_FAILED:
		message->socket_failed.socket = 1;
		message->socket_failed.error = -9;
		break;
	case WG_PAIR_EVENT:
		message->event.endpoint = pair_endpoint("2001:db8::2", 30567);
		message->event.wall_sec = 1700000000;
		message->event.kind = WG_PAIR_EVENT_ROAMED;
		break;
	case WG_PAIR_LOG:
		message->log.level = WG_LOG_WARNING;
		wg_pair_set_text(message->log.text, sizeof(message->log.text), "a line");
		break;
	case WG_PAIR_TRAPPED:
		message->trapped.number = 41;
		break;
	default:
		break;
	}
}

static inline size_t pair_records(uint32_t type)
{
	return type == WG_PAIR_CONFIG_IPS || type == WG_PAIR_ASK_PEERS || type == WG_PAIR_PEERS ? 2
												: 0;
}

/* Appends it, with as many descriptors as it wants; NULL when there is no room. */
static inline union wg_pair_message *pair_add(struct wg_pair_datagram *datagram, uint32_t type)
{
	union wg_pair_message *message =
		wg_pair_add(datagram, (enum wg_pair_type)type, pair_records(type), type + 100);

	if (!message)
		return NULL;
	pair_fill_to_engine(message);
	pair_fill_to_keeper(message);
	if (type == WG_PAIR_HELLO || type == WG_PAIR_SOCKETS)
		datagram->n_fds = type == WG_PAIR_HELLO ? 2 : 1;
	return message;
}

static inline enum wg_pair_side pair_receiver(uint32_t type)
{
	return type <= WG_PAIR_END ? WG_PAIR_ENGINE : WG_PAIR_KEEPER;
}

#endif
