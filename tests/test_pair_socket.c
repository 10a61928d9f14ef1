#include "wgtest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pair.h"
#include "pair/socket.h"

ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);

static size_t control_room; /* that the last call had */

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	control_room = message->msg_control ? message->msg_controllen : 0;
	return __real_recvmsg(fd, message, flags);
}

static int fds[2];
static struct wg_pair_socket keeper;
static struct wg_pair_socket engine;
static struct wg_pair_datagram datagram;

/* The lowest descriptor that is free: one that leaks would be seen by it. */
static int free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static int set_up(void **state)
{
	(void)state;
	if (wg_pair_socket_open(fds))
		return -1;
	wg_pair_socket_init(&keeper, fds[WG_PAIR_KEEPER], WG_PAIR_KEEPER);
	wg_pair_socket_init(&engine, fds[WG_PAIR_ENGINE], WG_PAIR_ENGINE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wg_pair_close(&keeper.pair);
	wg_pair_close(&engine.pair);
	return 0;
}

static int send_one(uint32_t type)
{
	wg_pair_datagram_wipe(&datagram);
	assert_non_null(pair_add(&datagram, type));
	datagram.n_fds = 0;
	return wg_pair_send(pair_receiver(type) == WG_PAIR_ENGINE ? &keeper.pair : &engine.pair,
			    &datagram);
}

/* Sends n descriptors of /dev/null with a message of that type. */
static void send_fds(struct wg_pair_socket *from, uint32_t type, size_t n)
{
	wg_pair_datagram_wipe(&datagram);
	assert_non_null(pair_add(&datagram, type));
	datagram.n_fds = n;
	for (size_t i = 0; i < n; i++) {
		datagram.fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(datagram.fds[i] >= 0);
	}
	assert_int_equal(wg_pair_send(&from->pair, &datagram), 0);
	for (size_t i = 0; i < n; i++)
		close(datagram.fds[i]);
}

static int receive_one(struct wg_pair_socket *socket)
{
	int result = wg_pair_receive(&socket->pair, &datagram);
	size_t at = 0;

	return result == 1 ? (int)wg_pair_next(&datagram, &at)->header.type : result;
}

static void datagrams_arrive_whole_and_in_order(void **state)
{
	size_t len = 0;

	(void)state;
	assert_int_equal(receive_one(&engine), -EAGAIN);
	wg_pair_datagram_wipe(&datagram);
	while (pair_add(&datagram, WG_PAIR_LINK))
		len = datagram.len;
	assert_int_equal(wg_pair_send(&keeper.pair, &datagram), 0);
	assert_int_equal(send_one(WG_PAIR_PING), 0);
	assert_int_equal(receive_one(&engine), WG_PAIR_LINK);
	assert_int_equal(datagram.len, len);
	assert_int_equal(receive_one(&engine), WG_PAIR_PING);
	assert_int_equal(receive_one(&engine), -EAGAIN);
	assert_int_equal(send_one(WG_PAIR_READY), 0);
	assert_int_equal(receive_one(&keeper), WG_PAIR_READY);
}

static void descriptors_pass_to_the_engine(void **state)
{
	(void)state;
	send_fds(&keeper, WG_PAIR_HELLO, 2);
	assert_int_equal(receive_one(&engine), WG_PAIR_HELLO);
	assert_int_equal(datagram.n_fds, 2);
	for (size_t i = 0; i < datagram.n_fds; i++) {
		assert_int_equal(fcntl(datagram.fds[i], F_GETFD), FD_CLOEXEC);
		close(datagram.fds[i]);
	}
}

static void the_keeper_gets_no_descriptor(void **state)
{
	int before = free_fd();

	(void)state;
	for (size_t n = 1; n <= WG_PAIR_MAX_FDS; n++) {
		send_fds(&engine, WG_PAIR_READY, n);
		assert_int_equal(receive_one(&keeper), -EPROTO);
		assert_int_equal(control_room, 0); /* not even for a moment */
		assert_int_equal(datagram.n_fds, 0);
		assert_int_equal(free_fd(), before);
	}
}

static void descriptors_that_are_not_wanted_are_closed(void **state)
{
	int before = free_fd();

	(void)state;
	for (size_t n = 0; n <= WG_PAIR_MAX_FDS; n++) {
		if (n == 2)
			continue;
		send_fds(&keeper, WG_PAIR_HELLO, n);
		assert_int_equal(receive_one(&engine), -EPROTO);
		assert_int_equal(datagram.n_fds, 0);
		assert_int_equal(free_fd(), before);
	}
}

/* More descriptors than anybody here would send. */
static void a_flood_of_descriptors_is_closed(void **state)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(20 * sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec vector = {datagram.bytes, 0};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int before = free_fd();

	(void)state;
	wg_pair_datagram_wipe(&datagram);
	pair_add(&datagram, WG_PAIR_HELLO);
	vector.iov_len = datagram.len;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(20 * sizeof(int));
	memset(CMSG_DATA(&control.header), 0, 20 * sizeof(int)); /* standard input */
	assert_true(sendmsg(keeper.fd, &message, 0) > 0);
	assert_int_equal(receive_one(&engine), -EPROTO);
	assert_int_equal(free_fd(), before);
}

static void a_datagram_that_is_too_long_is_refused(void **state)
{
	static uint8_t bytes[WG_PAIR_MAX + 8];

	(void)state;
	wg_pair_datagram_wipe(&datagram);
	while (pair_add(&datagram, WG_PAIR_PONG))
		continue;
	memcpy(bytes, datagram.bytes, datagram.len);
	assert_int_equal(send(engine.fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_int_equal(receive_one(&keeper), -EPROTO);
	assert_int_equal(send_one(WG_PAIR_PONG), 0); /* what follows is a datagram again */
	assert_int_equal(receive_one(&keeper), WG_PAIR_PONG);
}

static void an_end_that_was_closed_is_the_end(void **state)
{
	(void)state;
	assert_int_equal(send_one(WG_PAIR_TRAPPED), 0);
	wg_pair_close(&engine.pair);
	assert_int_equal(receive_one(&keeper), WG_PAIR_TRAPPED);
	assert_int_equal(receive_one(&keeper), 0);
	assert_int_equal(receive_one(&keeper), 0);
	assert_int_equal(send_one(WG_PAIR_PING), -EPIPE);
}

/* The kernel says ECONNRESET then, and says it before it gives what is there. */
static void last_words_are_heard_though_the_engine_did_not_listen(void **state)
{
	(void)state;
	assert_int_equal(send_one(WG_PAIR_PING), 0);
	assert_int_equal(send_one(WG_PAIR_LOG), 0);
	assert_int_equal(send_one(WG_PAIR_TRAPPED), 0);
	wg_pair_close(&engine.pair);
	assert_int_equal(receive_one(&keeper), WG_PAIR_LOG);
	assert_int_equal(receive_one(&keeper), WG_PAIR_TRAPPED);
	assert_int_equal(receive_one(&keeper), 0);
}

static void sending_to_an_end_that_did_not_listen_finds_it_closed(void **state)
{
	(void)state;
	assert_int_equal(send_one(WG_PAIR_PING), 0);
	wg_pair_close(&engine.pair);
	assert_int_equal(send_one(WG_PAIR_PING), -EPIPE);
	assert_int_equal(send_one(WG_PAIR_PING), -EPIPE);
}

static void a_full_socket_takes_more_when_it_was_emptied(void **state)
{
	struct pollfd writable = {.fd = keeper.fd, .events = POLLOUT};
	size_t n = 0;
	int result;

	(void)state;
	wg_pair_datagram_wipe(&datagram);
	while (pair_add(&datagram, WG_PAIR_LINK))
		continue;
	while ((result = wg_pair_send(&keeper.pair, &datagram)) == 0)
		n++;
	assert_int_equal(result, -EAGAIN);
	assert_true(n >= 2);
	assert_int_equal(poll(&writable, 1, 0), 0);
	while (receive_one(&engine) == WG_PAIR_LINK)
		n--;
	assert_int_equal(n, 0);
	assert_int_equal(poll(&writable, 1, 0), 1);
	assert_int_equal(send_one(WG_PAIR_LINK), 0);
}

/* An end whose buffer was made smaller than what is to go. */
static void what_can_never_be_sent_is_told_apart(void **state)
{
	(void)state;
	assert_int_equal(setsockopt(keeper.fd, SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)),
			 0);
	wg_pair_datagram_wipe(&datagram);
	while (pair_add(&datagram, WG_PAIR_LINK))
		continue;
	assert_int_equal(wg_pair_send(&keeper.pair, &datagram), -EMSGSIZE);
	assert_int_equal(send_one(WG_PAIR_LINK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(datagrams_arrive_whole_and_in_order),
		TEST(descriptors_pass_to_the_engine),
		TEST(the_keeper_gets_no_descriptor),
		TEST(descriptors_that_are_not_wanted_are_closed),
		TEST(a_flood_of_descriptors_is_closed),
		TEST(a_datagram_that_is_too_long_is_refused),
		TEST(an_end_that_was_closed_is_the_end),
		TEST(last_words_are_heard_though_the_engine_did_not_listen),
		TEST(sending_to_an_end_that_did_not_listen_finds_it_closed),
		TEST(a_full_socket_takes_more_when_it_was_emptied),
		TEST(what_can_never_be_sent_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
