#include "wgtest.h"

#include "pair.h"
#include "pair/status.h"
#include "pair_config.h"

static struct wg_pair_datagram datagram;

static struct wg_endpoint random_endpoint(struct wg_test_random *random)
{
	return (struct wg_endpoint){.ip = random_ip(random),
				    .port = (uint16_t)wg_test_next(random)};
}

static void random_status(struct wg_test_random *random, struct wg_engine_status *status)
{
	wg_test_fill(random, status->drops, sizeof(status->drops));
	wg_test_fill(random, &status->unmarked,
		     offsetof(struct wg_engine_status, callers) -
			     offsetof(struct wg_engine_status, unmarked));
	for (size_t i = 0; i < WG_N_CALLERS; i++) {
		status->callers[i].calls = wg_test_next(random);
		status->callers[i].age_sec = (uint32_t)wg_test_next(random);
		status->callers[i].source = random_endpoint(random);
		wg_test_fill(random, status->callers[i].public_key, WG_KEY_LEN);
	}
	status->mtu = (uint32_t)wg_test_below(random, 65536);
	status->workers = (uint32_t)wg_test_below(random, WG_MAX_WORKERS + 1);
	for (size_t i = 0; i < WG_PAIR_TUN_OFFLOADS; i++)
		status->tun_offloads[i] = (enum wg_offload_state)wg_test_below(random, 5);
	for (size_t i = 0; i < WG_PAIR_UDP_OFFLOADS; i++)
		status->udp_offloads[i] = (enum wg_offload_state)wg_test_below(random, 5);
	snprintf(status->aead, sizeof(status->aead), "cipher %u", status->mtu);
}

/* One by one, for the padding of endpoints. */
static void assert_same_callers(const struct wg_engine_status *a, const struct wg_engine_status *b)
{
	for (size_t i = 0; i < WG_N_CALLERS; i++) {
		assert_int_equal(a->callers[i].calls, b->callers[i].calls);
		assert_int_equal(a->callers[i].age_sec, b->callers[i].age_sec);
		assert_true(wg_endpoint_equal(&a->callers[i].source, &b->callers[i].source));
		assert_memory_equal(a->callers[i].public_key, b->callers[i].public_key, WG_KEY_LEN);
	}
}

static void the_interface_arrives_as_it_was(void **state)
{
	struct wg_test_random random = {1};

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct wg_engine_status before = {0};
		struct wg_engine_status after = {0};
		size_t at = 0;

		random_status(&random, &before);
		wg_pair_datagram_wipe(&datagram);
		assert_true(wg_pair_put_interface(&datagram, 9, &before));
		assert_int_equal(wg_pair_check(&datagram, WG_PAIR_KEEPER), 0);
		wg_pair_get_interface(&after, &wg_pair_next(&datagram, &at)->interface);
		assert_same_callers(&before, &after);
		memcpy(after.callers, before.callers, sizeof(after.callers));
		assert_memory_equal(&before, &after, sizeof(before));
	}
	while (wg_pair_add(&datagram, WG_PAIR_PONG, 0, 0))
		continue;
	assert_false(wg_pair_put_interface(&datagram, 9, &(struct wg_engine_status){0}));
}

static void random_snapshot(struct wg_test_random *random, struct wg_config_peer *peer)
{
	struct wg_config_health *health = &peer->health;

	peer->has_endpoint = toss(random);
	if (peer->has_endpoint)
		peer->endpoint = random_endpoint(random);
	peer->handshake_sec = (int64_t)(wg_test_next(random) >> 1);
	peer->handshake_nsec = (int32_t)wg_test_below(random, 1000000000);
	peer->rx_bytes = wg_test_next(random);
	peer->tx_bytes = wg_test_next(random);
	health->session = toss(random);
	health->usable_key = toss(random);
	health->initiations_sent = (uint32_t)wg_test_next(random);
	health->responses_sent = (uint32_t)wg_test_next(random);
	health->responses_refused = (uint32_t)wg_test_next(random);
	health->timestamps_refused = (uint32_t)wg_test_next(random);
	health->send_error = -(int)wg_test_below(random, 4096);
	health->report = (enum wg_report_kind)wg_test_below(random, WG_REPORT_N_KINDS);
	health->report_age_sec = (uint32_t)wg_test_next(random);
	if (toss(random))
		health->reported_by = random_ip(random);
}

static void assert_same_snapshot(const struct wg_config_peer *a, const struct wg_config_peer *b)
{
	assert_int_equal(a->has_endpoint, b->has_endpoint);
	assert_true(wg_endpoint_equal(&a->endpoint, &b->endpoint));
	assert_int_equal(a->handshake_sec, b->handshake_sec);
	assert_int_equal(a->handshake_nsec, b->handshake_nsec);
	assert_int_equal(a->rx_bytes, b->rx_bytes);
	assert_int_equal(a->tx_bytes, b->tx_bytes);
	assert_int_equal(a->health.session, b->health.session);
	assert_int_equal(a->health.usable_key, b->health.usable_key);
	assert_int_equal(a->health.initiations_sent, b->health.initiations_sent);
	assert_int_equal(a->health.responses_sent, b->health.responses_sent);
	assert_int_equal(a->health.responses_refused, b->health.responses_refused);
	assert_int_equal(a->health.timestamps_refused, b->health.timestamps_refused);
	assert_int_equal(a->health.send_error, b->health.send_error);
	assert_int_equal(a->health.report, b->health.report);
	assert_int_equal(a->health.report_age_sec, b->health.report_age_sec);
	assert_true(wg_ip_equal(&a->health.reported_by, &b->health.reported_by));
}

static void peers_arrive_as_they_were_and_in_order(void **state)
{
	static struct wg_config_peer before[WG_PAIR_MAX_ASKED];
	struct wg_test_random random = {2};
	const struct wg_pair_peers *peers;
	union wg_pair_message *message;
	size_t at = 0;

	(void)state;
	wg_pair_datagram_wipe(&datagram);
	message = wg_pair_add(&datagram, WG_PAIR_PEERS, WG_PAIR_MAX_ASKED, 4);
	for (size_t i = 0; i < WG_PAIR_MAX_ASKED; i++) {
		random_snapshot(&random, &before[i]);
		if (i % 5)
			wg_pair_put_peer(&message->peers.records[i], &before[i]);
	}
	assert_int_equal(wg_pair_check(&datagram, WG_PAIR_KEEPER), 0);
	peers = &wg_pair_next(&datagram, &at)->peers;
	assert_int_equal(peers->n, WG_PAIR_MAX_ASKED);
	for (size_t i = 0; i < peers->n; i++) {
		struct wg_config_peer after = {.keepalive = 25, .rx_bytes = 1};

		assert_int_equal(wg_pair_get_peer(&after, &peers->records[i]), i % 5 != 0);
		assert_int_equal(after.keepalive, 25);
		if (i % 5)
			assert_same_snapshot(&before[i], &after);
		else
			assert_int_equal(after.rx_bytes, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interface_arrives_as_it_was),
		cmocka_unit_test(peers_arrive_as_they_were_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
