#include "wgtest.h"

#include <errno.h>

#include "crypto/secret.h"
#include "pair_config.h"
#include "scarce.h"

static struct wg_pair_datagram datagram;
static struct wg_pair_config_reader reader;

/* Reads what the datagram holds; the last message's outcome. */
static int read_datagram(void)
{
	const union wg_pair_message *message;
	int result = 0;
	size_t at = 0;

	assert_int_equal(wg_pair_check(&datagram, WG_PAIR_ENGINE), 0);
	while ((message = wg_pair_next(&datagram, &at))) {
		assert_int_equal(result, 0);
		scarce_enter();
		result = wg_pair_config_read(&reader, message);
		scarce_leave();
	}
	return result;
}

/* Sends all of it across; how many datagrams that took. */
static size_t cross(const struct wg_config *config, int *result)
{
	struct wg_pair_config_writer writer;
	size_t n = 0;
	bool more;

	wg_pair_datagram_wipe(&datagram);
	assert_int_equal(wg_pair_config_write_begin(&writer, config, 77), 0);
	do {
		more = wg_pair_config_write(&writer, &datagram);
		n++;
		*result = read_datagram();
		assert_true(!more || *result == 0);
		wg_pair_datagram_wipe(&datagram);
	} while (more);
	return n;
}

static void a_change_arrives_as_it_was(void **state)
{
	struct wg_test_random random = {1};

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct wg_config config;
		int result;

		random_config(&random, &config, wg_test_below(&random, 20), i < 200 ? 5 : 300);
		cross(&config, &result);
		assert_int_equal(result, 1);
		assert_true(same_config(&config, &reader.config));
		wg_pair_config_reader_deinit(&reader);
		wg_config_deinit(&config);
	}
}

static void allowed_ips_of_one_peer_may_take_many_datagrams(void **state)
{
	struct wg_test_random random = {2};
	struct wg_config config;
	struct wg_config_peer *peer;
	int result;

	(void)state;
	random_config(&random, &config, 1, 0);
	peer = &config.peers[0];
	for (int i = 0; i < 5000; i++) {
		struct wg_prefix prefix = {random_ip(&random), 32};

		assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, i % 2), 0);
	}
	assert_true(cross(&config, &result) > 4);
	assert_int_equal(result, 1);
	assert_true(same_config(&config, &reader.config));
	wg_pair_config_reader_deinit(&reader);
	wg_config_deinit(&config);
}

static void ten_thousand_peers_take_a_few_datagrams(void **state)
{
	struct wg_test_random random = {3};
	struct wg_config config;
	int result;

	(void)state;
	random_config(&random, &config, 10000, 2);
	assert_true(cross(&config, &result) < 10000 * (128 + 24 + 64) / WG_PAIR_MAX);
	assert_int_equal(result, 1);
	assert_true(same_config(&config, &reader.config));
	wg_pair_config_reader_deinit(&reader);
	wg_config_deinit(&config);
}

static void a_change_goes_behind_other_messages(void **state)
{
	struct wg_pair_config_writer writer;
	struct wg_config config;
	size_t at = 0;

	(void)state;
	wg_config_init(&config);
	assert_int_equal(wg_pair_config_write_begin(&writer, &config, 5), 0);
	assert_non_null(wg_pair_add(&datagram, WG_PAIR_PING, 0, 1));
	assert_false(wg_pair_config_write(&writer, &datagram));
	assert_int_equal(wg_pair_next(&datagram, &at)->header.type, WG_PAIR_PING);
	assert_int_equal(wg_pair_next(&datagram, &at)->header.type, WG_PAIR_CONFIG_BEGIN);
	assert_int_equal(wg_pair_next(&datagram, &at)->header.serial, 5);
	assert_null(wg_pair_next(&datagram, &at));
	wg_pair_datagram_wipe(&datagram);
}

static void what_the_engine_would_refuse_is_not_sent(void **state)
{
	struct wg_test_random random = {4};
	struct wg_pair_config_writer writer;
	struct wg_config config;
	struct wg_config_peer *peer;
	struct wg_prefix prefix = {.ip.family = WG_FAMILY_IPV4, .bits = 33};

	(void)state;
	wg_config_init(&config);
	peer = wg_config_add_peer(&config);
	peer->has_endpoint = true;
	assert_int_equal(wg_pair_config_write_begin(&writer, &config, 1), -EINVAL);
	peer->endpoint.ip = random_ip(&random);
	assert_int_equal(wg_pair_config_write_begin(&writer, &config, 1), -EINVAL);
	peer->endpoint.port = 1;
	assert_int_equal(wg_pair_config_write_begin(&writer, &config, 1), 0);
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	assert_int_equal(wg_pair_config_write_begin(&writer, &config, 1), -EINVAL);
	peer->allowed_ips[0].prefix.bits = 32;
	assert_int_equal(wg_pair_config_write_begin(&writer, &config, 1), 0);
	config.n_peers = WG_PAIR_MAX_PEERS + 1; /* it does not look at them then */
	assert_int_equal(wg_pair_config_write_begin(&writer, &config, 1), -ENOSPC);
	config.n_peers = 1;
	wg_config_deinit(&config);
}

/* A message by itself, as a hostile keeper may send it. */
static int read_one(enum wg_pair_type type, uint32_t n)
{
	union wg_pair_message *message;
	size_t records = type == WG_PAIR_CONFIG_IPS ? n : 0;

	wg_pair_datagram_wipe(&datagram);
	message = wg_pair_add(&datagram, type, records, 0);
	assert_non_null(message);
	if (type == WG_PAIR_CONFIG_BEGIN)
		message->config_begin.n_peers = n;
	if (type == WG_PAIR_CONFIG_PEER)
		message->config_peer.n_allowed_ips = n;
	for (size_t i = 0; i < records; i++)
		message->config_ips.records[i].ip.family = WG_FAMILY_IPV4;
	return read_datagram();
}

struct step {
	enum wg_pair_type type;
	uint32_t n;
};

#define MAX_STEPS 5

/* Each is right up to its last step. */
static const struct step disorders[][MAX_STEPS] = {
	{{WG_PAIR_CONFIG_END, 0}},
	{{WG_PAIR_CONFIG_PEER, 0}},
	{{WG_PAIR_CONFIG_IPS, 1}},
	{{WG_PAIR_CONFIG_BEGIN, 0}, {WG_PAIR_CONFIG_BEGIN, 0}},
	{{WG_PAIR_CONFIG_BEGIN, 0}, {WG_PAIR_CONFIG_PEER, 0}},
	{{WG_PAIR_CONFIG_BEGIN, 1}, {WG_PAIR_CONFIG_END, 0}},
	{{WG_PAIR_CONFIG_BEGIN, 1}, {WG_PAIR_CONFIG_IPS, 1}},
	{{WG_PAIR_CONFIG_BEGIN, 1}, {WG_PAIR_CONFIG_PEER, 0}, {WG_PAIR_CONFIG_PEER, 0}},
	{{WG_PAIR_CONFIG_BEGIN, 1}, {WG_PAIR_CONFIG_PEER, 0}, {WG_PAIR_CONFIG_IPS, 1}},
	{{WG_PAIR_CONFIG_BEGIN, 1}, {WG_PAIR_CONFIG_PEER, 1}, {WG_PAIR_CONFIG_END, 0}},
	{{WG_PAIR_CONFIG_BEGIN, 2}, {WG_PAIR_CONFIG_PEER, 1}, {WG_PAIR_CONFIG_PEER, 0}},
	{{WG_PAIR_CONFIG_BEGIN, 1}, {WG_PAIR_CONFIG_PEER, 2}, {WG_PAIR_CONFIG_IPS, 3}},
	{{WG_PAIR_CONFIG_BEGIN, 1},
	 {WG_PAIR_CONFIG_PEER, 3},
	 {WG_PAIR_CONFIG_IPS, 2},
	 {WG_PAIR_CONFIG_IPS, 2}},
	{{WG_PAIR_CONFIG_BEGIN, 2},
	 {WG_PAIR_CONFIG_PEER, 1},
	 {WG_PAIR_CONFIG_IPS, 1},
	 {WG_PAIR_CONFIG_PEER, WG_PAIR_MAX_ALLOWED_IPS}},
	{{WG_PAIR_CONFIG_BEGIN, 1}, {WG_PAIR_CONFIG_PEER, 0}, {WG_PAIR_PING, 0}},
};

static void messages_out_of_order_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(disorders); i++) {
		const struct step *step = disorders[i];

		while (step[1].type) {
			assert_int_equal(read_one(step->type, step->n), 0);
			step++;
		}
		assert_int_equal(read_one(step->type, step->n), -EPROTO);
		/* And the next change is read as if nothing had been. */
		assert_int_equal(read_one(WG_PAIR_CONFIG_BEGIN, 0), 0);
		assert_int_equal(read_one(WG_PAIR_CONFIG_END, 0), 1);
		wg_pair_config_reader_deinit(&reader);
	}
}

static void without_memory_the_rest_is_passed_over(void **state)
{
	struct wg_test_random random = {5};
	struct wg_config config;
	size_t kept = 0;
	bool refused = true;
	int result;

	(void)state;
	random_config(&random, &config, 40, 60);
	for (size_t n = 0; refused; n++) {
		long live = scarce.live;

		scarce_begin(n, false);
		cross(&config, &result);
		refused = scarce_end();
		assert_int_equal(result, refused ? -ENOMEM : 1);
		assert_true(refused || same_config(&config, &reader.config));
		scarce_enter();
		wg_pair_config_reader_deinit(&reader);
		scarce_leave();
		assert_int_equal(scarce.live, live);
		kept = kept ? kept : wg_secret_bytes_held();
		assert_int_equal(wg_secret_bytes_held(), kept);
	}
	cross(&config, &result);
	assert_int_equal(result, 1);
	wg_pair_config_reader_deinit(&reader);
	wg_config_deinit(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_arrives_as_it_was),
		cmocka_unit_test(allowed_ips_of_one_peer_may_take_many_datagrams),
		cmocka_unit_test(ten_thousand_peers_take_a_few_datagrams),
		cmocka_unit_test(a_change_goes_behind_other_messages),
		cmocka_unit_test(what_the_engine_would_refuse_is_not_sent),
		cmocka_unit_test(messages_out_of_order_are_refused),
		cmocka_unit_test(without_memory_the_rest_is_passed_over),
	};

	wg_pair_config_reader_init(&reader);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
