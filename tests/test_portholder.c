#include "wgtest.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/portholder.h"

static const char ipv4[] = "  396: 00000000:7767 00000000:0000 07 00000000:00000000 "
			   "00:00000000 00000000     0        0 16215 2 000000000f8c6b23 0\n";
static const char ipv6[] = "  396: 0000000000000000FFFF00000100007F:7767 "
			   "00000000000000000000000000000000:0000 07 00000000:00000000 "
			   "00:00000000 00000000   101        0 4026532 2 0000000000000000 0\n";

static void test_a_line_tells_port_and_socket(void **state)
{
	unsigned long inode = 7;

	(void)state;
	assert_true(wg_portholder_parse(&inode, ipv4, 30567));
	assert_int_equal(inode, 16215);
	assert_true(wg_portholder_parse(&inode, ipv6, 30567));
	assert_int_equal(inode, 4026532);
	assert_false(wg_portholder_parse(&inode, ipv4, 30568));
	assert_false(wg_portholder_parse(&inode, "", 30567));
	assert_false(wg_portholder_parse(&inode,
					 "  sl  local_address rem_address   st tx_queue "
					 "rx_queue tr tm->when retrnsmt   uid  timeout inode",
					 30567));
	assert_false(wg_portholder_parse(&inode, "  396: 00000000:7767 00000000:0000 07", 30567));
}

static void test_the_process_that_has_a_port_is_named(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	char text[WG_PORTHOLDER_LEN];
	char expected[WG_PORTHOLDER_LEN];
	struct sockaddr_in6 at;
	socklen_t len;

	(void)state;
	snprintf(expected, sizeof(expected), "test_portholder (process %d)", (int)getpid());
	for (size_t i = 0; i < WG_ARRAY_LEN(families); i++) {
		int fd = socket(families[i], SOCK_DGRAM, 0);

		if (fd < 0)
			continue; /* no IPv6 */
		memset(&at, 0, sizeof(at));
		at.sin6_family = (sa_family_t)families[i];
		len = families[i] == AF_INET ? sizeof(struct sockaddr_in) : sizeof(at);
		assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
		/* The port is at the same place in both kinds of address. */
		assert_true(wg_portholder_find(text, ntohs(at.sin6_port)));
		assert_string_equal(text, expected);
		close(fd);
		assert_false(wg_portholder_find(text, ntohs(at.sin6_port)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_tells_port_and_socket),
		cmocka_unit_test(test_the_process_that_has_a_port_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
