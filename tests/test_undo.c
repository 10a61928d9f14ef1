/* The undo journal against the running kernel, in namespaces of the test's own: what
 * was changed is put back byte for byte, whoever is killed when, and what others did
 * is left alone. */
#include "netpicture.h"

#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "route/sysctl.h"
#include "route/undo.h"

#define FORWARDING "net/ipv6/conf/all/forwarding"
#define ACCEPT_RA  "net/ipv6/conf/eth0/accept_ra"

static struct wg_netlink *nl;
static int links[2];
static uint32_t eth0;
static char dir[] = "/tmp/tuff-undo-XXXXXX";
static char *before;

static struct {
	size_t n;
	char texts[64][256];
} notes, taken;

static void note(void *ctx, const char *text)
{
	(void)ctx;
	assert_true(notes.n < 64);
	snprintf(notes.texts[notes.n++], sizeof(notes.texts[0]), "%s", text);
}

/* The caller's own kinds: "good" ones go, "bad" ones stay. */
static int take_back(void *ctx, const char *kind, const char *text)
{
	(void)ctx;
	assert_true(taken.n < 64);
	snprintf(taken.texts[taken.n++], sizeof(taken.texts[0]), "%s %s", kind, text);
	return strcmp(kind, "bad") ? 0 : -EIO;
}

static const struct wg_undo_ops ops = {take_back, note, NULL};

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

/* A namespace with values that a careless undo would lose. */
static int setup(void **state)
{
	(void)state;
	notes.n = taken.n = 0;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(wg_netlink_open(&nl), 0);
	links[0] = wg_test_link_new("eth0", IFF_TAP);
	links[1] = wg_test_link_new("eth0.5", IFF_TAP);
	/* No link-local address, which would come in its own time. */
	write_value("net/ipv6/conf/eth0/addr_gen_mode", "1");
	wg_test_link_up(nl, "lo");
	eth0 = wg_test_link_up(nl, "eth0");
	write_value("net/ipv6/conf/eth0.5/forwarding", "1");
	write_value("net/ipv4/conf/all/accept_redirects", "0");
	write_value("net/ipv4/conf/eth0.5/forwarding", "1");
	before = wg_test_picture(nl);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wg_test_empty_folder(dir);
	close(links[0]);
	close(links[1]);
	wg_netlink_close(nl);
	free(before);
	return 0;
}

static void expect_as_before(void)
{
	char *after = wg_test_picture(nl);

	wg_test_same_picture(before, after);
	free(after);
}

static bool has_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.undo", dir, name);
	return !access(path, F_OK);
}

static struct wg_undo *open_undo(const char *name)
{
	struct wg_undo *undo;
	struct wg_error error;

	if (wg_undo_open(&undo, dir, name, &ops, &error))
		fail_msg("%s", error.text);
	return undo;
}

static void set(struct wg_undo *undo, const char *name, const char *value, const char *meanwhile)
{
	struct wg_error error;

	if (wg_undo_sysctl(undo, name, value, meanwhile, &error))
		fail_msg("%s", error.text);
}

/* As `tuff down` does it. */
static void down(struct wg_undo *undo)
{
	assert_int_equal(wg_undo_run(undo), 0);
	assert_int_equal(wg_undo_pending(undo), 0);
	wg_undo_close(undo);
}

static struct wg_route unreachable(void)
{
	return (struct wg_route){
		.dst = wg_test_prefix("::/0"),
		.metric = 4096,
		.table = 51820,
		.type = WG_ROUTE_UNREACHABLE,
		.protocol = WG_ROUTE_FROM_STATIC,
	};
}

static struct wg_rule by_mark(uint8_t family)
{
	return (struct wg_rule){
		.family = family,
		.invert = true,
		.priority = 32765,
		.fwmark = 51820,
		.fwmask = UINT32_MAX,
		.table = 51820,
		.suppress_prefixlength = -1,
	};
}

static struct wg_neigh_proxy proxy(void)
{
	return (struct wg_neigh_proxy){eth0, wg_test_ip("2001:db8:7767::2")};
}

/* Some of everything, in an order as `tuff up` has it. */
static int change_all(struct wg_undo *undo, struct wg_error *error)
{
	struct wg_rule rule4 = by_mark(WG_FAMILY_IPV4), rule6 = by_mark(WG_FAMILY_IPV6);
	struct wg_neigh_proxy neigh = proxy();
	struct wg_route route = unreachable();
	size_t number;
	int r;

	r = wg_undo_sysctl(undo, ACCEPT_RA, "2", FORWARDING, error);
	r = r ? r : wg_undo_sysctl(undo, FORWARDING, "1", NULL, error);
	r = r ? r : wg_undo_sysctl(undo, "net/ipv4/ip_forward", "1", NULL, error);
	r = r ? r : wg_undo_proxy_add(undo, &neigh, error);
	r = r ? r : wg_undo_route_add(undo, &route, error);
	r = r ? r : wg_undo_rule_add(undo, &rule4, error);
	r = r ? r : wg_undo_rule_add(undo, &rule6, error);
	r = r ? r : wg_undo_begin(undo, "good", "thing", &number, error);
	return r;
}

static void make_all(struct wg_undo *undo)
{
	struct wg_error error;

	if (change_all(undo, &error))
		fail_msg("%s", error.text);
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
	size_t number;

	(void)state;
	set(undo, ACCEPT_RA, "2", NULL);
	assert_int_equal(wg_undo_begin(undo, "bad", "thing", &number, &error), 0);
	assert_int_equal(wg_undo_begin(undo, "good", "a b\n%", &number, &error), 0);
	assert_int_equal(wg_undo_begin(undo, "good", "never made", &number, &error), 0);
	assert_int_equal(wg_undo_cancel(undo, number), 0);
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
	assert_int_equal(wg_undo_cancel(undo, 2), 0);
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

static void write_journal(const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/wg0.undo", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_changes_of_an_earlier_boot_are_forgotten(void **state)
{
	uint64_t namespace;
	char text[512];
	struct wg_undo *undo;

	(void)state;
	assert_int_equal(wg_netlink_namespace(&namespace), 0);
	snprintf(text, sizeof(text),
		 "tuff-undo 1\nin 6f2c1d8e-0000-4000-8000-000000000001 %llu\n"
		 "begin 1 sysctl " FORWARDING "\nwas 1 " FORWARDING " 1\nnow 1 " FORWARDING
		 " 0\ndone 1\n",
		 (unsigned long long)namespace);
	write_journal(text);
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_pending(undo), 0);
	down(undo);
	expect_as_before();
	assert_int_equal(notes.n, 1);
	assert_string_equal(notes.texts[0], "1 changes of an earlier boot are forgotten");
	assert_false(has_file("wg0"));
}

static void test_changes_in_another_namespace_are_left_alone(void **state)
{
	struct wg_undo *undo = open_undo("wg0");
	struct wg_netlink *there = nl;
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char *inside;

	(void)state;
	set(undo, FORWARDING, "1", NULL);
	wg_undo_close(undo);
	inside = wg_test_picture(nl);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(wg_netlink_open(&nl), 0);
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_pending(undo), 0);
	set(undo, FORWARDING, "1", NULL);
	assert_int_equal(wg_undo_pending(undo), 1);
	down(undo);
	expect_sysctl(FORWARDING, "0");
	assert_string_equal(notes.texts[0],
			    "1 changes in another network namespace were left alone");
	assert_true(has_file("wg0"));
	wg_netlink_close(nl);
	nl = there;
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	close(here);
	expect_sysctl(FORWARDING, "1");
	free(inside);
	down(open_undo("wg0"));
	expect_as_before();
	assert_false(has_file("wg0"));
}

/* Changes of long ago, from number on, as many reloads leave them. */
static void add_history(size_t number)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/wg0.undo", dir);
	file = fopen(path, "a");
	assert_non_null(file);
	for (; number < 4000; number++)
		fprintf(file, "begin %zu good round\nend %zu\n", number, number);
	fclose(file);
}

static void test_a_long_journal_is_written_anew(void **state)
{
	struct wg_undo *undo = open_undo("wg0"), *again;
	struct wg_error error;
	struct stat st;
	char path[256];
	size_t number;

	(void)state;
	make_all(undo);
	snprintf(path, sizeof(path), "%s/wg0.undo", dir);
	add_history(9);
	assert_int_equal(wg_undo_pending(undo), 8);
	assert_int_equal(wg_undo_begin(undo, "good", "last", &number, &error), 0);
	assert_int_equal(number, 9);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 20000);
	assert_int_equal(wg_undo_open(&again, dir, "wg0", &ops, &error), -EBUSY);
	assert_int_equal(wg_undo_pending(undo), 9);
	down(undo);
	assert_string_equal(taken.texts[0], "good last");
	assert_int_equal(taken.n, 2);
	expect_as_before();
	assert_false(has_file("wg0"));
}

static void test_a_foreign_file_is_not_overwritten(void **state)
{
	struct wg_undo *undo;
	struct wg_error error;

	(void)state;
	write_journal("precious\n");
	undo = open_undo("wg0");
	assert_int_equal(wg_undo_sysctl(undo, FORWARDING, "1", NULL, &error), -EPROTO);
	assert_non_null(strstr(error.text, "/wg0.undo: not an undo journal of this version"));
	wg_undo_close(undo);
	assert_true(has_file("wg0"));
	write_journal("");
	wg_undo_close(open_undo("wg0"));
	expect_as_before();
}

static void test_a_directory_that_is_removed_takes_nothing_with_it(void **state)
{
	struct wg_undo *undo = open_undo("wg0");

	(void)state;
	make_all(undo);
	wg_test_empty_folder(dir);
	assert_int_equal(rmdir(dir), 0);
	down(undo);
	expect_as_before();
	assert_int_equal(notes.n, 0);
	assert_int_equal(mkdir(dir, 0755), 0);
}

static void test_a_torn_line_does_not_spoil_the_next_one(void **state)
{
	struct wg_undo *undo;

	(void)state;
	write_journal("tuff-undo 1\nin b 1\nbegin 1 rou");
	undo = open_undo("wg0");
	set(undo, FORWARDING, "1", NULL);
	down(undo);
	expect_as_before();
	assert_int_equal(notes.n, 0);
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
		skip();
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

/* Whether a system call can change anything that outlives its process. */
static bool leaves_traces(long call)
{
	return call == SYS_write || call == SYS_fsync || call == SYS_sendto ||
	       call == SYS_sendmsg || call == SYS_ftruncate || call == SYS_unlinkat ||
	       call == SYS_renameat;
}

/* Stops the child at its next system call or return from one. */
static bool step(pid_t child, bool *traces)
{
	struct __ptrace_syscall_info info = {0};
	static long call;
	int status;

	if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) || waitpid(child, &status, 0) < 0)
		return false;
	if (!WIFSTOPPED(status)) {
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		return false;
	}
	/* ptrace(2) takes numbers as pointers. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) > 0);
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		call = (long)info.entry.nr;
	*traces = leaves_traces(call);
	return true;
}

/* Runs work in a process that is killed at the given moment: before or after its
 * n-th system call of those that leave traces. False when it ended before. */
static bool run_until(int (*work)(void), size_t moment)
{
	pid_t child = fork();
	void *options;
	bool traces;
	size_t n = 0;

	assert_true(child >= 0);
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(2);
		raise(SIGSTOP);
		_exit(work());
	}
	assert_true(waitpid(child, NULL, 0) == child);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	options = (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL, options), 0);
	while (step(child, &traces)) {
		if (!traces || n++ < moment)
			continue;
		kill(child, SIGKILL);
		assert_true(waitpid(child, NULL, 0) == child);
		return true;
	}
	return false;
}

static int live(const char *name)
{
	struct wg_undo *undo;
	struct wg_error error;
	int r;

	if (wg_undo_open(&undo, dir, name, &ops, &error))
		return 3;
	r = wg_undo_run(undo);
	r = r ? r : change_all(undo, &error);
	r = r ? r : wg_undo_run(undo);
	wg_undo_close(undo);
	return r ? 4 : 0;
}

static int whole_life(void)
{
	return live("wg0");
}

static int recovery(void)
{
	struct wg_undo *undo;
	struct wg_error error;
	int r;

	if (wg_undo_open(&undo, dir, "wg0", &ops, &error))
		return 3;
	r = wg_undo_run(undo);
	wg_undo_close(undo);
	return r ? 4 : 0;
}

static void test_a_kill_at_any_moment_is_put_back(void **state)
{
	size_t moment = 0;

	(void)state;
	while (run_until(whole_life, moment++)) {
		assert_int_equal(recovery(), 0);
		expect_as_before();
		assert_false(has_file("wg0"));
		notes.n = taken.n = 0;
	}
	assert_true(moment > 100);
	expect_as_before();
}

/* A journal that becomes long and is written anew. */
static int long_life(void)
{
	struct wg_undo *undo;
	struct wg_error error;
	size_t number;
	int r;

	if (wg_undo_open(&undo, dir, "wg0", &ops, &error))
		return 3;
	r = wg_undo_sysctl(undo, FORWARDING, "1", NULL, &error);
	add_history(2);
	r = r ? r : wg_undo_begin(undo, "good", "thing", &number, &error);
	r = r ? r : wg_undo_run(undo);
	wg_undo_close(undo);
	return r ? 4 : 0;
}

static void test_a_kill_while_writing_anew_is_put_back(void **state)
{
	size_t moment = 0;

	(void)state;
	while (run_until(long_life, moment++)) {
		assert_int_equal(recovery(), 0);
		expect_as_before();
		assert_false(has_file("wg0"));
		notes.n = taken.n = 0;
	}
}

static void test_a_kill_while_putting_back_is_put_back(void **state)
{
	struct wg_test_random random = {20};

	(void)state;
	for (size_t round = 0; round < 30; round++) {
		run_until(whole_life, wg_test_below(&random, 400));
		run_until(recovery, wg_test_below(&random, 200));
		run_until(recovery, wg_test_below(&random, 200));
		assert_int_equal(recovery(), 0);
		expect_as_before();
		notes.n = taken.n = 0;
	}
}

static void test_a_kill_beside_another_tunnel_is_put_back(void **state)
{
	struct wg_test_random random = {30};

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		struct wg_undo *other = open_undo("wg1");

		set(other, FORWARDING, "1", NULL);
		set(other, "net/ipv4/conf/eth0/forwarding", "1", NULL);
		run_until(whole_life, wg_test_below(&random, 400));
		run_until(recovery, wg_test_below(&random, 200));
		if (round % 2) {
			down(other);
			assert_int_equal(recovery(), 0);
		} else {
			assert_int_equal(recovery(), 0);
			expect_sysctl(FORWARDING, "1");
			expect_sysctl("net/ipv4/conf/eth0/forwarding", "1");
			down(other);
		}
		expect_as_before();
		notes.n = taken.n = 0;
	}
}

static pid_t start_lives(const char *name, size_t n)
{
	pid_t child = fork();
	int r = 0;

	assert_true(child >= 0);
	if (child)
		return child;
	for (size_t i = 0; i < n && !r; i++)
		r = live(name);
	_exit(r || notes.n ? 1 : 0);
}

static void test_tunnels_that_come_and_go_at_once_leave_nothing(void **state)
{
	struct wg_test_random random = {40};
	int status;

	(void)state;
	for (size_t round = 0; round < 10; round++) {
		pid_t others[] = {start_lives("wg1", 4), start_lives("wg2", 4)};

		run_until(whole_life, wg_test_below(&random, 300));
		for (size_t i = 0; i < WG_ARRAY_LEN(others); i++) {
			assert_true(waitpid(others[i], &status, 0) == others[i]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		}
		assert_int_equal(recovery(), 0);
		assert_int_equal(notes.n, 0);
		expect_as_before();
		taken.n = 0;
	}
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
		TEST(test_changes_of_an_earlier_boot_are_forgotten),
		TEST(test_changes_in_another_namespace_are_left_alone),
		TEST(test_a_long_journal_is_written_anew),
		TEST(test_a_foreign_file_is_not_overwritten),
		TEST(test_a_directory_that_is_removed_takes_nothing_with_it),
		TEST(test_a_torn_line_does_not_spoil_the_next_one),
		TEST(test_a_read_only_proc_is_explained),
		TEST(test_a_kill_at_any_moment_is_put_back),
		TEST(test_a_kill_while_writing_anew_is_put_back),
		TEST(test_a_kill_while_putting_back_is_put_back),
		TEST(test_a_kill_beside_another_tunnel_is_put_back),
		TEST(test_tunnels_that_come_and_go_at_once_leave_nothing),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
