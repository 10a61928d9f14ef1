/* libuv's trap: a descriptor with an error pending is reported once as UV_EBADF, and
 * its handle is dead from then on. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wgtest.h"

#include "os/poller.h"

struct bench {
	uv_loop_t loop;
	struct wg_poller *poller;
	int fd; /* a UDP socket that wants errors in its queue (IP_RECVERR) */
	size_t n_ready;
	size_t n_errors;
	bool drain;
	bool close_on_ready;
};

static void on_ready(void *ctx, int events)
{
	struct bench *bench = ctx;
	char byte;

	assert_int_equal(events, UV_READABLE);
	bench->n_ready++;
	assert_int_equal(recv(bench->fd, &byte, 1, MSG_DONTWAIT), 1);
	if (bench->close_on_ready) {
		wg_poller_close(bench->poller);
		bench->poller = NULL;
	}
}

static bool on_error(void *ctx)
{
	struct bench *bench = ctx;
	char bytes[512];
	struct msghdr header = {.msg_control = bytes, .msg_controllen = sizeof(bytes)};
	int error;
	socklen_t len = sizeof(error);

	bench->n_errors++;
	if (!bench->drain)
		return false;
	assert_true(recvmsg(bench->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
	assert_int_equal(getsockopt(bench->fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	return true;
}

static struct sockaddr_in address_of(int fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	return address;
}

static int bound_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void turn(struct bench *bench)
{
	for (int i = 0; i < 50; i++)
		uv_run(&bench->loop, UV_RUN_NOWAIT);
}

/* Sends to a port where nobody is: the answer of the loopback is there at once. */
static void provoke_error(struct bench *bench)
{
	int nobody = bound_socket();
	struct sockaddr_in address = address_of(nobody);

	close(nobody);
	assert_int_equal(sendto(bench->fd, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)),
			 1);
	turn(bench);
}

static void send_byte(struct bench *bench)
{
	struct sockaddr_in address = address_of(bench->fd);
	int other = bound_socket();

	assert_int_equal(sendto(other, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)), 1);
	close(other);
	turn(bench);
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	const struct wg_poller_handler handler = {on_ready, on_error, bench};
	int on = 1;

	assert_int_equal(uv_loop_init(&bench->loop), 0);
	bench->fd = bound_socket();
	bench->drain = true;
	assert_int_equal(setsockopt(bench->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	assert_int_equal(
		wg_poller_open(&bench->poller, &bench->loop, bench->fd, UV_READABLE, &handler), 0);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	wg_poller_close(bench->poller);
	assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	close(bench->fd);
	free(bench);
	return 0;
}

static void test_a_pending_error_does_not_end_it(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 1; i <= 3; i++) {
		provoke_error(bench);
		assert_int_equal(bench->n_errors, i);
		send_byte(bench);
		assert_int_equal(bench->n_ready, i);
	}
}

static void test_it_rests_when_its_owner_gives_up(void **state)
{
	struct bench *bench = *state;

	bench->drain = false;
	provoke_error(bench);
	send_byte(bench);
	assert_int_equal(bench->n_errors, 1);
	assert_int_equal(bench->n_ready, 0);
}

static void test_it_may_be_closed_while_it_calls(void **state)
{
	struct bench *bench = *state;

	bench->close_on_ready = true;
	send_byte(bench);
	send_byte(bench);
	assert_int_equal(bench->n_ready, 1);
}

static void test_a_descriptor_of_the_same_number_can_follow(void **state)
{
	struct bench *bench = *state;
	const struct wg_poller_handler handler = {on_ready, on_error, bench};
	int number = bench->fd;

	wg_poller_close(bench->poller);
	close(bench->fd);
	bench->fd = bound_socket();
	assert_int_equal(bench->fd, number);
	assert_int_equal(
		wg_poller_open(&bench->poller, &bench->loop, bench->fd, UV_READABLE, &handler), 0);
	send_byte(bench);
	assert_int_equal(bench->n_ready, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_pending_error_does_not_end_it),
		TEST(test_it_rests_when_its_owner_gives_up),
		TEST(test_it_may_be_closed_while_it_calls),
		TEST(test_a_descriptor_of_the_same_number_can_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
