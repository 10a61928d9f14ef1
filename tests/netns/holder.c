/* A peer that asks for a cookie during a flood, and with it gets in: one JSON object that
 * says after how many initiations and milliseconds each came. Fails when TRIES of either
 * kind did not do.
 *
 * Usage: holder IPV4 PORT PUBLIC-KEY <PRIVATE-KEY */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "crypto/encoding.h"
#include "noise/cookie.h"
#include "noise/handshake.h"
#include "noise/tai64n.h"

#define TRIES             20u
/* Between two of them: strangers wait in line, and only the last is answered by a cookie
 * that counts; who has it says it as often as one address may, for two seconds. */
#define COOKIE_INTERVAL   WG_SECOND
#define RESPONSE_INTERVAL (100 * WG_MILLISECOND)

struct holder {
	int fd;
	struct wg_random random;
	struct wg_identity identity;
	struct wg_remote remote;
	struct wg_cookie_jar jar;
	struct wg_tai64n_clock clock;
	struct wg_handshake handshake;
};

static struct wg_now now(void)
{
	struct timespec boot;
	struct timespec wall;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct wg_now){.boot = (wg_time)boot.tv_sec * WG_SECOND + boot.tv_nsec,
			       .wall_sec = wall.tv_sec,
			       .wall_nsec = (int32_t)wall.tv_nsec};
}

static bool initiate(struct holder *holder)
{
	struct wg_wire_initiation message;
	uint8_t timestamp[WG_TAI64N_LEN];
	uint8_t ephemeral[WG_KEY_LEN];
	uint32_t index;

	wg_tai64n_next(&holder->clock, timestamp, now());
	wg_random_fill(&holder->random, ephemeral, sizeof(ephemeral));
	wg_random_fill(&holder->random, &index, sizeof(index));
	if (!wg_handshake_create_initiation(&holder->handshake, &message, &holder->identity,
					    &holder->remote, timestamp, ephemeral, index))
		return false;
	wg_cookie_sign(&holder->jar, &message, sizeof(message), now().boot);
	return send(holder->fd, &message, sizeof(message), 0) == sizeof(message);
}

/* Whether what came is the awaited answer. */
static bool take(struct holder *holder, enum wg_message awaited, const uint8_t *bytes, size_t len)
{
	if (wg_wire_classify(bytes, len) != awaited)
		return false;
	if (awaited == WG_MESSAGE_COOKIE_REPLY)
		return wg_cookie_consume(&holder->jar, (const void *)bytes, now().boot);
	return wg_handshake_consume_response(&holder->handshake, (const void *)bytes,
					     &holder->identity, &holder->remote);
}

static bool hear(struct holder *holder, enum wg_message awaited)
{
	struct pollfd poller = {.fd = holder->fd, .events = POLLIN};
	wg_time end = now().boot +
		      (awaited == WG_MESSAGE_COOKIE_REPLY ? COOKIE_INTERVAL : RESPONSE_INTERVAL);
	wg_time left;

	while ((left = end - now().boot) > 0) {
		uint8_t bytes[2048];
		ssize_t n;

		if (poll(&poller, 1, (int)(left / WG_MILLISECOND) + 1) <= 0)
			continue;
		n = recv(holder->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0 && take(holder, awaited, bytes, (size_t)n))
			return true;
	}
	return false;
}

/* Initiations until one is answered so. */
static bool ask(struct holder *holder, enum wg_message awaited, const char *what)
{
	wg_time start = now().boot;
	bool answered = false;
	unsigned int tries = 0;

	for (; !answered && tries < TRIES; tries++)
		answered = initiate(holder) && hear(holder, awaited);
	printf("\"%s\": %s, \"%s_tries\": %u, \"%s_ms\": %lld", what, answered ? "true" : "false",
	       what, tries, what, (long long)((now().boot - start) / WG_MILLISECOND));
	return answered;
}

static bool init(struct holder *holder, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	char text[WG_KEY_BASE64_LEN + 2];
	uint8_t key[WG_KEY_LEN];

	if (wg_crypto_init(NULL) || !wg_key_decode(holder->remote.public_key, argv[3]) ||
	    inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || !fgets(text, sizeof(text), stdin))
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (!wg_key_decode(key, text))
		return false;
	to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	holder->random = wg_crypto_random();
	wg_identity_init(&holder->identity, key);
	wg_remote_reset(&holder->remote, &holder->identity);
	if (!wg_remote_compute(&holder->remote, &holder->identity))
		return false;
	wg_cookie_jar_init(&holder->jar, holder->remote.public_key);
	holder->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return holder->fd >= 0 && !connect(holder->fd, (const struct sockaddr *)&to, sizeof(to));
}

int main(int argc, char **argv)
{
	static struct holder holder;
	bool ok;

	if (argc != 4 || !init(&holder, argv)) {
		fprintf(stderr, "usage: holder IPV4 PORT PUBLIC-KEY <PRIVATE-KEY\n");
		return 2;
	}
	printf("{");
	ok = ask(&holder, WG_MESSAGE_COOKIE_REPLY, "cookie");
	printf(", ");
	ok = ok && ask(&holder, WG_MESSAGE_RESPONSE, "response");
	printf("}\n");
	close(holder.fd);
	return ok ? 0 : 1;
}
