#include "wgtest.h"

#include <errno.h>

#include "host/plan.h"

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
static struct wg_plan plan;
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
	wg_plan_free(&plan);
	wg_conf_deinit(&conf);
	return 0;
}

/* A key's characters do not matter here, only that there are as many peers. */
#define KEY  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY2 "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static uint32_t path_mtu(void *ctx, const struct wg_ip *to, uint32_t mark)
{
	(void)ctx;
	(void)mark;
	return to->family == WG_FAMILY_IPV6 ? 1400 : 1500;
}

static int make_plan(uint32_t own_table)
{
	const struct wg_plan_source source = {
		.conf = &conf,
		.view = &view,
		.link = TUNNEL,
		.own_table = own_table,
		.path_mtu = path_mtu,
	};

	return wg_plan_make(&plan, &source, &error);
}

static void make(const char *text)
{
	if (wg_conf_parse(&conf, "wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
	if (make_plan(0))
		fail_msg("%s", error.text);
}

static size_t count(enum wg_plan_kind kind)
{
	size_t n;

	wg_plan_ops(&plan, kind, &n);
	return n;
}

static const struct wg_plan_op *op_at(enum wg_plan_kind kind, size_t i)
{
	size_t n;
	const struct wg_plan_op *ops = wg_plan_ops(&plan, kind, &n);

	if (i >= n)
		fail_msg("there is no operation %zu of kind %d", i, (int)kind);
	return &ops[i];
}

static const struct wg_route *route_at(size_t i)
{
	return &op_at(WG_PLAN_ROUTE, i)->route;
}

static const struct wg_rule *rule_at(size_t i)
{
	return &op_at(WG_PLAN_RULE, i)->rule;
}

static bool has_route(const struct wg_route *route)
{
	const struct wg_plan_op op = {.kind = WG_PLAN_ROUTE, .route = *route};

	return wg_plan_find(&plan, &op);
}

static bool is_by_rule(enum wg_family family)
{
	const struct wg_plan_op op = {.kind = WG_PLAN_FIREWALL, .firewall = family};

	return wg_plan_find(&plan, &op);
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
	for (size_t i = 0; i < count(WG_PLAN_ROUTE); i++)
		if (wg_ip_equal(&route_at(i)->dst.ip, &prefix.ip) &&
		    route_at(i)->dst.bits == prefix.bits && route_at(i)->type == type)
			return route_at(i);
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
	assert_false(is_by_rule(WG_FAMILY_IPV6));
	assert_int_equal(count(WG_PLAN_RULE), 0);
	assert_int_equal(plan.fwmark, 0);
	assert_int_equal(find_route("::/0", WG_ROUTE_UNICAST)->table, WG_ROUTE_TABLE_MAIN);
}

static void test_a_host_that_listens_to_routers_gets_rule_and_table(void **state)
{
	(void)state;
	links[1].ipv6_accept_ra = 1;
	make(basalt);
	assert_true(is_by_rule(WG_FAMILY_IPV6));
}

static void test_a_host_with_another_default_gets_rule_table_and_a_wall_behind_it(void **state)
{
	const struct wg_route *wall;

	(void)state;
	add_host_default("::/0", 2);
	make(basalt);
	assert_true(is_by_rule(WG_FAMILY_IPV6));
	assert_int_equal(plan.table, 51820);
	assert_int_equal(plan.fwmark, 51820);
	assert_int_equal(find_route("::/0", WG_ROUTE_UNICAST)->table, 51820);
	wall = find_route("::/0", WG_ROUTE_UNREACHABLE);
	assert_non_null(wall);
	assert_int_equal(wall->table, 51820);
	assert_int_equal(wall->link, 0);
	assert_true(wall->metric > 0);
	assert_int_equal(count(WG_PLAN_RULE), 2);
	assert_true(rule_at(0)->invert && rule_at(0)->fwmark == 51820 &&
		    rule_at(0)->table == 51820);
	assert_int_equal(rule_at(1)->suppress_prefixlength, 0);
	assert_true(rule_at(1)->priority < rule_at(0)->priority);
}

static void test_a_plan_for_a_running_tunnel_keeps_the_places_of_its_rules(void **state)
{
	struct wg_plan running;
	uint32_t places[2];

	(void)state;
	add_host_default("::/0", 2);
	make(basalt);
	for (size_t i = 0; i < 2; i++) {
		host_rules[view.n_rules++] = *rule_at(i);
		places[i] = rule_at(i)->priority;
	}
	running = plan;
	assert_int_equal(make_plan(running.table), 0);
	assert_int_not_equal(rule_at(0)->priority, places[0]);
	wg_plan_keep_rules(&plan, &running);
	assert_int_equal(rule_at(0)->priority, places[0]);
	assert_int_equal(rule_at(1)->priority, places[1]);
	wg_plan_free(&running);
}

static void test_an_endpoint_of_the_same_family_needs_the_rule(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\n[Peer]\nPublicKey = " KEY2
	     "\nEndpoint = 192.0.2.7:1\nAllowedIPs = 0.0.0.0/0\n");
	assert_true(is_by_rule(WG_FAMILY_IPV4));
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
	assert_true(rule_at(0)->priority < 100);
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
	assert_int_equal(count(WG_PLAN_ROUTE), 2);
	assert_int_equal(route_at(0)->dst.bits, 24);
	assert_int_equal(route_at(1)->dst.bits, 16);
}

static void test_table_off_lays_no_routes_and_a_number_all_of_them_there(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nTable = off\n[Peer]\nPublicKey = " KEY2
	     "\nAllowedIPs = ::/0\n");
	assert_int_equal(count(WG_PLAN_ROUTE), 0);
	wg_plan_free(&plan);
	wg_conf_deinit(&conf);
	make("[Interface]\nPrivateKey = " KEY
	     "\nAddress = 10.0.0.1/24\nTable = 7\n[Peer]\nPublicKey = " KEY2
	     "\nAllowedIPs = ::/0, 10.0.0.2/32\n");
	assert_int_equal(count(WG_PLAN_ROUTE), 2);
	assert_int_equal(route_at(0)->table, 7);
	assert_int_equal(count(WG_PLAN_RULE), 0);
}

static void test_proxies_are_for_single_ipv6_addresses_on_a_link_that_is_there(void **state)
{
	static const char missing[] = "[Interface]\nPrivateKey = " KEY "\nProxyNDP = eth7\n";

	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nProxyNDP = eth0\n[Peer]\nPublicKey = " KEY2
	     "\nAllowedIPs = 2001:db8::2/128, 2001:db8:1::/64, 10.0.0.2/32\n");
	assert_int_equal(count(WG_PLAN_PROXY), 1);
	assert_int_equal(op_at(WG_PLAN_PROXY, 0)->proxy.link, 2);
	wg_plan_free(&plan);
	wg_conf_deinit(&conf);
	assert_int_equal(wg_conf_parse(&conf, "wg0.conf", "wg0", missing, strlen(missing), &error),
			 0);
	assert_int_equal(make_plan(0), -ENODEV);
	assert_string_equal(error.text, "wg0.conf:3: ProxyNDP eth7: No such interface");
}

static void test_the_mtu_is_the_smallest_path_less_the_outer_headers(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nAddress = 10.0.0.1/24\n");
	assert_int_equal(wg_plan_mtu(&conf, 0, 0), 1420);
	assert_int_equal(wg_plan_mtu(&conf, 1500, 0), 1440);
	assert_int_equal(wg_plan_mtu(&conf, 0, 1500), 1420);
	assert_int_equal(wg_plan_mtu(&conf, 1400, 1500), 1340);
	assert_int_equal(wg_plan_mtu(&conf, 1000, 0), 940);
	assert_true(wg_plan_mtu(&conf, 65536, 0) <= 65535 - 80);
	wg_plan_free(&plan);
	wg_conf_deinit(&conf);
	make(basalt);
	assert_int_equal(wg_plan_mtu(&conf, 1000, 0), 1280);
	conf.mtu = 1300;
	assert_int_equal(wg_plan_mtu(&conf, 1500, 0), 1300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_a_next_hop_comes_after_the_route_that_leads_to_it(void **state)
{
	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\n"
	     "Route = 10.9.0.0/24 via 10.8.0.1, 10.8.0.0/16, 10.7.0.0/16 via 10.8.0.1\n");
	assert_int_equal(count(WG_PLAN_ROUTE), 3);
	assert_true(same_text(route_at(0), "10.8.0.0/16"));
	assert_true(same_text(route_at(1), "10.9.0.0/24"));
	assert_true(same_text(route_at(2), "10.7.0.0/16"));
}

static void test_routes_and_proxies_are_found_again(void **state)
{
	struct wg_plan_op other;

	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nProxyNDP = eth0\n"
	     "Route = 10.9.0.0/16 via 10.7.0.1 metric 7, 2001:db8:9::/48\n"
	     "[Peer]\nPublicKey = " KEY2 "\n"
	     "AllowedIPs = 10.0.0.3/32, 10.0.0.2/32, 2001:db8::2/128, 2001:db8::1/128, ::/0\n");
	for (size_t i = 0; i < count(WG_PLAN_ROUTE); i++) {
		const struct wg_plan_op *op = op_at(WG_PLAN_ROUTE, i);

		assert_ptr_equal(wg_plan_find(&plan, op), op);
		if (op->route.link == TUNNEL)
			assert_ptr_equal(wg_plan_route_in_place(&plan, &op->route), op);
		other = *op;
		other.route.metric++;
		assert_null(wg_plan_find(&plan, &other));
		other.route.dst.ip.bytes[3] ^= 1;
		assert_null(wg_plan_route_in_place(&plan, &other.route));
	}
	assert_int_equal(count(WG_PLAN_PROXY), 2);
	for (size_t i = 0; i < 2; i++)
		assert_ptr_equal(wg_plan_find(&plan, op_at(WG_PLAN_PROXY, i)),
				 op_at(WG_PLAN_PROXY, i));
	other = *op_at(WG_PLAN_PROXY, 0);
	other.proxy.link++;
	assert_null(wg_plan_find(&plan, &other));
}

static void test_another_next_hop_is_another_route_in_the_same_place(void **state)
{
	struct wg_route old;

	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\nRoute = 10.9.0.0/16 via 10.7.0.1 metric 7\n");
	old = *route_at(0);
	assert_true(wg_ip_parse(&old.via, "10.7.0.2"));
	assert_false(has_route(&old));
	assert_ptr_equal(wg_plan_route_in_place(&plan, &old), op_at(WG_PLAN_ROUTE, 0));
	old.via = (struct wg_ip){0};
	assert_false(has_route(&old));
	assert_ptr_equal(wg_plan_route_in_place(&plan, &old), op_at(WG_PLAN_ROUTE, 0));
	old.metric = 8;
	assert_null(wg_plan_route_in_place(&plan, &old));
}

static const char whole[] = "[Interface]\n"
			    "PrivateKey = " KEY "\n"
			    "Address = 10.0.0.1/24, 2001:db8:7::1/64\n"
			    "MTU = 1400\n"
			    "DNS = 10.0.0.53, example.org\n"
			    "DNS = 2001:db8:7::53, example.net\n"
			    "Forward = ipv4 via eth0, ipv6\n"
			    "Sysctl = net.core.somaxconn=4096\n"
			    "ProxyNDP = eth0\n"
			    "Route = 10.9.0.0/16\n"
			    "[Peer]\nPublicKey = " KEY2 "\nEndpoint = 192.0.2.7:1\n"
			    "AllowedIPs = 2001:db8:7::2/128\nAllowedIPs = 0.0.0.0/0\n";

static void assert_wheres(const char *const *wheres, size_t n)
{
	char where[WG_PLAN_WHERE_LEN];

	assert_int_equal(plan.n_ops, n);
	for (size_t i = 0; i < n; i++) {
		if (!wheres[i])
			assert_true(!plan.ops[i].line && !plan.ops[i].key);
		else
			assert_string_equal(wg_plan_where(where, &plan, &plan.ops[i]), wheres[i]);
	}
}

static void test_a_plan_holds_all_that_the_file_asks_of_the_host_and_where(void **state)
{
	static const char *const wheres[] = {
		"wg0.conf:4: MTU",
		"wg0.conf:3: Address",
		"wg0.conf:3: Address",
		NULL,
		"wg0.conf:7: Forward",
		"wg0.conf:7: Forward",
		"wg0.conf:8: Sysctl",
		"wg0.conf:9: ProxyNDP",
		NULL,
		"wg0.conf:9: ProxyNDP",
		"wg0.conf:10: Route",
		"wg0.conf:15: AllowedIPs",
		NULL,
		NULL,
		NULL,
		"wg0.conf:5: DNS",
		"wg0.conf:6: DNS",
		"wg0.conf:5: DNS",
		"wg0.conf:6: DNS",
	};

	(void)state;
	make(whole);
	wg_conf_deinit(&conf); /* it is not needed any more */
	assert_wheres(wheres, WG_ARRAY_LEN(wheres));
	assert_string_equal(plan.name, "wg0");
	assert_int_equal(op_at(WG_PLAN_MTU, 0)->mtu, 1400);
	assert_int_equal(op_at(WG_PLAN_FIREWALL, 0)->firewall, WG_FAMILY_IPV4);
	assert_int_equal(op_at(WG_PLAN_FORWARD, 0)->forward.family, WG_FAMILY_IPV6);
	assert_string_equal(op_at(WG_PLAN_FORWARD, 1)->forward.uplink, "eth0");
	assert_string_equal(op_at(WG_PLAN_SYSCTL, 0)->sysctl.name, "net/core/somaxconn");
	assert_string_equal(op_at(WG_PLAN_SYSCTL, 0)->sysctl.value, "4096");
	assert_string_equal(op_at(WG_PLAN_NEEDED, 0)->sysctl.name, "net/ipv6/conf/eth0/proxy_ndp");
	assert_false(op_at(WG_PLAN_NEEDED, 0)->sysctl.for_filters);
	assert_string_equal(op_at(WG_PLAN_NEEDED, 1)->sysctl.name,
			    "net/ipv4/conf/all/src_valid_mark");
	assert_true(op_at(WG_PLAN_NEEDED, 1)->sysctl.for_filters);
	assert_int_equal(op_at(WG_PLAN_DNS, 1)->dns.server.family, WG_FAMILY_IPV6);
	assert_string_equal(op_at(WG_PLAN_DNS, 3)->dns.domain, "example.net");
}

static void test_what_the_same_thing_is_depends_on_its_kind(void **state)
{
	struct wg_plan_op op;

	(void)state;
	make(whole);
	for (size_t i = 0; i < plan.n_ops; i++) {
		const struct wg_plan_op *found = wg_plan_find(&plan, &plan.ops[i]);

		assert_ptr_equal(found, &plan.ops[i]);
	}
	op = *op_at(WG_PLAN_SYSCTL, 0);
	op.sysctl.value = (char *)"1";
	assert_ptr_equal(wg_plan_find(&plan, &op), op_at(WG_PLAN_SYSCTL, 0));
	op.kind = WG_PLAN_NEEDED;
	assert_null(wg_plan_find(&plan, &op));
	op = *op_at(WG_PLAN_ADDRESS, 0);
	op.address.prefix.bits = 16;
	assert_null(wg_plan_find(&plan, &op));
	op = *op_at(WG_PLAN_RULE, 0);
	op.rule.priority = 7;
	assert_ptr_equal(wg_plan_find(&plan, &op), op_at(WG_PLAN_RULE, 0));
	op.rule.fwmark++;
	assert_null(wg_plan_find(&plan, &op));
}

static void test_a_file_without_an_mtu_gets_that_of_the_paths_to_its_endpoints(void **state)
{
	char where[WG_PLAN_WHERE_LEN];

	(void)state;
	make("[Interface]\nPrivateKey = " KEY "\n[Peer]\nPublicKey = " KEY
	     "\nEndpoint = [2001:db8::7]:1\n[Peer]\nPublicKey = " KEY2
	     "\nEndpoint = 192.0.2.7:1\n");
	assert_int_equal(op_at(WG_PLAN_MTU, 0)->mtu, 1400 - WG_PLAN_OUTER_IPV6);
	assert_string_equal(wg_plan_where(where, &plan, op_at(WG_PLAN_MTU, 0)), "wg0: MTU");
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
		TEST(test_a_plan_holds_all_that_the_file_asks_of_the_host_and_where),
		TEST(test_what_the_same_thing_is_depends_on_its_kind),
		TEST(test_a_file_without_an_mtu_gets_that_of_the_paths_to_its_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
