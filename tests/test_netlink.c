/* Links, addresses, routes, rules and neighbour proxies against the running kernel,
 * in a namespace of the test's own. */
#include "netns.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct wg_netlink *nl;
static int tun_fd;
static uint32_t tun;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(wg_netlink_open(&nl), 0);
	tun_fd = wg_test_link_new("wg0", IFF_TUN);
	wg_test_link_up(nl, "lo");
	tun = wg_test_link_up(nl, "wg0");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(tun_fd);
	wg_netlink_close(nl);
	return 0;
}

static size_t count_routes(uint8_t family, uint32_t table)
{
	struct wg_route *routes;
	size_t n;

	assert_int_equal(wg_route_list(nl, family, table, &routes, &n), 0);
	free(routes);
	return n;
}

static void test_a_link_is_found_by_its_name(void **state)
{
	struct wg_link link, again;

	(void)state;
	assert_int_equal(wg_link_find(nl, "wg0", &link), 0);
	assert_string_equal(link.name, "wg0");
	assert_string_equal(link.kind, "tun");
	assert_true(link.up);
	assert_int_equal(link.mtu, 1500);
	assert_int_equal(wg_link_by_index(nl, link.index, &again), 0);
	assert_memory_equal(&link, &again, sizeof(link));
	assert_int_equal(wg_link_find(nl, "absent", &link), -ENODEV);
	assert_int_equal(wg_link_find(nl, "", &link), -ENODEV);
	assert_int_equal(wg_link_find(nl, "a-name-that-is-too-long", &link), -ENODEV);
}

static void test_a_links_state_and_mtu_can_be_set(void **state)
{
	struct wg_link link;

	(void)state;
	assert_int_equal(wg_link_set_mtu(nl, tun, 1280), 0);
	assert_int_equal(wg_link_set_up(nl, tun, false), 0);
	assert_int_equal(wg_link_find(nl, "wg0", &link), 0);
	assert_int_equal(link.mtu, 1280);
	assert_false(link.up);
	assert_int_equal(wg_link_set_mtu(nl, tun, 1), -EINVAL);
	assert_string_equal(wg_netlink_error(nl), "mtu less than device minimum");
}

static void test_a_link_tells_its_ipv6_settings(void **state)
{
	struct wg_link link;

	(void)state;
	assert_int_equal(wg_link_find(nl, "wg0", &link), 0);
	assert_int_equal(link.ipv6_forwarding, 0);
	assert_int_equal(link.ipv6_accept_ra, 1);
	assert_int_equal(link.ipv6_disabled, 0);
}

static void test_all_links_are_listed(void **state)
{
	struct wg_link *links;
	size_t n;

	(void)state;
	assert_int_equal(wg_link_list(nl, &links, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(links[0].name, "lo");
	assert_string_equal(links[1].name, "wg0");
	free(links);
}

static void test_an_address_comes_and_goes(void **state)
{
	static const char *const texts[] = {"192.0.2.1/24", "2001:db8:7767::2/128",
					    "2001:db8:1::1/64"};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(texts); i++) {
		struct wg_address address = {tun, wg_test_prefix(texts[i]), .nodad = true};
		struct wg_address *list;
		bool found = false;
		size_t n;

		assert_int_equal(wg_address_add(nl, &address), 0);
		assert_int_equal(wg_address_add(nl, &address), -EEXIST);
		assert_int_equal(wg_address_list(nl, tun, &list, &n), 0);
		for (size_t k = 0; k < n; k++)
			if (wg_ip_equal(&list[k].prefix.ip, &address.prefix.ip)) {
				assert_int_equal(list[k].prefix.bits, address.prefix.bits);
				assert_false(list[k].tentative);
				found = true;
			}
		free(list);
		assert_true(found);
		assert_int_equal(wg_address_delete(nl, &address), 0);
		assert_int_equal(wg_address_delete(nl, &address), -EADDRNOTAVAIL);
	}
}

static void test_a_route_comes_and_goes(void **state)
{
	static const struct {
		const char *dst, *via;
		uint32_t metric, table;
		uint8_t type;
	} cases[] = {
		{"2001:db8:7767::2/128", NULL, 0, 254, WG_ROUTE_UNICAST},
		{"::/0", NULL, 7, 51820, WG_ROUTE_UNICAST},
		{"::/0", NULL, 4096, 51820, WG_ROUTE_UNREACHABLE},
		{"2001:db8:9::/48", "fe80::9", 0, 254, WG_ROUTE_UNICAST},
		{"198.51.100.0/24", NULL, 0, 254, WG_ROUTE_UNICAST},
		{"0.0.0.0/0", NULL, 0, 51820, WG_ROUTE_UNICAST},
		{"0.0.0.0/0", NULL, 4096, 51820, WG_ROUTE_UNREACHABLE},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_route route = {
			.dst = wg_test_prefix(cases[i].dst),
			.link = cases[i].type == WG_ROUTE_UNICAST ? tun : 0,
			.metric = cases[i].metric,
			.table = cases[i].table,
			.type = cases[i].type,
			.protocol = WG_ROUTE_FROM_STATIC,
		};
		size_t n = count_routes(route.dst.ip.family, route.table);

		if (cases[i].via)
			route.via = wg_test_ip(cases[i].via);
		assert_int_equal(wg_route_exists(nl, &route), 0);
		assert_int_equal(wg_route_add(nl, &route), 0);
		assert_int_equal(wg_route_exists(nl, &route), 1);
		assert_int_equal(wg_route_add(nl, &route), -EEXIST);
		route.mtu = 1400;
		assert_int_equal(wg_route_exists(nl, &route), 0);
		assert_int_equal(wg_route_replace(nl, &route), 0);
		assert_int_equal(wg_route_exists(nl, &route), 1);
		assert_int_equal(count_routes(route.dst.ip.family, route.table), n + 1);
		assert_int_equal(wg_route_delete(nl, &route), 0);
		assert_int_equal(wg_route_delete(nl, &route), -ESRCH);
		assert_int_equal(count_routes(route.dst.ip.family, route.table), n);
	}
}

static void test_more_routes_than_one_datagram_holds_are_listed(void **state)
{
	struct wg_route route = {
		.dst = wg_test_prefix("2001:db8::/128"),
		.link = tun,
		.table = 1000,
		.type = WG_ROUTE_UNICAST,
		.protocol = WG_ROUTE_FROM_STATIC,
	};

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		wg_store_be32(route.dst.ip.bytes + 12, i);
		assert_int_equal(wg_route_add(nl, &route), 0);
	}
	assert_int_equal(count_routes(WG_FAMILY_IPV6, 1000), 2000);
	assert_int_equal(count_routes(WG_FAMILY_IPV6, 999), 0);
}

/* Changes another link's addresses until it is killed. */
static pid_t start_churn(void)
{
	struct wg_address address = {1, wg_test_prefix("2001:db8:1::1/128"), .nodad = true};
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (wg_netlink_open(&nl))
		_exit(1);
	for (;;) {
		wg_address_add(nl, &address);
		wg_address_delete(nl, &address);
	}
}

static void test_a_list_is_whole_while_others_change_it(void **state)
{
	struct wg_address address = {tun, wg_test_prefix("2001:db8::1/128"), .nodad = true};
	struct wg_address *list;
	pid_t churn;
	size_t n;

	(void)state;
	for (unsigned int i = 1; i <= 500; i++) {
		wg_store_be32(address.prefix.ip.bytes + 12, i);
		assert_int_equal(wg_address_add(nl, &address), 0);
	}
	churn = start_churn();
	for (unsigned int i = 0; i < 300; i++) {
		size_t found = 0;

		assert_int_equal(wg_address_list(nl, 0, &list, &n), 0);
		for (size_t k = 0; k < n; k++)
			found += list[k].link == tun && list[k].prefix.bits == 128;
		free(list);
		assert_int_equal(found, 500);
	}
	kill(churn, SIGKILL);
	assert_true(waitpid(churn, NULL, 0) == churn);
}

static void test_a_lookup_tells_link_table_and_source(void **state)
{
	struct wg_address address = {tun, wg_test_prefix("192.0.2.1/24"), .nodad = true};
	struct wg_rule rule = {
		.family = WG_FAMILY_IPV4,
		.invert = true,
		.priority = 100,
		.fwmark = 7,
		.fwmask = UINT32_MAX,
		.table = 5000,
		.suppress_prefixlength = -1,
	};
	struct wg_route route = {
		.dst = wg_test_prefix("0.0.0.0/0"),
		.link = tun,
		.table = 5000,
		.type = WG_ROUTE_UNICAST,
		.protocol = WG_ROUTE_FROM_STATIC,
		.mtu = 1400,
	};
	struct wg_ip far = wg_test_ip("203.0.113.1");
	struct wg_route found;

	(void)state;
	assert_int_equal(wg_address_add(nl, &address), 0);
	assert_int_equal(wg_route_lookup(nl, &far, 0, &found), -ENETUNREACH);
	assert_int_equal(wg_route_add(nl, &route), 0);
	assert_int_equal(wg_rule_add(nl, &rule), 0);
	assert_int_equal(wg_route_lookup(nl, &far, 0, &found), 0);
	assert_int_equal(found.link, tun);
	assert_int_equal(found.table, 5000);
	assert_int_equal(found.mtu, 1400);
	assert_true(wg_ip_equal(&found.source, &address.prefix.ip));
	assert_int_equal(wg_route_lookup(nl, &far, 7, &found), -ENETUNREACH);
	assert_int_equal(wg_rule_delete(nl, &rule), 0);
}

static void test_an_ipv6_lookup_tells_the_link(void **state)
{
	struct wg_address address = {tun, wg_test_prefix("2001:db8::1/64"), .nodad = true};
	struct wg_ip near = wg_test_ip("2001:db8::7"), far = wg_test_ip("2001:db8:1::");
	struct wg_route found;

	(void)state;
	assert_int_equal(wg_address_add(nl, &address), 0);
	assert_int_equal(wg_route_lookup(nl, &near, 0, &found), 0);
	assert_int_equal(found.link, tun);
	assert_int_equal(found.table, WG_ROUTE_TABLE_MAIN);
	assert_int_equal(wg_route_lookup(nl, &far, 0, &found), -ENETUNREACH);
}

static size_t count_rules(uint8_t family)
{
	struct wg_rule *rules;
	size_t n;

	assert_int_equal(wg_rule_list(nl, family, &rules, &n), 0);
	free(rules);
	return n;
}

static void test_a_rule_comes_and_goes(void **state)
{
	static const uint8_t families[] = {WG_FAMILY_IPV4, WG_FAMILY_IPV6};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(families); i++) {
		struct wg_rule rules[] = {
			{families[i], true, false, 32765, 51820, UINT32_MAX, 51820, -1},
			{families[i], false, false, 32764, 0, 0, 254, 0},
		};
		size_t before = count_rules(families[i]);

		for (size_t k = 0; k < WG_ARRAY_LEN(rules); k++) {
			assert_int_equal(wg_rule_exists(nl, &rules[k]), 0);
			assert_int_equal(wg_rule_add(nl, &rules[k]), 0);
			assert_int_equal(wg_rule_exists(nl, &rules[k]), 1);
			assert_int_equal(wg_rule_add(nl, &rules[k]), -EEXIST);
		}
		assert_int_equal(count_rules(families[i]), before + 2);
		for (size_t k = 0; k < WG_ARRAY_LEN(rules); k++) {
			assert_int_equal(wg_rule_delete(nl, &rules[k]), 0);
			assert_int_equal(wg_rule_delete(nl, &rules[k]), -ENOENT);
		}
		assert_int_equal(count_rules(families[i]), before);
	}
	assert_int_equal(count_rules(WG_FAMILY_NONE),
			 count_rules(WG_FAMILY_IPV4) + count_rules(WG_FAMILY_IPV6));
}

static void test_a_neighbour_proxy_comes_and_goes(void **state)
{
	static const char *const texts[] = {"2001:db8:7767::2", "192.0.2.9"};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(texts); i++) {
		struct wg_neigh_proxy proxy = {tun, wg_test_ip(texts[i])};

		assert_int_equal(wg_neigh_proxy_exists(nl, &proxy), 0);
		assert_int_equal(wg_neigh_proxy_add(nl, &proxy), 0);
		assert_int_equal(wg_neigh_proxy_exists(nl, &proxy), 1);
		assert_int_equal(wg_neigh_proxy_add(nl, &proxy), 0);
		assert_int_equal(wg_neigh_proxy_delete(nl, &proxy), 0);
		assert_int_equal(wg_neigh_proxy_exists(nl, &proxy), 0);
		assert_int_equal(wg_neigh_proxy_delete(nl, &proxy), -ENOENT);
	}
}

static void test_two_namespaces_have_different_numbers(void **state)
{
	uint64_t here, again, there;

	(void)state;
	assert_int_equal(wg_netlink_namespace(&here), 0);
	assert_int_equal(wg_netlink_namespace(&again), 0);
	assert_true(here == again);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(wg_netlink_namespace(&there), 0);
	assert_true(here != there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_link_is_found_by_its_name),
		TEST(test_a_links_state_and_mtu_can_be_set),
		TEST(test_a_link_tells_its_ipv6_settings),
		TEST(test_all_links_are_listed),
		TEST(test_an_address_comes_and_goes),
		TEST(test_a_route_comes_and_goes),
		TEST(test_more_routes_than_one_datagram_holds_are_listed),
		TEST(test_a_list_is_whole_while_others_change_it),
		TEST(test_a_lookup_tells_link_table_and_source),
		TEST(test_an_ipv6_lookup_tells_the_link),
		TEST(test_a_rule_comes_and_goes),
		TEST(test_a_neighbour_proxy_comes_and_goes),
		TEST(test_two_namespaces_have_different_numbers),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
