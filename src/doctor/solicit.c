#include "doctor/solicit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"

#define MAX_HEARD 1024u

/* Such a message behind its IP header. It never has other headers between them, or it
 * would not be for neighbours only (hop limit 255 is what proves that). */
struct solicitation {
	struct ip6_hdr ip;
	struct nd_neighbor_solicit body;
};

/* So the kernel does not wake us for anything else: next header and type. */
static int filter(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct ip6_hdr, ip6_nxt)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, sizeof(struct ip6_hdr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, sizeof(struct solicitation)),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {WG_ARRAY_LEN(code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Solicitations go to a multicast group that only the owner of the address has joined;
 * the membership ends with the socket. */
static void hear_all(int fd, uint32_t link)
{
	const struct packet_mreq request = {.mr_ifindex = (int)link, .mr_type = PACKET_MR_ALLMULTI};

	(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request));
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes one question down; what we ask ourselves is none. */
static void take_down(int fd, struct wg_solicit *heard, size_t *n)
{
	struct solicitation message;
	struct sockaddr_ll from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(fd, &message, sizeof(message), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);

	if (len < (ssize_t)sizeof(message) || from.sll_pkttype == PACKET_OUTGOING ||
	    message.ip.ip6_hlim != 255)
		return;
	heard[*n] = (struct wg_solicit){
		.link = (uint32_t)from.sll_ifindex,
		.target = wg_ip_from_bytes(WG_FAMILY_IPV6,
					   (const uint8_t *)&message.body.nd_ns_target),
	};
	++*n;
}

static void listen_until(int fd, int64_t end, struct wg_solicit *heard, size_t *n)
{
	int64_t left;

	while (*n < MAX_HEARD && (left = end - now_ms()) > 0) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, (int)left) > 0)
			take_down(fd, heard, n);
	}
}

int wg_solicit_listen(unsigned int seconds, const uint32_t *links, size_t n_links,
		      struct wg_solicit **heard, size_t *n)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IPV6));
	int err = 0;

	*heard = NULL;
	*n = 0;
	if (fd < 0)
		return -errno;
	*heard = calloc(MAX_HEARD, sizeof(**heard));
	if (!*heard)
		err = -ENOMEM;
	else if (filter(fd))
		err = -errno;
	for (size_t i = 0; !err && i < n_links; i++)
		hear_all(fd, links[i]);
	if (!err)
		listen_until(fd, now_ms() + (int64_t)seconds * 1000, *heard, n);
	close(fd);
	return err;
}
