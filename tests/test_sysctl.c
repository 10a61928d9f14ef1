/* Kernel parameters, in a namespace of the test's own. The test of what a write
 * touches compares all of /proc/sys/net, so a kernel that touches more is noticed. */
#include "netns.h"
#include "netpicture.h"

#include <sys/mount.h>

#include "host/sysctl.h"

static struct wg_netlink *nl;
static int links[2];

static int setup(void **state)
{
	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(wg_netlink_open(&nl), 0);
	links[0] = wg_test_link_new("eth0", IFF_TAP);
	links[1] = wg_test_link_new("eth0.5", IFF_TAP);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(links[0]);
	close(links[1]);
	wg_netlink_close(nl);
	return 0;
}

static void test_blanks_between_numbers_do_not_matter(void **state)
{
	(void)state;
	assert_true(wg_sysctl_equal("4096\t131072\t6291456", "4096 131072  6291456"));
	assert_true(wg_sysctl_equal(" 1", "1 "));
	assert_false(wg_sysctl_equal("1", "11"));
	assert_false(wg_sysctl_equal("1 2", "1"));
	assert_false(wg_sysctl_equal("1", "1 2"));
}

static void test_an_interface_with_a_dot_is_read_and_written(void **state)
{
	char name[WG_SYSCTL_NAME_LEN], value[WG_SYSCTL_VALUE_LEN];

	(void)state;
	assert_int_equal(wg_sysctl_name(name, "net.ipv6.conf.eth0.5.accept_ra"), 0);
	assert_int_equal(wg_sysctl_write(name, "2"), 0);
	assert_int_equal(wg_sysctl_read(name, value), 0);
	assert_string_equal(value, "2");
	assert_int_equal(wg_sysctl_conf(name, "ipv6", "eth0", "accept_ra"), 0);
	assert_int_equal(wg_sysctl_read(name, value), 0);
	assert_string_equal(value, "1");
	assert_int_equal(wg_sysctl_conf(name, "ipv6", "../all", "x"), -EINVAL);
	assert_int_equal(wg_sysctl_conf(name, "ipv6", "absent", "accept_ra"), 0);
	assert_int_equal(wg_sysctl_read(name, value), -ENOENT);
	assert_int_equal(wg_sysctl_write(name, "1"), -ENOENT);
	assert_int_equal(wg_sysctl_write("kernel/panic", "1"), -EINVAL);
}

/* Whether the picture taken before a write holds each value that it changed. */
static void expect_covered(const struct wg_sysctl *values, size_t n, char *before, char *after)
{
	char *old_end, *new_end;
	char *old = strtok_r(before, "\n", &old_end), *new = strtok_r(after, "\n", &new_end);

	for (; old && new;
	     old = strtok_r(NULL, "\n", &old_end), new = strtok_r(NULL, "\n", &new_end)) {
		bool covered = !strcmp(old, new);

		for (size_t i = 0; i < n && !covered; i++)
			covered = !strncmp(old, values[i].name, strlen(values[i].name)) &&
				  old[strlen(values[i].name)] == '=';
		if (!covered)
			fail_msg("%s became %s, which the picture does not hold", old, new);
	}
	assert_true(!old && !new);
}

static void test_a_picture_holds_all_that_a_write_touches(void **state)
{
	static const struct {
		const char *name, *value;
	} writes[] = {
		{"net/ipv4/ip_forward", "1"},
		{"net/ipv4/ip_forward", "0"},
		{"net/ipv4/conf/all/forwarding", "1"},
		{"net/ipv4/conf/all/forwarding", "0"},
		{"net/ipv4/conf/default/forwarding", "1"},
		{"net/ipv4/conf/default/rp_filter", "2"},
		{"net/ipv4/conf/eth0/forwarding", "1"},
		{"net/ipv4/conf/all/src_valid_mark", "1"},
		{"net/ipv6/conf/all/forwarding", "1"},
		{"net/ipv6/conf/eth0/forwarding", "0"},
		{"net/ipv6/conf/all/forwarding", "1"}, /* not a change, and eth0's becomes 1 */
		{"net/ipv6/conf/all/forwarding", "0"},
		{"net/ipv6/conf/default/forwarding", "1"},
		{"net/ipv6/conf/all/accept_ra", "2"},
		{"net/ipv6/conf/eth0/accept_ra", "2"},
		{"net/ipv6/conf/eth0.5/proxy_ndp", "1"},
		{"net/ipv6/conf/all/disable_ipv6", "1"},
		{"net/ipv6/conf/all/disable_ipv6", "0"},
		{"net/ipv6/conf/all/ignore_routes_with_linkdown", "1"},
		{"net/ipv6/conf/all/addr_gen_mode", "1"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(writes); i++) {
		char *before = wg_test_picture_sysctls();
		struct wg_sysctl *values;
		char *after;
		size_t n;

		assert_int_equal(wg_sysctl_picture(writes[i].name, &values, &n), 0);
		assert_string_equal(values[0].name, writes[i].name);
		assert_int_equal(wg_sysctl_write(writes[i].name, writes[i].value), 0);
		after = wg_test_picture_sysctls();
		expect_covered(values, n, before, after);
		free(values);
		free(before);
		free(after);
	}
}

static void test_a_write_to_a_read_only_proc_fails(void **state)
{
	char value[WG_SYSCTL_VALUE_LEN];

	(void)state;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) ||
	    mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		wg_test_skip("may not mount /proc/sys anew");
	assert_int_equal(wg_sysctl_write("net/ipv4/ip_forward", "1"), -EROFS);
	assert_int_equal(wg_sysctl_read("net/ipv4/ip_forward", value), 0);
	assert_string_equal(value, "0");
	assert_int_equal(umount2("/proc/sys", MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blanks_between_numbers_do_not_matter),
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_an_interface_with_a_dot_is_read_and_written),
		TEST(test_a_picture_holds_all_that_a_write_touches),
		TEST(test_a_write_to_a_read_only_proc_fails),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
