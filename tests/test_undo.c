/* The undo journal against the running kernel: what was changed is put back byte for
 * byte, and what others did is left alone. */
#include "undo.h"

#include <sys/mount.h>

static int refuses; /* -errno of every parameter that is written; 0: none */

int __real_wg_sysctl_write(const char *name, const char *value);
int __wrap_wg_sysctl_write(const char *name, const char *value);

int __wrap_wg_sysctl_write(const char *name, const char *value)
{
	return refuses ? refuses : __real_wg_sysctl_write(name, value);
}

static void test_everything_is_put_back(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	char *between;

	(void)state;
	make_all(undo);
	expect_sysctl(ACCEPT_RA, "2");
	expect_sysctl(FORWARDING, "1");
	between = wg_test_picture(nl);
	assert_string_not_equal(between, before);
	free(between);
	assert_int_equal(wg_undo_pending(undo), 8);
	down(undo);
	expect_as_before();
	assert_int_equal(notes.n, 0);
	assert_int_equal(taken.n, 1);
	assert_string_equal(taken.texts[0], "good thing");
	assert_false(has_file("wg0"));
}

static void test_what_is_right_already_is_not_ours_to_put_back(void **state)
{
	struct wg_undo *undo = open_undo("wg0");

	(void)state;
	set(undo, "net/ipv4/conf/all/accept_redirects", "0", NULL);
	assert_int_equal(wg_undo_pending(undo), 0);
	set(undo, "net/ipv4/ip_forward", "1", NULL);
	set(undo, "net/ipv4/ip_forward", "1", NULL);
	assert_int_equal(wg_undo_pending(undo), 1);
	down(undo);
	expect_as_before();
}

static void test_a_change_is_made_twice_and_undone_twice(void **state)
{
	struct wg_undo *undo = open_undo("wg0");

	(void)state;
	set(undo, ACCEPT_RA, "2", NULL);
	set(undo, ACCEPT_RA, "0", NULL);
	expect_sysctl(ACCEPT_RA, "0");
	assert_int_equal(wg_undo_sysctl_reset(undo, ACCEPT_RA), 0);
	expect_sysctl(ACCEPT_RA, "2");
	set(undo, ACCEPT_RA, "0", NULL);
	down(undo);
	expect_as_before();
}

static void test_what_another_program_changed_is_left_alone(void **state)
{
	struct wg_undo *undo = open_undo("wg0");

	(void)state;
	set(undo, ACCEPT_RA, "2", NULL);
	set(undo, FORWARDING, "1", NULL);
	write_value(ACCEPT_RA, "0");
	write_value("net/ipv6/conf/lo/forwarding", "2");
	down(undo);
	expect_sysctl(ACCEPT_RA, "0");
	expect_sysctl("net/ipv6/conf/lo/forwarding", "2");
	expect_sysctl("net/ipv6/conf/eth0/forwarding", "0");
	expect_sysctl("net/ipv6/conf/eth0.5/forwarding", "1");
	assert_int_equal(notes.n, 2);
	assert_string_equal(notes.texts[0],
			    "net.ipv6.conf.lo.forwarding is 2 and was left so: another program "
			    "changed it (it was 0, we had made it 1)");
	assert_string_equal(notes.texts[1],
			    "net.ipv6.conf.eth0.accept_ra is 0 and was left so: another program "
			    "changed it (it was 1, we had made it 2)");
}

static void test_the_last_of_two_tunnels_puts_back(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct wg_undo *tunnels[2] = {open_undo("wg0"), open_undo("wg1")};

		make_all(tunnels[0]);
		make_all(tunnels[1]);
		down(tunnels[order]);
		expect_sysctl(FORWARDING, "1");
		expect_sysctl(ACCEPT_RA, "2");
		assert_int_equal(
			wg_rule_exists(nl, &(struct wg_rule[]){by_mark(WG_FAMILY_IPV6)}[0]), 1);
		down(tunnels[!order]);
		expect_as_before();
		assert_int_equal(notes.n, 0);
	}
}

static void test_two_tunnels_that_want_different_values_each_get_theirs(void **state)
{
	struct wg_undo *first, *second;

	(void)state;
	first = open_undo("wg0");
	second = open_undo("wg1");
	set(first, ACCEPT_RA, "2", NULL);
	set(second, ACCEPT_RA, "0", NULL);
	down(second);
	expect_sysctl(ACCEPT_RA, "2");
	second = open_undo("wg1");
	set(second, ACCEPT_RA, "0", NULL);
	down(first);
	expect_sysctl(ACCEPT_RA, "0");
	down(second);
	expect_as_before();
	assert_int_equal(notes.n, 0);
}

static void test_one_interface_of_another_tunnel_stays_forwarding(void **state)
{
	static const char name[] = "net/ipv6/conf/eth0/forwarding";
	struct wg_undo *first = open_undo("wg0"), *second = open_undo("wg1");

	(void)state;
	set(first, FORWARDING, "1", NULL);
	set(second, name, "1", NULL);
	down(first);
	expect_sysctl(FORWARDING, "0");
	expect_sysctl(name, "1");
	down(second);
	expect_as_before();
	assert_int_equal(notes.n, 0);
}

static void test_an_interface_that_came_between_two_tunnels_goes_back_too(void **state)
{
	struct wg_undo *first = open_undo("wg0"), *second;
	int fd;

	(void)state;
	set(first, FORWARDING, "1", NULL);
	fd = wg_test_link_new("eth1", IFF_TAP);
	second = open_undo("wg1");
	set(second, FORWARDING, "1", NULL);
	expect_sysctl("net/ipv6/conf/eth1/forwarding", "1");
	down(first);
	down(second);
	expect_sysctl("net/ipv6/conf/eth1/forwarding", "0");
	close(fd);
	expect_as_before();
}

static void test_advertisements_are_accepted_as_long_as_anybody_forwards(void **state)
{
	struct wg_undo *first = open_undo("wg0"), *second = open_undo("wg1");

	(void)state;
	set(first, ACCEPT_RA, "2", FORWARDING);
	set(first, FORWARDING, "1", NULL);
	set(second, FORWARDING, "1", NULL);
	down(first);
	expect_sysctl(FORWARDING, "1");
	expect_sysctl(ACCEPT_RA, "2");
	assert_int_equal(wg_undo_pending(second), 2);
	down(second);
	expect_as_before();
	assert_int_equal(notes.n, 0);
}

static void test_what_was_there_before_is_not_deleted(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_neigh_proxy neigh = proxy();
	struct wg_route route = unreachable();
	struct wg_rule rule = by_mark(WG_FAMILY_IPV4);
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_neigh_proxy_add(nl, &neigh), 0);
	assert_int_equal(wg_route_add(nl, &route), 0);
	assert_int_equal(wg_rule_add(nl, &rule), 0);
	assert_int_equal(wg_undo_proxy_add(undo, &neigh, &error), -EEXIST);
	assert_int_equal(wg_undo_route_add(undo, &route, &error), -EEXIST);
	assert_int_equal(wg_undo_rule_add(undo, &rule, &error), -EEXIST);
	assert_int_equal(wg_undo_pending(undo), 0);
	down(undo);
	assert_int_equal(wg_neigh_proxy_exists(nl, &neigh), 1);
	assert_int_equal(wg_route_exists(nl, &route), 1);
	assert_int_equal(wg_rule_exists(nl, &rule), 1);
}

static void test_what_cannot_be_made_leaves_nothing_to_undo(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_route route = unreachable();
	struct wg_error error;

	(void)state;
	route.type = WG_ROUTE_UNICAST;
	route.link = 999;
	assert_int_equal(wg_undo_route_add(undo, &route, &error), -ENODEV);
	assert_int_equal(wg_undo_sysctl(undo, FORWARDING, "x", NULL, &error), -EINVAL);
	assert_string_equal(
		error.text,
		"net.ipv6.conf.all.forwarding: is 0, and cannot be set to x: Invalid argument");
	assert_int_equal(wg_undo_sysctl(undo, "net/ipv4/absent", "1", NULL, &error), -ENOENT);
	assert_int_equal(wg_undo_pending(undo), 0);
	wg_undo_close(undo);
	expect_as_before();
	assert_false(has_file("wg0"));
}

static void test_what_somebody_removed_is_noted(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_route route = unreachable();
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_undo_route_add(undo, &route, &error), 0);
	assert_int_equal(wg_route_delete(nl, &route), 0);
	down(undo);
	assert_int_equal(notes.n, 1);
	assert_non_null(strstr(notes.texts[0], "not there any more"));
}

static void test_single_changes_are_taken_back_while_the_tunnel_goes_on(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_neigh_proxy neigh = proxy();
	struct wg_route route = unreachable();
	struct wg_rule rule = by_mark(WG_FAMILY_IPV4);

	(void)state;
	make_all(undo);
	assert_int_equal(wg_undo_route_delete(undo, &route), 0);
	assert_int_equal(wg_undo_route_delete(undo, &route), -ENOENT);
	assert_int_equal(wg_undo_rule_delete(undo, &rule), 0);
	assert_int_equal(wg_undo_proxy_delete(undo, &neigh), 0);
	assert_int_equal(wg_undo_take_back(undo, "good", "thing"), 0);
	assert_int_equal(wg_undo_sysctl_reset(undo, "net/ipv4/ip_forward"), 0);
	assert_int_equal(wg_undo_pending(undo), 3);
	down(undo);
	expect_as_before();
}

static void test_what_fails_stays_in_the_journal_and_stops_nothing(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_error error;

	(void)state;
	set(undo, ACCEPT_RA, "2", NULL);
	assert_int_equal(wg_undo_begin(undo, "bad", "thing", &error), 0);
	assert_int_equal(wg_undo_begin(undo, "good", "a b\n%", &error), 0);
	assert_int_equal(wg_undo_begin(undo, "good", "never made", &error), 0);
	assert_int_equal(wg_undo_cancel(undo, "good", "never made"), 0);
	assert_int_equal(wg_undo_run(undo), -EIO);
	assert_int_equal(wg_undo_pending(undo), 1);
	assert_int_equal(taken.n, 2);
	assert_string_equal(taken.texts[0], "good a b\n%");
	assert_string_equal(taken.texts[1], "bad thing");
	assert_string_equal(notes.texts[0], "bad thing: cannot be put back: Input/output error");
	expect_as_before();
	wg_undo_close(undo);
	assert_true(has_file("wg0"));
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_pending(undo), 1);
	assert_int_equal(wg_undo_cancel(undo, "bad", "thing"), 0);
	wg_undo_close(undo);
	assert_false(has_file("wg0"));
}

static void test_a_running_tunnels_journal_is_not_opened_twice(void **state)
{
	struct wg_undo *undo = open_undo("wg0"), *again;
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_undo_open(&again, dir, "wg0", &ops, &error), -EBUSY);
	assert_int_equal(wg_undo_open(&again, dir, "../wg0", &ops, &error), -EINVAL);
	assert_int_equal(wg_undo_open(&again, dir, "", &ops, &error), -EINVAL);
	wg_undo_close(undo);
	undo = open_undo("wg0");
	wg_undo_close(undo);
}

static void test_a_table_is_claimed_by_one_tunnel(void **state)
{
	struct wg_undo *first = open_undo("wg0"), *second = open_undo("wg1");
	struct wg_rule rule = by_mark(WG_FAMILY_IPV4);
	struct wg_route route = unreachable();
	struct wg_error error;
	uint32_t table;

	(void)state;
	rule.table = 51822;
	route.table = 51824;
	assert_int_equal(wg_rule_add(nl, &rule), 0); /* mark 51820 */
	assert_int_equal(wg_route_add(nl, &route), 0);
	assert_int_equal(wg_undo_table_claim(first, 51820, &table, &error), 0);
	assert_int_equal(table, 51821);
	assert_int_equal(wg_undo_table_claim(second, 51820, &table, &error), 0);
	assert_int_equal(table, 51823);
	assert_int_equal(wg_undo_table_claim(first, 51820, &table, &error), 0);
	assert_int_equal(table, 51821);
	down(first);
	first = open_undo("wg2");
	assert_int_equal(wg_undo_table_claim(first, 51823, &table, &error), 0);
	assert_int_equal(table, 51825);
	down(first);
	down(second);
	assert_int_equal(notes.n, 0);
	assert_int_equal(taken.n, 0);
}

static void test_a_read_only_proc_is_explained(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_error error;

	(void)state;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) ||
	    mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL)) {
		wg_undo_close(undo);
		wg_test_skip("may not mount /proc/sys anew");
	}
	assert_int_equal(wg_undo_sysctl(undo, FORWARDING, "1", NULL, &error), -EROFS);
	assert_string_equal(error.text, "net.ipv6.conf.all.forwarding: is 0, and cannot be set to "
					"1: Read-only file system");
	assert_string_equal(error.hint, "/proc/sys is read-only, as in a container: give it "
					"--sysctl net.ipv6.conf.all.forwarding=1");
	assert_int_equal(wg_undo_sysctl(undo, FORWARDING, "0", NULL, &error), 0);
	assert_int_equal(umount2("/proc/sys", MNT_DETACH), 0);
	wg_undo_close(undo);
	expect_as_before();
}

static void test_a_parameter_that_may_not_be_set_is_explained_and_leaves_nothing(void **state)
{
	static const int codes[] = {-EACCES, -EPERM};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(codes); i++) {
		struct wg_undo *undo = open_undo("wg0");
		struct wg_error error;
		char text[256];

		refuses = codes[i];
		assert_int_equal(wg_undo_sysctl(undo, FORWARDING, "1", NULL, &error), codes[i]);
		snprintf(text, sizeof(text),
			 "net.ipv6.conf.all.forwarding: is 0, and cannot be set to 1: %s",
			 strerror(-codes[i]));
		assert_string_equal(error.text, text);
		assert_string_equal(error.hint, "run as root of the network namespace, or set "
						"net.ipv6.conf.all.forwarding=1 outside");
		assert_int_equal(wg_undo_pending(undo), 0);
		refuses = 0;
		wg_undo_close(undo);
		assert_false(has_file("wg0"));
		expect_as_before();
	}
}

/* As when rights were given up in between: it stays in the journal for who has them. */
static void test_a_parameter_that_may_not_be_put_back_is_noted_and_kept(void **state)
{
	struct wg_undo *undo = open_undo("wg0");

	(void)state;
	set(undo, "net/ipv4/ip_forward", "1", NULL);
	refuses = -EACCES;
	assert_int_equal(wg_undo_run(undo), -EACCES);
	assert_int_equal(wg_undo_pending(undo), 1);
	assert_int_equal(notes.n, 1);
	assert_non_null(strstr(notes.texts[0], "Permission denied"));
	refuses = 0;
	wg_undo_close(undo);
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_pending(undo), 1);
	down(undo);
	expect_as_before();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_is_put_back),
		TEST(test_what_is_right_already_is_not_ours_to_put_back),
		TEST(test_a_change_is_made_twice_and_undone_twice),
		TEST(test_what_another_program_changed_is_left_alone),
		TEST(test_the_last_of_two_tunnels_puts_back),
		TEST(test_two_tunnels_that_want_different_values_each_get_theirs),
		TEST(test_one_interface_of_another_tunnel_stays_forwarding),
		TEST(test_an_interface_that_came_between_two_tunnels_goes_back_too),
		TEST(test_advertisements_are_accepted_as_long_as_anybody_forwards),
		TEST(test_what_was_there_before_is_not_deleted),
		TEST(test_what_cannot_be_made_leaves_nothing_to_undo),
		TEST(test_what_somebody_removed_is_noted),
		TEST(test_single_changes_are_taken_back_while_the_tunnel_goes_on),
		TEST(test_what_fails_stays_in_the_journal_and_stops_nothing),
		TEST(test_a_running_tunnels_journal_is_not_opened_twice),
		TEST(test_a_table_is_claimed_by_one_tunnel),
		TEST(test_a_read_only_proc_is_explained),
		TEST(test_a_parameter_that_may_not_be_set_is_explained_and_leaves_nothing),
		TEST(test_a_parameter_that_may_not_be_put_back_is_noted_and_kept),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
