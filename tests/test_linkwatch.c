/* Following a link at home and in another network namespace, with and without the
 * right to hear of it there. */
#include "netns.h"

#include <libmnl/libmnl.h>
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/syscall.h>

#include "keeper/linkwatch.h"
#include "keeper/newlink.h"

static int away_ns;             /* another network namespace */
static struct wg_netlink *home; /* a socket in the test's own */
static struct wg_netlink *away; /* and one in the other */
static bool may_ask = true;     /* what wg_tun_link_get says */
static struct __user_cap_data_struct caps[2];

struct bench {
	uv_loop_t loop;
	struct wg_tun *tun;
	struct wg_linkwatch *watch;
	struct wg_tun_link link; /* as last reported */
	size_t n_downs;          /* reports of a link that was up before */
	bool want_writable;
};

int __real_wg_tun_link_get(int tun_fd, struct wg_tun_link *link);
int __wrap_wg_tun_link_get(int tun_fd, struct wg_tun_link *link);

/* What the kernel says next instead of what it has to say. */
static struct {
	bool waits;
	int error; /* or: */
	size_t len;
	_Alignas(struct nlmsghdr) uint8_t bytes[512];
} lie;
static size_t n_asked;

ssize_t __real_recvmsg(int fd, struct msghdr *header, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags);

ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags)
{
	if (!lie.waits || !(flags & MSG_DONTWAIT))
		return __real_recvmsg(fd, header, flags);
	lie.waits = false;
	errno = lie.error;
	if (lie.error)
		return -1;
	assert_true(lie.len <= header->msg_iov->iov_len);
	memcpy(header->msg_iov->iov_base, lie.bytes, lie.len);
	header->msg_flags = 0;
	header->msg_controllen = 0;
	return (ssize_t)lie.len;
}

int __wrap_wg_tun_link_get(int tun_fd, struct wg_tun_link *link)
{
	n_asked++;
	return may_ask ? __real_wg_tun_link_get(tun_fd, link) : -EPERM;
}

static void on_state(void *ctx, const struct wg_tun_link *link)
{
	struct bench *bench = ctx;

	bench->n_downs += bench->link.up && !link->up;
	bench->link = *link;
}

static void on_want_writable(void *ctx, bool wanted)
{
	struct bench *bench = ctx;

	bench->want_writable = wanted;
}

static void turn(struct bench *bench)
{
	for (int i = 0; i < 100; i++)
		uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static void set_broadcast_capability(bool on)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	memcpy(data, caps, sizeof(data));
	if (!on)
		data[0].effective &= ~(1u << CAP_NET_BROADCAST);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static uint32_t index_in(struct wg_netlink *nl)
{
	struct wg_link link;

	assert_int_equal(wg_link_find(nl, "wg0", &link), 0);
	return link.index;
}

static void set_link(struct wg_netlink *nl, bool up)
{
	assert_int_equal(wg_link_set_up(nl, index_in(nl), up), 0);
}

static void set_mtu(struct wg_netlink *nl, uint32_t mtu)
{
	assert_int_equal(wg_link_set_mtu(nl, index_in(nl), mtu), 0);
}

static void move_away(void)
{
	char bytes[256] = {0};
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	const struct nlmsgerr *answer;

	assert_non_null(nl);
	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info->ifi_index = (int)index_in(home);
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)away_ns);
	assert_true(mnl_socket_sendto(nl, message, message->nlmsg_len) > 0);
	assert_true(mnl_socket_recvfrom(nl, bytes, sizeof(bytes)) > 0);
	answer = mnl_nlmsg_get_payload(message);
	assert_int_equal(answer->error, 0);
	mnl_socket_close(nl);
}

static bool is_writable(const struct wg_tun *tun)
{
	struct pollfd pollfd = {.fd = wg_tun_fd(tun), .events = POLLOUT};

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLOUT);
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	const struct wg_linkwatch_handler handler = {on_state, on_want_writable, bench};

	may_ask = true;
	lie.waits = false;
	set_broadcast_capability(true);
	assert_int_equal(uv_loop_init(&bench->loop), 0);
	assert_int_equal(wg_newlink_open(&bench->tun, "wg0"), 0);
	assert_int_equal(wg_linkwatch_open(&bench->watch, &bench->loop, bench->tun, &handler), 0);
	turn(bench);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	wg_linkwatch_close(bench->watch);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	wg_tun_close(bench->tun);
	free(bench);
	return 0;
}

static void test_a_new_link_is_down_and_has_the_usual_mtu(void **state)
{
	struct bench *bench = *state;

	assert_false(bench->link.up);
	assert_int_equal(bench->link.mtu, WG_NEWLINK_MTU);
	assert_false(bench->want_writable);
}

static void test_changes_at_home_are_heard(void **state)
{
	struct bench *bench = *state;

	set_link(home, true);
	turn(bench);
	assert_true(bench->link.up);
	set_mtu(home, 1300);
	turn(bench);
	assert_int_equal(bench->link.mtu, 1300);
	set_link(home, false);
	turn(bench);
	assert_false(bench->link.up);
}

static void test_down_and_up_at_once_is_seen_as_both(void **state)
{
	struct bench *bench = *state;

	set_link(home, true);
	turn(bench);
	set_link(home, false);
	set_link(home, true);
	turn(bench);
	assert_true(bench->link.up);
	assert_int_equal(bench->n_downs, 1);
}

static void test_other_links_do_not_matter(void **state)
{
	struct bench *bench = *state;
	int other = wg_test_link_new("wg1", IFF_TUN);

	wg_test_link_up(home, "wg1");
	turn(bench);
	assert_false(bench->link.up);
	close(other);
	turn(bench);
	assert_false(bench->link.up);
}

/* libuv's trap, for netlink: more changes than fit the socket leave ENOBUFS pending. */
static void test_an_overrun_is_made_up_for(void **state)
{
	struct bench *bench = *state;
	uint32_t index = index_in(home);

	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal(wg_link_set_mtu(home, index, 1200 + i % 2), 0);
	assert_int_equal(wg_link_set_mtu(home, index, 1333), 0);
	set_link(home, true);
	turn(bench);
	assert_int_equal(bench->link.mtu, 1333);
	assert_true(bench->link.up);
	set_link(home, false);
	turn(bench);
	assert_false(bench->link.up);
}

static void test_a_moved_link_is_followed(void **state)
{
	struct bench *bench = *state;

	set_link(home, true);
	turn(bench);
	move_away();
	turn(bench);
	assert_false(bench->link.up);
	set_link(away, true);
	turn(bench);
	assert_true(bench->link.up);
	assert_false(bench->want_writable);
	set_mtu(away, 1280);
	turn(bench);
	assert_int_equal(bench->link.mtu, 1280);
	set_link(away, false);
	turn(bench);
	assert_false(bench->link.up);
}

/* What remains is the descriptor: writable is up, a refused packet is down. */
static void follow_blindly(struct bench *bench)
{
	move_away();
	turn(bench);
	assert_false(bench->link.up);
	assert_true(bench->want_writable);
	assert_false(is_writable(bench->tun));
	set_link(away, true);
	turn(bench);
	assert_true(is_writable(bench->tun));
	wg_linkwatch_look(bench->watch);
	assert_true(bench->link.up);
	assert_false(bench->want_writable);
	set_link(away, false);
	turn(bench);
	wg_linkwatch_look(bench->watch);
	assert_false(bench->link.up);
	assert_true(bench->want_writable);
}

static void test_a_moved_link_is_followed_without_hearing_of_it(void **state)
{
	set_broadcast_capability(false);
	follow_blindly(*state);
}

static void test_a_moved_link_is_followed_without_asking(void **state)
{
	may_ask = false;
	follow_blindly(*state);
}

/* A message that says of our link that it is down, with an MTU and a name. */
static struct nlmsghdr *say_down(void)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(lie.bytes);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	message->nlmsg_type = RTM_NEWLINK;
	info->ifi_index = (int)index_in(home);
	mnl_attr_put_u32(message, IFLA_MTU, 1234);
	mnl_attr_put_strz(message, IFLA_IFNAME, "wg0");
	lie.len = message->nlmsg_len;
	lie.error = 0;
	return message;
}

/* Has the lie told, in front of a message that is true. */
static void tell_the_lie(struct bench *bench, uint32_t mtu)
{
	lie.waits = true;
	n_asked = 0;
	set_mtu(home, mtu);
	turn(bench);
	assert_false(lie.waits);
}

static void test_messages_whose_lengths_lie_are_not_believed_and_asked_about(void **state)
{
	static const uint32_t lengths[] = {0,   1,          sizeof(struct nlmsghdr) - 1,
					   512, 0x80000000, UINT32_MAX};
	struct bench *bench = *state;

	set_link(home, true);
	turn(bench);
	for (uint32_t i = 0; i < WG_ARRAY_LEN(lengths); i++) {
		say_down()->nlmsg_len = lengths[i];
		tell_the_lie(bench, 1300 + i);
		assert_int_equal(n_asked, 1);
		assert_true(bench->link.up);
		assert_int_equal(bench->link.mtu, 1300 + i);
	}
	/* Shorter than what a link's message begins with. */
	say_down()->nlmsg_len = sizeof(struct nlmsghdr) + sizeof(struct ifinfomsg) - 4;
	lie.len = sizeof(struct nlmsghdr) + sizeof(struct ifinfomsg) - 4;
	tell_the_lie(bench, 1400);
	assert_true(bench->link.up);
	assert_int_equal(bench->n_downs, 0);
}

static void test_attributes_whose_lengths_lie_are_left_out(void **state)
{
	static const uint16_t lengths[] = {0, 1, 3, 5, 6, 200, UINT16_MAX};
	struct bench *bench = *state;

	set_link(home, true);
	turn(bench);
	for (uint32_t i = 0; i < WG_ARRAY_LEN(lengths); i++) {
		struct nlmsghdr *message = say_down();
		struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
		struct nlattr *attr = mnl_nlmsg_get_payload_offset(message, sizeof(*info));

		info->ifi_flags = IFF_UP;
		attr->nla_len = lengths[i];
		tell_the_lie(bench, 1300 + i);
		assert_int_equal(bench->link.mtu, 1300 + i);
	}
	/* A name without an end. */
	say_down();
	memset(lie.bytes + lie.len - 4, 'x', 4);
	((struct ifinfomsg *)mnl_nlmsg_get_payload((void *)lie.bytes))->ifi_flags = IFF_UP;
	tell_the_lie(bench, 1400);
	assert_int_equal(bench->link.mtu, 1400);
	assert_true(bench->link.up);
}

static void test_what_was_lost_is_asked_about(void **state)
{
	static const int errors[] = {ENOBUFS, ENOMEM};
	struct bench *bench = *state;

	set_link(home, true);
	turn(bench);
	for (uint32_t i = 0; i < WG_ARRAY_LEN(errors); i++) {
		lie.error = errors[i];
		tell_the_lie(bench, 1300 + i);
		assert_int_equal(n_asked, 1);
		assert_true(bench->link.up);
		assert_int_equal(bench->link.mtu, 1300 + i);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_new_link_is_down_and_has_the_usual_mtu),
		TEST(test_changes_at_home_are_heard),
		TEST(test_down_and_up_at_once_is_seen_as_both),
		TEST(test_other_links_do_not_matter),
		TEST(test_an_overrun_is_made_up_for),
		TEST(test_messages_whose_lengths_lie_are_not_believed_and_asked_about),
		TEST(test_attributes_whose_lengths_lie_are_left_out),
		TEST(test_what_was_lost_is_asked_about),
		TEST(test_a_moved_link_is_followed),
		TEST(test_a_moved_link_is_followed_without_hearing_of_it),
		TEST(test_a_moved_link_is_followed_without_asking),
	};
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};

	wg_test_enter_netns();
	away_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(wg_netlink_open(&away), 0);
	wg_test_enter_netns();
	assert_int_equal(wg_netlink_open(&home), 0);
	assert_int_equal(syscall(SYS_capget, &header, caps), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
