/* The sockets' error queues: the network's reports of datagrams that were sent. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <time.h>
/* After time.h, whose struct timespec it uses. */
#include <linux/errqueue.h>

#include "udp/socket.h"

/* The most entries of a queue that one call reads. */
#define MAX_READ 64u

#define PREC_CUTOFF 15 /* RFC 1812, 5.2.7.1; not in every icmp.h */

static enum wg_report_kind kind_of_icmp(uint8_t type, uint8_t code)
{
	if (type != ICMP_DEST_UNREACH)
		return WG_REPORT_NONE;
	switch (code) {
	case ICMP_PORT_UNREACH:
		return WG_REPORT_PORT_CLOSED;
	case ICMP_NET_ANO:
	case ICMP_HOST_ANO:
	case ICMP_PKT_FILTERED:
	case ICMP_PREC_VIOLATION:
	case PREC_CUTOFF:
		return WG_REPORT_PROHIBITED;
	case ICMP_HOST_UNREACH:
	case ICMP_HOST_UNKNOWN:
	case ICMP_HOST_ISOLATED:
		return WG_REPORT_NO_HOST;
	case ICMP_NET_UNREACH:
	case ICMP_NET_UNKNOWN:
	case ICMP_NET_UNR_TOS:
	case ICMP_HOST_UNR_TOS:
		return WG_REPORT_NO_ROUTE;
	default:
		return WG_REPORT_NONE;
	}
}

static enum wg_report_kind kind_of_icmp6(uint8_t type, uint8_t code)
{
	static const enum wg_report_kind kinds[] = {
		[ICMP6_DST_UNREACH_NOROUTE] = WG_REPORT_NO_ROUTE,
		[ICMP6_DST_UNREACH_ADMIN] = WG_REPORT_PROHIBITED,
		[ICMP6_DST_UNREACH_BEYONDSCOPE] = WG_REPORT_NO_ROUTE,
		[ICMP6_DST_UNREACH_ADDR] = WG_REPORT_NO_HOST,
		[ICMP6_DST_UNREACH_NOPORT] = WG_REPORT_PORT_CLOSED,
		[5] = WG_REPORT_PROHIBITED, /* failed ingress or egress policy */
		[6] = WG_REPORT_PROHIBITED, /* reject route */
	};

	if (type != ICMP6_DST_UNREACH || code >= sizeof(kinds) / sizeof(*kinds))
		return WG_REPORT_NONE;
	return kinds[code];
}

/* Behind the error in its control message is the address of its sender. */
static void read_error(const struct cmsghdr *cmsg, struct wg_report *report)
{
	struct sock_extended_err error;
	union wg_udp_name by = {0};
	struct wg_endpoint endpoint;
	size_t len = cmsg->cmsg_len - CMSG_LEN(sizeof(error));

	if (cmsg->cmsg_len < CMSG_LEN(sizeof(error)))
		return;
	memcpy(&error, CMSG_DATA(cmsg), sizeof(error));
	memcpy(&by, CMSG_DATA(cmsg) + sizeof(error), len < sizeof(by) ? len : sizeof(by));
	if (error.ee_origin == SO_EE_ORIGIN_ICMP)
		report->kind = kind_of_icmp(error.ee_type, error.ee_code);
	else if (error.ee_origin == SO_EE_ORIGIN_ICMP6)
		report->kind = kind_of_icmp6(error.ee_type, error.ee_code);
	wg_udp_name_get(&by, &endpoint);
	report->by = endpoint.ip;
}

/* Reads one entry. False when there is none. */
static bool read_entry(int fd, struct wg_report *report)
{
	union wg_udp_name name = {0};
	union {
		struct cmsghdr align;
		uint8_t bytes[512];
	} control;
	struct msghdr header = {.msg_name = &name,
				.msg_namelen = sizeof(name),
				.msg_control = &control,
				.msg_controllen = sizeof(control)};

	*report = (struct wg_report){.kind = WG_REPORT_NONE};
	if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c))
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			read_error(c, report);
	wg_udp_name_get(&name, &report->to);
	return true;
}

size_t wg_udp_read_errors(struct wg_udp *udp, unsigned int i, struct wg_report *reports, size_t max)
{
	socklen_t len = sizeof(int);
	size_t n = 0;
	int pending;

	if (udp->fds[i] < 0)
		return 0;
	for (unsigned int k = 0; k < MAX_READ && n < max; k++) {
		if (!read_entry(udp->fds[i], &reports[n]))
			break;
		n += reports[n].kind != WG_REPORT_NONE;
	}
	/* There is an error without an entry where there was no room for one. */
	getsockopt(udp->fds[i], SOL_SOCKET, SO_ERROR, &pending, &len);
	return n;
}

void wg_udp_want_reports(struct wg_udp *udp, bool wanted)
{
	const int value = wanted;

	if (udp->reports == wanted)
		return;
	udp->reports = wanted;
	if (udp->fds[0] >= 0)
		setsockopt(udp->fds[0], IPPROTO_IP, IP_RECVERR, &value, sizeof(value));
	if (udp->fds[1] >= 0)
		setsockopt(udp->fds[1], IPPROTO_IPV6, IPV6_RECVERR, &value, sizeof(value));
}
