/* For the tests of the undo journal: a host in a namespace of the test's own, with values
 * that a careless undo would lose, and changes of every kind to it. */
#ifndef WG_TESTS_UNDO_H
#define WG_TESTS_UNDO_H

#include "netpicture.h"

#include "host/sysctl.h"
#include "host/undo.h"

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

static inline void note(void *ctx, const char *text)
{
	(void)ctx;
	assert_true(notes.n < 64);
	snprintf(notes.texts[notes.n++], sizeof(notes.texts[0]), "%s", text);
}

/* The caller's own kinds: "good" ones go, "bad" ones stay. */
static inline int take_back(void *ctx, const char *kind, const char *text)
{
	(void)ctx;
	assert_true(taken.n < 64);
	snprintf(taken.texts[taken.n++], sizeof(taken.texts[0]), "%s %s", kind, text);
	return strcmp(kind, "bad") ? 0 : -EIO;
}

static const struct wg_undo_ops ops = {take_back, note, NULL};

static inline void write_value(const char *name, const char *value)
{
	if (wg_sysctl_write(name, value))
		fail_msg("cannot set %s to %s", name, value);
}

static inline void expect_sysctl(const char *name, const char *value)
{
	char present[WG_SYSCTL_VALUE_LEN];

	assert_int_equal(wg_sysctl_read(name, present), 0);
	assert_string_equal(present, value);
}

/* A namespace with values that a careless undo would lose. */
static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	(void)state;
	wg_test_empty_folder(dir);
	close(links[0]);
	close(links[1]);
	wg_netlink_close(nl);
	free(before);
	return 0;
}

static inline void expect_as_before(void)
{
	char *after = wg_test_picture(nl);

	wg_test_same_picture(before, after);
	free(after);
}

static inline bool has_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.undo", dir, name);
	return !access(path, F_OK);
}

static inline struct wg_undo *open_undo(const char *name)
{
	struct wg_undo *undo;
	struct wg_error error;

	if (wg_undo_open(&undo, dir, name, &ops, &error))
		fail_msg("%s", error.text);
	return undo;
}

static inline void set(struct wg_undo *undo, const char *name, const char *value,
		       const char *meanwhile)
{
	struct wg_error error;

	if (wg_undo_sysctl(undo, name, value, meanwhile, &error))
		fail_msg("%s", error.text);
}

/* As `tuff down` does it. */
static inline void down(struct wg_undo *undo)
{
	assert_int_equal(wg_undo_run(undo), 0);
	assert_int_equal(wg_undo_pending(undo), 0);
	wg_undo_close(undo);
}

static inline struct wg_route unreachable(void)
{
	return (struct wg_route){
		.dst = wg_test_prefix("::/0"),
		.metric = 4096,
		.table = 51820,
		.type = WG_ROUTE_UNREACHABLE,
		.protocol = WG_ROUTE_FROM_STATIC,
	};
}

static inline struct wg_rule by_mark(uint8_t family)
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

static inline struct wg_neigh_proxy proxy(void)
{
	return (struct wg_neigh_proxy){eth0, wg_test_ip("2001:db8:7767::2")};
}

/* Some of everything, in an order as `tuff up` has it. */
static inline int change_all(struct wg_undo *undo, struct wg_error *error)
{
	struct wg_rule rule4 = by_mark(WG_FAMILY_IPV4), rule6 = by_mark(WG_FAMILY_IPV6);
	struct wg_neigh_proxy neigh = proxy();
	struct wg_route route = unreachable();
	int r;

	r = wg_undo_sysctl(undo, ACCEPT_RA, "2", FORWARDING, error);
	r = r ? r : wg_undo_sysctl(undo, FORWARDING, "1", NULL, error);
	r = r ? r : wg_undo_sysctl(undo, "net/ipv4/ip_forward", "1", NULL, error);
	r = r ? r : wg_undo_proxy_add(undo, &neigh, error);
	r = r ? r : wg_undo_route_add(undo, &route, error);
	r = r ? r : wg_undo_rule_add(undo, &rule4, error);
	r = r ? r : wg_undo_rule_add(undo, &rule6, error);
	r = r ? r : wg_undo_begin(undo, "good", "thing", error);
	return r;
}

static inline void make_all(struct wg_undo *undo)
{
	struct wg_error error;

	if (change_all(undo, &error))
		fail_msg("%s", error.text);
}

/* Changes of long ago, from number on, as many reloads leave them. */
static inline void add_history(size_t number)
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

static inline int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
