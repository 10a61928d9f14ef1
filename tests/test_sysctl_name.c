#include "wgtest.h"

#include <errno.h>

#include "base/bytes.h"
#include "base/sysctl_name.h"

static void test_a_key_has_one_name(void **state)
{
	static const struct {
		const char *key, *name, *back;
	} cases[] = {
		{"net.ipv4.ip_forward", "net/ipv4/ip_forward", "net.ipv4.ip_forward"},
		{"net.ipv6.conf.eth0.accept_ra", "net/ipv6/conf/eth0/accept_ra",
		 "net.ipv6.conf.eth0.accept_ra"},
		{"net.ipv6.conf.eth0/5.accept_ra", "net/ipv6/conf/eth0.5/accept_ra",
		 "net.ipv6.conf.eth0/5.accept_ra"},
		{"net.ipv6.conf.eth0.5.accept_ra", "net/ipv6/conf/eth0.5/accept_ra",
		 "net.ipv6.conf.eth0/5.accept_ra"},
		{"net/ipv6/conf/eth0.5/accept_ra", "net/ipv6/conf/eth0.5/accept_ra",
		 "net.ipv6.conf.eth0/5.accept_ra"},
		{"net.ipv4.neigh.a.b.c.app_solicit", "net/ipv4/neigh/a.b.c/app_solicit",
		 "net.ipv4.neigh.a/b/c.app_solicit"},
		{"net.ipv6.conf.eth0.5.1.accept_ra", "net/ipv6/conf/eth0.5.1/accept_ra",
		 "net.ipv6.conf.eth0/5/1.accept_ra"},
		{"net.mpls.conf.eth0.5.input", "net/mpls/conf/eth0.5/input",
		 "net.mpls.conf.eth0/5.input"},
		{"net/ipv4/conf/eth0/a/b", "net/ipv4/conf/eth0/a/b", "net/ipv4/conf/eth0/a/b"},
		{"kernel.panic", NULL, NULL},
		{"net", NULL, NULL},
		{"net.", NULL, NULL},
		{"net..ipv4", NULL, NULL},
		{"net.ipv6.conf.eth0..x", NULL, NULL},
		{"net/../kernel/panic", NULL, NULL},
		{"net/./ipv4", NULL, NULL},
		{"/net/ipv4/ip_forward", NULL, NULL},
		{"net.ipv6.//.x", NULL, NULL},
		{"", NULL, NULL},
	};
	char name[WG_SYSCTL_NAME_LEN], key[WG_SYSCTL_NAME_LEN];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		int r = wg_sysctl_name(name, cases[i].key);

		assert_int_equal(r, cases[i].name ? 0 : -EINVAL);
		if (r)
			continue;
		assert_string_equal(name, cases[i].name);
		assert_string_equal(wg_sysctl_key(key, name), cases[i].back);
	}
}

static void test_an_interface_s_parameter_has_a_name_and_a_key(void **state)
{
	char name[WG_SYSCTL_NAME_LEN], key[WG_SYSCTL_NAME_LEN], again[WG_SYSCTL_NAME_LEN];

	(void)state;
	assert_int_equal(wg_sysctl_conf(name, "ipv6", "eth0.5", "accept_ra"), 0);
	assert_string_equal(name, "net/ipv6/conf/eth0.5/accept_ra");
	wg_sysctl_conf_key(key, "ipv6", "eth0.5", "accept_ra");
	assert_string_equal(key, "net.ipv6.conf.eth0/5.accept_ra");
	assert_int_equal(wg_sysctl_name(again, key), 0);
	assert_string_equal(again, name);
	assert_int_equal(wg_sysctl_conf(name, "ipv6", "..", "accept_ra"), -EINVAL);
	assert_int_equal(wg_sysctl_conf(name, "ipv6", "", "accept_ra"), -EINVAL);
}

static void test_a_key_that_is_too_long_is_refused(void **state)
{
	char key[2 * WG_SYSCTL_NAME_LEN], name[WG_SYSCTL_NAME_LEN];

	(void)state;
	memset(key, 'x', sizeof(key));
	memcpy(key, "net.", 4);
	key[sizeof(key) - 1] = '\0';
	assert_int_equal(wg_sysctl_name(name, key), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_has_one_name),
		cmocka_unit_test(test_an_interface_s_parameter_has_a_name_and_a_key),
		cmocka_unit_test(test_a_key_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
