/* What the kernel's answers may be like when something is wrong: lost, interrupted, cut
 * off, of another request, or lying about their lengths. The test is the kernel here. */
#include "wgtest.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "route/address.h"
#include "route/link.h"
#include "route/netlink.h"
#include "route/route.h"

/* One datagram, or the error that is told instead of it. */
struct answer {
	int error;
	int flags; /* of recvmsg */
	uint32_t from;
	size_t len;
	_Alignas(struct nlmsghdr) uint8_t bytes[1024];
};

static struct answer answers[16];
static size_t n_answers;
static size_t n_read;
static size_t n_requests;
static int sockets[16]; /* that were asked through */
static ino_t inodes[16];
static uint32_t seq; /* of the last request */
static struct wg_netlink *nl;

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);
ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags);

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	const struct nlmsghdr *request = data;
	struct stat st;

	(void)flags;
	(void)to;
	(void)to_len;
	assert_int_equal(request->nlmsg_len, len);
	assert_true(n_requests < WG_ARRAY_LEN(sockets));
	assert_int_equal(fstat(fd, &st), 0);
	sockets[n_requests] = fd;
	inodes[n_requests++] = st.st_ino;
	seq = request->nlmsg_seq;
	return (ssize_t)len;
}

/* Answers belong to the request that was made last, unless they say otherwise. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags)
{
	struct sockaddr_nl *from = header->msg_name;
	struct answer *answer = &answers[n_read++];
	struct nlmsghdr *nlh = (void *)answer->bytes;

	(void)flags;
	assert_int_equal(fd, sockets[n_requests - 1]);
	assert_true(n_read <= n_answers);
	if (answer->error) {
		errno = answer->error;
		return -1;
	}
	for (size_t i = 0; i + sizeof(*nlh) <= answer->len; i += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (void *)(answer->bytes + i);
		if (!nlh->nlmsg_seq)
			nlh->nlmsg_seq = seq;
		if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > answer->len - i)
			break;
	}
	from->nl_pid = answer->from;
	header->msg_flags = answer->flags;
	memcpy(header->msg_iov->iov_base, answer->bytes, answer->len);
	return (ssize_t)answer->len;
}

static int set_up(void **state)
{
	(void)state;
	memset(answers, 0, sizeof(answers));
	n_answers = n_read = n_requests = 0;
	return wg_netlink_open(&nl);
}

static int tear_down(void **state)
{
	(void)state;
	wg_netlink_close(nl);
	return 0;
}

static void fails(int error)
{
	answers[n_answers++].error = error;
}

/* Adds a message to the last datagram. */
static struct nlmsghdr *add(uint16_t type, uint16_t flags, const void *payload, size_t len)
{
	struct answer *answer = &answers[n_answers - 1];
	struct nlmsghdr *nlh = (void *)(answer->bytes + answer->len);

	*nlh = (struct nlmsghdr){.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
				 .nlmsg_type = type,
				 .nlmsg_flags = flags};
	if (len)
		memcpy(nlh + 1, payload, len);
	answer->len += NLMSG_ALIGN(nlh->nlmsg_len);
	return nlh;
}

static struct answer *begin(void)
{
	return &answers[n_answers++];
}

static struct nlmsghdr *add_link(int index, uint16_t flags)
{
	struct {
		struct ifinfomsg info;
		struct nlattr attr;
		char name[8];
	} link = {{.ifi_index = index}, {NLA_HDRLEN + 4, IFLA_IFNAME}, "wg0"};

	return add(RTM_NEWLINK, flags, &link, sizeof(link));
}

static void add_done(uint16_t flags)
{
	int zero = 0;

	add(NLMSG_DONE, flags, &zero, sizeof(zero));
}

static struct nlmsghdr *add_verdict(int error)
{
	struct nlmsgerr verdict = {.error = error};

	return add(NLMSG_ERROR, NLM_F_CAPPED, &verdict, sizeof(verdict));
}

/* Lists links; how many, or -errno. */
static int list(void)
{
	struct wg_link *links;
	size_t n;
	int r = wg_link_list(nl, &links, &n);

	if (r) {
		assert_null(links);
		assert_int_equal(n, 0);
	}
	for (size_t i = 0; i < n; i++)
		assert_string_equal(links[i].name, "wg0");
	free(links);
	return r ? r : (int)n;
}

/* The next request is answered as it should be. */
static void assert_works(void)
{
	begin();
	add_link(1, NLM_F_MULTI);
	add_done(NLM_F_MULTI);
	assert_int_equal(list(), 1);
	assert_string_equal(wg_netlink_error(nl), "");
	assert_int_equal(n_read, n_answers);
}

static void test_a_list_whose_answer_is_lost_is_asked_for_again_on_a_new_socket(void **state)
{
	(void)state;
	begin();
	add_link(1, NLM_F_MULTI);
	fails(ENOBUFS);
	begin();
	add_link(2, NLM_F_MULTI);
	add_link(3, NLM_F_MULTI);
	add_done(NLM_F_MULTI);
	assert_int_equal(list(), 2);
	assert_int_equal(n_requests, 2);
	assert_true(inodes[0] != inodes[1]);
	assert_works();
	assert_true(inodes[1] == inodes[2]);
}

static void test_a_list_that_is_always_lost_fails_and_tells_why(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		fails(ENOBUFS);
	assert_int_equal(list(), -ENOBUFS);
	assert_int_equal(n_requests, 8);
	assert_string_equal(wg_netlink_error(nl),
			    "the kernel's answer was lost for want of memory");
	assert_works();
}

/* Whether it was carried out nobody knows; to do it twice might undo what another did. */
static void test_a_change_whose_answer_is_lost_is_not_repeated(void **state)
{
	(void)state;
	fails(ENOBUFS);
	assert_int_equal(wg_link_set_up(nl, 1, true), -ENOBUFS);
	assert_int_equal(n_requests, 1);
	assert_string_equal(wg_netlink_error(nl),
			    "the kernel's answer was lost for want of memory");
	assert_works();
}

static void test_an_interrupted_list_is_asked_for_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		begin();
		add_link(1, NLM_F_MULTI | (i == 0 ? NLM_F_DUMP_INTR : 0));
		add_done(NLM_F_MULTI | (i == 1 ? NLM_F_DUMP_INTR : 0));
	}
	assert_int_equal(list(), 1);
	assert_int_equal(n_requests, 3);
	assert_int_equal(sockets[0], sockets[2]);
}

static void test_a_signal_costs_no_answer(void **state)
{
	(void)state;
	fails(EINTR);
	assert_works();
	assert_int_equal(n_requests, 1);
}

static void test_no_answer_is_told_in_words(void **state)
{
	(void)state;
	fails(EAGAIN);
	assert_int_equal(list(), -ETIMEDOUT);
	assert_string_equal(wg_netlink_error(nl), "the kernel gives no answer");
	assert_works();
}

static void test_what_is_not_for_this_request_is_left_out(void **state)
{
	struct answer *others;

	(void)state;
	begin();
	add_link(9, NLM_F_MULTI)->nlmsg_seq = 77;
	add_verdict(-EPERM)->nlmsg_seq = 77;
	others = begin();
	others->from = 4711; /* another program */
	add_verdict(-EPERM);
	assert_works();
	assert_int_equal(n_requests, 1);
}

static void test_a_datagram_that_was_cut_off_is_refused(void **state)
{
	(void)state;
	begin()->flags = MSG_TRUNC;
	add_link(1, NLM_F_MULTI);
	assert_int_equal(list(), -EMSGSIZE);
	assert_string_equal(wg_netlink_error(nl), "the kernel's answer is too long");
	assert_works();
}

static void test_lengths_that_lie_are_refused_and_told(void **state)
{
	static const uint32_t lens[] = {0, 1, 15, 4096, 0x7fffffff, 0x80000000, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(lens); i++) {
		tear_down(state);
		set_up(state);
		begin();
		add_link(1, NLM_F_MULTI);
		add_link(2, NLM_F_MULTI)->nlmsg_len = lens[i];
		assert_int_equal(list(), -EBADMSG);
		assert_string_equal(wg_netlink_error(nl),
				    "the kernel's answer cannot be understood");
		assert_works();
	}
}

static void test_messages_that_are_too_short_are_left_out(void **state)
{
	struct ifinfomsg info = {.ifi_index = 1};

	(void)state;
	begin();
	for (size_t len = 0; len < sizeof(info); len++)
		add(RTM_NEWLINK, NLM_F_MULTI, &info, len);
	assert_works();
	assert_int_equal(n_requests, 1);
}

static void test_verdicts_of_odd_sizes_are_refused_or_read_as_far_as_they_go(void **state)
{
	struct nlmsgerr verdict = {.error = -EPERM};
	uint8_t bytes[64] = {0};
	static const uint32_t inner[] = {0, 15, 16, 17, 4096, 0xffffffff};

	(void)state;
	for (size_t len = 0; len < sizeof(verdict); len++) {
		begin();
		add(NLMSG_ERROR, 0, &verdict, len);
		assert_int_equal(wg_link_set_up(nl, 1, true), -EBADMSG);
		n_answers = n_read = n_requests = 0;
		memset(answers, 0, sizeof(answers));
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(inner); i++) {
		verdict.msg.nlmsg_len = inner[i];
		memcpy(bytes, &verdict, sizeof(verdict));
		begin();
		add(NLMSG_ERROR, NLM_F_ACK_TLVS, bytes, sizeof(bytes));
		assert_int_equal(wg_link_set_up(nl, 1, true), -EPERM);
		assert_string_equal(wg_netlink_error(nl), "");
	}
	begin();
	add_verdict(EPERM); /* a sign that is wrong is not success */
	assert_int_equal(wg_link_set_up(nl, 1, true), -EBADMSG);
}

static void test_an_explanation_without_an_end_is_left_out(void **state)
{
	struct {
		struct nlmsgerr verdict;
		struct nlattr attr;
		char text[8];
	} said = {{.error = -EINVAL, .msg.nlmsg_len = 16}, {12, NLMSGERR_ATTR_MSG}, "no"};

	(void)state;
	begin();
	add(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &said, sizeof(said));
	assert_int_equal(wg_link_set_up(nl, 1, true), -EINVAL);
	assert_string_equal(wg_netlink_error(nl), "no");
	memset(said.text, 'x', sizeof(said.text));
	begin();
	add(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &said, sizeof(said));
	assert_int_equal(wg_link_set_up(nl, 1, true), -EINVAL);
	assert_string_equal(wg_netlink_error(nl), "");
}

static void test_a_question_without_an_answer_in_its_answer_finds_nothing(void **state)
{
	struct wg_link link;

	(void)state;
	begin();
	add_verdict(0);
	assert_int_equal(wg_link_by_index(nl, 1, &link), -ENOENT);
}

static void test_prefixes_longer_than_addresses_are_left_out(void **state)
{
	struct {
		struct ifaddrmsg info;
		struct nlattr attr;
		uint8_t ip[4];
	} address = {{AF_INET, 33, 0, 0, 1}, {8, IFA_LOCAL}, {192, 0, 2, 1}};
	struct rtmsg route = {.rtm_family = AF_INET6, .rtm_dst_len = 129};
	struct wg_address *addresses;
	struct wg_route *routes;
	size_t n;

	(void)state;
	begin();
	add(RTM_NEWADDR, NLM_F_MULTI, &address, sizeof(address));
	address.info.ifa_prefixlen = 32;
	add(RTM_NEWADDR, NLM_F_MULTI, &address, sizeof(address));
	add_done(NLM_F_MULTI);
	assert_int_equal(wg_address_list(nl, 1, &addresses, &n), 0);
	assert_int_equal(n, 1);
	free(addresses);
	begin();
	add(RTM_NEWROUTE, NLM_F_MULTI, &route, sizeof(route));
	route.rtm_dst_len = 128;
	add(RTM_NEWROUTE, NLM_F_MULTI, &route, sizeof(route));
	add_done(NLM_F_MULTI);
	assert_int_equal(wg_route_list(nl, WG_FAMILY_IPV6, 0, &routes, &n), 0);
	assert_int_equal(n, 1);
	free(routes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_a_list_whose_answer_is_lost_is_asked_for_again_on_a_new_socket),
		TEST(test_a_list_that_is_always_lost_fails_and_tells_why),
		TEST(test_a_change_whose_answer_is_lost_is_not_repeated),
		TEST(test_an_interrupted_list_is_asked_for_again),
		TEST(test_a_signal_costs_no_answer),
		TEST(test_no_answer_is_told_in_words),
		TEST(test_what_is_not_for_this_request_is_left_out),
		TEST(test_a_datagram_that_was_cut_off_is_refused),
		TEST(test_lengths_that_lie_are_refused_and_told),
		TEST(test_messages_that_are_too_short_are_left_out),
		TEST(test_verdicts_of_odd_sizes_are_refused_or_read_as_far_as_they_go),
		TEST(test_an_explanation_without_an_end_is_left_out),
		TEST(test_a_question_without_an_answer_in_its_answer_finds_nothing),
		TEST(test_prefixes_longer_than_addresses_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
