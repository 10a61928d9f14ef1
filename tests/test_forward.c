/* Forwarding on and off on a host that lives on router advertisements: real ones, as
 * frames into a TAP device. */
#include "netpicture.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "host/forward.h"
#include "host/sysctl.h"

static struct wg_netlink *nl;
static int eth0, eth1, monitor;
static char dir[] = "/tmp/tuff-forward-XXXXXX";
static char *before;

static void note(void *ctx, const char *text)
{
	(void)ctx;
	fail_msg("unexpected note: %s", text);
}

static const struct wg_undo_ops ops = {NULL, note, NULL};

static void write_value(const char *name, const char *value)
{
	if (wg_sysctl_write(name, value))
		fail_msg("cannot set %s to %s", name, value);
}

static void expect_sysctl(const char *name, const char *value)
{
	char present[WG_SYSCTL_VALUE_LEN];

	assert_int_equal(wg_sysctl_read(name, present), 0);
	assert_string_equal(present, value);
}

/* The ICMPv6 checksum (RFC 4443 2.3) of a frame with an IPv6 header at 14. */
static uint16_t checksum(const uint8_t *frame, size_t len)
{
	uint32_t sum = 58 + (uint32_t)(len - 54);

	for (size_t i = 22; i < len; i += 2)
		sum += wg_load_be16(frame + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Has the router fe80::ROUTER say on a link that it is a default router for half an
 * hour (RFC 4861 4.2). */
static void advertise(int fd, uint8_t router)
{
	/* clang-format off */
	uint8_t frame[70] = {
		0x33, 0x33, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, router, 0x86, 0xdd,
		0x60, 0, 0, 0, 0, 16, 58, 255,
		0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, router,
		0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		134, 0, 0, 0, 64, 0, 0x07, 0x08,
	};
	/* clang-format on */

	wg_store_be16(frame + 56, checksum(frame, sizeof(frame)));
	assert_int_equal(write(fd, frame, sizeof(frame)), sizeof(frame));
}

/* How many default routes from advertisements there are. */
static size_t n_defaults(void)
{
	struct wg_route *routes;
	size_t n, found = 0;

	assert_int_equal(wg_route_list(nl, WG_FAMILY_IPV6, 0, &routes, &n), 0);
	for (size_t i = 0; i < n; i++)
		found += !routes[i].dst.bits && routes[i].protocol == WG_ROUTE_FROM_RA;
	free(routes);
	return found;
}

static void start_monitor(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV6_ROUTE};

	monitor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(monitor >= 0);
	assert_int_equal(bind(monitor, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* How many default routes were deleted since the last call. */
static size_t n_deleted(void)
{
	_Alignas(struct nlmsghdr) char data[8192];
	size_t n = 0;

	while (recv(monitor, data, sizeof(data), MSG_DONTWAIT) > 0) {
		const struct nlmsghdr *nlh = (const void *)data;
		const struct rtmsg *info = NLMSG_DATA(nlh);

		n += nlh->nlmsg_type == RTM_DELROUTE && !info->rtm_dst_len;
	}
	return n;
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(wg_netlink_open(&nl), 0);
	eth0 = wg_test_link_new("eth0", IFF_TAP);
	eth1 = wg_test_link_new("eth1", IFF_TAP);
	write_value("net/ipv6/conf/eth0/addr_gen_mode", "1");
	write_value("net/ipv6/conf/eth1/addr_gen_mode", "1");
	wg_test_link_up(nl, "lo");
	wg_test_link_up(nl, "eth0");
	wg_test_link_up(nl, "eth1");
	advertise(eth0, 1);
	assert_int_equal(n_defaults(), 1);
	start_monitor();
	before = wg_test_picture(nl);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wg_test_empty_folder(dir);
	close(eth0);
	close(eth1);
	close(monitor);
	wg_netlink_close(nl);
	free(before);
	return 0;
}

static struct wg_undo *enable(const char *name, const char *uplink)
{
	struct wg_undo *undo;
	struct wg_error error;

	if (wg_undo_open(&undo, dir, name, &ops, &error) ||
	    wg_forward_ipv6(undo, nl, uplink, "eth1", &error))
		fail_msg("%s", error.text);
	return undo;
}

static void disable(struct wg_undo *undo)
{
	assert_int_equal(wg_undo_run(undo), 0);
	wg_undo_close(undo);
}

static void expect_as_before(void)
{
	char *after = wg_test_picture(nl);

	wg_test_same_picture(before, after);
	free(after);
}

static void test_the_lab_would_lose_its_default_route(void **state)
{
	(void)state;
	write_value("net/ipv6/conf/all/forwarding", "1");
	assert_int_equal(n_defaults(), 0);
	assert_int_equal(n_deleted(), 1);
	advertise(eth0, 1);
	assert_int_equal(n_defaults(), 0);
}

static void test_the_advertised_default_route_never_disappears(void **state)
{
	struct wg_undo *undo = enable("wg0", "eth0");

	(void)state;
	expect_sysctl("net/ipv6/conf/all/forwarding", "1");
	expect_sysctl("net/ipv6/conf/eth0/forwarding", "1");
	expect_sysctl("net/ipv6/conf/eth0/accept_ra", "2");
	expect_sysctl("net/ipv6/conf/eth1/accept_ra", "1");
	expect_sysctl("net/ipv4/ip_forward", "0");
	assert_int_equal(n_defaults(), 1);
	advertise(eth0, 2);
	assert_int_equal(n_defaults(), 2);
	disable(undo);
	assert_int_equal(n_defaults(), 2);
	assert_int_equal(n_deleted(), 0);
	advertise(eth0, 3);
	assert_int_equal(n_defaults(), 3);
}

static void test_everything_is_as_before(void **state)
{
	struct wg_undo *undo = enable("wg0", "eth0");
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_forward_ipv4(undo, nl, "eth0", "eth1", &error), 0);
	expect_sysctl("net/ipv4/ip_forward", "1");
	disable(undo);
	expect_as_before();
	assert_int_equal(n_deleted(), 0);
}

static void test_other_interfaces_that_were_advertised_to_listen_on(void **state)
{
	struct wg_undo *undo;

	(void)state;
	advertise(eth1, 7);
	undo = enable("wg0", "eth0");
	expect_sysctl("net/ipv6/conf/eth1/accept_ra", "2");
	assert_int_equal(n_defaults(), 2);
	disable(undo);
	assert_int_equal(n_defaults(), 2);
	assert_int_equal(n_deleted(), 0);
	expect_sysctl("net/ipv6/conf/eth1/accept_ra", "1");
}

static void test_advertisements_that_are_not_the_kernels_stay_so(void **state)
{
	struct wg_undo *undo;

	(void)state;
	write_value("net/ipv6/conf/eth0/accept_ra", "0");
	undo = enable("wg0", "eth0");
	expect_sysctl("net/ipv6/conf/eth0/accept_ra", "0");
	disable(undo);
	expect_sysctl("net/ipv6/conf/eth0/accept_ra", "0");
}

static void test_a_host_that_forwards_already_is_only_completed(void **state)
{
	struct wg_undo *undo;

	(void)state;
	write_value("net/ipv6/conf/eth0/accept_ra", "2");
	write_value("net/ipv6/conf/all/forwarding", "2");
	write_value("net/ipv6/conf/eth0/forwarding", "0");
	write_value("net/ipv6/conf/eth1/forwarding", "0");
	undo = enable("wg0", "eth0");
	expect_sysctl("net/ipv6/conf/all/forwarding", "2");
	expect_sysctl("net/ipv6/conf/eth0/forwarding", "1");
	expect_sysctl("net/ipv6/conf/eth1/forwarding", "1");
	disable(undo);
	expect_sysctl("net/ipv6/conf/all/forwarding", "2");
	expect_sysctl("net/ipv6/conf/eth0/forwarding", "0");
	assert_int_equal(n_deleted(), 0);
}

static void test_forwarding_ends_while_the_tunnel_goes_on(void **state)
{
	struct wg_undo *undo;
	struct wg_error error;

	(void)state;
	advertise(eth1, 7);
	undo = enable("wg0", NULL);
	assert_int_equal(wg_forward_ipv4(undo, nl, NULL, "eth1", &error), 0);
	assert_int_equal(wg_forward_ipv6_end(undo), 0);
	expect_sysctl("net/ipv6/conf/all/forwarding", "0");
	expect_sysctl("net/ipv6/conf/eth0/accept_ra", "1");
	expect_sysctl("net/ipv6/conf/eth1/accept_ra", "1");
	expect_sysctl("net/ipv4/ip_forward", "1");
	assert_int_equal(wg_forward_ipv4_end(undo), 0);
	assert_int_equal(wg_forward_ipv6_end(undo), -ENOENT);
	assert_int_equal(wg_undo_pending(undo), 0);
	assert_int_equal(n_defaults(), 2);
	assert_int_equal(n_deleted(), 0);
	wg_undo_close(undo);
}

static void test_two_uplinks_go_down_in_either_order(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct wg_undo *undo[2];

		undo[0] = enable("wg0", "eth0");
		undo[1] = enable("wg1", "eth1");
		disable(undo[order]);
		expect_sysctl("net/ipv6/conf/all/forwarding", "1");
		expect_sysctl("net/ipv6/conf/eth0/accept_ra", "2");
		disable(undo[!order]);
		expect_as_before();
	}
	assert_int_equal(n_deleted(), 0);
}

static void test_an_uplink_that_is_not_there_is_named(void **state)
{
	struct wg_undo *undo;
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_undo_open(&undo, dir, "wg0", &ops, &error), 0);
	assert_int_equal(wg_forward_ipv6(undo, nl, "eth9", "eth1", &error), -ENODEV);
	assert_string_equal(error.text, "via eth9: No such device");
	wg_undo_close(undo);
	expect_as_before();
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_the_lab_would_lose_its_default_route),
		TEST(test_the_advertised_default_route_never_disappears),
		TEST(test_everything_is_as_before),
		TEST(test_other_interfaces_that_were_advertised_to_listen_on),
		TEST(test_advertisements_that_are_not_the_kernels_stay_so),
		TEST(test_a_host_that_forwards_already_is_only_completed),
		TEST(test_forwarding_ends_while_the_tunnel_goes_on),
		TEST(test_two_uplinks_go_down_in_either_order),
		TEST(test_an_uplink_that_is_not_there_is_named),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
