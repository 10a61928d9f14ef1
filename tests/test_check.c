#include "wgtest.h"

#include "conf/check.h"

#define PRIVATE "oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrQM="
#define KEY_A   "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="
#define KEY_B   "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define ZEROS   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* Lines 1 and 2; further keys start in line 3. */
#define INTERFACE "[Interface]\nPrivateKey = " PRIVATE "\n"
#define PEER_A    "[Peer]\nPublicKey = " KEY_A "\n"
#define PEER_B    "[Peer]\nPublicKey = " KEY_B "\n"

#define SHALE                                                         \
	"[Interface]\nPrivateKeyFile = private\nListenPort = 30567\n" \
	"Forward = ipv6 via eth0\n[Peer]\nName = basalt\n"            \
	"PublicKeyFile = basalt.pub\nAllowedIPs = 2001:db8:7767::2/128\n"
#define BASALT                                                    \
	"[Interface]\nPrivateKeyFile = private\n"                 \
	"Address = 2001:db8:7767::2/128\n[Peer]\nName = shale\n"  \
	"PublicKeyFile = shale.pub\nEndpoint = 192.0.2.7:30567\n" \
	"AllowedIPs = ::/0\n"

static bool private_source(struct wg_ip *source, const struct wg_endpoint *to)
{
	(void)to;
	return wg_ip_parse(source, "192.168.1.2");
}

static bool public_source(struct wg_ip *source, const struct wg_endpoint *to)
{
	(void)to;
	return wg_ip_parse(source, "9.9.9.9");
}

static const struct wg_check_host quiet_host = {.others_can_read = false};
static const struct wg_check_host open_host = {.others_can_read = true};
static const struct wg_check_host nat_host = {.source = private_source};
static const struct wg_check_host public_host = {.source = public_source};

static void check_text(struct wg_check *check, const char *text, const struct wg_check_host *host)
{
	struct wg_conf conf;
	struct wg_error error;

	wg_check_init(check, "wg0.conf");
	if (wg_conf_parse(&conf, "wg0.conf", "wg0", text, strlen(text), &error)) {
		wg_check_add_error(check, "syntax", &error);
		return;
	}
	wg_check_conf(check, &conf, host);
	wg_conf_deinit(&conf);
}

/* "LINE LEVEL CODE", apart by "; ". */
static char *summary(const struct wg_check *check)
{
	static const char levels[] = "nwe";
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	for (size_t i = 0; i < check->n_findings; i++) {
		const struct wg_check_finding *finding = &check->findings[i];

		assert_true(finding->reason && *finding->reason);
		assert_true(finding->remedy && *finding->remedy);
		fprintf(file, "%s%u %c %s", i ? "; " : "", finding->line, levels[finding->level],
			finding->code);
	}
	fclose(file);
	return text;
}

struct verdict {
	const char *text;
	const char *findings; /* all of them */
	const struct wg_check_host *host;
};

static void assert_verdicts(const struct verdict *verdicts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct wg_check check;
		char *found;

		check_text(&check, verdicts[i].text,
			   verdicts[i].host ? verdicts[i].host : &quiet_host);
		assert_false(check.failed);
		found = summary(&check);
		if (strcmp(found, verdicts[i].findings) != 0)
			fail_msg("%s\nfound: %s\nexpected: %s", verdicts[i].text, found,
				 verdicts[i].findings);
		free(found);
		wg_check_deinit(&check);
	}
}

static void test_the_two_hosts_of_the_manual_are_right(void **state)
{
	static const struct verdict verdicts[] = {
		{SHALE, "", NULL},
		{BASALT, "", NULL},
		/* Documentation addresses are not the Internet; nor are secrets here. */
		{BASALT, "", &nat_host},
		{SHALE, "", &open_host},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_mixed_up_keys_are_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE, "2 w readable-secret", &open_host},
		{"[Interface]\nPrivateKeyFile = a\n" PEER_A
		 "AllowedIPs = ::1\nPresharedKey = " PRIVATE "\n",
		 "6 w readable-secret", &open_host},
		{"[Interface]\n", "0 w no-private-key", NULL},
		{"[Interface]\nPostUp = wg set %i private-key <(pass wg)\n", "2 n hook-replaced",
		 NULL},
		{"[Interface]\nPrivateKey = " ZEROS "\n", "2 e no-private-key", NULL},
		{INTERFACE "[Peer]\nPublicKey = " PRIVATE "\nAllowedIPs = ::1\n",
		 "4 e private-key-as-public", NULL},
		{INTERFACE "[Peer]\nPublicKey = " ZEROS "\nAllowedIPs = ::1\n", "4 e weak-key",
		 NULL},
		{INTERFACE PEER_A "AllowedIPs = ::1\n" PEER_A "AllowedIPs = ::2\n",
		 "7 e equal-keys", NULL},
		{INTERFACE PEER_A "AllowedIPs = ::1\nPresharedKey = " PRIVATE "\n",
		 "6 e equal-keys", NULL},
		{INTERFACE PEER_A "AllowedIPs = ::1\nPresharedKey = " KEY_A "\n", "6 e equal-keys",
		 NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_the_own_public_key_as_a_peer_is_found(void **state)
{
	/* The key pair of RFC 7748, section 6.1 (Alice). */
	static const struct verdict verdicts[] = {
		{"[Interface]\nPrivateKey = dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n[Peer]\n"
		 "PublicKey = hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\nAllowedIPs = ::1\n",
		 "4 w own-key", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_an_endpoint_inside_its_own_allowed_ips_is_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE PEER_A "Endpoint = 192.0.2.7:1\nAllowedIPs = 192.0.2.0/24\n",
		 "5 e endpoint-inside", NULL},
		{INTERFACE "Address = 192.0.2.9\n" PEER_A
			   "Endpoint = 192.0.2.7:1\nAllowedIPs = 0.0.0.0/1, 128.0.0.0/1\n",
		 "6 e endpoint-inside", NULL},
		/* All of the family has its way out. */
		{INTERFACE "Address = 192.0.2.9\n" PEER_A
			   "Endpoint = 192.0.2.7:1\nAllowedIPs = 0.0.0.0/0\n",
		 "", NULL},
		{INTERFACE "Table = off\n" PEER_A
			   "Endpoint = 192.0.2.7:1\nAllowedIPs = 192.0.2.0/24\n",
		 "", NULL},
		{INTERFACE "PreUp = ip route add 192.0.2.7 via 198.51.100.1 dev eth0\n" PEER_A
			   "Endpoint = 192.0.2.7:1\nAllowedIPs = 192.0.2.0/24\n",
		 "", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_overlapping_allowed_ips_are_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE PEER_A "AllowedIPs = 10.0.0.0/8\n" PEER_B "AllowedIPs = 10.0.0.0/8\n",
		 "8 e allowed-ip-moves", NULL},
		{INTERFACE PEER_A "AllowedIPs = 10.0.0.0/8\n" PEER_B "AllowedIPs = 10.1.0.0/16\n",
		 "8 n allowed-ips-overlap", NULL},
		{INTERFACE PEER_B "AllowedIPs = 10.1.0.0/16\n" PEER_A "AllowedIPs = 10.0.0.0/8\n",
		 "5 n allowed-ips-overlap", NULL},
		/* The same peer twice, siblings, and the exception to a default route. */
		{INTERFACE PEER_A "AllowedIPs = 10.0.0.0/8, 10.1.0.0/16, 10.0.0.0/8\n", "", NULL},
		{INTERFACE PEER_A "AllowedIPs = 10.0.0.0/9\n" PEER_B "AllowedIPs = 10.128.0.0/9\n",
		 "", NULL},
		{INTERFACE "Address = ::9\n" PEER_A "AllowedIPs = ::/0\n" PEER_B
			   "AllowedIPs = ::1\n",
		 "", NULL},
		/* Behind a closed prefix its container is open again. */
		{INTERFACE PEER_A "AllowedIPs = 10.0.0.0/8, 10.1.0.0/16\n" PEER_B
				  "AllowedIPs = 10.2.0.0/16\n",
		 "8 n allowed-ips-overlap", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_addresses_that_lead_nowhere_are_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE PEER_A "AllowedIPs = 10.1.2.3/8\n", "5 w host-bits", NULL},
		{INTERFACE "Route = 10.1.2.3/8\n" PEER_A "AllowedIPs = 10.0.0.0/8\n",
		 "3 w host-bits", NULL},
		{INTERFACE "Address = 192.0.2.1/24\n" PEER_A "AllowedIPs = 10.0.0.0/8\n",
		 "3 w nobody-answers", NULL},
		{INTERFACE "Route = 192.0.2.0/24\n" PEER_A "AllowedIPs = 10.0.0.0/8\n",
		 "3 w nobody-answers", NULL},
		{INTERFACE "Address = 192.0.2.1/24\n" PEER_A "AllowedIPs = 192.0.2.2\n", "", NULL},
		{INTERFACE "Address = 192.0.2.1\n" PEER_A "AllowedIPs = 10.0.0.0/8\n", "", NULL},
		{INTERFACE "Address = 192.0.2.1/24\n", "", NULL},
		{INTERFACE "Address = fe80::1/64\n" PEER_A "AllowedIPs = 10.0.0.0/8\n", "", NULL},
		{INTERFACE "Address = fec0::1/64\n" PEER_A "AllowedIPs = 10.0.0.0/8\n",
		 "3 w nobody-answers", NULL},
		{INTERFACE PEER_A, "3 w no-allowed-ips", NULL},
		{INTERFACE "Address = 192.0.2.1\n" PEER_A "AllowedIPs = ::/0, 0.0.0.0/0\n",
		 "6 w default-without-address", NULL},
		{INTERFACE "Address = ::1\n" PEER_A "AllowedIPs = ::/0, 0.0.0.0/0\n",
		 "6 w default-without-address", NULL},
		{INTERFACE "Forward = ipv6 via eth0\n" PEER_A "AllowedIPs = ::/0\n", "", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_gateways_are_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE "Address = 192.0.2.2/24\nRoute = 0.0.0.0/0 via 192.0.2.1\n" PEER_A
			   "AllowedIPs = 0.0.0.0/0\n",
		 "4 e default-via-own-prefix", NULL},
		{INTERFACE "Route = 10.0.0.0/8 via 192.0.2.1\n" PEER_A "AllowedIPs = 10.0.0.0/8\n",
		 "3 w gateway", NULL},
		{INTERFACE "PostUp = ip route add 10.0.0.0/8 via 192.0.2.1 dev %i\n", "3 w gateway",
		 NULL},
		{INTERFACE "Address = 2001:db8::2/64\n"
			   "PostUp = ip -6 route add default via 2001:db8::1 dev eth0\n",
		 "4 e default-via-own-prefix", NULL},
		{INTERFACE "PostUp = ip -6 route add default via 2001:db8::1 dev eth0\n" PEER_A
			   "AllowedIPs = 2001:db8::/64\n",
		 "3 e default-via-own-prefix", NULL},
		{INTERFACE "PostUp = ip -6 route add default via fe80::1 dev eth0\n" PEER_A
			   "AllowedIPs = 2001:db8::/64\n",
		 "", NULL},
		{INTERFACE "Address = ::9\n"
			   "PostUp = ip -6 route add default via 2001:db8::1 dev eth0\n" PEER_A
			   "AllowedIPs = ::/0\n",
		 "", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_an_mtu_too_small_for_ipv6_is_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE "MTU = 1279\nAddress = ::1\n", "3 e mtu-too-small", NULL},
		{INTERFACE "MTU = 1279\n" PEER_A "AllowedIPs = ::1\n", "3 e mtu-too-small", NULL},
		{INTERFACE "MTU = 1280\nAddress = ::1\n", "", NULL},
		{INTERFACE "MTU = 1000\nAddress = 192.0.2.1\n", "", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_forwarding_that_loses_the_default_route_is_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE "Forward = ipv6\n", "3 w forward-without-uplink", NULL},
		{INTERFACE "Forward = both\n", "3 w forward-without-uplink", NULL},
		{INTERFACE "Forward = ipv4\n", "", NULL},
		{INTERFACE "Sysctl = net.ipv6.conf.all.forwarding=1\n",
		 "3 w forwarding-without-accept-ra", NULL},
		{INTERFACE "Sysctl = net.ipv6.conf.all.forwarding=1\n"
			   "Sysctl = net.ipv6.conf.all.accept_ra=2\n",
		 "3 w forwarding-without-accept-ra", NULL},
		{INTERFACE "Sysctl = net.ipv6.conf.all.forwarding=1\n"
			   "Sysctl = net.ipv6.conf.eth0.accept_ra=2\n",
		 "", NULL},
		{INTERFACE "Sysctl = net.ipv6.conf.all.forwarding=0\n", "", NULL},
		{INTERFACE "PostUp = sysctl -w net.ipv6.conf.all.forwarding=1\n",
		 "3 w forwarding-without-accept-ra; 3 n hook-replaced", NULL},
		{INTERFACE "PostUp = sysctl -w net.ipv6.conf.all.forwarding=1\n"
			   "PostUp = sysctl -w net.ipv6.conf.eth0.accept_ra=2\n",
		 "3 n hook-replaced; 4 n hook-replaced", NULL},
		{INTERFACE "PostUp = sysctl -w net.ipv6.conf.all.forwarding=1 "
			   "net.ipv6.conf.eth0.accept_ra=2\n",
		 "3 n hook-replaced", NULL},
		{INTERFACE "PostUp = sysctl -w net.ipv6.conf.all.forwarding=1 "
			   "net.ipv6.conf.all.accept_ra=2 net.ipv6.conf.eth0.accept_ra_defrtr=2\n",
		 "3 w forwarding-without-accept-ra; 3 n hook-replaced", NULL},
		{INTERFACE "PostUp = echo 1 > /proc/sys/net/ipv6/conf/all/forwarding\n"
			   "PreUp = echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra\n",
		 "3 n hook-replaced", NULL},
		{INTERFACE "PostUp = echo 1 > /proc/sys/net/ipv6/conf/all/forwarding\n",
		 "3 w forwarding-without-accept-ra; 3 n hook-replaced", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_hooks_that_keys_replace_are_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE "PreUp = sysctl net.ipv4.ip_forward=1\n", "3 n hook-replaced", NULL},
		{INTERFACE "PostUp = iptables -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS "
			   "--clamp-mss-to-pmtu\n",
		 "3 n hook-replaced", NULL},
		{INTERFACE
		 "PostUp = nft add rule a b tcp flags syn tcp option maxseg size set rt mtu\n",
		 "3 n hook-replaced", NULL},
		{INTERFACE "PostUp = ip -6 neigh add proxy 2001:db8::2 dev eth0\n",
		 "3 n hook-replaced", NULL},
		{INTERFACE "PostUp = wg set %i peer x preshared-key <(pass psk)\n",
		 "3 n hook-replaced", NULL},
		{INTERFACE "PostUp = sysctl net.core.rmem_max=1\n", "3 n hook-replaced", NULL},
		{INTERFACE
		 "PostUp = iptables -I OUTPUT ! -o %i -m mark ! --mark $(wg show %i fwmark) "
		 "-m addrtype ! --dst-type LOCAL -j REJECT\n",
		 "3 n hook-replaced", NULL},
		/* What only takes it back, and what is none of our business. */
		{INTERFACE "PreDown = sysctl net.ipv4.ip_forward=0\n", "", NULL},
		{INTERFACE "PostUp = logger %i is up\n", "", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_a_missing_keepalive_behind_nat_is_found(void **state)
{
#define CLIENT(endpoint, more) INTERFACE PEER_A "Endpoint = " endpoint "\nAllowedIPs = ::1\n" more
	static const struct verdict verdicts[] = {
		{CLIENT("9.9.9.9:1", ""), "3 n no-keepalive", &nat_host},
		{CLIENT("[2600::1]:1", ""), "3 n no-keepalive", &nat_host},
		{CLIENT("9.9.9.9:1", "PersistentKeepalive = 25\n"), "", &nat_host},
		{CLIENT("9.9.9.9:1", ""), "", &public_host},
		{CLIENT("9.9.9.9:1", ""), "", NULL},
		{CLIENT("192.168.1.1:1", ""), "", &nat_host},
		{CLIENT("shale.example:1", ""), "", &nat_host},
	};
#undef CLIENT

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_repetitions_are_found(void **state)
{
	static const struct verdict verdicts[] = {
		{INTERFACE "MTU = 1400\nMTU = 1420\n", "4 w repeated-key", NULL},
		{INTERFACE PEER_A "Name = a\nAllowedIPs = ::1\n" PEER_B
				  "Name = a\nAllowedIPs = ::2\n",
		 "9 w equal-names", NULL},
	};

	(void)state;
	assert_verdicts(verdicts, WG_ARRAY_LEN(verdicts));
}

static void test_a_file_that_cannot_be_parsed_is_one_finding(void **state)
{
	struct wg_check check;

	(void)state;
	check_text(&check, "[Interface]\nMUT = 1\n", &quiet_host);
	assert_int_equal(check.n_findings, 1);
	assert_string_equal(check.findings[0].code, "syntax");
	assert_int_equal(check.findings[0].line, 2);
	assert_string_equal(check.findings[0].reason, "MUT: unknown key");
	assert_string_equal(check.findings[0].remedy, "did you mean MTU?");
	wg_check_deinit(&check);
	check_text(&check, "", &quiet_host);
	assert_int_equal(check.findings[0].line, 0);
	assert_string_equal(check.findings[0].reason, "no [Interface] section");
	wg_check_deinit(&check);
}

static void test_only_warnings_and_errors_are_problems(void **state)
{
	static const struct {
		const char *text;
		bool problems;
	} cases[] = {
		{BASALT, false},
		{INTERFACE "PostUp = sysctl net.core.rmem_max=1\n", false},
		{INTERFACE "MTU = 1400\nMTU = 1420\n", true},
		{INTERFACE "MTU = 1279\nAddress = ::1\n", true},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_check check;

		check_text(&check, cases[i].text, &quiet_host);
		assert_int_equal(wg_check_has_problems(&check), cases[i].problems);
		wg_check_deinit(&check);
	}
}

static void test_the_map_and_the_findings_are_printed(void **state)
{
	struct wg_check check;
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	(void)state;
	check_text(&check, BASALT "AllowedIPs = 10.1.2.3/8\nEndpoint = [fe80::1%eth0]:1\n",
		   &quiet_host);
	wg_check_print(file, &check);
	fclose(file);
	assert_string_equal(
		text, "WHERE     ADDRESS                LINE  WHOSE\n"
		      "outside   UDP port 30567            -  this host\n"
		      "outside   [fe80::1%eth0]:1         10  shale\n"
		      "inside    2001:db8:7767::2/128      3  this host\n"
		      "inside    ::/0                      8  shale\n"
		      "inside    10.0.0.0/8                9  shale\n"
		      "\n"
		      "wg0.conf:9: warning: 10.1.2.3/8 means all of 10.0.0.0/8 [host-bits]\n"
		      "  remedy: write 10.0.0.0/8, or 10.1.2.3/32 for that one address\n"
		      "wg0.conf:10: warning: Endpoint was given in line 7; only this one counts "
		      "[repeated-key]\n"
		      "  remedy: remove one of them\n");
	free(text);
	wg_check_deinit(&check);
}

static void assert_json(const char *conf, const char *expected)
{
	struct wg_check check;
	json_t *json;
	json_t *want;

	check_text(&check, conf, &quiet_host);
	json = wg_check_json(&check);
	want = json_loads(expected, 0, NULL);
	assert_non_null(json);
	assert_non_null(want);
	if (!json_equal(json, want))
		fail_msg("%s", json_dumps(json, JSON_INDENT(2)));
	json_decref(json);
	json_decref(want);
	wg_check_deinit(&check);
}

static void test_the_json_is_as_documented(void **state)
{
	(void)state;
	assert_json(BASALT,
		    "{\"file\": \"wg0.conf\", \"interface\": \"wg0\", \"problems\": false,"
		    "\"outside\": [{\"address\": \"UDP port 30567\", \"whose\": \"this host\","
		    "  \"line\": null}, {\"address\": \"192.0.2.7:30567\", \"whose\": \"shale\","
		    "  \"line\": 7}],"
		    "\"inside\": [{\"address\": \"2001:db8:7767::2/128\", \"whose\": \"this host\","
		    "  \"line\": 3}, {\"address\": \"::/0\", \"whose\": \"shale\", \"line\": 8}],"
		    "\"findings\": []}");
	assert_json("[Interface]\nColo\xe9r = blue\n",
		    "{\"file\": \"wg0.conf\", \"interface\": null, \"problems\": true,"
		    "\"outside\": [], \"inside\": [], \"findings\": [{\"code\": \"syntax\","
		    "\"level\": \"error\", \"line\": 2, \"reason\": \"Colo?r: unknown key\","
		    "\"remedy\": null}]}");
}

static void test_many_peers_are_checked_in_one_pass(void **state)
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	struct wg_check check;

	(void)state;
	fputs(INTERFACE, file);
	for (unsigned int i = 0; i < 20000; i++)
		fprintf(file, PEER_A "AllowedIPs = 10.%u.%u.%u\n", i >> 16, i >> 8 & 255, i & 255);
	fclose(file);
	check_text(&check, text, &quiet_host);
	/* All have one key; nothing else is wrong. */
	assert_int_equal(check.n_findings, 19999);
	wg_check_deinit(&check);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_two_hosts_of_the_manual_are_right),
		cmocka_unit_test(test_mixed_up_keys_are_found),
		cmocka_unit_test(test_the_own_public_key_as_a_peer_is_found),
		cmocka_unit_test(test_an_endpoint_inside_its_own_allowed_ips_is_found),
		cmocka_unit_test(test_overlapping_allowed_ips_are_found),
		cmocka_unit_test(test_addresses_that_lead_nowhere_are_found),
		cmocka_unit_test(test_gateways_are_found),
		cmocka_unit_test(test_an_mtu_too_small_for_ipv6_is_found),
		cmocka_unit_test(test_forwarding_that_loses_the_default_route_is_found),
		cmocka_unit_test(test_hooks_that_keys_replace_are_found),
		cmocka_unit_test(test_a_missing_keepalive_behind_nat_is_found),
		cmocka_unit_test(test_repetitions_are_found),
		cmocka_unit_test(test_a_file_that_cannot_be_parsed_is_one_finding),
		cmocka_unit_test(test_only_warnings_and_errors_are_problems),
		cmocka_unit_test(test_the_map_and_the_findings_are_printed),
		cmocka_unit_test(test_the_json_is_as_documented),
		cmocka_unit_test(test_many_peers_are_checked_in_one_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
