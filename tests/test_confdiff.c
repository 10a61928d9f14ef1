#include "wgtest.h"

#include "conf/confdiff.h"
#include "lockedkey.h"

#define KEY   "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PEER2 "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PEER3 "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define HEAD  "[Interface]\nPrivateKey = " KEY "\nListenPort = 1000\n"

static struct wg_conf before;
static struct wg_conf wanted;
static struct wg_config running;
static struct wg_config change;

static void parse(struct wg_conf *conf, const char *text)
{
	struct wg_error error;

	if (wg_conf_parse(conf, "wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
}

static void run_peer(uint8_t number)
{
	wg_config_add_peer(&running)->public_key[0] = number;
}

static int setup(void **state)
{
	(void)state;
	wg_config_init(&running);
	wg_config_init(&change);
	running.listen_port = 1000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wg_conf_deinit(&before);
	wg_conf_deinit(&wanted);
	wg_config_deinit(&running);
	wg_config_deinit(&change);
	return 0;
}

static void make(const char *old, const char *new)
{
	parse(&before, old);
	parse(&wanted, new);
	assert_int_equal(wg_confdiff_make(&change, &running, &before, &wanted), 0);
	assert_false(change.replace_peers);
}

static void test_an_endpoint_that_the_file_still_names_is_left_where_it_roamed(void **state)
{
	(void)state;
	run_peer(2);
	make(HEAD "[Peer]\nPublicKey = " PEER2
		  "\nEndpoint = 192.0.2.1:1\nAllowedIPs = 10.0.0.2/32\n",
	     HEAD "[Peer]\nPublicKey = " PEER2
		  "\nEndpoint = 192.0.2.1:1\nAllowedIPs = 10.0.0.3/32\n");
	assert_int_equal(change.n_peers, 1);
	assert_false(change.peers[0].has_endpoint);
	assert_false(change.peers[0].remove);
	assert_true(change.peers[0].replace_allowed_ips);
	assert_int_equal(change.peers[0].n_allowed_ips, 1);
	assert_false(change.has_listen_port);
}

static void test_another_endpoint_or_port_is_set(void **state)
{
	(void)state;
	run_peer(2);
	make(HEAD "[Peer]\nPublicKey = " PEER2 "\nEndpoint = 192.0.2.1:1\n",
	     "[Interface]\nPrivateKey = " KEY "\nListenPort = 1001\n[Peer]\nPublicKey = " PEER2
	     "\nEndpoint = 192.0.2.1:2\n");
	assert_true(change.peers[0].has_endpoint);
	assert_int_equal(change.peers[0].endpoint.port, 2);
	assert_true(change.has_listen_port);
}

static void test_peers_that_the_file_does_not_have_go_whoever_added_them(void **state)
{
	(void)state;
	run_peer(2);
	run_peer(9);
	make(HEAD "[Peer]\nPublicKey = " PEER2 "\n", HEAD "[Peer]\nPublicKey = " PEER3 "\n");
	assert_int_equal(change.n_peers, 3);
	assert_true(change.peers[0].remove && change.peers[0].public_key[0] == 2);
	assert_true(change.peers[1].remove && change.peers[1].public_key[0] == 9);
	assert_true(!change.peers[2].remove && change.peers[2].public_key[0] == 3);
}

static void test_what_the_file_no_longer_has_is_taken_back(void **state)
{
	(void)state;
	run_peer(2);
	wg_test_set_key(&running.peers[0].preshared_key, 0, 1);
	running.peers[0].keepalive = 25;
	make(HEAD "[Peer]\nPublicKey = " PEER2 "\nPresharedKey = " KEY
		  "\nPersistentKeepalive = 25\n",
	     HEAD "[Peer]\nPublicKey = " PEER2 "\n");
	assert_true(change.peers[0].has_preshared_key);
	assert_false(wg_lockedkey_is_set(&change.peers[0].preshared_key));
	assert_true(change.peers[0].has_keepalive);
	assert_int_equal(change.peers[0].keepalive, 0);
}

/* Gives the running peer that was added last a prefix. */
static void run_prefix(const char *text)
{
	struct wg_prefix prefix;

	assert_true(wg_prefix_parse(&prefix, text));
	assert_int_equal(
		wg_config_add_allowed_ip(&running.peers[running.n_peers - 1], &prefix, false), 0);
}

#define SAME HEAD "[Peer]\nPublicKey = " PEER2 "\nAllowedIPs = 10.0.0.2/32\n"

static void test_a_peer_that_runs_as_it_is_wanted_is_left_alone(void **state)
{
	(void)state;
	run_peer(2);
	run_prefix("10.0.0.2/32");
	make(SAME, SAME "[Peer]\nPublicKey = " PEER3 "\n");
	assert_int_equal(change.n_peers, 1);
	assert_int_equal(change.peers[0].public_key[0], 3);
}

static void test_what_was_changed_beside_the_file_is_set_again(void **state)
{
	static const char *const prefixes[] = {"10.0.0.3/32", "10.0.0.2/31", NULL};

	(void)state;
	for (size_t i = 0; i < 2 + WG_ARRAY_LEN(prefixes); i++) {
		run_peer(2);
		run_prefix(i < 3 && prefixes[i] ? prefixes[i] : "10.0.0.2/32");
		if (i == 2)
			run_prefix("10.0.0.3/32");
		running.peers[0].keepalive = i == 3;
		wg_test_set_key(&running.peers[0].preshared_key, 5, i == 4);
		make(SAME, SAME);
		assert_int_equal(change.n_peers, 1);
		assert_int_equal(change.peers[0].n_allowed_ips, 1);
		teardown(NULL);
		setup(NULL);
	}
}

#define PART(key, prefix) "[Peer]\nPublicKey = " key "\nAllowedIPs = " prefix "\n"

static void test_a_prefix_of_two_peers_stays_the_last_ones(void **state)
{
	(void)state;
	run_peer(2);
	run_prefix("10.0.0.3/32");
	run_peer(3);
	run_prefix("10.0.0.2/32");
	make(HEAD, HEAD PART(PEER2, "10.0.0.2/32, 10.0.0.3/32") PART(PEER3, "10.0.0.2/32"));
	assert_int_equal(change.n_peers, 2);
	assert_int_equal(change.peers[1].public_key[0], 3);
	assert_int_equal(change.peers[1].n_allowed_ips, 1);
}

static void test_a_key_that_is_named_twice_is_set_twice(void **state)
{
	(void)state;
	run_peer(2);
	run_prefix("10.0.0.2/32");
	make(HEAD, HEAD PART(PEER2, "10.0.0.2/32") PART(PEER2, "10.0.0.3/32"));
	assert_int_equal(change.n_peers, 2);
	teardown(NULL);
	setup(NULL);
	run_peer(2);
	run_prefix("10.0.0.2/32");
	make(HEAD, HEAD PART(PEER2, "10.0.0.3/32") PART(PEER2, "10.0.0.2/32"));
	assert_int_equal(change.n_peers, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_names_that_were_found_stay_found_wherever_the_peer_moves(void **state)
{
	(void)state;
	parse(&before, HEAD "[Peer]\nPublicKey = " PEER2 "\nEndpoint = rock.example:1\n"
			    "[Peer]\nPublicKey = " PEER3 "\nEndpoint = rock.example:2\n");
	before.config.peers[1].endpoint.port = 2;
	before.config.peers[1].has_endpoint = true;
	parse(&wanted, HEAD "[Peer]\nPublicKey = " PEER3 "\nEndpoint = rock.example:3\n"
			    "[Peer]\nPublicKey = " PEER2 "\nEndpoint = rock.example:1\n");
	assert_int_equal(wg_confdiff_keep_found(&before, &wanted), 0);
	assert_true(wanted.config.peers[0].has_endpoint);
	assert_int_equal(wanted.config.peers[0].endpoint.port, 3);
	assert_false(wanted.config.peers[1].has_endpoint);
}

static void test_another_name_is_looked_up(void **state)
{
	(void)state;
	parse(&before, HEAD "[Peer]\nPublicKey = " PEER2 "\nEndpoint = rock.example:1\n");
	before.config.peers[0].has_endpoint = true;
	parse(&wanted, HEAD "[Peer]\nPublicKey = " PEER2 "\nEndpoint = stone.example:1\n");
	assert_int_equal(wg_confdiff_keep_found(&before, &wanted), 0);
	assert_false(wanted.config.peers[0].has_endpoint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_endpoint_that_the_file_still_names_is_left_where_it_roamed),
		TEST(test_another_endpoint_or_port_is_set),
		TEST(test_peers_that_the_file_does_not_have_go_whoever_added_them),
		TEST(test_names_that_were_found_stay_found_wherever_the_peer_moves),
		TEST(test_another_name_is_looked_up),
		TEST(test_what_the_file_no_longer_has_is_taken_back),
		TEST(test_a_peer_that_runs_as_it_is_wanted_is_left_alone),
		TEST(test_what_was_changed_beside_the_file_is_set_again),
		TEST(test_a_prefix_of_two_peers_stays_the_last_ones),
		TEST(test_a_key_that_is_named_twice_is_set_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
