#include "wgtest.h"

#include <dirent.h>
#include <errno.h>

#include "conf/conf.h"
#include "crypto/encoding.h"

#define GOLDEN WG_TEST_VECTORS "/../golden/conf"
#define KEY    "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="
#define SECRET "oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrQM="
#define PEER   "[Interface]\n[Peer]\nPublicKey = " KEY "\n"

/* A file's text, NUL-terminated; NULL when there is none. */
static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text;

	if (!file)
		return NULL;
	text = calloc(1, 1 << 16);
	assert_non_null(text);
	*len = fread(text, 1, (1 << 16) - 1, file);
	fclose(file);
	return text;
}

static char *printed(const struct wg_error *error)
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	wg_error_print(error, file);
	fclose(file);
	return text;
}

/* Parses NAME.conf and compares what is said with NAME.err; without that file the
 * configuration must be right. With WG_GOLDEN_UPDATE in the environment, writes it. */
static void check_golden(const char *file)
{
	char path[512];
	char *text;
	char *expected;
	char *actual;
	size_t len = 0;
	struct wg_conf conf;
	struct wg_error error;
	int result;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN, file);
	text = read_file(path, &len);
	assert_non_null(text);
	result = wg_conf_parse(&conf, file, "wg0", text, len, &error);
	actual = result ? printed(&error) : NULL;
	snprintf(path, sizeof(path), "%s/%.*s.err", GOLDEN, (int)(strlen(file) - 5), file);
	if (actual && getenv("WG_GOLDEN_UPDATE")) {
		FILE *out = fopen(path, "w");

		assert_non_null(out);
		fputs(actual, out);
		fclose(out);
	}
	expected = read_file(path, &len);
	if (!expected && actual)
		fail_msg("%s: %s", file, actual);
	if (expected && !actual)
		fail_msg("%s: it was taken", file);
	if (expected)
		assert_string_equal(actual, expected);
	if (!result)
		wg_conf_deinit(&conf);
	free(expected);
	free(actual);
	free(text);
}

static void test_every_mistake_gets_its_message(void **state)
{
	DIR *dir = opendir(GOLDEN);
	struct dirent *entry;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".conf") != 0)
			continue;
		check_golden(entry->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n > 100);
}

/* Parses text that must be right. */
static struct wg_conf parsed(const char *text)
{
	struct wg_conf conf;
	struct wg_error error;

	if (wg_conf_parse(&conf, "/etc/tuff/wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
	return conf;
}

static struct wg_conf parsed_golden(const char *name)
{
	char path[512];
	size_t len;
	char *text;
	struct wg_conf conf;

	snprintf(path, sizeof(path), "%s/%s.conf", GOLDEN, name);
	text = read_file(path, &len);
	assert_non_null(text);
	conf = parsed(text);
	free(text);
	return conf;
}

static void assert_prefix(const struct wg_prefix *prefix, const char *expected)
{
	char text[WG_PREFIX_TEXT_LEN];

	assert_string_equal(wg_prefix_format(text, prefix), expected);
}

static void assert_listed(const struct wg_conf_prefixes *list, size_t i, const char *expected,
			  unsigned int line)
{
	assert_true(i < list->n);
	assert_prefix(&list->items[i].prefix, expected);
	assert_int_equal(list->items[i].line, line);
}

static void assert_source(const struct wg_conf_key *key, enum wg_conf_from from, const char *path,
			  unsigned int line)
{
	assert_int_equal(key->from, from);
	if (path)
		assert_string_equal(key->path, path);
	else
		assert_null(key->path);
	assert_int_equal(key->line, line);
}

static void test_every_interface_key_is_read(void **state)
{
	struct wg_conf conf = parsed_golden("ok-everything");

	(void)state;
	assert_source(&conf.private_key, WG_CONF_FROM_CREDENTIAL, "wg0.key", 3);
	assert_int_equal(conf.config.listen_port, 0);
	assert_int_equal(conf.listen_port_line, 4);
	assert_int_equal(conf.config.fwmark, 0xca6c);
	assert_int_equal(conf.addresses.n, 3);
	assert_listed(&conf.addresses, 0, "192.0.2.1/24", 6);
	assert_listed(&conf.addresses, 1, "2001:db8::1/64", 6);
	assert_listed(&conf.addresses, 2, "198.51.100.1/32", 7);
	assert_int_equal(conf.dns_servers.n, 1);
	assert_listed(&conf.dns_servers, 0, "192.0.2.53/32", 8);
	assert_int_equal(conf.dns_domains.n, 2);
	assert_string_equal(conf.dns_domains.items[0].text, "example.org");
	assert_string_equal(conf.dns_domains.items[1].text, "~example.net");
	assert_int_equal(conf.mtu, 1380);
	assert_int_equal(conf.table_mode, WG_CONF_TABLE_NUMBER);
	assert_int_equal(conf.table, 254);
	assert_string_equal(conf.hooks[WG_CONF_PRE_UP].items[0].text, "echo up wg0 % i %wg0");
	for (size_t i = WG_CONF_POST_UP; i < WG_CONF_N_HOOKS; i++) {
		assert_int_equal(conf.hooks[i].n, 1);
		assert_int_equal(conf.hooks[i].items[0].line, 11 + i);
	}
	assert_false(conf.save_config);
	assert_int_equal(conf.save_config_line, 15);
	wg_conf_deinit(&conf);
}

static void test_every_key_of_ours_is_read(void **state)
{
	struct wg_conf conf = parsed_golden("ok-everything");

	(void)state;
	assert_true(conf.forward_ipv4.on && conf.forward_ipv6.on);
	assert_string_equal(conf.forward_ipv4.uplink, "");
	assert_string_equal(conf.forward_ipv6.uplink, "eth0");
	assert_string_equal(conf.proxy_ndp, "eth0");
	assert_int_equal(conf.n_sysctls, 2);
	assert_string_equal(conf.sysctls[0].path, "net/ipv4/conf/eth0.100/rp_filter");
	assert_string_equal(conf.sysctls[0].value, "2");
	assert_string_equal(conf.sysctls[1].path, "net/ipv4/conf/wg0/rp_filter");
	assert_int_equal(conf.n_routes, 2);
	assert_prefix(&conf.routes[0].prefix, "203.0.113.0/24");
	assert_int_equal(conf.routes[0].via.bytes[3], 2);
	assert_int_equal(conf.routes[0].metric, 50);
	assert_int_equal(conf.routes[1].via.family, WG_FAMILY_NONE);
	assert_true(conf.clamp_mss);
	assert_int_equal(conf.offloads, WG_CONF_OFFLOAD_TSO | WG_CONF_OFFLOAD_GRO);
	assert_false(conf.offload_auto);
	assert_int_equal(conf.workers, 2);
	assert_false(conf.workers_auto);
	wg_conf_deinit(&conf);
}

static void test_every_peer_key_is_read(void **state)
{
	struct wg_conf conf = parsed_golden("ok-everything");
	const struct wg_conf_peer *peer = &conf.peers[0];
	const struct wg_config_peer *config = &conf.config.peers[0];

	(void)state;
	assert_int_equal(conf.n_peers, 1);
	assert_int_equal(conf.config.n_peers, 1);
	assert_int_equal(peer->line, 25);
	assert_string_equal(peer->name, "basalt, the workstation");
	assert_source(&peer->public_key, WG_CONF_FROM_FILE, "/etc/tuff/keys/wg0.pub", 27);
	assert_source(&peer->preshared_key, WG_CONF_FROM_FILE, "/etc/tuff/wg0.psk", 28);
	assert_string_equal(peer->endpoint_host, "fe80::1%eth0");
	assert_int_equal(peer->endpoint_port, 30567);
	assert_false(config->has_endpoint);
	assert_int_equal(config->n_allowed_ips, 2);
	assert_listed(&peer->allowed_ips, 0, "192.0.2.2/32", 31);
	assert_listed(&peer->allowed_ips, 1, "2001:db8::2/128", 33);
	assert_int_equal(config->keepalive, 25);
	wg_conf_deinit(&conf);
}

static void test_each_way_to_write_an_interface_with_a_dot_is_the_same(void **state)
{
	struct wg_conf conf = parsed("[Interface]\nSysctl = net.ipv6.conf.eth0.5.accept_ra=2\n"
				     "Sysctl = net.ipv6.conf.eth0/5.accept_ra = 2\n"
				     "Sysctl = net/ipv6/conf/eth0.5/accept_ra=2\n");

	(void)state;
	assert_int_equal(conf.n_sysctls, 3);
	for (size_t i = 0; i < conf.n_sysctls; i++)
		assert_string_equal(conf.sysctls[i].path, "net/ipv6/conf/eth0.5/accept_ra");
	wg_conf_deinit(&conf);
}

static void test_what_is_left_out_has_its_default(void **state)
{
	struct wg_conf conf = parsed(PEER);

	(void)state;
	assert_int_equal(conf.config.listen_port, 30567);
	assert_int_equal(conf.listen_port_line, 0);
	assert_true(conf.config.has_listen_port && conf.config.has_fwmark &&
		    conf.config.replace_peers);
	assert_false(conf.config.has_private_key);
	assert_source(&conf.private_key, WG_CONF_FROM_NOWHERE, NULL, 0);
	assert_int_equal(conf.mtu, 0);
	assert_int_equal(conf.hook_timeout, 60);
	assert_int_equal(conf.table_mode, WG_CONF_TABLE_AUTO);
	assert_true(conf.offload_auto && conf.workers_auto);
	assert_int_equal(conf.offloads, WG_CONF_OFFLOAD_ALL);
	assert_true(conf.config.peers[0].replace_allowed_ips &&
		    conf.config.peers[0].has_preshared_key && conf.config.peers[0].has_keepalive);
	assert_int_equal(conf.config.peers[0].n_allowed_ips, 0);
	assert_null(conf.peers[0].endpoint_host);
	wg_conf_deinit(&conf);
}

static void test_keys_and_sections_may_be_spelled_any_way(void **state)
{
	struct wg_conf conf = parsed_golden("ok-spelling");
	uint8_t key[WG_KEY_LEN];

	(void)state;
	assert_int_equal(conf.config.listen_port, 51820);
	assert_int_equal(conf.listen_port_line, 2);
	assert_true(wg_key_decode(key, "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="));
	assert_memory_equal(conf.config.peers[0].public_key, key, WG_KEY_LEN);
	assert_true(conf.config.peers[0].has_endpoint);
	assert_int_equal(conf.config.peers[0].endpoint.port, 51820);
	assert_int_equal(conf.config.peers[0].keepalive, 0);
	wg_conf_deinit(&conf);
}

static void test_inline_keys_are_in_the_config(void **state)
{
	struct wg_conf conf = parsed("[Interface]\nPrivateKey = " SECRET "\n[Peer]\nPublicKey=" KEY
				     "\nPresharedKey = " SECRET " # secret\n");
	uint8_t key[WG_KEY_LEN];

	(void)state;
	assert_true(wg_key_decode(key, SECRET));
	assert_true(conf.config.has_private_key);
	assert_memory_equal(wg_lockedkey_bytes(&conf.config.private_key), key, WG_KEY_LEN);
	assert_memory_equal(wg_lockedkey_bytes(&conf.config.peers[0].preshared_key), key,
			    WG_KEY_LEN);
	assert_source(&conf.private_key, WG_CONF_FROM_HERE, NULL, 2);
	assert_source(&conf.peers[0].preshared_key, WG_CONF_FROM_HERE, NULL, 5);
	wg_conf_deinit(&conf);
}

static void test_host_bits_are_kept_as_written_and_masked_for_the_engine(void **state)
{
	struct wg_conf conf = parsed(PEER "AllowedIPs = 10.1.2.3/8\n");

	(void)state;
	assert_listed(&conf.peers[0].allowed_ips, 0, "10.1.2.3/8", 4);
	assert_prefix(&conf.config.peers[0].allowed_ips[0].prefix, "10.0.0.0/8");
	wg_conf_deinit(&conf);
}

static void test_of_a_repeated_key_the_last_counts_and_it_is_noted(void **state)
{
	struct wg_conf conf = parsed("[Interface]\nMTU = 1280\nPostUp = a\nPostUp = b\nmtu = 1400\n"
				     "[Peer]\nPublicKey = " KEY "\nName = a\n"
				     "[Peer]\nName = b\nPublicKey = " KEY "\n"
				     "Endpoint = shale:1\nEndpoint = 192.0.2.7:2\n");

	(void)state;
	assert_int_equal(conf.mtu, 1400);
	assert_int_equal(conf.hooks[WG_CONF_POST_UP].n, 2);
	assert_string_equal(conf.peers[1].endpoint_host, "192.0.2.7");
	assert_int_equal(conf.config.peers[1].endpoint.port, 2);
	assert_int_equal(conf.n_repeats, 2);
	assert_string_equal(conf.repeats[0].key, "MTU");
	assert_int_equal(conf.repeats[0].before, 2);
	assert_int_equal(conf.repeats[0].line, 5);
	assert_string_equal(conf.repeats[1].key, "Endpoint");
	wg_conf_deinit(&conf);
}

static void test_a_key_in_a_file_replaces_one_that_is_inline(void **state)
{
	struct wg_conf conf = parsed("[Interface]\nPrivateKey = " SECRET "\nPrivateKeyFile = a\n");

	(void)state;
	assert_source(&conf.private_key, WG_CONF_FROM_FILE, "/etc/tuff/a", 3);
	assert_false(conf.config.has_private_key);
	assert_false(wg_lockedkey_is_set(&conf.config.private_key));
	wg_conf_deinit(&conf);
	conf = parsed("[Interface]\nPrivateKeyFile = a\nPrivateKey = " SECRET "\n");
	assert_source(&conf.private_key, WG_CONF_FROM_HERE, NULL, 3);
	assert_true(conf.config.has_private_key);
	wg_conf_deinit(&conf);
}

static void test_a_list_goes_on_after_a_comma_only(void **state)
{
	struct wg_conf conf =
		parsed("[Interface]\nAddress = 192.0.2.1,\n\n# more\n192.0.2.2\nMTU = 1400\n");
	const char *wrong = "[Interface]\nAddress = 192.0.2.1\n192.0.2.2\n";
	struct wg_error error;

	(void)state;
	assert_int_equal(conf.addresses.n, 2);
	assert_listed(&conf.addresses, 1, "192.0.2.2/32", 5);
	wg_conf_deinit(&conf);
	assert_int_equal(wg_conf_parse(&conf, "f", "wg0", wrong, strlen(wrong), &error), -EINVAL);
	assert_string_equal(error.text, "f:3: 192.0.2.2: neither [SECTION] nor KEY = VALUE");
}

static void test_a_comma_at_the_end_of_a_list_does_no_harm(void **state)
{
	struct wg_conf conf =
		parsed("[Interface]\nAddress = 192.0.2.1,\n[Peer]\nAllowedIPs = ::/0,\n"
		       "PublicKey = " KEY "\n");

	(void)state;
	assert_int_equal(conf.addresses.n, 1);
	assert_int_equal(conf.config.peers[0].n_allowed_ips, 1);
	wg_conf_deinit(&conf);
}

static void test_the_limits_are_said_when_passed(void **state)
{
	static char text[WG_CONF_MAX_LINE + 64];
	struct wg_conf conf;
	struct wg_error error;

	(void)state;
	memset(text, '#', sizeof(text));
	*stpcpy(text, "[Interface]\n") = '#';
	assert_int_equal(wg_conf_parse(&conf, "f", "wg0", text, 12 + WG_CONF_MAX_LINE + 1, &error),
			 -E2BIG);
	assert_string_equal(error.text, "f:2: a line of 65536 bytes: the limit is 65535");
	assert_int_equal(wg_conf_parse(&conf, "f", "wg0", text, 12 + WG_CONF_MAX_LINE, &error), 0);
	wg_conf_deinit(&conf);
	/* Nothing of it is looked at. */
	assert_int_equal(wg_conf_parse(&conf, "f", "wg0", text, WG_CONF_MAX_SIZE + 1, &error),
			 -E2BIG);
	assert_string_equal(error.text, "f: 536870913 bytes: the limit is 512 MiB");
}

static void test_no_message_shows_a_secret(void **state)
{
	static const char *const wrong[] = {
		"[Interface]\nPrivateKey = " SECRET "x\n",
		"[Interface]\nPrivateKey " SECRET "\n",
		"[Interface]\nPrivateKey : " SECRET "\n",
		"[Interface]\nPrivateKye = " SECRET "\n",
		"[Interface]\n" SECRET "\n",
		"[Interface]\nPrivateKey =\n" SECRET "\n",
		"[Interface]\nPresharedKey = " SECRET "\n",
		SECRET "\n",
		PEER "PresharedKey = x" SECRET "\n",
		PEER "PrivateKey = " SECRET "\n",
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(wrong); i++) {
		struct wg_conf conf;
		struct wg_error error;

		assert_int_equal(
			wg_conf_parse(&conf, "f", "wg0", wrong[i], strlen(wrong[i]), &error),
			-EINVAL);
		if (strstr(error.text, "oK56") || strstr(error.hint, "oK56"))
			fail_msg("%s / %s", error.text, error.hint);
	}
}

static void test_paths_are_relative_to_the_file(void **state)
{
	static const struct {
		const char *file;
		const char *path;
	} cases[] = {
		{"/etc/tuff/wg0.conf", "/etc/tuff/private"},
		{"wg0.conf", "private"},
		{"/wg0.conf", "/private"},
		{"../a/wg0.conf", "../a/private"},
	};
	const char *text = "[Interface]\nPrivateKeyFile = private\n";

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_conf conf;
		struct wg_error error;

		assert_int_equal(
			wg_conf_parse(&conf, cases[i].file, "wg0", text, strlen(text), &error), 0);
		assert_string_equal(conf.private_key.path, cases[i].path);
		wg_conf_deinit(&conf);
	}
}

static void test_many_peers_stay_in_step(void **state)
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	struct wg_conf conf;

	(void)state;
	fputs("[Interface]\n", file);
	for (unsigned int i = 0; i < 1000; i++)
		fprintf(file,
			"[Peer]\nPublicKey = " KEY "\nEndpoint = h%u:1\nAllowedIPs = 10.0.%u.%u\n",
			i, i / 256, i % 256);
	fclose(file);
	conf = parsed(text);
	assert_int_equal(conf.n_peers, 1000);
	assert_int_equal(conf.config.n_peers, 1000);
	assert_string_equal(conf.peers[999].endpoint_host, "h999");
	assert_prefix(&conf.config.peers[999].allowed_ips[0].prefix, "10.0.3.231/32");
	assert_int_equal(conf.peers[999].allowed_ips.items[0].line, 4001);
	wg_conf_deinit(&conf);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_mistake_gets_its_message),
		cmocka_unit_test(test_every_interface_key_is_read),
		cmocka_unit_test(test_every_key_of_ours_is_read),
		cmocka_unit_test(test_every_peer_key_is_read),
		cmocka_unit_test(test_each_way_to_write_an_interface_with_a_dot_is_the_same),
		cmocka_unit_test(test_what_is_left_out_has_its_default),
		cmocka_unit_test(test_keys_and_sections_may_be_spelled_any_way),
		cmocka_unit_test(test_inline_keys_are_in_the_config),
		cmocka_unit_test(test_host_bits_are_kept_as_written_and_masked_for_the_engine),
		cmocka_unit_test(test_of_a_repeated_key_the_last_counts_and_it_is_noted),
		cmocka_unit_test(test_a_key_in_a_file_replaces_one_that_is_inline),
		cmocka_unit_test(test_a_list_goes_on_after_a_comma_only),
		cmocka_unit_test(test_a_comma_at_the_end_of_a_list_does_no_harm),
		cmocka_unit_test(test_the_limits_are_said_when_passed),
		cmocka_unit_test(test_no_message_shows_a_secret),
		cmocka_unit_test(test_paths_are_relative_to_the_file),
		cmocka_unit_test(test_many_peers_stay_in_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
