/* For the tests of statuses: one that has something of all. */
#ifndef WG_TESTS_STATUS_H
#define WG_TESTS_STATUS_H

#include "wgtest.h"

#include "ctl/status.h"

static inline void add_callers(struct wg_config *config)
{
	struct wg_config_caller *wrong = &config->callers[WG_CALLER_WRONG_KEY];
	struct wg_config_caller *unknown = &config->callers[WG_CALLER_UNKNOWN];

	*wrong = (struct wg_config_caller){.calls = 7, .age_sec = 3, .source.port = 51820};
	*unknown = (struct wg_config_caller){.calls = 1, .age_sec = 180, .source.port = 1};
	unknown->source.scope = 3;
	unknown->public_key[0] = 4;
	assert_true(wg_ip_parse(&wrong->source.ip, "203.0.113.9"));
	assert_true(wg_ip_parse(&unknown->source.ip, "fe80::2"));
}

static const struct wg_status_lookup unresolved = {
	.peer = 1,
	.host = "shale.example",
	.error = "Name or service not known",
	.file = "wg0.conf",
	.line = 9,
	.tries = 3,
	.seconds = 62,
};

/* A tunnel with a peer that talks, and one that does not. */
static inline void fill(struct wg_status *status)
{
	struct wg_config_peer *peer;
	struct wg_prefix prefix;

	wg_status_init(status);
	status->config.has_private_key = true;
	status->public_key[0] = 1;
	status->config.has_listen_port = true;
	status->config.listen_port = 30567;
	status->config.has_fwmark = true;
	status->config.fwmark = 0xca6c;
	status->detailed = true;
	status->link_up = true;
	status->uptime_sec = 77;
	status->mtu = 1420;
	status->workers = 1;
	strcpy(status->aead, "sodium");
	status->restarts = 2;
	status->restarted_sec = 61;
	strcpy(status->restarted_why, "the engine hung");
	strcpy(status->confine, "auto");
	strcpy(status->layers, "user seccomp");
	strcpy(status->confined, "user, seccomp; without landlock (Function not implemented)");
	strcpy(status->offloads, "tso gso");
	strcpy(status->offloads_off, "gro: switched off");
	status->drops[WG_DROP_IN_MAC1] = 7;
	status->unmarked = 12;
	status->losses[WG_LOSS_LINK_QUEUE] = 500;
	status->losses[WG_LOSS_SOCKET_MEMORY] = 3;
	status->lately_sec = 61;
	status->lately.out = 9;
	status->lately.in = 8;
	status->lately.drops[WG_DROP_OUT_QUEUE_FULL] = 2;
	status->lately.losses[WG_LOSS_LINK_QUEUE] = 4;
	add_callers(&status->config);

	peer = wg_config_add_peer(&status->config);
	peer->public_key[0] = 2;
	peer->has_preshared_key = true;
	peer->handshake_sec = 1000;
	peer->handshake_nsec = 5;
	peer->rx_bytes = 2048;
	peer->tx_bytes = 3 * 1024 * 1024;
	peer->keepalive = 25;
	peer->health.session = true;
	peer->health.usable_key = true;
	peer->has_endpoint = true;
	peer->endpoint = (struct wg_endpoint){.port = 30567, .scope = 3};
	assert_true(wg_ip_parse(&peer->endpoint.ip, "fe80::1"));
	assert_true(wg_prefix_parse(&prefix, "2001:db8:7767::2/128"));
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	assert_true(wg_prefix_parse(&prefix, "0.0.0.0/0"));
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);

	peer = wg_config_add_peer(&status->config);
	peer->public_key[0] = 3;
	peer->has_endpoint = true;
	peer->health.usable_key = true;
	peer->health.initiations_sent = 4;
	peer->endpoint.port = 51820;
	assert_true(wg_ip_parse(&peer->endpoint.ip, "192.0.2.7"));
	peer->health.report_age_sec = 6;
	assert_true(wg_ip_parse(&peer->health.reported_by, "192.0.2.1"));
	assert_int_equal(wg_status_name_peer(status, 1, "shale"), 0);
	assert_int_equal(wg_status_add_lookup(status, &unresolved), 0);
}

#endif
