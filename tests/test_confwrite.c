#include "wgtest.h"

#include "conf/confwrite.h"
#include "lockedkey.h"

#define PRIVATE "oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrQM="
#define KEY_A   "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="
#define KEY_B   "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="

/* All keys there are, in the order in which they are written. */
static const char full[] =
	"[Interface]\nAddress = 10.7.0.2/24\nAddress = 2001:db8:7::2/128\n"
	"DNS = 192.0.2.53\nDNS = 2001:db8::53\nDNS = example.org\nMTU = 1400\nTable = 1234\n"
	"PreUp = logger one; logger two\nPreUp = logger three\nPostUp = echo \"a = b\" > "
	"/dev/null\n"
	"PreDown = logger wg0\nPostDown = logger gone\nSaveConfig = true\n"
	"Forward = ipv4\nForward = ipv6 via eth0.5\nProxyNDP = eth0.5\n"
	"Sysctl = net.ipv6.conf.eth0/5.accept_ra_defrtr=1\nSysctl = net.ipv4.ip_local_port_range=1 "
	"2\n"
	"Route = 198.51.100.0/24\nRoute = 2001:db8:9::/48 via 2001:db8:7::1 metric 7\n"
	"ClampMSS = yes\nOffload = tso\nOffload = gro\nHookTimeout = 5\nWorkers = 3\nConfine = "
	"strict\n"
	"ListenPort = 4711\nFwMark = 0x1234\nPrivateKey = " PRIVATE "\n"
	"\n[Peer]\nName = shale, the server\nPublicKey = " KEY_A "\nPresharedKey = " KEY_B "\n"
	"AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = vpn.example.org:30567\n"
	"PersistentKeepalive = 25\n"
	"\n[Peer]\nPublicKey = " KEY_B "\nEndpoint = [2001:db8::7]:1\n";

static const char files[] =
	"[Interface]\nTable = off\nOffload = off\nWorkers = auto\nPrivateKeyFile = private\n"
	"\n[Peer]\nPublicKeyFile = /elsewhere/shale.pub\nPresharedKeyFile = credential:psk\n"
	"AllowedIPs = 2001:db8::/32\nEndpoint = [fe80::1%eth0]:5\n";

static struct wg_conf conf;
static struct wg_text written;

static int teardown(void **state)
{
	(void)state;
	wg_conf_deinit(&conf);
	wg_text_deinit(&written);

	return 0;
}

static void parse(const char *text)
{
	struct wg_error error;

	if (wg_conf_parse(&conf, "/etc/tuff/wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
}

static const char *write_conf(const struct wg_config *running)
{
	wg_text_deinit(&written);
	wg_confwrite_text(&written, &conf, running);
	assert_false(written.failed);
	assert_int_equal(strlen(written.data), written.len);
	return written.data;
}

static struct wg_config_peer *peer(size_t i)
{
	return &conf.config.peers[i];
}

static void test_a_file_with_every_key_is_written_as_it_was(void **state)
{
	(void)state;
	parse(full);
	assert_string_equal(write_conf(&conf.config), full);
}

static void test_a_file_with_hardly_any_key_is_written_as_it_was(void **state)
{
	static const char text[] = "[Interface]\n";

	(void)state;
	parse(text);
	assert_string_equal(write_conf(&conf.config), text);
}

static void test_other_ways_to_say_it_mean_the_same_after_writing(void **state)
{
	static const char text[] =
		"[interface]\r\nforward=both via eth0\r\ntable=auto\r\noffload = auto\r\n"
		"sysctl = net/ipv4/conf/a.b/rp_filter = 2\r\nFwMark = 4660\r\nAddress = "
		"10.0.0.1\r\n";

	(void)state;
	parse(text);
	assert_string_equal(
		write_conf(&conf.config),
		"[Interface]\nAddress = 10.0.0.1/32\nTable = auto\nForward = ipv4 via eth0\n"
		"Forward = ipv6 via eth0\nSysctl = net.ipv4.conf.a/b.rp_filter=2\nOffload = auto\n"
		"FwMark = 0x1234\n");
}

static void test_secrets_that_came_from_files_stay_there(void **state)
{
	(void)state;
	parse(files);
	conf.config.has_private_key = true;
	wg_test_set_key(&conf.config.private_key, 3, 1);
	peer(0)->public_key[0] = 2;
	wg_test_set_key(&peer(0)->preshared_key, 0, 3);
	assert_string_equal(write_conf(&conf.config), files);
}

static void test_paths_stay_relative_where_they_read_the_same(void **state)
{
	static const char text[] = "[Interface]\nPrivateKeyFile = /etc/tuff/keys/%i\n[Peer]\n"
				   "PublicKeyFile = /etc/tuff/ a\nPresharedKeyFile = "
				   "/etc/tuff/credential:a\n";

	(void)state;
	parse(text);
	conf.config.has_private_key = true;
	wg_test_set_key(&peer(0)->preshared_key, 0, 3);
	write_conf(&conf.config);
	assert_non_null(strstr(written.data, "PrivateKeyFile = keys/wg0\n"));
	assert_non_null(strstr(written.data, "PublicKeyFile = /etc/tuff/ a\n"));
	assert_non_null(strstr(written.data, "PresharedKeyFile = /etc/tuff/credential:a\n"));
}

/* A snapshot that begins as what the file says. */
static void copy_running(struct wg_config *running)
{
	wg_config_init(running);
	*running = conf.config;
	wg_test_own_key(&running->private_key);
	running->peers = NULL;
	running->n_peers = running->peers_capacity = 0;
	for (size_t i = 0; i < conf.config.n_peers; i++) {
		struct wg_config_peer *copy = wg_config_add_peer(running);

		assert_non_null(copy);
		*copy = *peer(i);
		wg_test_own_key(&copy->preshared_key);
		copy->allowed_ips = NULL;
		copy->n_allowed_ips = copy->allowed_ips_capacity = 0;
		for (size_t k = 0; k < peer(i)->n_allowed_ips; k++)
			wg_config_add_allowed_ip(copy, &peer(i)->allowed_ips[k].prefix, false);
	}
}

static void assert_line(const char *line, bool there)
{
	if ((strstr(written.data, line) != NULL) != there)
		fail_msg("%s: %s: %s", there ? "not there" : "there", line, written.data);
}

static void test_keys_that_were_changed_since_are_written_out(void **state)
{
	struct wg_config running;

	(void)state;
	parse(files);
	conf.config.has_private_key = true;
	copy_running(&running);
	wg_test_set_key(&running.private_key, 0, 8);
	wg_test_set_key(&running.peers[0].preshared_key, 0, 8);
	write_conf(&running);
	assert_line("PrivateKey = CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", true);
	assert_line("PresharedKey = CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", true);
	assert_line("PrivateKeyFile", false);
	assert_line("PresharedKeyFile", false);
	wg_config_deinit(&running);
}

static void test_a_peer_that_moved_is_written_with_where_it_is(void **state)
{
	struct wg_config running;

	(void)state;
	parse(full);
	peer(0)->has_endpoint = true;
	assert_true(wg_ip_parse(&peer(0)->endpoint.ip, "192.0.2.7"));
	peer(0)->endpoint.port = 30567;
	copy_running(&running);
	write_conf(&running);
	assert_line("Endpoint = vpn.example.org:30567\n", true);
	running.peers[0].endpoint.port = 9;
	write_conf(&running);
	assert_line("Endpoint = 192.0.2.7:9\n", true);
	assert_line("vpn.example.org", false);
	wg_config_deinit(&running);
}

static void test_peers_come_and_go_and_change_with_the_running_tunnel(void **state)
{
	const struct wg_prefix prefix = {.ip = {.family = WG_FAMILY_IPV4, .bytes = {10}},
					 .bits = 8};
	struct wg_config running;
	struct wg_config_peer *added;

	(void)state;
	parse(full);
	wg_config_init(&running);
	added = wg_config_add_peer(&running);
	added->public_key[0] = 1;
	wg_config_add_allowed_ip(added, &prefix, false);
	added = wg_config_add_peer(&running);
	memcpy(added->public_key, peer(1)->public_key, WG_KEY_LEN);
	added->keepalive = 5;
	write_conf(&running);
	assert_non_null(strstr(
		written.data, "\n[Peer]\nPublicKey = " KEY_B
			      "\nEndpoint = [2001:db8::7]:1\nPersistentKeepalive = 5\n"
			      "\n[Peer]\nPublicKey = AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
			      "AllowedIPs = 10.0.0.0/8\n"));
	assert_line(KEY_A, false);
	assert_line("PrivateKey", false);
	wg_config_deinit(&running);
}

static void test_a_port_or_mark_that_was_found_is_found_again_the_next_time(void **state)
{
	struct wg_config running;

	(void)state;
	parse("[Interface]\n");
	conf.config.fwmark = 51820;
	copy_running(&running);
	assert_string_equal(write_conf(&running), "[Interface]\n");
	running.fwmark = 5;
	running.listen_port = 6;
	assert_string_equal(write_conf(&running), "[Interface]\nListenPort = 6\nFwMark = 0x5\n");
	wg_config_deinit(&running);
}

static void test_a_peer_with_many_allowed_ips_is_not_too_long_a_line(void **state)
{
	struct wg_config running;
	struct wg_prefix prefix = {.ip = {.family = WG_FAMILY_IPV6, .bytes = {0x20}}, .bits = 128};
	struct wg_config_peer *added;

	(void)state;
	parse("[Interface]\n");
	copy_running(&running);
	added = wg_config_add_peer(&running);
	for (unsigned int i = 0; i < 5000; i++) {
		memset(prefix.ip.bytes + 1, 0xee, 13);
		wg_store_be16(prefix.ip.bytes + 14, (uint16_t)i);
		wg_config_add_allowed_ip(added, &prefix, false);
	}
	write_conf(&running);
	wg_config_deinit(&running);
	wg_conf_deinit(&conf);
	parse(written.data);
	assert_int_equal(peer(0)->n_allowed_ips, 5000);
}

#define TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_file_with_every_key_is_written_as_it_was),
		TEST(test_a_file_with_hardly_any_key_is_written_as_it_was),
		TEST(test_other_ways_to_say_it_mean_the_same_after_writing),
		TEST(test_secrets_that_came_from_files_stay_there),
		TEST(test_paths_stay_relative_where_they_read_the_same),
		TEST(test_keys_that_were_changed_since_are_written_out),
		TEST(test_a_peer_that_moved_is_written_with_where_it_is),
		TEST(test_peers_come_and_go_and_change_with_the_running_tunnel),
		TEST(test_a_port_or_mark_that_was_found_is_found_again_the_next_time),
		TEST(test_a_peer_with_many_allowed_ips_is_not_too_long_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
