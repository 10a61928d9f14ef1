/* The link itself: opening, adopting, its name, MTU and state, and its end. */
#include "tun_link.h"

#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tun/link.h"

/* The kernel's next answer, changed: bytes at a place, or cut off; or an error instead. */
static struct {
	bool waits;
	int error;
	size_t at;
	uint32_t value; /* of two or four bytes there */
	size_t value_len;
	size_t len; /* 0: all of it */
} lie;

ssize_t __real_recv(int fd, void *data, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);

ssize_t __wrap_recv(int fd, void *data, size_t len, int flags)
{
	ssize_t n;

	errno = lie.error;
	if (lie.waits && lie.error) {
		lie.waits = false;
		return -1;
	}
	n = __real_recv(fd, data, len, flags);
	if (!lie.waits || n < 0)
		return n;
	lie.waits = false;
	memcpy((uint8_t *)data + lie.at, &lie.value, lie.value_len);
	return lie.len ? (ssize_t)lie.len : n;
}

static void test_answers_about_the_link_that_lie_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		size_t value_len;
		size_t len;
	} cases[] = {
		/* Of the message: too short for a header, longer than what came, negative. */
		{0, 0, 4, 0},
		{0, 15, 4, 0},
		{0, 65535, 4, 0},
		{0, 0x80000000, 4, 0},
		{0, UINT32_MAX, 4, 0},
		/* It ends before a link's, or before its attributes. */
		{0, NLMSG_LENGTH(sizeof(struct ifinfomsg)) - 4, 4, 0},
		{0, NLMSG_LENGTH(sizeof(struct ifinfomsg)), 4, 0},
		{0, 0, 0, 1},
		{0, 0, 0, NLMSG_LENGTH(0)},
		/* It is another one. */
		{4, RTM_DELLINK, 2, 0},
		{4, NLMSG_DONE, 2, 0},
		/* Of its first attribute: too short, longer than the message. */
		{NLMSG_LENGTH(sizeof(struct ifinfomsg)), 0, 2, 0},
		{NLMSG_LENGTH(sizeof(struct ifinfomsg)), 3, 2, 0},
		{NLMSG_LENGTH(sizeof(struct ifinfomsg)), UINT16_MAX, 2, 0},
	};
	struct link *link = *state;
	struct wg_tun_link seen;

	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		lie.waits = true;
		lie.error = 0;
		lie.at = cases[i].at;
		lie.value = cases[i].value;
		lie.value_len = cases[i].value_len;
		lie.len = cases[i].len;
		assert_int_equal(wg_tun_link_get(wg_tun_fd(link->tun), &seen), -EPROTO);
		assert_false(lie.waits);
	}
	lie.waits = true;
	lie.error = ENOBUFS;
	assert_int_equal(wg_tun_link_get(wg_tun_fd(link->tun), &seen), -ENOBUFS);
	lie.waits = true;
	lie.error = EINTR;
	assert_int_equal(wg_tun_link_get(wg_tun_fd(link->tun), &seen), 0);
	assert_int_equal(seen.mtu, 1500);
}

static void test_a_link_that_is_gone_is_told_by_every_call(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;
	char name[WG_TUN_NAME_LEN];

	if (system("ip link del " NAME) != 0)
		wg_test_skip("ip(8) cannot delete the link");
	wg_batch_init(&batch);
	assert_int_equal(wg_tun_read(link->tun, link->pool, &batch, 10), -EBADFD);
	for (uint8_t i = 0; i < 3; i++)
		wg_batch_push(&batch, make_packet(link, 10, i));
	assert_int_equal(wg_tun_write(link->tun, &batch), -EBADFD);
	assert_true(wg_batch_empty(&batch));
	assert_int_equal(wg_tun_stats(link->tun)->dropped_write, 3);
	assert_int_equal(wg_tun_name(link->tun, name), -EBADFD);
	assert_int_equal(wg_tun_mtu(link->tun), -EBADFD);
	assert_int_equal(wg_tun_is_up(link->tun), -EBADFD);
}

static void test_name_and_mtu_follow_the_link(void **state)
{
	struct link *link = *state;
	char name[WG_TUN_NAME_LEN];
	struct ifreq ifr = {0};

	assert_int_equal(wg_tun_mtu(link->tun), 1500);
	set_mtu(NAME, 1420);
	assert_int_equal(wg_tun_mtu(link->tun), 1420);
	set_up(NAME, false);
	strncpy(ifr.ifr_newname, "renamed0", IFNAMSIZ - 1);
	set(NAME, SIOCSIFNAME, &ifr);
	assert_int_equal(wg_tun_name(link->tun, name), 0);
	assert_string_equal(name, "renamed0");
	assert_int_equal(wg_tun_mtu(link->tun), 1420);
}

static void test_what_the_links_queue_did_not_hold_is_counted(void **state)
{
	struct link *link = *state;
	struct wg_tun_link before;
	struct wg_tun_link after;
	struct wg_batch batch;

	set(NAME, SIOCSIFTXQLEN, &(struct ifreq){.ifr_qlen = 10});
	assert_int_equal(wg_tun_link_get(wg_tun_fd(link->tun), &before), 0);
	for (uint8_t i = 0; i < 100; i++)
		send_into(link, 100, i);
	assert_int_equal(wg_tun_link_get(wg_tun_fd(link->tun), &after), 0);
	wg_batch_init(&batch);
	wg_tun_read(link->tun, link->pool, &batch, 200);
	assert_in_range(batch.n, 1, 100);
	assert_true(after.dropped - before.dropped >= 100 - batch.n);
	wg_batch_drop(&batch);
}

static void test_mtu_and_state_are_known_from_another_namespace(void **state)
{
	struct link *link = *state;
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct wg_tun *other;

	assert_true(home >= 0);
	set_mtu(NAME, 1337);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	/* One of the same name that is not meant. */
	assert_int_equal(wg_tun_open(&other, NAME), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(wg_tun_mtu(link->tun), 1337);
		assert_int_equal(wg_tun_is_up(link->tun), 1);
		assert_int_equal(wg_tun_mtu(other), 1500);
		assert_int_equal(wg_tun_is_up(other), 0);
	}
	wg_tun_close(other);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	return syscall(SYS_capset, &header, none) == 0;
}

/* In a child: without capabilities the own namespace is asked, and no other. */
static int ask_without_capabilities(const struct wg_tun *tun, bool elsewhere)
{
	if (elsewhere && unshare(CLONE_NEWNET) < 0)
		return 1;
	if (!drop_capabilities())
		return 2;
	if (elsewhere)
		return wg_tun_mtu(tun) == -EPERM && wg_tun_is_up(tun) == -EPERM ? 0 : 3;
	return wg_tun_mtu(tun) == 1500 && wg_tun_is_up(tun) == 1 ? 0 : 4;
}

static void test_mtu_and_state_need_no_capability_at_home_but_do_elsewhere(void **state)
{
	const struct link *link = *state;

	for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(ask_without_capabilities(link->tun, elsewhere));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void test_a_name_that_is_taken_is_busy(void **state)
{
	struct wg_tun *tun = NULL;

	(void)state;
	assert_int_equal(wg_tun_open(&tun, NAME), -EBUSY);
	assert_int_equal(wg_tun_open(&tun, "lo"), -EBUSY);
	assert_null(tun);
}

static void test_a_bad_name_is_refused(void **state)
{
	static const char *const names[] = {
		"", ".", "..", "a/b", "a b", "wg%d", "wg:0", "a\tb", "sixteen-letters-"};
	struct wg_tun *tun = NULL;

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++)
		assert_int_equal(wg_tun_open(&tun, names[i]), -EINVAL);
}

static int open_raw(const char *name, short flags)
{
	struct ifreq ifr = {.ifr_flags = flags};
	int fd = open("/dev/net/tun", O_RDWR);

	assert_true(fd >= 0);
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static void test_a_persistent_link_is_attached_to_without_its_old_settings(void **state)
{
	int fd = open_raw("persist0", IFF_TUN);
	int len = 12;
	struct wg_tun *tun;

	(void)state;
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
	assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &len), 0);
	close(fd);
	assert_int_equal(wg_tun_open(&tun, "persist0"), 0);
	assert_int_equal(ioctl(wg_tun_fd(tun), TUNGETVNETHDRSZ, &len), 0);
	assert_int_equal(len, 10);
	wg_tun_close(tun);
	assert_int_equal(wg_tun_open(&tun, "persist0"), 0);
	assert_int_equal(ioctl(wg_tun_fd(tun), TUNSETPERSIST, 0), 0);
	wg_tun_close(tun);
	assert_int_equal(if_nametoindex("persist0"), 0);
}

/* Leaves something in the memory that packets come from, also before their data. */
static void soil(struct wg_pool *pool)
{
	struct wg_packet *packet = wg_pool_get(pool, WG_SLOT_ROOM);

	memset(packet->data - WG_PACKET_HEADROOM, 0xff, WG_PACKET_HEADROOM + WG_SLOT_ROOM);
	wg_packet_put(packet);
}

static void test_a_descriptor_without_a_vnet_header_can_be_adopted(void **state)
{
	struct link *link = *state;
	struct wg_batch batch;

	wg_tun_close(link->tun);
	assert_int_equal(wg_tun_adopt(&link->tun, open_raw(NAME, IFF_TUN | IFF_NO_PI)), 0);
	set_address(NAME);
	set_mtu(NAME, 9000);
	set_up(NAME, true);
	wg_batch_init(&batch);
	for (uint8_t i = 0; i < 2; i++) {
		size_t len = i ? 8000 : 100;

		soil(link->pool);
		send_into(link, len, i);
		assert_int_equal(read_ours(link, &batch, 10), 1);
		assert_sent(batch.head, len, i);
		wg_batch_drop(&batch);
		wg_batch_push(&batch, make_packet(link, len, i));
		assert_int_equal(wg_tun_write(link->tun, &batch), 0);
		assert_arrives(link, len, i);
	}
}

static void test_what_is_no_tun_descriptor_is_not_adopted(void **state)
{
	struct wg_tun *tun = NULL;
	int tap = open_raw("tap0", IFF_TAP | IFF_NO_PI);
	int unattached = open("/dev/net/tun", O_RDWR);
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_true(wg_tun_adopt(&tun, pipes[0]) < 0);
	assert_int_equal(wg_tun_adopt(&tun, tap), -EINVAL);
	assert_int_equal(wg_tun_adopt(&tun, unattached), -EBADFD);
	assert_int_equal(wg_tun_adopt(&tun, -1), -EBADF);
	assert_null(tun);
	assert_int_equal(close(tap) | close(unattached), 0);
	assert_int_equal(close(pipes[0]) | close(pipes[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_a_link_that_is_gone_is_told_by_every_call),
		LINK_TEST(test_answers_about_the_link_that_lie_are_refused),
		LINK_TEST(test_name_and_mtu_follow_the_link),
		LINK_TEST(test_what_the_links_queue_did_not_hold_is_counted),
		LINK_TEST(test_mtu_and_state_are_known_from_another_namespace),
		LINK_TEST(test_mtu_and_state_need_no_capability_at_home_but_do_elsewhere),
		LINK_TEST(test_a_name_that_is_taken_is_busy),
		cmocka_unit_test(test_a_bad_name_is_refused),
		cmocka_unit_test(test_a_persistent_link_is_attached_to_without_its_old_settings),
		LINK_TEST(test_a_descriptor_without_a_vnet_header_can_be_adopted),
		cmocka_unit_test(test_what_is_no_tun_descriptor_is_not_adopted),
	};

	if (!enter_namespace())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
