#include "wgtest.h"

#include <errno.h>

#include "host/netplan.h"

#define TUNNEL 9u

static struct wg_link links[] = {
	{.index = 1, .name = "lo", .up = true, .ipv6_accept_ra = 1},
	{.index = 2, .name = "eth0", .up = true},
	{.index = TUNNEL, .name = "wg0"},
};
static struct wg_hostview view;
static struct wg_route host_routes[4];
static struct wg_rule host_rules[4];
static struct wg_conf conf;
static struct wg_netplan plan;
static struct wg_error error;

static int setup(void **state)
{
	(void)state;
	links[1].ipv6_accept_ra = 0;
	view = (struct wg_hostview){.links = links,
				    .n_links = WG_ARRAY_LEN(links),
				    .routes = host_routes,
				    .rules = host_rules};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wg_netplan_free(&plan);
	wg_conf_deinit(&conf);
	return 0;
}

/* A key's characters do not matter here, only that there are as many peers. */
#define KEY  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY2 "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void make(const char *text)
{
	if (wg_conf_parse(&conf, "wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
	if (wg_netplan_make(&plan, &conf, &view, TUNNEL, 0, &error))
		fail_msg("%s", error.text);
}

static void add_host_default(const char *prefix, uint32_t link)
{
	struct wg_route *route = &host_routes[view.n_routes++];

	*route = (struct wg_route){
		.link = link, .table = WG_ROUTE_TABLE_MAIN, .type = WG_ROUTE_UNICAST};
	assert_true(wg_prefix_parse(&route->dst, prefix));
}

static const struct wg_route *find_route(const char *text, uint8_t type)
{
	struct wg_prefix prefix;

	assert_true(wg_prefix_parse(&prefix, text));
	for (size_t i = 0; i < plan.n_routes; i++)
		if (wg_ip_equal(&plan.routes[i].dst.ip, &prefix.ip) &&
		    plan.routes[i].dst.bits == prefix.bits && plan.routes[i].type == type)
			return &plan.routes[i];
	return NULL;
}

static bool same_text(const struct wg_route *route, const char *prefix)
{
	char text[WG_PREFIX_TEXT_LEN];

	return !strcmp(wg_prefix_format(text, &route->dst), prefix);
}

static const char basalt[] = "[Interface]\nPrivateKey = " KEY "\nAddress = 2001:db8:7767::2/128\n"
			     "[Peer]\nPublicKey = " KEY2
			     "\nEndpoint = 192.0.2.7:30567\nAllowedIPs = ::/0\n";

static void
test_a_default_route_of_the_other_family_is_plain_where_nothing_else_leads_there(void **state)
{
	(void)state;
	make(basalt);
	assert_int_equal(plan.way[1], WG_DEFAULT_PLAIN);
	assert_int_equal(plan.n_rules, 0);
	assert_int_equal(plan.fwmark, 0);
	assert_int_equal(find_route("::/0", WG_ROUTE_UNICAST)->table, WG_ROUTE_TABLE_MAIN);
}

static void test_a_host_that_listens_to_routers_gets_rule_and_table(void **state)
{
	(void)state;
	links[1].ipv6_accept_ra = 1;
	make(basalt);
	assert_int_equal(plan.way[1], WG_DEFAULT_RULE);
}

static void test_a_host_with_another_default_gets_rule_table_and_a_wall_behind_it(void **state)
{
	const struct wg_route *wall;

	(void)state;
	add_host_default("::/0", 2);
	make(basalt);
	assert_int_equal(plan.way[1], WG_DEFAULT_RULE);
	assert_int_equal(plan.table, 51820);
	assert_int_equal(plan.fwmark, 51820);
	assert_int_equal(find_route("::/0", WG_ROUTE_UNICAST)->table, 51820);
	wall = find_route("::/0", WG_ROUTE_UNREACHABLE);
	assert_non_null(wall);
	assert_int_equal(wall->table, 51820);
	assert_int_equal(wall->link, 0);
	assert_true(wall->metric > 0);
	assert_int_equal(plan.n_rules, 2);
	assert_true(plan.rules[0].invert && plan.rules[0].fwmark == 51820 &&
		    plan.rules[0].table == 51820);
	assert_int_equal(plan.rules[1].suppress_prefixlength, 0);
	assert_true(plan.rules[1].priority < plan.rules[0].priority);
}

static void test_a_plan_for_a_running_tunnel_keeps_the_places_of_its_rules(void **state)
{
	struct wg_netplan running;

	(void)state;
	add_host_default("::/0", 2);
	make(basalt);
	running = plan;
	for (size_t i = 0; i < plan.n_rules; i++)
		host_rules[view.n_rules++] = plan.rules[i];
	assert_int_equal(wg_netplan_make(&plan, &conf, &view, TUNNEL, running.table, &error), 0);
	assert_int_not_equal(plan.rules[0].priority, running.rules[0].priority);
	wg_netplan_keep_rules(&plan, &running);
	assert_int_equal(plan.rules[0].priority, running.rules[0].priority);
	assert_int_equal(plan.rules[1].priority, running.rules[1].priority);
	wg_netplan_free(&running);
}

static void test_an_endpoint_of_the_same_family_needs_the_rule(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\n[Peer]\nPublicKey = " KEY2
	     "\nEndpoint = 192.0.2.7:1\nAllowedIPs = 0.0.0.0/0\n");
	assert_int_equal(plan.way[0], WG_DEFAULT_RULE);
}

static void test_a_table_or_mark_that_is_in_use_is_passed_over(void **state)
{
	(void)state;
	add_host_default("::/0", 2);
	add_host_default("10.0.0.0/8", 2);
	host_routes[1].table = 51820;
	host_rules[view.n_rules++] =
		(struct wg_rule){.family = WG_FAMILY_IPV6, .fwmark = 51821, .priority = 100};
	make(basalt);
	assert_int_equal(plan.table, 51822);
	assert_true(plan.rules[0].priority < 100);
}

static void test_a_mark_in_the_file_is_the_table_as_well(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nFwMark = 0x1234\n[Peer]\nPublicKey = " KEY2
	     "\nEndpoint = 192.0.2.7:1\nAllowedIPs = 0.0.0.0/0\n");
	assert_int_equal(plan.table, 0x1234);
	assert_int_equal(plan.fwmark, 0x1234);
}

static void test_routes_are_longest_first_and_skip_what_addresses_cover(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nAddress = 10.0.0.1/24\n[Peer]\nPublicKey = " KEY2
	     "\nAllowedIPs = 10.0.0.2/32, 10.1.0.0/16, 10.1.2.0/24\n");
	assert_int_equal(plan.n_routes, 2);
	assert_int_equal(plan.routes[0].dst.bits, 24);
	assert_int_equal(plan.routes[1].dst.bits, 16);
}

static void test_table_off_lays_no_routes_and_a_number_all_of_them_there(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nTable = off\n[Peer]\nPublicKey = " KEY2
	     "\nAllowedIPs = ::/0\n");
	assert_int_equal(plan.n_routes, 0);
	wg_netplan_free(&plan);
	wg_conf_deinit(&conf);
	make("[Interface]\nPrivateKey = " KEY
	     "\nAddress = 10.0.0.1/24\nTable = 7\n[Peer]\nPublicKey = " KEY2
	     "\nAllowedIPs = ::/0, 10.0.0.2/32\n");
	assert_int_equal(plan.n_routes, 2);
	assert_int_equal(plan.routes[0].table, 7);
	assert_int_equal(plan.n_rules, 0);
}

static void test_proxies_are_for_single_ipv6_addresses_on_a_link_that_is_there(void **state)
{
	static const char missing[] = "[Interface]\nPrivateKey = " KEY "\nProxyNDP = eth7\n";

	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nProxyNDP = eth0\n[Peer]\nPublicKey = " KEY2
	     "\nAllowedIPs = 2001:db8::2/128, 2001:db8:1::/64, 10.0.0.2/32\n");
	assert_int_equal(plan.n_proxies, 1);
	assert_int_equal(plan.proxies[0].link, 2);
	wg_netplan_free(&plan);
	wg_conf_deinit(&conf);
	assert_int_equal(wg_conf_parse(&conf, "wg0.conf", "wg0", missing, strlen(missing), &error),
			 0);
	assert_int_equal(wg_netplan_make(&plan, &conf, &view, TUNNEL, 0, &error), -ENODEV);
	assert_string_equal(error.text, "wg0.conf:3: ProxyNDP eth7: No such interface");
}

static void test_the_mtu_is_the_smallest_path_less_the_outer_headers(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nAddress = 10.0.0.1/24\n");
	assert_int_equal(wg_netplan_mtu(&conf, 0, 0), 1420);
	assert_int_equal(wg_netplan_mtu(&conf, 1500, 0), 1440);
	assert_int_equal(wg_netplan_mtu(&conf, 0, 1500), 1420);
	assert_int_equal(wg_netplan_mtu(&conf, 1400, 1500), 1340);
	assert_int_equal(wg_netplan_mtu(&conf, 1000, 0), 940);
	assert_true(wg_netplan_mtu(&conf, 65536, 0) <= 65535 - 80);
	wg_netplan_free(&plan);
	wg_conf_deinit(&conf);
	make(basalt);
	assert_int_equal(wg_netplan_mtu(&conf, 1000, 0), 1280);
	conf.mtu = 1300;
	assert_int_equal(wg_netplan_mtu(&conf, 1500, 0), 1300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_a_next_hop_comes_after_the_route_that_leads_to_it(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\n"
	     "Route = 10.9.0.0/24 via 10.8.0.1, 10.8.0.0/16, 10.7.0.0/16 via 10.8.0.1\n");
	assert_int_equal(plan.n_routes, 3);
	assert_true(same_text(&plan.routes[0], "10.8.0.0/16"));
	assert_true(same_text(&plan.routes[1], "10.9.0.0/24"));
	assert_true(same_text(&plan.routes[2], "10.7.0.0/16"));
}

static void test_routes_and_proxies_are_found_again(void **state)
{
	struct wg_route other;
	struct wg_neigh_proxy proxy;

	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nProxyNDP = eth0\n"
	     "Route = 10.9.0.0/16 via 10.7.0.1 metric 7, 2001:db8:9::/48\n"
	     "[Peer]\nPublicKey = " KEY2 "\n"
	     "AllowedIPs = 10.0.0.3/32, 10.0.0.2/32, 2001:db8::2/128, 2001:db8::1/128, ::/0\n");
	for (size_t i = 0; i < plan.n_routes; i++) {
		assert_true(wg_netplan_has_route(&plan, &plan.routes[i]));
		if (plan.routes[i].link == TUNNEL)
			assert_ptr_equal(wg_netplan_route_in_place(&plan, &plan.routes[i]),
					 &plan.routes[i]);
		other = plan.routes[i];
		other.metric++;
		assert_false(wg_netplan_has_route(&plan, &other));
		other.dst.ip.bytes[3] ^= 1;
		assert_null(wg_netplan_route_in_place(&plan, &other));
	}
	assert_int_equal(plan.n_proxies, 2);
	for (size_t i = 0; i < plan.n_proxies; i++)
		assert_true(wg_netplan_has_proxy(&plan, &plan.proxies[i]));
	proxy = plan.proxies[0];
	proxy.link++;
	assert_false(wg_netplan_has_proxy(&plan, &proxy));
}

static void test_another_next_hop_is_another_route_in_the_same_place(void **state)
{
	struct wg_route old;

	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nRoute = 10.9.0.0/16 via 10.7.0.1 metric 7\n");
	old = plan.routes[0];
	assert_true(wg_ip_parse(&old.via, "10.7.0.2"));
	assert_false(wg_netplan_has_route(&plan, &old));
	assert_ptr_equal(wg_netplan_route_in_place(&plan, &old), &plan.routes[0]);
	old.via = (struct wg_ip){0};
	assert_false(wg_netplan_has_route(&plan, &old));
	assert_ptr_equal(wg_netplan_route_in_place(&plan, &old), &plan.routes[0]);
	old.metric = 8;
	assert_null(wg_netplan_route_in_place(&plan, &old));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_default_route_of_the_other_family_is_plain_where_nothing_else_leads_there),
		TEST(test_a_host_that_listens_to_routers_gets_rule_and_table),
		TEST(test_a_host_with_another_default_gets_rule_table_and_a_wall_behind_it),
		TEST(test_a_plan_for_a_running_tunnel_keeps_the_places_of_its_rules),
		TEST(test_an_endpoint_of_the_same_family_needs_the_rule),
		TEST(test_a_table_or_mark_that_is_in_use_is_passed_over),
		TEST(test_a_mark_in_the_file_is_the_table_as_well),
		TEST(test_routes_are_longest_first_and_skip_what_addresses_cover),
		TEST(test_table_off_lays_no_routes_and_a_number_all_of_them_there),
		TEST(test_proxies_are_for_single_ipv6_addresses_on_a_link_that_is_there),
		TEST(test_the_mtu_is_the_smallest_path_less_the_outer_headers),
		TEST(test_a_next_hop_comes_after_the_route_that_leads_to_it),
		TEST(test_routes_and_proxies_are_found_again),
		TEST(test_another_next_hop_is_another_route_in_the_same_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
