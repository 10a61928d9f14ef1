/* Listens on a cable: writes each WireGuard message that comes in there for a port, over
 * IPv4, as two bytes of length (little-endian) and so many more, until SIGTERM ends it.
 *
 * Usage: capture LINK PORT >FILE */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "noise/wire.h"

#define PROTOCOL_UDP 17
#define UDP_LEN      8u
/* Anything longer is what an offload made of several. */
#define MAX_LEN      1500

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int open_socket(const char *link)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));

	address.sll_ifindex = (int)if_nametoindex(link);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The message inside of an IPv4 packet; NULL: it is none for the port. */
static const uint8_t *find_message(const uint8_t *packet, size_t *len, uint16_t port)
{
	size_t header = *len >= 20 ? (packet[0] & 15u) * 4 : 0;

	if (header < 20 || *len < header + UDP_LEN || packet[9] != PROTOCOL_UDP ||
	    wg_load_be16(packet + header + 2) != port)
		return NULL;
	*len -= header + UDP_LEN;
	packet += header + UDP_LEN;
	return wg_wire_classify(packet, *len) == WG_MESSAGE_INVALID ? NULL : packet;
}

static void capture(int fd, uint16_t port)
{
	static uint8_t packet[MAX_LEN + 1];

	while (!ended) {
		struct sockaddr_ll from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
				     &from_len);
		size_t len = n > 0 ? (size_t)n : 0;
		const uint8_t *message = find_message(packet, &len, port);

		if (!message || len > MAX_LEN || from.sll_pkttype != PACKET_HOST)
			continue;
		putchar((int)(len & 0xff));
		putchar((int)(len >> 8));
		fwrite(message, 1, len, stdout);
	}
}

int main(int argc, char **argv)
{
	/* Without SA_RESTART, so that it ends what waits. */
	const struct sigaction action = {.sa_handler = end};
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: capture LINK PORT\n");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	fd = open_socket(argv[1]);
	if (fd < 0) {
		perror("capture");
		return 1;
	}
	capture(fd, (uint16_t)strtoul(argv[2], NULL, 10));
	close(fd);
	return fflush(stdout) ? 1 : 0;
}
