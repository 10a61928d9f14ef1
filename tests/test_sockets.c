/* Which port a tunnel gets, in a network namespace where all are free. */
#include "netns.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/defaults.h"
#include "base/log.h"
#include "keeper/sockets.h"

static struct wg_sockets sockets;
static size_t n_notices;

static void count_notice(enum wg_log_level level, const char *text)
{
	(void)text;
	n_notices += level == WG_LOG_NOTICE;
}

static int set_up(void **state)
{
	(void)state;
	wg_sockets_init(&sockets);
	n_notices = 0;
	wg_log_init(count_notice, WG_LOG_NOTICE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wg_sockets_close(&sockets);
	return 0;
}

/* Another program's socket on the port. */
static int take_port(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int change(bool should_be_open, const struct wg_config *config)
{
	struct wg_sockets next;
	int error = wg_sockets_prepare(&sockets, config, should_be_open, &next);

	if (!error)
		wg_sockets_commit(&sockets, &next);
	return error;
}

static int set_port(bool should_be_open, uint16_t port)
{
	return change(should_be_open,
		      &(struct wg_config){.has_listen_port = true, .listen_port = port});
}

static uint32_t mark_of(const struct wg_udp *udp)
{
	uint32_t mark;
	socklen_t len = sizeof(mark);

	assert_int_equal(getsockopt(wg_udp_fd(udp, 0), SOL_SOCKET, SO_MARK, &mark, &len), 0);
	return mark;
}

static void test_nobody_set_a_port_and_the_default_is_taken(void **state)
{
	int other;

	(void)state;
	assert_int_equal(wg_sockets_open(&sockets), 0);
	assert_int_equal(sockets.port, WG_DEFAULT_PORT);
	assert_int_equal(n_notices, 0);
	wg_sockets_close(&sockets);

	wg_sockets_init(&sockets);
	other = take_port(WG_DEFAULT_PORT);
	assert_int_equal(wg_sockets_open(&sockets), 0);
	assert_int_not_equal(sockets.port, WG_DEFAULT_PORT);
	assert_int_equal(n_notices, 1);
	close(other);
}

static void test_a_port_that_was_set_is_used_or_nothing(void **state)
{
	int other;

	(void)state;
	assert_int_equal(set_port(false, 1001), 0);
	assert_null(sockets.udp);
	other = take_port(1001);
	assert_int_equal(wg_sockets_open(&sockets), -EADDRINUSE);
	assert_null(sockets.udp);
	close(other);
	assert_int_equal(wg_sockets_open(&sockets), 0);
	assert_int_equal(sockets.port, 1001);
}

static void test_a_taken_port_changes_nothing(void **state)
{
	struct wg_udp *before;
	int other;

	(void)state;
	assert_int_equal(set_port(true, 1001), 0);
	before = sockets.udp;
	other = take_port(1002);
	assert_int_equal(change(true, &(struct wg_config){.has_listen_port = true,
							  .listen_port = 1002,
							  .has_fwmark = true,
							  .fwmark = 7}),
			 -EADDRINUSE);
	assert_ptr_equal(sockets.udp, before);
	assert_int_equal(sockets.port, 1001);
	assert_int_equal(mark_of(before), 0);
	assert_int_equal(wg_udp_port(before), 1001);
	close(other);
}

static void test_the_same_port_again_is_no_change(void **state)
{
	struct wg_udp *before;

	(void)state;
	assert_int_equal(wg_sockets_open(&sockets), 0);
	before = sockets.udp;
	assert_int_equal(set_port(true, WG_DEFAULT_PORT), 0);
	assert_ptr_equal(sockets.udp, before);
	assert_int_equal(sockets.choice, WG_PORT_FIXED);
}

static void test_port_0_is_any_and_stays_over_the_next_up(void **state)
{
	uint16_t port;

	(void)state;
	assert_int_equal(set_port(true, 0), 0);
	port = sockets.port;
	assert_int_not_equal(port, 0);
	wg_sockets_close(&sockets);
	assert_int_equal(wg_sockets_open(&sockets), 0);
	assert_int_equal(sockets.port, port);
}

static void test_an_abandoned_change_is_undone(void **state)
{
	struct wg_config config = {.has_fwmark = true, .fwmark = 7};
	struct wg_sockets next;

	(void)state;
	assert_int_equal(set_port(true, 1001), 0);
	assert_int_equal(wg_sockets_prepare(&sockets, &config, true, &next), 0);
	assert_int_equal(mark_of(sockets.udp), 7);
	wg_sockets_abandon(&sockets, &next);
	assert_int_equal(mark_of(sockets.udp), 0);

	config = (struct wg_config){.has_listen_port = true, .listen_port = 1002};
	assert_int_equal(wg_sockets_prepare(&sockets, &config, true, &next), 0);
	wg_sockets_abandon(&sockets, &next);
	assert_int_equal(sockets.port, 1001);
	close(take_port(1002));
}

static void test_a_mark_holds_for_new_sockets(void **state)
{
	(void)state;
	assert_int_equal(change(false, &(struct wg_config){.has_fwmark = true, .fwmark = 7}), 0);
	assert_int_equal(wg_sockets_open(&sockets), 0);
	assert_int_equal(mark_of(sockets.udp), 7);
	assert_int_equal(set_port(true, 1001), 0);
	assert_int_equal(mark_of(sockets.udp), 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_set_a_port_and_the_default_is_taken),
		TEST(test_a_port_that_was_set_is_used_or_nothing),
		TEST(test_a_taken_port_changes_nothing),
		TEST(test_the_same_port_again_is_no_change),
		TEST(test_port_0_is_any_and_stays_over_the_next_up),
		TEST(test_an_abandoned_change_is_undone),
		TEST(test_a_mark_holds_for_new_sockets),
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
