/* The engine around a link and sockets that somebody else opened, without a keeper: what it
 * tells of sockets that come and go. */
#include "netns.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "confine/descriptors.h"
#include "crypto/crypto.h"
#include "engine/engine.h"

static struct wg_engine engine;
static uv_loop_t uv;
static size_t n_busy;
static size_t n_idle;

static void ignore(void *ctx)
{
	(void)ctx;
}

static void ignore_offload(void *ctx, enum wg_tun_offload which)
{
	(void)ctx;
	(void)which;
}

static void ignore_socket(void *ctx, unsigned int i, int error)
{
	(void)ctx;
	(void)i;
	(void)error;
}

static void count_busy(void *ctx, bool busy)
{
	(void)ctx;
	n_busy += busy;
	n_idle += !busy;
}

/* As the keeper starts it: the numbers that are for something are taken. */
static void take_numbers(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (int i = WG_CONFINE_FD_PAIR; i < WG_CONFINE_N_FIXED; i++)
		assert_int_equal(dup2(null, i), i);
	if (null >= WG_CONFINE_N_FIXED)
		close(null);
}

static int set_up(void **state)
{
	const struct wg_engine_events events = {.gone = ignore,
						.refused = ignore,
						.offload_failed = ignore_offload,
						.socket_failed = ignore_socket,
						.busy = count_busy,
						.traffic = ignore,
						.turned = ignore};
	struct wg_tun *tun;

	(void)state;
	n_busy = n_idle = 0;
	take_numbers();
	assert_int_equal(wg_crypto_init(NULL), 0);
	assert_int_equal(uv_loop_init(&uv), 0);
	assert_int_equal(wg_tun_open(&tun, "engine"), 0);
	assert_int_equal(wg_engine_init(&engine, &uv, tun, &events), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wg_engine_close(&engine);
	uv_run(&uv, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&uv), 0);
	return 0;
}

/* As the keeper passes them: copies of descriptors. */
static void give_sockets(uint16_t port)
{
	const struct wg_udp_options options = {.port = port};
	struct wg_udp *udp;
	int fds[WG_UDP_SOCKETS];

	assert_int_equal(wg_udp_open(&udp, &options), 0);
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		fds[i] = dup(wg_udp_fd(udp, i));
	wg_udp_close(udp);
	assert_int_equal(wg_engine_set_sockets(&engine, fds, &options), 0);
	assert_int_equal(wg_udp_fd(engine.udp, 0), WG_CONFINE_FD_IPV4);
	assert_int_equal(wg_udp_fd(engine.udp, 1), WG_CONFINE_FD_IPV6);
}

static void take_sockets_away(void)
{
	const struct wg_udp_options options = {0};
	const int none[WG_UDP_SOCKETS] = {-1, -1};

	assert_int_equal(wg_engine_set_sockets(&engine, none, &options), 0);
	assert_null(engine.udp);
}

/* Sends more to the IPv4 socket than its queue takes. */
static void flood(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int least = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
		setsockopt(WG_CONFINE_FD_IPV4, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	close(fd);
}

static void test_what_was_lost_is_known_when_its_sockets_are_closed(void **state)
{
	uint64_t first;

	(void)state;
	assert_int_equal(system("ip link set lo up"), 0);
	give_sockets(1001);
	flood(1001);
	first = wg_engine_lost(&engine).queue;
	assert_in_range(first, 1, 50);
	give_sockets(1002);
	assert_int_equal(wg_engine_lost(&engine).queue, first);
	flood(1002);
	assert_in_range(wg_engine_lost(&engine).queue, first + 1, 100);
	first = wg_engine_lost(&engine).queue;
	take_sockets_away();
	assert_int_equal(wg_engine_lost(&engine).queue, first);
}

static void test_the_sockets_numbers_are_kept_while_there_are_none(void **state)
{
	int next;

	(void)state;
	give_sockets(1003);
	take_sockets_away();
	next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(next > WG_CONFINE_FD_RECORD);
	close(next);
	give_sockets(1003);
}

/* Datagrams of nobody, one a turn. */
static void turns(size_t n)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1004)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
		uv_run(&uv, UV_RUN_ONCE);
	}
	close(fd);
}

static void test_many_turns_are_busy_and_are_told_of_once(void **state)
{
	(void)state;
	assert_int_equal(system("ip link set lo up"), 0);
	give_sockets(1004);
	turns(63);
	assert_int_equal(n_busy, 0);
	turns(1);
	assert_int_equal(n_busy, 1);
	turns(64);
	assert_int_equal(n_busy, 1);
	assert_int_equal(n_idle, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_lost_is_known_when_its_sockets_are_closed),
		TEST(test_the_sockets_numbers_are_kept_while_there_are_none),
		TEST(test_many_turns_are_busy_and_are_told_of_once),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
