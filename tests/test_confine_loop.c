/* The packets' way behind the whole confinement: two engines, each a process of its own with a
 * link and sockets, shake hands and carry packets; meanwhile their workers and sockets are
 * changed. A system call that the filter's list lacks ends one of them and says which it was. */
#include "netns.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <uv.h>

#include "base/log.h"
#include "confine/confine.h"
#include "confine/descriptors.h"
#include "confine/start.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "engine/crew.h"
#include "engine/traffic.h"
#include "os/clock.h"
#include "os/poller.h"
#include "os/slice.h"

/* Over the pair: to an engine, what to do; from it, that it was done or what went wrong. */
enum word { WORD_WORKERS, WORD_SOCKETS, WORD_SECRETS, WORD_SCARCE, WORD_END };

struct answer {
	int32_t error;
	int32_t trapped; /* a system call's number + 1 */
};

static struct wg_traffic traffic;
static struct wg_crew crew;
static struct wg_alarm alarm_clock;
static uv_loop_t loop;
static struct wg_poller *pollers[5];

static void answer(int error, int trapped)
{
	const struct answer word = {error, trapped};

	if (send(WG_CONFINE_FD_PAIR, &word, sizeof(word), MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void on_trapped(int nr, uint32_t arch)
{
	(void)arch;
	answer(0, nr + 1);
}

static _Noreturn void end_with(const char *what, int error)
{
	fprintf(stderr, "engine: %s: %s\n", what, strerror(-error));
	answer(error, 0);
	_exit(1);
}

static void need(const char *what, int error)
{
	if (error)
		end_with(what, error);
}

static void finish_turn(void *ctx)
{
	(void)ctx;
	wg_alarm_set(&alarm_clock, wg_device_due(traffic.device));
}

static void on_alarm(void *ctx, int events)
{
	(void)events;
	wg_alarm_clear(&alarm_clock);
	wg_traffic_tick(&traffic, wg_clock_now());
	finish_turn(ctx);
}

static void on_tun(void *ctx, int events)
{
	(void)events;
	need("link", wg_traffic_from_tun(&traffic));
	finish_turn(ctx);
}

static void on_ipv4(void *ctx, int events)
{
	(void)events;
	need("socket", wg_traffic_from_udp(&traffic, 0));
	finish_turn(ctx);
}

static bool on_error(void *ctx)
{
	(void)ctx;
	wg_traffic_read_errors(&traffic, 0);
	return true;
}

static void adopt_sockets(void)
{
	const int fds[] = {WG_CONFINE_FD_IPV4, WG_CONFINE_FD_IPV6};
	const struct wg_poller_handler handler = {on_ipv4, on_error, NULL};

	need("adopt sockets", wg_udp_adopt(&traffic.udp, fds, &(struct wg_udp_options){0}));
	need("poll a socket",
	     wg_poller_open(&pollers[0], &loop, WG_CONFINE_FD_IPV4, UV_READABLE, &handler));
}

/* The new ones arrive anywhere and take the places of the old ones. */
static void replace_sockets(const int fds[static 2])
{
	wg_traffic_drain(&traffic);
	wg_poller_close(pollers[0]);
	wg_udp_close(traffic.udp);
	for (int i = 0; i < 2; i++) {
		if (dup3(fds[i], WG_CONFINE_FD_IPV4 + i, O_CLOEXEC) < 0)
			end_with("dup3", -errno);
		close(fds[i]);
	}
	adopt_sockets();
}

static void make_secrets(void)
{
	static void *secrets[512];

	for (size_t i = 0; i < WG_ARRAY_LEN(secrets); i++) {
		secrets[i] = wg_secret_new(8 * i + 8000);
		if (!secrets[i])
			end_with("secret", -ENOMEM);
	}
	for (size_t i = 0; i < WG_ARRAY_LEN(secrets); i++)
		wg_secret_free(secrets[i], 8 * i + 8000);
	wg_traffic_trim(&traffic);
}

/* Datagrams for which there is no memory are read away, by a call of their own. */
static void receive_without_memory(void)
{
	struct wg_pool *none = wg_pool_new(0);
	struct wg_run runs[WG_UDP_RUNS];

	if (!none || wg_udp_receive(traffic.udp, 0, none, runs, WG_ARRAY_LEN(runs)) != 0)
		end_with("receive without memory", -ENOMEM);
	wg_pool_free(none);
}

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(2 * sizeof(int))];
};

static void on_pair(void *ctx, int events)
{
	uint8_t word[2] = {WORD_END};
	union control control;
	struct iovec iov = {word, sizeof(word)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fds[2];

	(void)events;
	if (recvmsg(WG_CONFINE_FD_PAIR, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
		_exit(0);
	switch ((enum word)word[0]) {
	case WORD_WORKERS:
		need("workers", wg_crew_set(&crew, &loop, word[1]));
		break;
	case WORD_SOCKETS:
		memcpy(fds, CMSG_DATA(&control.header), sizeof(fds));
		replace_sockets(fds);
		break;
	case WORD_SECRETS:
		make_secrets();
		break;
	case WORD_SCARCE:
		receive_without_memory();
		break;
	case WORD_END:
		uv_stop(&loop);
		return;
	}
	answer(0, 0);
	finish_turn(ctx);
}

/* Keys are numbers; 10.0.0.N is behind N, which listens on port. */
static void configure(uint8_t own, uint8_t other, uint16_t port)
{
	struct wg_config config;
	struct wg_config_peer *peer;
	struct wg_prefix inside = {.ip = {.family = WG_FAMILY_IPV4, .bytes = {10, 0, 0, other}},
				   .bits = 32};
	uint8_t private_key[WG_KEY_LEN] = {0, own};
	uint8_t other_key[WG_KEY_LEN] = {0, other};

	wg_config_init(&config);
	config.has_private_key = true;
	wg_x25519_clamp(private_key);
	wg_x25519_clamp(other_key);
	need("key", wg_lockedkey_set(&config.private_key, private_key));
	peer = wg_config_add_peer(&config);
	wg_config_add_allowed_ip(peer, &inside, false);
	wg_x25519_public(peer->public_key, other_key);
	peer->has_endpoint = true;
	peer->endpoint = (struct wg_endpoint){
		.ip = {.family = WG_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}, .port = port};
	need("apply", wg_device_apply(traffic.device, &config, wg_clock_now(), &traffic.out));
	wg_config_deinit(&config);
}

static void open_all(struct wg_tun **tun)
{
	const struct wg_poller_handler on_clock = {on_alarm, on_error, NULL};
	const struct wg_poller_handler on_link = {on_tun, on_error, NULL};
	const struct wg_poller_handler on_keeper = {on_pair, on_error, NULL};

	need("loop", uv_loop_init(&loop));
	need("alarm", wg_alarm_open(&alarm_clock));
	need("adopt the link", wg_tun_adopt(tun, WG_CONFINE_FD_TUN));
	need("pools", wg_traffic_init(&traffic, *tun));
	wg_tun_set_offloads(*tun, (bool[WG_TUN_N_OFFLOADS]){false});
	need("poll", wg_poller_open(&pollers[1], &loop, alarm_clock.fd, UV_READABLE, &on_clock));
	need("poll", wg_poller_open(&pollers[2], &loop, WG_CONFINE_FD_TUN, UV_READABLE, &on_link));
	need("poll",
	     wg_poller_open(&pollers[3], &loop, WG_CONFINE_FD_PAIR, UV_READABLE, &on_keeper));
	adopt_sockets();
	crew = (struct wg_crew){.traffic = &traffic, .settled = finish_turn};
	need("workers", wg_crew_set(&crew, &loop, 1));
	wg_device_set_mtu(traffic.device, 1420);
	wg_device_up(traffic.device, wg_clock_now());
}

static int run_engine(char **argv)
{
	struct wg_confine_report report;
	struct wg_tun *tun;

	need("enter", wg_confine_enter(&report));
	need("crypto", wg_crypto_init(NULL));
	open_all(&tun);
	configure((uint8_t)atoi(argv[1]), (uint8_t)atoi(argv[2]), (uint16_t)atoi(argv[3]));
	need("finish", wg_confine_finish(&report, 8, on_trapped));
	wg_slice_lengthen();
	answer(0, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(0);
}

/* The keeper's side. */
struct engine {
	int pair;
	pid_t pid;
	int sniffer; /* sees and makes packets at its link */
};

static int self;

/* <net/if.h> cannot be included beside netns.h. */
static int index_of(const char *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCGIFINDEX, &request), 0);
	close(fd);
	return request.ifr_ifindex;
}

static int open_sniffer(const char *name)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_IP),
				      .sll_ifindex = index_of(name)};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void set_up(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static int open_link(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	set_up(name);
	return fd;
}

static void assert_answered(const struct engine *engine)
{
	struct answer word = {-EPIPE, 0};

	(void)!read(engine->pair, &word, sizeof(word));
	if (word.trapped)
		fail_msg("system call %d is not on the list", word.trapped - 1);
	assert_int_equal(word.error, 0);
}

static void start(struct engine *engine, unsigned int own, struct wg_udp *udp, uint16_t port)
{
	char numbers[3][16];
	char name[16];
	char *const argv[] = {"engine", numbers[0], numbers[1], numbers[2], NULL};
	char *const envp[] = {NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[WG_CONFINE_N_FIXED] = {null, null, STDERR_FILENO};
	struct wg_confine_start how = {WG_CONFINE_AUTO, self, argv, envp, fds, WG_ARRAY_LEN(fds)};
	struct wg_confine_report report;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	snprintf(name, sizeof(name), "tun%u", own);
	snprintf(numbers[0], sizeof(numbers[0]), "%u", own);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", 3 - own);
	snprintf(numbers[2], sizeof(numbers[2]), "%u", port);
	fds[WG_CONFINE_FD_PAIR] = pair[1];
	fds[WG_CONFINE_FD_TUN] = open_link(name);
	fds[WG_CONFINE_FD_IPV4] = wg_udp_fd(udp, 0);
	fds[WG_CONFINE_FD_IPV6] = wg_udp_fd(udp, 1);
	fds[WG_CONFINE_FD_RECORD] = -1;
	engine->pair = pair[0];
	engine->sniffer = open_sniffer(name);
	assert_int_equal(wg_confine_start(&how, &engine->pid, &report), 0);
	close(pair[1]);
	close(null);
	close(fds[WG_CONFINE_FD_TUN]);
	assert_answered(engine);
}

static void stop(struct engine *engine)
{
	uint8_t word = WORD_END;
	int status;

	(void)!write(engine->pair, &word, 1);
	assert_int_equal(waitpid(engine->pid, &status, 0), engine->pid);
	assert_int_equal(status, 0);
	close(engine->pair);
	close(engine->sniffer);
}

static void tell(const struct engine *engine, enum word word, uint8_t value)
{
	const uint8_t bytes[] = {(uint8_t)word, value};

	assert_int_equal(write(engine->pair, bytes, sizeof(bytes)), sizeof(bytes));
	assert_answered(engine);
}

static void pass_sockets(const struct engine *engine, struct wg_udp *udp)
{
	uint8_t word = WORD_SOCKETS;
	int fds[] = {wg_udp_fd(udp, 0), wg_udp_fd(udp, 1)};
	union control control = {{CMSG_LEN(sizeof(fds)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {&word, 1};
	const struct msghdr message = {.msg_iov = &iov,
				       .msg_iovlen = 1,
				       .msg_control = &control,
				       .msg_controllen = CMSG_SPACE(sizeof(fds))};

	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	assert_int_equal(sendmsg(engine->pair, &message, 0), 1);
	assert_answered(engine);
}

/* A packet of no protocol with a mark in it. */
static void put_packet(const struct engine *engine, uint8_t from, uint8_t to, const char *name,
		       uint8_t mark)
{
	const struct sockaddr_ll address = {.sll_family = AF_PACKET,
					    .sll_protocol = htons(ETH_P_IP),
					    .sll_ifindex = index_of(name)};
	const uint8_t packet[] = {0x45, 0,    0,  28, 0, 0,  0, 0, 64, 253,  0, 0, 10, 0,
				  0,    from, 10, 0,  0, to, 0, 0, 0,  mark, 0, 0, 0,  0};

	assert_int_equal(sendto(engine->sniffer, packet, sizeof(packet), 0,
				(const struct sockaddr *)&address, sizeof(address)),
			 sizeof(packet));
}

/* Whether it comes out at the other link, within ctest's patience. */
static void assert_comes(const struct engine *engine, uint8_t mark)
{
	uint8_t packet[2048] = {0};

	while (packet[9] != 253 || packet[23] != mark || packet[15] == 0)
		if (recv(engine->sniffer, packet, sizeof(packet), 0) < 0)
			fail_msg("%s", strerror(errno));
}

static void carry(struct engine engines[static 2], uint8_t mark)
{
	put_packet(&engines[0], 1, 2, "tun1", mark);
	assert_comes(&engines[1], mark);
	put_packet(&engines[1], 2, 1, "tun2", mark + 1);
	assert_comes(&engines[0], mark + 1);
}

static void test_two_confined_engines_carry_packets(void **state)
{
	struct engine engines[2];
	struct wg_udp *udp[3];

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(udp); i++)
		assert_int_equal(wg_udp_open(&udp[i], &(struct wg_udp_options){0}), 0);
	start(&engines[0], 1, udp[0], wg_udp_port(udp[1]));
	start(&engines[1], 2, udp[1], wg_udp_port(udp[0]));
	carry(engines, 10);
	for (int i = 0; i < 2; i++) {
		tell(&engines[i], WORD_WORKERS, 0);
		tell(&engines[i], WORD_WORKERS, 4);
		tell(&engines[i], WORD_SECRETS, 0);
		tell(&engines[i], WORD_SCARCE, 0);
	}
	carry(engines, 20);
	/* From another port, to which the other one roams. */
	pass_sockets(&engines[0], udp[2]);
	carry(engines, 30);
	for (int i = 0; i < 2; i++)
		stop(&engines[i]);
	for (size_t i = 0; i < WG_ARRAY_LEN(udp); i++)
		wg_udp_close(udp[i]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_confined_engines_carry_packets),
	};

	if (argc == 4 && !strcmp(argv[0], "engine"))
		return run_engine(argv);
	wg_test_enter_netns();
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	set_up("lo");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
