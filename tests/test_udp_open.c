/* Opening the sockets: ports, families, marks. */
#include "udp_pair.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void test_both_families_share_a_port_that_is_then_taken(void **state)
{
	struct pair *pair = *state;
	struct wg_udp_options same = {.port = wg_udp_port(pair->a)};
	struct wg_udp *other = NULL;

	assert_true(wg_udp_fd(pair->a, 0) >= 0 && wg_udp_fd(pair->a, 1) >= 0);
	assert_int_equal(wg_udp_open(&other, &same), -EADDRINUSE);
	assert_null(other);
	wg_udp_close(pair->a);
	assert_int_equal(wg_udp_open(&pair->a, &same), 0);
	assert_int_equal(wg_udp_port(pair->a), same.port);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		wg_test_skip("%s: %s", path, strerror(errno));
	}
	close(fd);
}

static int bind_ipv6(uint16_t port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	int on = 1;

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)), 0);
	return fd;
}

#define PORTS "/proc/sys/net/ipv4/ip_local_port_range"

static void test_a_port_that_is_busy_on_ipv6_is_not_picked(void **state)
{
	struct wg_udp *udp;
	int fds[4];

	(void)state;
	need_namespace();
	write_file(PORTS, "41000 41003");
	for (unsigned int i = 0; i < 3; i++)
		fds[i] = bind_ipv6((uint16_t)(41000 + i));
	assert_int_equal(wg_udp_open(&udp, &(struct wg_udp_options){0}), 0);
	assert_int_equal(wg_udp_port(udp), 41003);
	assert_int_equal(wg_udp_open(&udp, &(struct wg_udp_options){.port = 41001}), -EADDRINUSE);
	wg_udp_close(udp);
	fds[3] = bind_ipv6(41003);
	assert_int_equal(wg_udp_open(&udp, &(struct wg_udp_options){0}), -EADDRINUSE);
	write_file(PORTS, "32768 60999");
	for (unsigned int i = 0; i < WG_ARRAY_LEN(fds); i++)
		close(fds[i]);
}

/* Runs body in a child; it passes when that exits with 0. */
static void assert_in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* From here on socket(family, ...) says EAFNOSUPPORT. */
static bool forbid_family(uint32_t family)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, family, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = WG_ARRAY_LEN(filter), .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int open_without(uint32_t family, unsigned int left)
{
	struct wg_pool *pool = wg_pool_new(POOL_LEN);
	struct wg_run run = {.path.remote = {.port = 1}};
	struct wg_report report;
	struct wg_udp *udp;
	bool ok;

	if (!forbid_family(family) || wg_udp_open(&udp, &(struct wg_udp_options){0}) < 0)
		return 1;
	wg_ip_parse(&run.path.remote.ip, loopback(1 - left));
	wg_batch_push(&run.batch, wg_pool_get(pool, 100));
	wg_udp_send(udp, &run, 1);
	ok = wg_udp_fd(udp, left) >= 0 && wg_udp_fd(udp, 1 - left) == -1 && wg_udp_port(udp) &&
	     run.error == -EAFNOSUPPORT && wg_udp_stats(udp)->dropped_send == 1 &&
	     wg_udp_receive(udp, 1 - left, pool, &run, 1) == 0;
	wg_udp_read_errors(udp, 1 - left, &report, 1);
	ok = ok && wg_udp_set_mark(udp, 0) == 0;
	wg_udp_close(udp);
	wg_pool_free(pool);
	return !ok;
}

static int open_without_ipv6(void)
{
	return open_without(AF_INET6, 0);
}

static int open_without_ipv4(void)
{
	return open_without(AF_INET, 1);
}

static int open_without_any(void)
{
	struct wg_udp *udp;

	return !forbid_family(AF_INET) || !forbid_family(AF_INET6) ||
	       wg_udp_open(&udp, &(struct wg_udp_options){0}) != -EAFNOSUPPORT;
}

static void test_a_machine_with_one_family_is_served(void **state)
{
	(void)state;
	assert_in_child(open_without_ipv6);
	assert_in_child(open_without_ipv4);
	assert_in_child(open_without_any);
}

static uint32_t mark_of(const struct wg_udp *udp, unsigned int i)
{
	uint32_t mark;
	socklen_t len = sizeof(mark);

	assert_int_equal(getsockopt(wg_udp_fd(udp, i), SOL_SOCKET, SO_MARK, &mark, &len), 0);
	return mark;
}

static void test_the_mark_is_on_both_sockets(void **state)
{
	struct pair *pair = *state;

	need_namespace();
	for (uint32_t mark = 0xcafe0001; mark; mark = mark == 0xcafe0001 ? 7 : 0) {
		assert_int_equal(wg_udp_set_mark(pair->a, mark), 0);
		for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
			assert_int_equal(mark_of(pair->a, i), mark);
	}
	wg_udp_close(pair->a);
	assert_int_equal(wg_udp_open(&pair->a, &(struct wg_udp_options){.fwmark = 0x51}), 0);
	assert_int_equal(mark_of(pair->a, 0), 0x51);
	assert_int_equal(mark_of(pair->a, 1), 0x51);
}

static int use_mark_without_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	struct wg_udp *udp;

	if (syscall(SYS_capset, &header, none) < 0)
		return 1;
	if (wg_udp_open(&udp, &(struct wg_udp_options){.fwmark = 1}) != -EPERM)
		return 2;
	if (wg_udp_open(&udp, &(struct wg_udp_options){0}) < 0)
		return 3;
	return wg_udp_set_mark(udp, 1) == -EPERM ? 0 : 4;
}

static void test_a_mark_that_is_not_allowed_is_refused(void **state)
{
	(void)state;
	assert_in_child(use_mark_without_capability);
}

static void test_an_unwanted_offload_is_not_used(void **state)
{
	struct pair *pair = *state;
	struct wg_run run = {.path.remote = endpoint("127.0.0.1", pair->b)};

	for (unsigned int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		assert_int_equal(wg_udp_offload(pair->a, i) == WG_OFFLOAD_UNWANTED,
				 options.unwanted[i]);
	for (unsigned int k = 0; k < 50; k++)
		push(pair, &run, 100, 0);
	wg_udp_send(pair->a, &run, 1);
	assert_true(wg_udp_stats(pair->a)->send_calls >= 1);
	run = receive(pair, pair->b, 0, 50);
	wg_batch_drop(&run.batch);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_both_families_share_a_port_that_is_then_taken),
		cmocka_unit_test(test_a_port_that_is_busy_on_ipv6_is_not_picked),
		cmocka_unit_test(test_a_machine_with_one_family_is_served),
		PAIR_TEST(test_the_mark_is_on_both_sockets),
		cmocka_unit_test(test_a_mark_that_is_not_allowed_is_refused),
		PAIR_TEST(test_an_unwanted_offload_is_not_used),
	};

	return RUN_WITH_ALL_OFFLOADS(tests);
}
