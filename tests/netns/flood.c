/* Floods a WireGuard port with messages from as many source addresses as there are, and
 * counts what comes back: one JSON object when SIGTERM ends it. The sources are
 * 100.64.0.0/16, which must be local where it runs.
 *
 * Usage: flood KIND IPV4 PORT PUBLIC-KEY MESSAGES-PER-SECOND [CAPTURED]
 *
 *   initiations   mac1 is right, the rest is random
 *   cookies       mac1 is right, mac2 and the rest are random
 *   wrong-mac1    all of it is random
 *   replays       what capture wrote into the file CAPTURED, the last of it
 *   forged-tags   data for the session of the last data there, with tags that are wrong */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
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
#include "noise/wire.h"

/* They come in bursts, so that any machine is under load, but no socket overflows. */
#define BURST    1024
#define VECTOR   64
/* Made once and sent again and again: the sender must be faster than who receives. */
#define MESSAGES 4096
#define SOURCES  0x64400000u
#define BUFFER   (4 << 20)
#define MAX_LEN  1500u
/* Of forged data: that of a ping. */
#define DATA_LEN (WG_TRANSPORT_OVERHEAD + 96u)

struct message {
	size_t len;
	uint8_t bytes[MAX_LEN];
};

struct counts {
	unsigned long sent;
	unsigned long responses;
	unsigned long cookie_replies;
	unsigned long others;
};

struct vector {
	struct mmsghdr headers[VECTOR];
	struct iovec pieces[VECTOR];
	struct cmsg {
		_Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} sources[VECTOR];
};

static struct message messages[MESSAGES];
static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Not connected, so that it can say another source each time, and hear answers to all. */
static int open_socket(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET};
	const int buffer = BUFFER;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void make_initiations(const char *kind, const uint8_t key[static WG_KEY_LEN])
{
	struct wg_random random = wg_crypto_random();
	struct wg_cookie_jar jar;

	wg_cookie_jar_init(&jar, key);
	for (size_t i = 0; i < MESSAGES; i++) {
		struct wg_wire_initiation *message = (void *)messages[i].bytes;

		messages[i].len = sizeof(*message);
		wg_random_fill(&random, message, sizeof(*message));
		wg_store_le32(message->type, WG_MESSAGE_INITIATION);
		if (strcmp(kind, "wrong-mac1") == 0)
			continue;
		wg_cookie_sign(&jar, message, sizeof(*message), 0);
		if (strcmp(kind, "cookies") == 0)
			wg_random_fill(&random, message->mac2, sizeof(message->mac2));
	}
}

static bool read_message(FILE *file, struct message *message)
{
	uint8_t len[2];

	if (fread(len, 1, sizeof(len), file) != sizeof(len))
		return false;
	message->len = wg_load_le16(len);
	return message->len <= MAX_LEN &&
	       fread(message->bytes, 1, message->len, file) == message->len;
}

/* The last of what was captured, over and over; last is the last that is data. */
static bool read_messages(const char *path, struct message *last)
{
	FILE *file = fopen(path, "rbe");
	struct message message;
	size_t n = 0;

	if (!file)
		return false;
	for (; read_message(file, &message); n++) {
		messages[n % MESSAGES] = message;
		if (wg_wire_classify(message.bytes, message.len) == WG_MESSAGE_TRANSPORT)
			*last = message;
	}
	fclose(file);
	for (size_t i = n; n > 0 && i < MESSAGES; i++)
		messages[i] = messages[i % n];
	return last->len > 0;
}

static void forge(const struct message *last)
{
	const struct wg_wire_transport *seen = (const void *)last->bytes;
	struct wg_random random = wg_crypto_random();

	for (size_t i = 0; i < MESSAGES; i++) {
		struct wg_wire_transport *header = (void *)messages[i].bytes;

		messages[i].len = DATA_LEN;
		wg_random_fill(&random, messages[i].bytes, DATA_LEN);
		*header = *seen;
		/* Ahead of what was seen, as the next ones of the session are. */
		wg_store_le64(header->counter, wg_load_le64(seen->counter) + i);
	}
}

static bool make_messages(const char *kind, const uint8_t key[static WG_KEY_LEN], const char *path)
{
	struct message last = {0};

	if (!path) {
		make_initiations(kind, key);
		return strcmp(kind, "initiations") == 0 || strcmp(kind, "cookies") == 0 ||
		       strcmp(kind, "wrong-mac1") == 0;
	}
	if (!read_messages(path, &last))
		return false;
	if (strcmp(kind, "forged-tags") != 0)
		return strcmp(kind, "replays") == 0;
	forge(&last);
	return true;
}

static void prepare(struct vector *vector, struct sockaddr_in *to)
{
	*vector = (struct vector){0};
	for (size_t i = 0; i < VECTOR; i++) {
		struct msghdr *header = &vector->headers[i].msg_hdr;
		struct cmsghdr *cmsg = (struct cmsghdr *)vector->sources[i].bytes;

		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_PKTINFO;
		cmsg->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
		header->msg_name = to;
		header->msg_namelen = sizeof(*to);
		header->msg_iov = &vector->pieces[i];
		header->msg_iovlen = 1;
		header->msg_control = cmsg;
		header->msg_controllen = sizeof(vector->sources[i].bytes);
	}
}

/* The next messages, from the next sources; how many were sent. */
static unsigned int send_vector(int fd, struct vector *vector, unsigned long number)
{
	int n;

	for (size_t i = 0; i < VECTOR; i++, number++) {
		struct message *message = &messages[number % MESSAGES];
		struct in_pktinfo info = {0};

		/* A step that is odd goes through all of them, in no order of note. */
		info.ipi_spec_dst.s_addr = htonl(SOURCES | (uint32_t)(number * 40503u & 0xffffu));
		memcpy(CMSG_DATA((struct cmsghdr *)vector->sources[i].bytes), &info, sizeof(info));
		vector->pieces[i] = (struct iovec){message->bytes, message->len};
	}
	n = sendmmsg(fd, vector->headers, VECTOR, 0);
	return n < 0 ? 0 : (unsigned int)n;
}

static void count_answers(int fd, struct counts *counts)
{
	static uint8_t answers[VECTOR][256];
	struct iovec pieces[VECTOR];
	struct mmsghdr headers[VECTOR] = {0};
	int n;

	for (size_t i = 0; i < VECTOR; i++) {
		pieces[i] = (struct iovec){answers[i], sizeof(answers[i])};
		headers[i].msg_hdr.msg_iov = &pieces[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		n = recvmmsg(fd, headers, VECTOR, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			enum wg_message type = wg_wire_classify(answers[i], headers[i].msg_len);

			counts->responses += type == WG_MESSAGE_RESPONSE;
			counts->cookie_replies += type == WG_MESSAGE_COOKIE_REPLY;
			counts->others += type != WG_MESSAGE_RESPONSE &&
					  type != WG_MESSAGE_COOKIE_REPLY;
		}
	} while (n == VECTOR);
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

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void flood(int fd, struct sockaddr_in *to, unsigned long per_second)
{
	struct pollfd last = {.fd = fd, .events = POLLIN};
	struct counts counts = {0};
	struct vector vector;
	struct timespec start;
	double seconds;

	prepare(&vector, to);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned long i = 0; !ended; i += VECTOR) {
		if (i % BURST == 0)
			pace(&start, i, per_second);
		counts.sent += send_vector(fd, &vector, i);
		count_answers(fd, &counts);
	}
	seconds = seconds_since(&start);
	while (poll(&last, 1, 300) > 0)
		count_answers(fd, &counts);
	printf("{\"sent\": %lu, \"per_second\": %.0f, \"cookie_replies\": %lu, "
	       "\"responses\": %lu, \"others\": %lu}\n",
	       counts.sent, (double)counts.sent / seconds, counts.cookie_replies, counts.responses,
	       counts.others);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	uint8_t key[WG_KEY_LEN];
	const char *path = argc == 7 ? argv[6] : NULL;
	unsigned long per_second = argc == 6 || path ? strtoul(argv[5], NULL, 10) : 0;
	int fd;

	if (!per_second || wg_crypto_init(NULL) || !wg_key_decode(key, argv[4]) ||
	    !make_messages(argv[1], key, path) || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: flood KIND IPV4 PORT PUBLIC-KEY PER-SECOND [CAPTURED]\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
	fd = open_socket();
	if (fd < 0) {
		perror("flood");
		return 1;
	}
	signal(SIGTERM, end);
	flood(fd, &to, per_second);
	close(fd);
	return 0;
}
