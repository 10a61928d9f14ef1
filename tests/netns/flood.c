/* Floods a WireGuard port with initiations whose mac1 is right and whose rest is
 * random, and counts what comes back: one JSON object when SIGTERM ends it.
 *
 * Usage: flood IPV4 PORT PUBLIC-KEY MESSAGES-PER-SECOND */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "crypto/encoding.h"
#include "noise/cookie.h"
#include "noise/wire.h"

/* They come in bursts, so that any machine is under load, but no socket overflows. */
#define BURST 1000

struct counts {
	unsigned long sent;
	unsigned long responses;
	unsigned long cookie_replies;
	unsigned long others;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd;

	to.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void forge(struct wg_wire_initiation *message, struct wg_cookie_jar *jar,
		  const struct wg_random *random)
{
	wg_random_fill(random, message, sizeof(*message));
	wg_store_le32(message->type, WG_MESSAGE_INITIATION);
	wg_cookie_sign(jar, message, sizeof(*message), 0);
}

static void count_answers(int fd, struct counts *counts)
{
	uint8_t answer[2048];
	ssize_t len;

	while ((len = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) >= 0) {
		enum wg_message type = wg_wire_classify(answer, (size_t)len);

		counts->responses += type == WG_MESSAGE_RESPONSE;
		counts->cookie_replies += type == WG_MESSAGE_COOKIE_REPLY;
		counts->others += type != WG_MESSAGE_RESPONSE && type != WG_MESSAGE_COOKIE_REPLY;
	}
}

/* Sleeps until n messages are due after start. */
static void pace(const struct timespec *start, unsigned long n, unsigned long per_second)
{
	struct timespec due = *start;

	due.tv_sec += (time_t)(n / per_second);
	due.tv_nsec += (long)(n % per_second * 1000000000 / per_second);
	if (due.tv_nsec >= 1000000000) {
		due.tv_sec++;
		due.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
}

static void flood(int fd, struct wg_cookie_jar *jar, unsigned long per_second,
		  struct counts *counts)
{
	struct wg_random random = wg_crypto_random();
	struct pollfd last = {.fd = fd, .events = POLLIN};
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned long i = 0; !ended; i++) {
		struct wg_wire_initiation message;

		if (i % BURST == 0)
			pace(&start, i, per_second);
		forge(&message, jar, &random);
		counts->sent += send(fd, &message, sizeof(message), 0) == sizeof(message);
		count_answers(fd, counts);
	}
	while (poll(&last, 1, 1000) > 0)
		count_answers(fd, counts);
}

int main(int argc, char **argv)
{
	struct wg_cookie_jar jar;
	struct counts counts = {0};
	uint8_t key[WG_KEY_LEN];
	unsigned long per_second;
	int fd;

	if (argc != 5 || wg_crypto_init(NULL) || !wg_key_decode(key, argv[3])) {
		fprintf(stderr, "usage: flood IPV4 PORT PUBLIC-KEY PER-SECOND\n");
		return 2;
	}
	per_second = strtoul(argv[4], NULL, 10);
	fd = connect_to(argv[1], argv[2]);
	if (fd < 0 || !per_second) {
		fprintf(stderr, "flood: %s:%s: cannot connect\n", argv[1], argv[2]);
		return 1;
	}
	wg_cookie_jar_init(&jar, key);
	signal(SIGTERM, end);
	flood(fd, &jar, per_second, &counts);
	printf("{\"sent\": %lu, \"cookie_replies\": %lu, \"responses\": %lu, \"others\": %lu}\n",
	       counts.sent, counts.cookie_replies, counts.responses, counts.others);
	close(fd);
	return 0;
}
