/* For the tests of doctor's rules: the facts of a host where all is well. */
#ifndef WG_TESTS_DIAGNOSIS_H
#define WG_TESTS_DIAGNOSIS_H

#include "wgtest.h"

#include <errno.h>

#include "doctor/diagnosis.h"

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

static inline struct wg_prefix prefix_of(const char *text)
{
	struct wg_prefix prefix;

	assert_true(wg_prefix_parse(&prefix, text));
	return prefix;
}

static inline struct wg_ip ip_of(const char *text)
{
	struct wg_ip ip;

	assert_true(wg_ip_parse(&ip, text));
	return ip;
}

static inline struct wg_route *add_route(const char *dst, uint32_t link, const char *via)
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

static inline void set_peer(void)
{
	peer = wg_config_add_peer(&facts.status.config);
	assert_non_null(peer);
	peer->public_key[0] = 9;
	peer->endpoint = (struct wg_endpoint){.ip = ip_of("192.0.2.7"), .port = 30567};
	peer->has_endpoint = true;
	peer->health = (struct wg_config_health){.session = true, .usable_key = true};
	assert_int_equal(wg_status_name_peer(&facts.status, 0, "shale"), 0);
}

static inline void allow(const char *text)
{
	struct wg_prefix prefix = prefix_of(text);

	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	(void)state;
	wg_check_deinit(&check);
	wg_status_deinit(&facts.status);
	wg_conf_deinit(&conf);
	free(summary);
	summary = NULL;
	return 0;
}

static inline void start_again(void)
{
	free(summary);
	summary = NULL;
	wg_check_deinit(&check);
	wg_check_init(&check, "wg0");
}

/* "LEVEL CODE", apart by "; ". Each finding has a remedy. */
static inline const char *diagnose(void)
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

static inline void assert_said(const char *word)
{
	assert_true(check.n_findings > 0);
	if (!strstr(check.findings[0].reason, word) && !strstr(check.findings[0].remedy, word))
		fail_msg("%s: not in: %s (%s)", word, check.findings[0].reason,
			 check.findings[0].remedy);
}

static inline void read_conf(const char *text)
{
	struct wg_error error;

	if (wg_conf_parse(&conf, "wg0.conf", "wg0", text, strlen(text), &error))
		fail_msg("%s", error.text);
	facts.conf = &conf;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
