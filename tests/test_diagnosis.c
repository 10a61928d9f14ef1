#include "wgtest.h"

#include <errno.h>

#include "daemon/diagnosis.h"

#define NOW INT64_C(1790000000)

enum { LO = 1, ETH0 = 2, TUNNEL = 9 };

/* A host with IPv4 and IPv6 at eth0, and wg0 up with one peer that has a session; each
 * test spoils one thing. */
static struct wg_link links[] = {
	{.index = LO, .name = "lo", .mtu = 65536, .up = true, .ipv6_accept_ra = 1},
	{.index = ETH0, .name = "eth0", .mtu = 1500, .up = true},
	{.index = TUNNEL, .name = "wg0", .kind = "tun", .mtu = 1420, .up = true},
};
static struct wg_facts_link parameters[WG_ARRAY_LEN(links)];
static struct wg_route routes[10];
static struct wg_rule rules[5];
static struct wg_address addresses[1];
static struct wg_neigh_proxy proxies[3];
static struct wg_facts_way ways[1];
static struct wg_solicit solicited[4];
static struct wg_facts facts;
static struct wg_config_peer *peer;
static struct wg_conf conf;
static struct wg_check check;
static char *summary;

static struct wg_prefix prefix_of(const char *text)
{
	struct wg_prefix prefix;

	assert_true(wg_prefix_parse(&prefix, text));
	return prefix;
}

static struct wg_ip ip_of(const char *text)
{
	struct wg_ip ip;

	assert_true(wg_ip_parse(&ip, text));
	return ip;
}

static struct wg_route *add_route(const char *dst, uint32_t link, const char *via)
{
	struct wg_route *route = &routes[facts.host.n_routes++];

	assert_true(facts.host.n_routes <= WG_ARRAY_LEN(routes));
	*route = (struct wg_route){.dst = prefix_of(dst),
				   .link = link,
				   .table = WG_ROUTE_TABLE_MAIN,
				   .type = WG_ROUTE_UNICAST,
				   .protocol = WG_ROUTE_FROM_STATIC};
	if (via)
		route->via = ip_of(via);
	return route;
}

static void set_peer(void)
{
	peer = wg_config_add_peer(&facts.status.config);
	assert_non_null(peer);
	peer->public_key[0] = 9;
	peer->endpoint = (struct wg_endpoint){.ip = ip_of("192.0.2.7"), .port = 30567};
	peer->has_endpoint = true;
	peer->health = (struct wg_config_health){.session = true, .usable_key = true};
	assert_int_equal(wg_status_name_peer(&facts.status, 0, "shale"), 0);
}

static void allow(const char *text)
{
	struct wg_prefix prefix = prefix_of(text);

	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
}

static int setup(void **state)
{
	(void)state;
	links[1] = (struct wg_link){.index = ETH0, .name = "eth0", .mtu = 1500, .up = true};
	links[2] = (struct wg_link){
		.index = TUNNEL, .name = "wg0", .kind = "tun", .mtu = 1420, .up = true};
	memset(parameters, 0, sizeof(parameters));
	facts = (struct wg_facts){
		.name = "wg0",
		.now_sec = NOW,
		.runner = WG_FACTS_RUNS_TUFF,
		.host = {links, WG_ARRAY_LEN(links), routes, 0, rules, 0},
		.links = parameters,
		.addresses = addresses,
		.n_addresses = 1,
		.proxies = proxies,
		.ways = ways,
		.solicited = solicited,
	};
	wg_status_init(&facts.status);
	facts.status.detailed = true;
	facts.status.link_up = true;
	facts.status.config.has_private_key = true;
	facts.status.config.has_listen_port = true;
	facts.status.config.listen_port = 30567;
	set_peer();
	addresses[0] = (struct wg_address){.link = TUNNEL, .prefix = prefix_of("10.7.0.2/24")};
	ways[0] = (struct wg_facts_way){.mtu = 1500};
	ways[0].route = *add_route("0.0.0.0/0", ETH0, "203.0.113.1");
	add_route("2001:db8:1::/64", ETH0, NULL);
	add_route("10.7.0.0/24", TUNNEL, NULL);
	allow("10.7.0.1/32");
	wg_check_init(&check, "wg0");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wg_check_deinit(&check);
	wg_status_deinit(&facts.status);
	wg_conf_deinit(&conf);
	free(summary);
	summary = NULL;
	return 0;
}

static void start_again(void)
{
	free(summary);
	summary = NULL;
	wg_check_deinit(&check);
	wg_check_init(&check, "wg0");
}

/* "LEVEL CODE", apart by "; ". Each finding has a remedy. */
static const char *diagnose(void)
{
	static const char levels[] = "nwe";
	size_t len;
	FILE *file = open_memstream(&summary, &len);

	assert_non_null(file);
	wg_diagnosis_make(&check, &facts);
	assert_false(check.failed);
	for (size_t i = 0; i < check.n_findings; i++) {
		const struct wg_check_finding *finding = &check.findings[i];

		assert_true(finding->reason && *finding->reason);
		assert_true(finding->remedy && *finding->remedy);
		fprintf(file, "%s%c %s", i ? "; " : "", levels[finding->level], finding->code);
	}
	fclose(file);
	return summary;
}

static void assert_said(const char *word)
{
	assert_true(check.n_findings > 0);
	if (!strstr(check.findings[0].reason, word) && !strstr(check.findings[0].remedy, word))
		fail_msg("%s: not in: %s (%s)", word, check.findings[0].reason,
			 check.findings[0].remedy);
}

static void read_conf(const char *text)
{
	struct wg_error error;

	if (wg_conf_parse(&conf, "wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
	facts.conf = &conf;
}

static void test_a_healthy_tunnel_has_no_findings(void **state)
{
	(void)state;
	assert_string_equal(diagnose(), "");
}

static void test_a_tunnel_that_is_not_up_is_found(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	facts.host.n_links = 2;
	assert_string_equal(diagnose(), "e not-up");
	assert_said("tuff up wg0");
}

static void test_a_link_without_a_control_socket_is_found(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	assert_string_equal(diagnose(), "e no-control-socket");
	assert_said("ip link delete wg0");
}

static void test_a_link_of_the_kernels_wireguard_is_told_apart(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	snprintf(links[2].kind, sizeof(links[2].kind), "wireguard");
	assert_string_equal(diagnose(), "e link-taken");
}

static void test_leftovers_of_a_dead_tunnel_are_counted(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_NOT;
	facts.host.n_links = 2;
	facts.leftovers = 3;
	assert_string_equal(diagnose(), "e not-up; e leftovers");
	assert_non_null(strstr(check.findings[1].reason, "3 changes"));
	assert_non_null(strstr(check.findings[1].remedy, "tuff down wg0"));
}

static void test_a_port_that_another_program_has_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nListenPort = 4711\n");
	facts.runner = WG_FACTS_RUNS_NOT;
	facts.host.n_links = 2;
	facts.port_taken = true;
	assert_string_equal(diagnose(), "e not-up; e port-taken");
	assert_non_null(strstr(check.findings[1].remedy, ":4711"));
}

static void test_another_program_is_left_to_wg(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_FOREIGN;
	assert_string_equal(diagnose(), "w foreign");
	assert_said("wg show wg0");
}

static void test_what_may_not_be_asked_is_looked_at_from_outside(void **state)
{
	(void)state;
	facts.runner = WG_FACTS_RUNS_HIDDEN;
	assert_string_equal(diagnose(), "w not-permitted");
	assert_said("sudo tuff doctor wg0");
	start_again();
	links[2].up = false;
	facts.now_sec = 1;
	assert_string_equal(diagnose(), "w not-permitted; e clock; e link-down");
}

static void test_a_link_in_another_namespace_is_found(void **state)
{
	(void)state;
	facts.host.n_links = 2;
	assert_string_equal(diagnose(), "w link-elsewhere");
}

static void test_a_link_that_is_down_is_found(void **state)
{
	(void)state;
	links[2].up = false;
	assert_string_equal(diagnose(), "e link-down");
	assert_said("ip link set wg0 up");
}

static void test_a_missing_private_key_is_found_and_peers_are_not_blamed(void **state)
{
	(void)state;
	facts.status.config.has_private_key = false;
	peer->health.session = false;
	peer->health.initiations_sent = 5;
	assert_string_equal(diagnose(), "e no-private-key");
}

static void test_a_port_that_is_not_the_files_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nListenPort = 4711\n");
	assert_string_equal(diagnose(), "w port");
	assert_said("tuff reload wg0");
}

static void test_a_port_that_had_to_give_way_matters_to_peers_that_call(void **state)
{
	(void)state;
	read_conf("[Interface]\n");
	facts.status.config.listen_port = 40000;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->has_endpoint = false;
	assert_string_equal(diagnose(), "w port");
	assert_said("30567");
}

static void test_an_mtu_below_what_ipv6_needs_is_found(void **state)
{
	(void)state;
	links[2].mtu = 1200;
	assert_string_equal(diagnose(), "");
	start_again();
	allow("2001:db8::/32");
	assert_string_equal(diagnose(), "e mtu-too-small");
	start_again();
	links[2].mtu = 1280;
	assert_string_equal(diagnose(), "");
}

static void test_an_mtu_is_small_for_ipv6_addresses_of_the_tunnel_only(void **state)
{
	(void)state;
	links[2].mtu = 1279;
	addresses[0] = (struct wg_address){.link = ETH0, .prefix = prefix_of("2001:db8::1/64")};
	assert_string_equal(diagnose(), "");
	start_again();
	addresses[0].link = TUNNEL;
	assert_string_equal(diagnose(), "e mtu-too-small");
}

static void test_an_mtu_that_does_not_fit_the_path_is_found(void **state)
{
	(void)state;
	ways[0].mtu = 1480;
	assert_string_equal(diagnose(), "");
	start_again();
	ways[0].mtu = 1479;
	assert_string_equal(diagnose(), "w mtu-too-large");
	assert_said("ip link set wg0 mtu 1419");
}

static void test_a_path_too_narrow_for_ipv6_is_found_but_not_followed(void **state)
{
	(void)state;
	ways[0].mtu = 1300;
	assert_string_equal(diagnose(), "w mtu-too-large");
	assert_said("mtu 1240");
	start_again();
	allow("2001:db8::/32");
	assert_string_equal(diagnose(), "w mtu-too-large");
	assert_said("mtu 1280");
}

static void test_a_path_that_is_not_known_is_not_judged(void **state)
{
	(void)state;
	ways[0].mtu = 0;
	assert_string_equal(diagnose(), "");
	start_again();
	ways[0].mtu = 100;
	peer->has_endpoint = false;
	assert_string_equal(diagnose(), "");
}

static void test_what_ipv6_needs_is_not_too_large(void **state)
{
	(void)state;
	ways[0].mtu = 1300;
	links[2].mtu = 1280;
	assert_string_equal(diagnose(), "");
}

static void test_an_address_that_the_link_lost_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nAddress = 10.7.0.2/24, 2001:db8:7::2/128\n");
	assert_string_equal(diagnose(), "e address-missing");
	assert_said("ip address add 2001:db8:7::2/128 dev wg0");
}

static void test_a_clock_of_before_the_program_is_found(void **state)
{
	(void)state;
	facts.now_sec = 1704067200;
	assert_string_equal(diagnose(), "");
	start_again();
	facts.now_sec = 1704067199;
	assert_string_equal(diagnose(), "e clock");
}

static void test_a_peer_whose_timestamps_are_refused_is_found(void **state)
{
	(void)state;
	peer->health.session = false;
	peer->health.timestamps_refused = 2;
	assert_string_equal(diagnose(), "w peer-clock");
}

static void test_a_peer_that_does_not_answer_is_found_after_the_second_try(void **state)
{
	(void)state;
	peer->health.session = false;
	peer->health.initiations_sent = 1;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->health.initiations_sent = 2;
	assert_string_equal(diagnose(), "w no-session");
	assert_said("192.0.2.7:30567");
	assert_said("UDP port 30567");
}

static void test_a_peer_without_a_name_is_called_by_its_key(void **state)
{
	(void)state;
	wg_status_deinit(&facts.status);
	facts.status.detailed = facts.status.link_up = true;
	facts.status.config.has_private_key = true;
	peer = wg_config_add_peer(&facts.status.config);
	peer->public_key[0] = 9;
	assert_string_equal(diagnose(), "w no-session");
	assert_said("CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= has no session");
}

static void test_a_peer_without_a_session_that_nobody_wanted_is_healthy(void **state)
{
	(void)state;
	peer->health.session = false;
	assert_string_equal(diagnose(), "");
}

static void test_each_cause_has_its_remedy(void **state)
{
	static const struct {
		struct wg_config_health health;
		const char *remedy;
	} causes[] = {
		{{.usable_key = false}, "PublicKey"},
		{{.usable_key = true, .responses_refused = 1}, "PresharedKey"},
		{{.usable_key = true, .send_error = -EHOSTUNREACH}, "ip route get 192.0.2.7"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(causes); i++) {
		peer->health = causes[i].health;
		assert_string_equal(diagnose(), "w no-session");
		assert_said(causes[i].remedy);
		start_again();
	}
}

static void test_an_endpoint_that_cannot_be_reached_is_found(void **state)
{
	(void)state;
	ways[0] = (struct wg_facts_way){.error = -ENETUNREACH};
	assert_string_equal(diagnose(), "e no-route-to-endpoint");
}

static void test_an_endpoint_inside_the_tunnel_is_found_with_its_rule_and_table(void **state)
{
	(void)state;
	ways[0].route.link = TUNNEL;
	ways[0].route.table = 254;
	/* Of the other family, with more than we know, passing defaults over, and of
	 * another mark: none of these is it. */
	rules[0] = (struct wg_rule){WG_FAMILY_IPV6, .table = 254, .suppress_prefixlength = -1};
	rules[1] = (struct wg_rule){WG_FAMILY_IPV4, .other = true, .table = 254,
				    .suppress_prefixlength = -1};
	rules[2] = (struct wg_rule){WG_FAMILY_IPV4, .table = 254, .suppress_prefixlength = 0};
	rules[3] = (struct wg_rule){WG_FAMILY_IPV4, .fwmark = 5, .fwmask = UINT32_MAX, .table = 254,
				    .suppress_prefixlength = -1};
	rules[4] = (struct wg_rule){WG_FAMILY_IPV4, .priority = 32766, .table = 254,
				    .suppress_prefixlength = -1};
	facts.host.n_rules = 5;
	assert_string_equal(diagnose(), "e endpoint-inside");
	assert_said("rule 32766, table 254");
	assert_said("ip route add 192.0.2.7 via 203.0.113.1 dev eth0");
}

static void test_a_mark_that_is_not_the_rules_is_found(void **state)
{
	(void)state;
	ways[0].route.link = TUNNEL;
	ways[0].route.table = 51820;
	rules[0] = (struct wg_rule){.family = WG_FAMILY_IPV4,
				    .priority = 32764,
				    .table = 51820,
				    .invert = true,
				    .fwmark = 51820,
				    .fwmask = UINT32_MAX,
				    .suppress_prefixlength = -1};
	facts.host.n_rules = 1;
	assert_string_equal(diagnose(), "e endpoint-inside");
	assert_said("rule 32764 (not fwmark 0xca6c), table 51820");
	assert_said("wg set wg0 fwmark 0xca6c");
}

static void test_an_allowed_ip_without_a_route_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nTable = off\n");
	allow("10.8.1.0/24");
	allow("2001:db8:7::/48");
	assert_string_equal(diagnose(), "");
	start_again();
	conf.table_mode = WG_CONF_TABLE_AUTO;
	assert_string_equal(diagnose(), "e route-missing");
	assert_said("2 allowed IPs have no route");
	assert_said("tuff up wg0");
	start_again();
	add_route("10.8.0.0/15", TUNNEL, NULL);
	add_route("::/0", TUNNEL, NULL)->table = 51820;
	assert_string_equal(diagnose(), "");
}

static void test_forwarding_that_was_switched_off_is_found(void **state)
{
	(void)state;
	read_conf("[Interface]\nForward = both via eth0\n");
	facts.forwards_ipv4 = true;
	assert_string_equal(diagnose(), "e forwarding-off");
	assert_said("sysctl -w net.ipv6.conf.all.forwarding=1");
}

static void test_a_default_route_that_will_not_be_renewed_is_found_with_its_seconds(void **state)
{
	struct wg_route *route = add_route("::/0", ETH0, "fe80::1");

	(void)state;
	route->protocol = WG_ROUTE_FROM_RA;
	route->expires = 1234;
	links[1].ipv6_accept_ra = 2;
	links[1].ipv6_forwarding = 1;
	assert_string_equal(diagnose(), "");
	start_again();
	links[1].ipv6_accept_ra = 1;
	assert_string_equal(diagnose(), "e accept-ra");
	assert_said("fe80::1");
	assert_said("1234 seconds");
	assert_said("net.ipv6.conf.eth0.accept_ra=2");
	assert_said("Forward = ipv6 via eth0");
}

static void test_of_what_a_link_learnt_its_default_route_is_told(void **state)
{
	struct wg_route *route;

	(void)state;
	links[1].ipv6_accept_ra = 1;
	links[1].ipv6_forwarding = 1;
	add_route("::/0", TUNNEL, NULL)->protocol = WG_ROUTE_FROM_RA;
	add_route("192.0.2.0/24", ETH0, NULL)->expires = 5;
	assert_string_equal(diagnose(), "");
	start_again();
	add_route("2001:db8:2::/64", ETH0, NULL)->protocol = WG_ROUTE_FROM_RA;
	route = add_route("::/0", ETH0, "fe80::1");
	route->protocol = WG_ROUTE_FROM_RA;
	assert_string_equal(diagnose(), "e accept-ra");
	assert_said("fe80::1");
	start_again();
	links[1].up = false;
	assert_string_equal(diagnose(), "");
}

static void test_a_host_that_does_not_forward_listens_to_routers(void **state)
{
	(void)state;
	add_route("::/0", ETH0, "fe80::1")->protocol = WG_ROUTE_FROM_RA;
	links[1].ipv6_accept_ra = 1;
	assert_string_equal(diagnose(), "");
}

static void test_a_default_route_that_is_lost_already_is_found(void **state)
{
	(void)state;
	routes[1].expires = 86000; /* of the prefix, which advertisements told, too */
	links[1].ipv6_accept_ra = 1;
	links[1].ipv6_forwarding = 1;
	assert_string_equal(diagnose(), "e accept-ra");
	start_again();
	add_route("::/0", ETH0, "fe80::1");
	assert_string_equal(diagnose(), "");
}

static void test_an_address_in_an_on_link_prefix_needs_a_proxy(void **state)
{
	(void)state;
	allow("2001:db8:1::2/128");
	assert_string_equal(diagnose(), "");
	start_again();
	facts.forwards_ipv6 = true;
	assert_string_equal(diagnose(), "w on-link-prefix");
	assert_said("2001:db8:1::/64");
	assert_said("ProxyNDP = eth0");
	start_again();
	parameters[1].proxy_ndp = true;
	proxies[0] = (struct wg_neigh_proxy){LO, ip_of("2001:db8:1::2")};
	proxies[1] = (struct wg_neigh_proxy){ETH0, ip_of("2001:db8:1::3")};
	facts.n_proxies = 2;
	assert_string_equal(diagnose(), "w on-link-prefix");
	start_again();
	proxies[2] = (struct wg_neigh_proxy){ETH0, ip_of("2001:db8:1::2")};
	facts.n_proxies = 3;
	assert_string_equal(diagnose(), "");
	start_again();
	parameters[1].proxy_ndp = false;
	assert_string_equal(diagnose(), "w on-link-prefix");
}

static void test_questions_that_were_heard_are_counted(void **state)
{
	(void)state;
	allow("2001:db8:1::2/128");
	facts.forwards_ipv6 = true;
	solicited[0] = (struct wg_solicit){ETH0, ip_of("2001:db8:1::2")};
	solicited[1] = (struct wg_solicit){LO, ip_of("2001:db8:1::2")};
	solicited[2] = (struct wg_solicit){ETH0, ip_of("2001:db8:1::3")};
	solicited[3] = (struct wg_solicit){LO, ip_of("2001:db8:1::3")};
	facts.n_solicited = 4;
	assert_string_equal(diagnose(), "w on-link-prefix");
	assert_said("1 such question was heard");
	start_again();
	solicited[1].link = ETH0;
	assert_string_equal(diagnose(), "w on-link-prefix");
	assert_said("2 such questions were heard");
}

static void test_ipv4_neighbours_are_answered_by_proxy_arp(void **state)
{
	(void)state;
	allow("203.0.113.9/32");
	add_route("203.0.113.0/24", ETH0, NULL);
	facts.forwards_ipv4 = true;
	assert_string_equal(diagnose(), "w on-link-prefix");
	assert_said("proxy_arp=1");
	start_again();
	parameters[1].proxy_arp = true;
	assert_string_equal(diagnose(), "");
}

static void test_prefixes_link_local_addresses_and_other_tunnels_need_no_proxy(void **state)
{
	(void)state;
	facts.forwards_ipv6 = true;
	add_route("fe80::/64", ETH0, NULL);
	add_route("2001:db8:1:1::/64", TUNNEL, NULL);
	add_route("2001:db8:2::2/128", ETH0, NULL);
	add_route("::/0", ETH0, NULL);
	add_route("2001:db8:3::/64", ETH0, "fe80::1");
	allow("2001:db8:2::2/128");
	allow("2001:db8:3::2/128");
	allow("2001:db8:1::/80");
	allow("fe80::9/128");
	allow("2001:db8:1:1::2/128");
	assert_string_equal(diagnose(), "");
}

static void test_a_strict_filter_that_ignores_marks_is_found(void **state)
{
	(void)state;
	facts.status.config.fwmark = 51820;
	rules[0] = (struct wg_rule){.family = WG_FAMILY_IPV4,
				    .invert = true,
				    .fwmark = 51820,
				    .fwmask = UINT32_MAX,
				    .table = 51820};
	rules[1] = (struct wg_rule){.family = WG_FAMILY_IPV4, .fwmark = 7, .fwmask = UINT32_MAX};
	facts.host.n_rules = 2;
	parameters[1].rp_filter = 2;
	assert_string_equal(diagnose(), "");
	start_again();
	parameters[1].rp_filter = 1;
	assert_string_equal(diagnose(), "e rp-filter");
	assert_said("src_valid_mark=1");
	start_again();
	parameters[1].src_valid_mark = true;
	assert_string_equal(diagnose(), "");
	start_again();
	parameters[1].src_valid_mark = false;
	rules[0].family = WG_FAMILY_IPV6;
	assert_string_equal(diagnose(), "");
	start_again();
	rules[0].family = WG_FAMILY_IPV4;
	facts.status.config.fwmark = 7;
	assert_string_equal(diagnose(), "");
	start_again();
	facts.status.config.fwmark = 0;
	assert_string_equal(diagnose(), "");
}

static void test_a_firewall_is_told_of_while_somebody_is_missing(void **state)
{
	static char suspects[] = "inet filter input: policy drop";

	(void)state;
	facts.firewall = suspects;
	assert_string_equal(diagnose(), "");
	start_again();
	peer->health.session = false;
	assert_string_equal(diagnose(), "w firewall");
	assert_said(suspects);
	assert_said("udp dport 30567 accept");
}

static void test_the_json_has_each_finding(void **state)
{
	json_t *json;
	json_t *finding;

	(void)state;
	links[2].up = false;
	diagnose();
	json = wg_check_doctor_json(&check);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "interface")), "wg0");
	assert_true(json_is_true(json_object_get(json, "problems")));
	finding = json_array_get(json_object_get(json, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(finding, "code")), "link-down");
	json_decref(json);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_healthy_tunnel_has_no_findings),
		TEST(test_a_tunnel_that_is_not_up_is_found),
		TEST(test_a_link_without_a_control_socket_is_found),
		TEST(test_a_link_of_the_kernels_wireguard_is_told_apart),
		TEST(test_leftovers_of_a_dead_tunnel_are_counted),
		TEST(test_a_port_that_another_program_has_is_found),
		TEST(test_another_program_is_left_to_wg),
		TEST(test_what_may_not_be_asked_is_looked_at_from_outside),
		TEST(test_a_link_in_another_namespace_is_found),
		TEST(test_a_link_that_is_down_is_found),
		TEST(test_a_missing_private_key_is_found_and_peers_are_not_blamed),
		TEST(test_a_port_that_is_not_the_files_is_found),
		TEST(test_a_port_that_had_to_give_way_matters_to_peers_that_call),
		TEST(test_an_mtu_below_what_ipv6_needs_is_found),
		TEST(test_an_mtu_is_small_for_ipv6_addresses_of_the_tunnel_only),
		TEST(test_an_mtu_that_does_not_fit_the_path_is_found),
		TEST(test_a_path_too_narrow_for_ipv6_is_found_but_not_followed),
		TEST(test_a_path_that_is_not_known_is_not_judged),
		TEST(test_what_ipv6_needs_is_not_too_large),
		TEST(test_an_address_that_the_link_lost_is_found),
		TEST(test_a_clock_of_before_the_program_is_found),
		TEST(test_a_peer_whose_timestamps_are_refused_is_found),
		TEST(test_a_peer_that_does_not_answer_is_found_after_the_second_try),
		TEST(test_a_peer_without_a_name_is_called_by_its_key),
		TEST(test_a_peer_without_a_session_that_nobody_wanted_is_healthy),
		TEST(test_each_cause_has_its_remedy),
		TEST(test_an_endpoint_that_cannot_be_reached_is_found),
		TEST(test_an_endpoint_inside_the_tunnel_is_found_with_its_rule_and_table),
		TEST(test_a_mark_that_is_not_the_rules_is_found),
		TEST(test_an_allowed_ip_without_a_route_is_found),
		TEST(test_forwarding_that_was_switched_off_is_found),
		TEST(test_a_default_route_that_will_not_be_renewed_is_found_with_its_seconds),
		TEST(test_of_what_a_link_learnt_its_default_route_is_told),
		TEST(test_a_host_that_does_not_forward_listens_to_routers),
		TEST(test_a_default_route_that_is_lost_already_is_found),
		TEST(test_an_address_in_an_on_link_prefix_needs_a_proxy),
		TEST(test_questions_that_were_heard_are_counted),
		TEST(test_ipv4_neighbours_are_answered_by_proxy_arp),
		TEST(test_prefixes_link_local_addresses_and_other_tunnels_need_no_proxy),
		TEST(test_a_strict_filter_that_ignores_marks_is_found),
		TEST(test_a_firewall_is_told_of_while_somebody_is_missing),
		TEST(test_the_json_has_each_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
