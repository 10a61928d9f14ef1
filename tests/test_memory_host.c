/* Memory that is out while a host is looked at, planned for, changed and put back: each
 * allocation fails in turn. What cannot be done says so, and what was done goes back. */
#include "scarce.h"
#include "undo.h"

#include "conf/confdiff.h"
#include "conf/keyfile.h"
#include "host/apply.h"
#include "host/hostview.h"
#include "host/journal.h"
#include "host/plan.h"

#define KEY "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* A tunnel that asks for all that a plan can hold. */
static const char text[] =
	"[Interface]\nPrivateKey = " KEY "\nAddress = 2001:db8:7767::1/64, 10.7.0.1/24\n"
	"ProxyNDP = eth0\nForward = both\nRoute = 2001:db8:9::/48\n"
	"Sysctl = net.ipv4.conf.all.accept_redirects = 1\n"
	"[Peer]\nPublicKey = AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nPresharedKey = " KEY
	"\nEndpoint = shale.example:1\nAllowedIPs = 0.0.0.0/0, ::/0, 2001:db8:7767::2/128\n"
	"[Peer]\nPublicKey = AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	"AllowedIPs = 2001:db8:7767::3/128, 10.7.0.3/32, 192.0.2.0/24\n";

static struct wg_conf conf;

static void parse(struct wg_conf *parsed, const char *from)
{
	struct wg_error error;

	if (wg_conf_parse(parsed, "wg0.conf", "wg0", from, strlen(from), &error))
		fail_msg("%s", error.text);
}

static bool journal(void *ctx)
{
	const char *lines = ctx;
	struct wg_journal journal;
	struct wg_journal_lines again;
	bool failed;
	int err = wg_journal_parse(&journal, lines, strlen(lines));

	if (err) {
		assert_int_equal(err, -ENOMEM);
		return false;
	}
	assert_int_equal(journal.n, 20);
	assert_int_equal(journal.n_bad, 0);
	wg_journal_lines_init(&again);
	wg_journal_put_head(&again);
	for (size_t i = 0; i < journal.n; i++) {
		wg_journal_put_place(&again, &journal.changes[i].place);
		wg_journal_put_change(&again, i + 1, &journal.changes[i]);
	}
	failed = again.failed;
	wg_journal_lines_deinit(&again);
	wg_journal_deinit(&journal);
	return !failed;
}

static void test_a_journal_is_read_and_written_whole_or_not_at_all(void **state)
{
	char lines[8192] = "tuff-undo 1\nin boot 7\n";

	(void)state;
	for (int i = 1; i <= 20; i++) {
		size_t len = strlen(lines);

		snprintf(lines + len, sizeof(lines) - len,
			 "begin %d sysctl a=1\nwas %d a 0\nwas %d b 1\nnow %d a 1\ndone %d\n", i, i,
			 i, i, i);
	}
	assert_true(scarce_try(journal, lines) > 20);
}

struct diff {
	struct wg_conf before;
	struct wg_conf wanted;
	struct wg_config running;
};

static bool compare(void *ctx)
{
	struct diff *diff = ctx;
	struct wg_config change;
	int err;

	wg_config_init(&change);
	err = wg_confdiff_make(&change, &diff->running, &diff->before, &diff->wanted);
	if (err)
		assert_int_equal(err, -ENOMEM);
	else
		assert_int_equal(change.n_peers, 4); /* two come, one goes, one changes */
	wg_config_deinit(&change);
	return !err;
}

static void test_a_difference_is_found_whole_or_not_at_all(void **state)
{
	static struct diff diff;

	(void)state;
	parse(&diff.before, "[Interface]\nPrivateKey = " KEY "\n[Peer]\n"
			    "PublicKey = BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
			    "AllowedIPs = 10.9.0.0/16, 10.7.0.2/32\n");
	parse(&diff.wanted, "[Interface]\nPrivateKey = " KEY "\n[Peer]\n"
			    "PublicKey = AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
			    "PresharedKey = " KEY "\nAllowedIPs = ::/0, 10.7.0.2/32\n[Peer]\n"
			    "PublicKey = AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n[Peer]\n"
			    "PublicKey = BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
			    "AllowedIPs = 10.9.0.0/16\n");
	for (uint8_t i = 4; i < 6; i++) {
		struct wg_config_peer *peer = wg_config_add_peer(&diff.running);

		assert_non_null(peer);
		peer->public_key[0] = i;
	}
	assert_true(scarce_try(compare, &diff) > 5);
	wg_config_deinit(&diff.running);
	wg_conf_deinit(&diff.before);
	wg_conf_deinit(&diff.wanted);
}

static void count_failure(void *ctx, unsigned int line, const struct wg_error *error)
{
	size_t *n = ctx;

	assert_true(line > 0 && *error->text);
	++*n;
}

static bool load_keys(void *ctx)
{
	struct wg_conf keys;
	struct wg_error error;
	size_t told = 0;
	size_t failed;
	int err = wg_conf_parse(&keys, "wg0.conf", "wg0", ctx, strlen(ctx), &error);

	if (err)
		return false;
	failed = wg_keyfile_load_all(&keys, NULL, count_failure, &told);
	assert_int_equal(failed, told);
	if (!told) {
		assert_true(wg_lockedkey_is_set(&keys.config.private_key));
		assert_true(wg_lockedkey_is_set(&keys.config.peers[0].preshared_key));
	}
	wg_conf_deinit(&keys);
	return !told;
}

static void test_a_key_file_is_read_or_told_of(void **state)
{
	char path[sizeof(dir) + 8];
	char from[512];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/key", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, KEY "\n");
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
	snprintf(from, sizeof(from),
		 "[Interface]\nPrivateKeyFile = %s\n[Peer]\nPublicKeyFile = %s\n"
		 "PresharedKeyFile = %s\n",
		 path, path, path);
	assert_true(scarce_try(load_keys, from) > 3);
	assert_int_equal(unlink(path), 0);
}

static uint32_t unknown_mtu(void *ctx, const struct wg_ip *to, uint32_t mark)
{
	(void)ctx;
	(void)to;
	(void)mark;
	return 0;
}

static bool make_plan(void *ctx)
{
	const struct wg_plan_source source = {
		.conf = &conf, .view = ctx, .link = 9, .path_mtu = unknown_mtu};
	struct wg_error error = {0};
	struct wg_plan plan;
	int err = wg_plan_make(&plan, &source, &error);

	if (err) {
		assert_int_equal(err, -ENOMEM);
		assert_true(*error.text);
	} else {
		assert_true(plan.n_ops > 15);
		wg_plan_free(&plan);
	}
	return !err;
}

static void test_a_plan_is_made_whole_or_not_at_all(void **state)
{
	struct wg_hostview view = {0};

	(void)state;
	parse(&conf, text);
	assert_int_equal(wg_hostview_read(&view, nl), 0);
	assert_true(scarce_try(make_plan, &view) > 5);
	wg_hostview_free(&view);
	wg_conf_deinit(&conf);
}

/* A link, its plan, and all of it done; whatever fails, a reason is told. */
static int bring_up(struct wg_undo *undo, uint32_t link, struct wg_error *error)
{
	struct wg_hostview view = {0};
	struct wg_plan plan = {0};
	const struct wg_plan_source source = {
		.conf = &conf, .view = &view, .link = link, .path_mtu = unknown_mtu};
	int err = wg_hostview_read(&view, nl);

	if (!err) {
		err = wg_plan_make(&plan, &source, error);
		assert_true(!err || *error->text);
	}
	if (!err) {
		err = wg_apply_link(&plan, nl, error);
		assert_true(!err || *error->text);
		if (!err)
			err = wg_apply_host(&plan, nl, undo, error);
		assert_true(!err || *error->text);
		wg_plan_free(&plan);
	}
	wg_hostview_free(&view);
	return err;
}

static bool up_and_down(uint32_t link)
{
	struct wg_error error = {0};
	struct wg_undo *undo;
	int err = wg_undo_open(&undo, dir, "wg0", &ops, &error);

	if (err) {
		assert_int_equal(err, -ENOMEM);
		assert_true(*error.text);
		return false;
	}
	err = bring_up(undo, link, &error);
	assert_int_equal(err, scarce.refused ? -ENOMEM : 0);
	if (!err)
		err = wg_undo_run(undo);
	if (err)
		assert_int_equal(err, -ENOMEM);
	/* What cannot be put back now is when there is memory. */
	scarce_leave();
	assert_int_equal(wg_undo_run(undo), 0);
	assert_int_equal(wg_undo_pending(undo), 0);
	scarce_enter();
	wg_undo_close(undo);
	/* A note may have been all that failed. */
	return !err && !scarce.refused;
}

/* With a link of its own each time, so that nothing of the last one is left. */
static bool up_and_down_with_link(void *ctx)
{
	char *after;
	bool done;
	uint32_t link;
	long live;
	int fd;

	(void)ctx;
	scarce_leave();
	fd = wg_test_link_new("wg0", IFF_TUN);
	link = wg_test_link_up(nl, "wg0");
	scarce_enter();
	done = up_and_down(link);
	scarce_leave();
	close(fd);
	/* A picture's text is made by the C library, and so not counted. */
	live = scarce.live;
	after = wg_test_picture(nl);
	wg_test_same_picture(before, after);
	free(after);
	scarce.live = live;
	assert_int_equal(taken.n, 0);
	notes.n = 0;
	scarce_enter();
	return done;
}

static void test_a_host_is_changed_and_put_back_or_left_as_it_was(void **state)
{
	(void)state;
	parse(&conf, text);
	/* Some 3800; a prime, so that none of what repeats is always missed. */
	assert_true(scarce_try_some(up_and_down_with_link, NULL, 47) > 50);
	assert_false(has_file("wg0"));
	wg_conf_deinit(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_journal_is_read_and_written_whole_or_not_at_all),
		cmocka_unit_test(test_a_difference_is_found_whole_or_not_at_all),
		cmocka_unit_test(test_a_key_file_is_read_or_told_of),
		TEST(test_a_plan_is_made_whole_or_not_at_all),
		TEST(test_a_host_is_changed_and_put_back_or_left_as_it_was),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
