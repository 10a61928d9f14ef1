/* What doctor says of the host's network: ways, routes, neighbours, filters. */
#include "diagnosis.h"

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
	start_again();
	strcpy(links[1].name, "eth0.5");
	assert_string_equal(diagnose(), "e accept-ra");
	assert_said("sysctl -w net.ipv6.conf.eth0/5.accept_ra=2");
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
	assert_said("Sysctl = net.ipv4.conf.eth0.proxy_arp=1");
	start_again();
	strcpy(links[1].name, "eth0.5");
	assert_string_equal(diagnose(), "w on-link-prefix");
	assert_said("Sysctl = net.ipv4.conf.eth0/5.proxy_arp=1");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
