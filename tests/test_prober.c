/* When offloads are probed and what follows; the probe itself runs in this kernel, and its
 * verdicts are changed where a test wants a worse one. */
#include "netns.h"

#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <uv.h>

#include "base/log.h"
#include "keeper/offloads.h"
#include "keeper/prober.h"
#include "tun/probe.h"
#include "udp/probe.h"

static struct wg_tun *tun;
static struct wg_sockets sockets;
static uv_loop_t uv;
static struct wg_prober prober;
static enum wg_offload_state decided[WG_TUN_N_OFFLOADS];
static size_t n_decided;

static unsigned int n_probes; /* that were judged */
static int bad_tun = -1;      /* an offload that is called bad */
static int bad_udp = -1;
static int fork_error;
static bool may_not_unshare;
static bool hangs; /* the child, for ever */
static char logged[2048];

void __real_wg_tun_probe_judge(const struct wg_tun_probe *probe,
			       struct wg_offload_finding *findings);
void __wrap_wg_tun_probe_judge(const struct wg_tun_probe *probe,
			       struct wg_offload_finding *findings);
void __real_wg_udp_probe_judge(const struct wg_udp_probe *probe,
			       struct wg_offload_finding *findings);
void __wrap_wg_udp_probe_judge(const struct wg_udp_probe *probe,
			       struct wg_offload_finding *findings);
pid_t __real_fork(void);
pid_t __wrap_fork(void);
int __real_unshare(int flags);
int __wrap_unshare(int flags);
unsigned int __wrap_alarm(unsigned int seconds);

static const struct wg_offload_finding bad = {WG_OFFLOAD_BAD, "7 bytes came back as 8"};

void __wrap_wg_tun_probe_judge(const struct wg_tun_probe *probe,
			       struct wg_offload_finding *findings)
{
	n_probes++;
	__real_wg_tun_probe_judge(probe, findings);
	if (bad_tun >= 0)
		findings[bad_tun] = bad;
}

void __wrap_wg_udp_probe_judge(const struct wg_udp_probe *probe,
			       struct wg_offload_finding *findings)
{
	__real_wg_udp_probe_judge(probe, findings);
	if (bad_udp >= 0)
		findings[bad_udp] = bad;
}

pid_t __wrap_fork(void)
{
	if (!fork_error)
		return __real_fork();
	errno = fork_error;
	return -1;
}

int __wrap_unshare(int flags)
{
	while (hangs)
		pause();
	if (!may_not_unshare)
		return __real_unshare(flags);
	errno = EPERM;
	return -1;
}

/* Seconds are milliseconds for one that hangs. */
unsigned int __wrap_alarm(unsigned int seconds)
{
	struct itimerval timer = {.it_value.tv_sec = seconds};

	if (hangs)
		timer.it_value = (struct timeval){.tv_usec = 1000 * (suseconds_t)seconds};
	return setitimer(ITIMER_REAL, &timer, NULL) < 0;
}

static void note(enum wg_log_level level, const char *text)
{
	size_t len = strlen(logged);

	(void)level;
	snprintf(logged + len, sizeof(logged) - len, "%s\n", text);
}

static void on_decided(void *ctx, enum wg_tun_offload which, enum wg_offload_state state)
{
	(void)ctx;
	decided[which] = state;
	n_decided++;
}

static int set_up(void **state)
{
	(void)state;
	n_probes = 0;
	bad_tun = -1;
	bad_udp = -1;
	fork_error = 0;
	may_not_unshare = false;
	hangs = false;
	logged[0] = '\0';
	wg_log_init(note, WG_LOG_INFO);
	wg_sockets_init(&sockets);
	assert_int_equal(wg_tun_open(&tun, "probed"), 0);
	assert_int_equal(uv_loop_init(&uv), 0);
	prober = (struct wg_prober){
		.mode = WG_PROBE_ALWAYS, .tun = tun, .uv = &uv, .decided = on_decided};
	n_decided = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wg_prober_end(&prober);
	uv_run(&uv, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&uv), 0);
	wg_tun_close(tun);
	wg_log_init(NULL, WG_LOG_SILENT);
	return 0;
}

static void assert_states(const enum wg_offload_state states[static WG_TUN_N_OFFLOADS])
{
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		assert_int_equal(wg_tun_offload(tun, (enum wg_tun_offload)i), states[i]);
}

static const enum wg_offload_state all_in_use[WG_TUN_N_OFFLOADS] = {0};

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void assert_no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Neither of the probe's was in this namespace, nor is. */
static void assert_no_link_is_left(void)
{
	struct wg_netlink *nl;
	struct wg_link *links;
	size_t n;

	assert_int_equal(wg_netlink_open(&nl), 0);
	assert_int_equal(wg_link_list(nl, &links, &n), 0);
	for (size_t i = 0; i < n; i++)
		assert_true(strcmp(links[i].name, "in") != 0 && strcmp(links[i].name, "out") != 0);
	free(links);
	wg_netlink_close(nl);
}

static void test_what_is_probed_depends_on_the_choice_and_on_the_kernel(void **state)
{
	(void)state;
	assert_false(wg_probe_is_due(WG_PROBE_AUTO, WG_OFFLOAD_TRUSTED));
	assert_true(wg_probe_is_due(WG_PROBE_AUTO, WG_OFFLOAD_DOUBTED));
	assert_false(wg_probe_is_due(WG_PROBE_AUTO, WG_OFFLOAD_BARRED));
	assert_true(wg_probe_is_due(WG_PROBE_ALWAYS, WG_OFFLOAD_TRUSTED));
	assert_true(wg_probe_is_due(WG_PROBE_ALWAYS, WG_OFFLOAD_DOUBTED));
	assert_false(wg_probe_is_due(WG_PROBE_ALWAYS, WG_OFFLOAD_BARRED));
	for (int trust = 0; trust <= WG_OFFLOAD_BARRED; trust++)
		assert_false(wg_probe_is_due(WG_PROBE_NEVER, (enum wg_offload_trust)trust));
}

static void test_this_kernel_passes_and_nothing_is_left_behind(void **state)
{
	struct wg_probe_findings findings;
	unsigned int before = count_descriptors();

	(void)state;
	wg_probe_run(&findings);
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		if (findings.tun[i].verdict != WG_OFFLOAD_GOOD)
			fail_msg("tun %d: %s", i, findings.tun[i].what);
	for (int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		if (findings.udp[i].verdict != WG_OFFLOAD_GOOD)
			fail_msg("udp %d: %s", i, findings.udp[i].what);
	assert_int_equal(count_descriptors(), before);
	assert_no_child_is_left();
	assert_no_link_is_left();
}

static void test_what_fails_the_probe_is_broken_and_show_and_the_log_say_so(void **state)
{
	char in_use[256];
	char off[256];
	enum wg_offload_state of_tun[WG_TUN_N_OFFLOADS];
	enum wg_offload_state of_udp[WG_UDP_N_OFFLOADS];

	(void)state;
	bad_tun = WG_TUN_TSO;
	bad_udp = WG_UDP_GRO;
	wg_prober_begin(&prober, &sockets);
	assert_states((enum wg_offload_state[]){
		[WG_TUN_TSO] = WG_OFFLOAD_BROKEN, [WG_TUN_UDP_GRO] = WG_OFFLOAD_IN_USE});
	assert_false(sockets.broken[WG_UDP_GSO]);
	assert_true(sockets.broken[WG_UDP_GRO]);
	assert_string_equal(logged,
			    "offload tso: switched off: the probe's 7 bytes came back as 8\n"
			    "offload gro: switched off: the probe's 7 bytes came back as 8\n");
	assert_int_equal(wg_sockets_open(&sockets), 0);
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		of_tun[i] = wg_tun_offload(tun, (enum wg_tun_offload)i);
	for (int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		of_udp[i] = wg_udp_offload(sockets.udp, (enum wg_udp_offload)i);
	wg_offloads_describe(of_tun, of_udp, in_use, off, sizeof(off));
	assert_null(strstr(in_use, "tso"));
	assert_string_equal(off, "tso: it failed the probe; gro: it failed the probe");
	wg_sockets_close(&sockets);
}

static void test_what_is_not_wanted_is_not_probed(void **state)
{
	const bool unwanted[WG_TUN_N_OFFLOADS] = {true, true, true, true};

	(void)state;
	wg_tun_set_offloads(tun, unwanted);
	bad_tun = WG_TUN_TSO;
	bad_udp = WG_UDP_GSO;
	sockets.unwanted[WG_UDP_GSO] = true;
	wg_prober_begin(&prober, &sockets);
	assert_int_equal(n_probes, 1); /* for GRO */
	assert_int_equal(wg_tun_offload(tun, WG_TUN_TSO), WG_OFFLOAD_UNWANTED);
	assert_false(sockets.broken[WG_UDP_GSO]);
	sockets.unwanted[WG_UDP_GRO] = true;
	wg_prober_begin(&prober, &sockets);
	assert_int_equal(n_probes, 1);
}

static void test_never_means_never(void **state)
{
	(void)state;
	prober.mode = WG_PROBE_NEVER;
	wg_prober_begin(&prober, &sockets);
	wg_tun_decide(tun, WG_TUN_TCP_GRO, WG_OFFLOAD_FAILED);
	wg_prober_look(&prober);
	assert_null(prober.probe);
	assert_int_equal(n_probes, 0);
}

static void test_what_cannot_be_probed_is_used(void **state)
{
	unsigned int before = count_descriptors();

	(void)state;
	may_not_unshare = true;
	wg_prober_begin(&prober, &sockets);
	assert_int_equal(n_probes, 1);
	assert_states(all_in_use);
	fork_error = EAGAIN;
	wg_prober_begin(&prober, &sockets);
	assert_int_equal(n_probes, 1);
	assert_states(all_in_use);
	assert_false(sockets.broken[WG_UDP_GSO] || sockets.broken[WG_UDP_GRO]);
	assert_int_equal(count_descriptors(), before);
	assert_no_child_is_left();
}

static void test_a_probe_that_hangs_is_ended_and_finds_nothing(void **state)
{
	struct wg_probe_findings findings;
	struct wg_probe *probe;
	struct pollfd pollfd = {.events = POLLIN};
	int n_ready;

	(void)state;
	hangs = true;
	assert_int_equal(wg_probe_start(&probe), 0);
	pollfd.fd = wg_probe_fd(probe);
	n_ready = poll(&pollfd, 1, 10000);
	wg_probe_finish(probe, &findings);
	assert_int_equal(n_ready, 1);
	assert_int_equal(findings.tun[WG_TUN_TSO].verdict, WG_OFFLOAD_UNPROBED);
	assert_int_equal(findings.udp[WG_UDP_GSO].verdict, WG_OFFLOAD_UNPROBED);
	assert_no_child_is_left();
}

static void refuse(enum wg_tun_offload which)
{
	wg_tun_decide(tun, which, WG_OFFLOAD_FAILED);
	wg_prober_look(&prober);
}

static void test_what_was_refused_is_used_again_if_it_passes_once(void **state)
{
	(void)state;
	wg_prober_look(&prober);
	assert_null(prober.probe);
	refuse(WG_TUN_TCP_GRO);
	assert_non_null(prober.probe);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_TCP_GRO), WG_OFFLOAD_FAILED);
	uv_run(&uv, UV_RUN_DEFAULT);
	assert_states(all_in_use);
	assert_string_equal(logged, "offload tcp-gro: the kernel refused it, probing\n"
				    "offload tcp-gro: in use again\n");
	refuse(WG_TUN_TCP_GRO);
	assert_null(prober.probe);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_TCP_GRO), WG_OFFLOAD_FAILED);
	refuse(WG_TUN_UDP_GRO);
	uv_run(&uv, UV_RUN_DEFAULT);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_TCP_GRO), WG_OFFLOAD_FAILED);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_UDP_GRO), WG_OFFLOAD_IN_USE);
	assert_int_equal(n_probes, 2);
	assert_no_child_is_left();
}

static void test_two_that_are_refused_one_after_the_other_are_both_probed(void **state)
{
	(void)state;
	refuse(WG_TUN_TCP_GRO);
	refuse(WG_TUN_UDP_GRO);
	uv_run(&uv, UV_RUN_DEFAULT);
	assert_states(all_in_use);
	assert_int_equal(n_decided, 2);
}

static void test_what_was_refused_and_fails_stays_off(void **state)
{
	(void)state;
	bad_tun = WG_TUN_UDP_GRO;
	refuse(WG_TUN_UDP_GRO);
	uv_run(&uv, UV_RUN_DEFAULT);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_UDP_GRO), WG_OFFLOAD_BROKEN);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_TCP_GRO), WG_OFFLOAD_IN_USE);
	assert_int_equal(n_decided, 1);
	assert_int_equal(decided[WG_TUN_UDP_GRO], WG_OFFLOAD_BROKEN);
}

static void test_what_was_refused_and_cannot_be_probed_stays_off(void **state)
{
	(void)state;
	may_not_unshare = true;
	refuse(WG_TUN_UDP_GRO);
	uv_run(&uv, UV_RUN_DEFAULT);
	fork_error = EAGAIN;
	refuse(WG_TUN_TCP_GRO);
	assert_null(prober.probe);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_UDP_GRO), WG_OFFLOAD_FAILED);
	assert_int_equal(wg_tun_offload(tun, WG_TUN_TCP_GRO), WG_OFFLOAD_FAILED);
}

static void test_a_tunnel_that_ends_ends_its_probe(void **state)
{
	unsigned int before = count_descriptors();

	(void)state;
	refuse(WG_TUN_TCP_GRO);
	assert_non_null(prober.probe);
	wg_prober_end(&prober);
	assert_null(prober.probe);
	assert_no_child_is_left();
	uv_run(&uv, UV_RUN_DEFAULT);
	/* epoll's own came with the poller. */
	assert_in_range(count_descriptors(), before, before + 1);
	refuse(WG_TUN_UDP_GRO);
	assert_null(prober.probe);
}

/* What the tests below suppose. */
static void need_all_offloads(void)
{
	bool has_all = true;

	wg_test_enter_netns();
	set_up(NULL);
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		has_all &= wg_tun_offload(tun, (enum wg_tun_offload)i) == WG_OFFLOAD_IN_USE;
	tear_down(NULL);
	if (has_all)
		return;
	fprintf(stderr, "skipped: this kernel does not have all offloads of TUN links\n");
	exit(WG_TEST_SKIPPED);
}

#define PROBER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest pure[] = {
		cmocka_unit_test(test_what_is_probed_depends_on_the_choice_and_on_the_kernel),
	};
	const struct CMUnitTest tests[] = {
		PROBER_TEST(test_this_kernel_passes_and_nothing_is_left_behind),
		PROBER_TEST(test_what_fails_the_probe_is_broken_and_show_and_the_log_say_so),
		PROBER_TEST(test_what_is_not_wanted_is_not_probed),
		PROBER_TEST(test_never_means_never),
		PROBER_TEST(test_what_cannot_be_probed_is_used),
		PROBER_TEST(test_a_probe_that_hangs_is_ended_and_finds_nothing),
		PROBER_TEST(test_what_was_refused_is_used_again_if_it_passes_once),
		PROBER_TEST(test_two_that_are_refused_one_after_the_other_are_both_probed),
		PROBER_TEST(test_what_was_refused_and_fails_stays_off),
		PROBER_TEST(test_what_was_refused_and_cannot_be_probed_stays_off),
		PROBER_TEST(test_a_tunnel_that_ends_ends_its_probe),
	};
	int failed = cmocka_run_group_tests(pure, NULL, NULL);

	if (failed)
		return failed;
	need_all_offloads();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
