#include "wgtest.h"

#include "base/endpoint.h"

static void test_prefixes_parse_and_print(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: must be refused */
	} cases[] = {
		{"192.0.2.1", "192.0.2.1/32"},
		{"192.0.2.1/24", "192.0.2.1/24"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"::/0", "::/0"},
		{"2001:db8::1/128", "2001:db8::1/128"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"192.0.2.1/33", NULL},
		{"192.0.2/24", NULL},
		{"::/129", NULL},
		{"::1/", NULL},
		{"::1/-1", NULL},
		{"::1/+1", NULL},
		{"::1/0001", NULL},
		{"", NULL},
		{"/24", NULL},
		{"example.org/24", NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_prefix prefix;
		char text[WG_PREFIX_TEXT_LEN];
		bool ok = wg_prefix_parse(&prefix, cases[i].text);

		assert_int_equal(ok, cases[i].printed != NULL);
		if (ok)
			assert_string_equal(wg_prefix_format(text, &prefix), cases[i].printed);
	}
}

static void test_masking_clears_the_host_bits_and_says_so(void **state)
{
	static const struct {
		const char *text;
		const char *masked;
		bool changed;
	} cases[] = {
		{"192.0.2.255/24", "192.0.2.0/24", true},
		{"192.0.2.255/31", "192.0.2.254/31", true},
		{"192.0.2.0/24", "192.0.2.0/24", false},
		{"255.255.255.255/0", "0.0.0.0/0", true},
		{"2001:db8::1/127", "2001:db8::/127", true},
		{"2001:db8::1/128", "2001:db8::1/128", false},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_prefix prefix;
		char text[WG_PREFIX_TEXT_LEN];

		assert_true(wg_prefix_parse(&prefix, cases[i].text));
		assert_int_equal(wg_prefix_mask(&prefix), cases[i].changed);
		assert_string_equal(wg_prefix_format(text, &prefix), cases[i].masked);
	}
}

static void test_a_prefix_contains_what_shares_its_bits(void **state)
{
	static const struct {
		const char *prefix;
		const char *ip;
		bool inside;
	} cases[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"10.0.0.0/9", "10.128.0.1", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"::1/128", "::1", true},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_prefix prefix;
		struct wg_ip ip;

		assert_true(wg_prefix_parse(&prefix, cases[i].prefix) &&
			    wg_ip_parse(&ip, cases[i].ip));
		assert_int_equal(wg_prefix_contains(&prefix, &ip), cases[i].inside);
	}
}

static void test_endpoints_print_with_brackets_and_scope(void **state)
{
	struct wg_endpoint endpoint = {.port = 30567};
	char text[WG_ENDPOINT_TEXT_LEN];

	(void)state;
	assert_string_equal(wg_endpoint_format(text, &endpoint), "(none)");
	assert_true(wg_ip_parse(&endpoint.ip, "192.0.2.7"));
	assert_string_equal(wg_endpoint_format(text, &endpoint), "192.0.2.7:30567");
	assert_true(wg_ip_parse(&endpoint.ip, "fe80::1"));
	endpoint.scope = 3;
	assert_string_equal(wg_endpoint_format(text, &endpoint), "[fe80::1%3]:30567");
}

static void test_endpoints_parse_as_they_print(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: must be refused */
		const char *zone;
	} cases[] = {
		{"192.0.2.7:30567", "192.0.2.7:30567", NULL},
		{"192.0.2.7:0", "192.0.2.7:0", NULL}, /* roaming can lead there */
		{"[2001:db8::1]:65535", "[2001:db8::1]:65535", NULL},
		{"[fe80::1%3]:1", "[fe80::1]:1", "3"},
		{"[fe80::1%eth0]:1", "[fe80::1]:1", "eth0"},
		{"[fe80::1%]:1", "[fe80::1]:1", ""},
		{"192.0.2.7%3:1", NULL, NULL},
		{"192.0.2.7", NULL, NULL},
		{"192.0.2.7:", NULL, NULL},
		{"192.0.2.7:65536", NULL, NULL},
		{"192.0.2.7:+1", NULL, NULL},
		{"[192.0.2.7]:1", NULL, NULL},
		{"2001:db8::1:1", NULL, NULL},
		{"[2001:db8::1:1", NULL, NULL},
		{"[2001:db8::1]1", NULL, NULL},
		{"[2001:db8::1]", NULL, NULL},
		{"[]:1", NULL, NULL},
		{"[", NULL, NULL},
		{":1", NULL, NULL},
		{"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		struct wg_endpoint endpoint;
		char text[WG_ENDPOINT_TEXT_LEN];
		char *zone;
		bool ok;

		snprintf(text, sizeof(text), "%s", cases[i].text);
		ok = wg_endpoint_parse(&endpoint, &zone, text);
		assert_int_equal(ok, cases[i].printed != NULL);
		if (!ok)
			continue;
		assert_int_equal(zone != NULL, cases[i].zone != NULL);
		if (zone)
			assert_string_equal(zone, cases[i].zone);
		assert_string_equal(wg_endpoint_format(text, &endpoint), cases[i].printed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes_parse_and_print),
		cmocka_unit_test(test_masking_clears_the_host_bits_and_says_so),
		cmocka_unit_test(test_a_prefix_contains_what_shares_its_bits),
		cmocka_unit_test(test_endpoints_print_with_brackets_and_scope),
		cmocka_unit_test(test_endpoints_parse_as_they_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
