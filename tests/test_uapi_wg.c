/* What wg itself makes of our answers, and we of its requests. A child in a mount
 * namespace of its own puts a socket where wg looks for it, so nothing is left behind. */
#include "wgtest.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "uapi.h"

#define SOCKET_PATH "/run/wireguard/tuff0.sock"
#define KEY_A       "0100000000000000000000000000000000000000000000000000000000000000"
#define BASE64_A    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define BASE64_NONE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

struct server {
	const struct wg_config *config; /* what a get answers, without an error */
	int error;
};

static uint32_t scope(const char *name)
{
	return strcmp(name, "lo") == 0 ? 1 : 0;
}

static bool enter_own_run(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/run", "tmpfs", 0, NULL) == 0 && mkdir("/run/wireguard", 0755) == 0;
}

static int listen_there(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void answer(int fd, struct wg_uapi_parser *parser, int result, const struct server *server)
{
	char text[WG_UAPI_ERRNO_LEN];
	size_t len;

	if (result == 1 && wg_uapi_kind(parser) == WG_UAPI_GET && !server->error) {
		char *all = wg_test_answer(server->config, &len);

		(void)!write(fd, all, len);
		free(all);
		return;
	}
	len = wg_uapi_format_errno(text, wg_uapi_kind(parser), result < 0 ? result : server->error);
	(void)!write(fd, text, len);
}

static void serve_client(int fd, const struct server *server)
{
	struct wg_uapi_parser *parser = wg_uapi_parser_new(scope);
	char data[4096];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0) {
		size_t used;
		int result = wg_uapi_parse(parser, data, (size_t)n, &used);

		if (result == 0)
			continue;
		answer(fd, parser, result, server);
		wg_uapi_parser_reset(parser);
	}
	wg_uapi_parser_free(parser);
	close(fd);
}

/* Runs a command of wg against a server that answers so; what it printed, both ways. */
static const char *run(const char *command, const struct wg_config *config, int error)
{
	static char output[4096];
	const struct server server = {.config = config, .error = error};
	struct pollfd fds[2] = {{.fd = listen_there(), .events = POLLIN}, {.events = POLLIN}};
	char line[512];
	size_t len = 0;
	ssize_t n = 1;
	FILE *pipe;

	snprintf(line, sizeof(line), "wg %s 2>&1", command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	fds[1].fd = fileno(pipe);
	while (n > 0 && poll(fds, 2, -1) > 0) {
		if (fds[0].revents)
			serve_client(accept(fds[0].fd, NULL, NULL), &server);
		if (fds[1].revents)
			n = read(fds[1].fd, output + len, sizeof(output) - 1 - len);
		len += fds[1].revents && n > 0 ? (size_t)n : 0;
	}
	output[len] = '\0';
	pclose(pipe);
	close(fds[0].fd);
	unlink(SOCKET_PATH);
	return output;
}

static void test_wg_reads_an_empty_device(void **state)
{
	struct wg_config config = {0};

	(void)state;
	assert_string_equal(run("show tuff0 dump", &config, 0), "(none)\t(none)\t0\toff\n");
}

static void test_wg_reads_a_whole_device(void **state)
{
	struct wg_uapi_parser *parser = wg_uapi_parser_new(scope);
	const char *text = "set=1\nprivate_key=" KEY_A "\nlisten_port=30567\nfwmark=51820\n"
			   "public_key=" KEY_A "\npreshared_key=" KEY_A
			   "\nendpoint=[fe80::1%lo]:9\nallowed_ip=::/0\nallowed_ip=192.0.2.0/24\n"
			   "persistent_keepalive_interval=25\n\n";
	struct wg_config *config = wg_uapi_config(parser);
	const char *output;
	size_t used;

	(void)state;
	assert_int_equal(wg_uapi_parse(parser, text, strlen(text), &used), 1);
	config->peers[0].handshake_sec = 1700000000;
	config->peers[0].rx_bytes = 3;
	config->peers[0].tx_bytes = 4;
	output = run("show tuff0 dump", config, 0);
	assert_non_null(strstr(output, "\t30567\t0xca6c\n"));
	assert_non_null(strstr(output, "\n" BASE64_A "\t" BASE64_A "\t[fe80::1%lo]:9\t"
				       "::/0,192.0.2.0/24\t1700000000\t3\t4\t25\n"));
	wg_uapi_parser_free(parser);
}

static void test_wg_names_the_error_of_a_get(void **state)
{
	struct wg_config config = {0};

	(void)state;
	assert_string_equal(run("show tuff0", &config, -EACCES),
			    "Unable to access interface: Permission denied\n");
}

static void test_wg_names_the_error_of_a_set(void **state)
{
	struct wg_config config = {0};

	(void)state;
	assert_string_equal(run("set tuff0 listen-port 1", &config, 0), "");
	assert_string_equal(run("set tuff0 listen-port 1", &config, -EADDRINUSE),
			    "Unable to modify interface: Address already in use\n");
	assert_string_equal(run("set tuff0 fwmark 0x10", &config, -EINVAL),
			    "Unable to modify interface: Invalid argument\n");
}

static void test_what_wg_sends_is_understood(void **state)
{
	static const char *const commands[] = {
		"set tuff0 listen-port 1 fwmark 0x10 private-key /dev/null",
		"set tuff0 fwmark off peer " BASE64_A " remove",
		"set tuff0 peer " BASE64_A " preshared-key /dev/null endpoint 192.0.2.7:1 "
		"persistent-keepalive 25 allowed-ips 192.0.2.1,2001:db8::/64",
		"set tuff0 peer " BASE64_A " endpoint [fe80::1%lo]:1 persistent-keepalive off "
		"allowed-ips ''",
		"syncconf tuff0 /dev/null",
	};
	struct wg_config config = {0};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(commands); i++)
		assert_string_equal(run(commands[i], &config, 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wg_reads_an_empty_device),
		cmocka_unit_test(test_wg_reads_a_whole_device),
		cmocka_unit_test(test_wg_names_the_error_of_a_get),
		cmocka_unit_test(test_wg_names_the_error_of_a_set),
		cmocka_unit_test(test_what_wg_sends_is_understood),
	};

	if (system("command -v wg >/dev/null") != 0) {
		puts("skipped: wg is not installed");
		return 77;
	}
	if (!enter_own_run()) {
		puts("skipped: a mount namespace needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
