#include "udp/probe.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "udp/socket.h"

/* The loopback link has delivered when the call returns, or a moment later. A datagram that
 * has not come by then never will. */
#define WAIT_MS 200

#define PLAIN_LEN 77

/* Two sockets of one family; datagrams go from the first to the second. */
struct lane {
	int from;
	int to;
};

static int bring_loopback_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

/* Fills in the loopback address with any port. Its length. */
static socklen_t loopback_name(union wg_udp_name *name, bool is_ipv6)
{
	memset(name, 0, sizeof(*name));
	if (is_ipv6) {
		name->ipv6.sin6_family = AF_INET6;
		name->ipv6.sin6_addr = in6addr_loopback;
		return sizeof(name->ipv6);
	}
	name->ipv4.sin_family = AF_INET;
	name->ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(name->ipv4);
}

/* Whether there is a loopback link, and it carries a datagram that needs no offload. */
static bool open_lane(struct lane *lane, bool is_ipv6, bool gro)
{
	int family = is_ipv6 ? AF_INET6 : AF_INET;
	union wg_udp_name name;
	socklen_t len = loopback_name(&name, is_ipv6);
	uint8_t bytes[PLAIN_LEN] = {0};
	const int on = 1;

	lane->from = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	lane->to = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (lane->from < 0 || lane->to < 0 || bind(lane->to, &name.any, len) < 0 ||
	    getsockname(lane->to, &name.any, &len) < 0 || connect(lane->from, &name.any, len) < 0)
		return false;
	if (gro && setsockopt(lane->to, SOL_UDP, UDP_GRO, &on, sizeof(on)) < 0)
		return false;
	return send(lane->from, bytes, sizeof(bytes), 0) == sizeof(bytes) &&
	       poll(&(struct pollfd){.fd = lane->to, .events = POLLIN}, 1, WAIT_MS) > 0 &&
	       recv(lane->to, bytes, sizeof(bytes), 0) == sizeof(bytes);
}

/* As a group of packets is sent. */
static int send_train(const struct lane *lane, const struct wg_udp_train *train, uint8_t *bytes,
		      size_t len)
{
	const struct wg_udp_attributes attributes = {.segment_len = train->size};
	struct wg_udp_control control;
	struct msghdr header = {.msg_iov = &(struct iovec){bytes, len}, .msg_iovlen = 1};

	wg_udp_control_set(&header, &control, train->is_ipv6 ? WG_FAMILY_IPV6 : WG_FAMILY_IPV4,
			   &attributes);
	return sendmsg(lane->from, &header, 0) < 0 ? -errno : 0;
}

/* Keeps what one call received, cut where the kernel says. */
static void keep(struct wg_udp_take *take, const uint8_t *bytes, size_t len, size_t segment_len)
{
	for (size_t at = 0; at < len; at += segment_len) {
		size_t n = len - at < segment_len ? len - at : segment_len;

		if (take->n == WG_ARRAY_LEN(take->lens) || take->used + n > sizeof(take->bytes))
			return;
		memcpy(take->bytes + take->used, bytes + at, n);
		take->lens[take->n++] = (uint16_t)n;
		take->used = (uint16_t)(take->used + n);
	}
}

/* Receives all that is there. Its bytes. */
static size_t receive_all(const struct lane *lane, struct wg_udp_take *take)
{
	uint8_t bytes[WG_UDP_TRAIN_ROOM];
	struct wg_udp_control control;
	size_t total = 0;

	for (;;) {
		struct wg_udp_attributes attributes = {0};
		struct msghdr header = {.msg_iov = &(struct iovec){bytes, sizeof(bytes)},
					.msg_iovlen = 1,
					.msg_control = &control,
					.msg_controllen = sizeof(control)};
		ssize_t len = recvmsg(lane->to, &header, 0);

		if (len <= 0)
			return total;
		wg_udp_control_get(&header, &attributes);
		keep(take, bytes, (size_t)len,
		     attributes.segment_len ? attributes.segment_len : (size_t)len);
		total += (size_t)len;
	}
}

/* Whether it was refused, or all of it came. */
static bool send_one(const struct lane *lane, const struct wg_udp_train *train,
		     struct wg_udp_take *take)
{
	struct pollfd pollfd = {.fd = lane->to, .events = POLLIN};
	uint8_t bytes[WG_UDP_TRAIN_ROOM];
	size_t len = wg_udp_train_make(train, bytes);
	size_t came = 0;

	take->error = send_train(lane, train, bytes, len);
	if (take->error)
		came = len;
	else
		came = receive_all(lane, take);
	while (came < len && poll(&pollfd, 1, WAIT_MS) > 0)
		came += receive_all(lane, take);
	take->made = true;
	return came >= len;
}

/* A train that is lost costs waiting, so after one no more are sent. */
static bool send_all(struct wg_udp_take *takes, bool gro)
{
	struct lane lanes[2];
	bool open[2];

	for (unsigned int i = 0; i < WG_ARRAY_LEN(lanes); i++)
		open[i] = open_lane(&lanes[i], i, gro);
	for (size_t i = 0; i < WG_UDP_TRAINS; i++) {
		const struct wg_udp_train train = wg_udp_train(i);

		if (open[train.is_ipv6] && !send_one(&lanes[train.is_ipv6], &train, &takes[i]))
			return false;
	}
	return true;
}

void wg_udp_probe_make(struct wg_udp_probe *probe)
{
	bool all_came = !bring_loopback_up();

	for (int i = 0; i < WG_UDP_N_OFFLOADS && all_came; i++) {
		all_came = send_all(probe->takes[i], i == WG_UDP_GRO);
		probe->ended[i] = true;
	}
}

static void judge(const struct wg_udp_probe *probe, enum wg_udp_offload which,
		  struct wg_offload_finding *finding)
{
	for (size_t i = 0; i < WG_UDP_TRAINS && finding->verdict != WG_OFFLOAD_BAD; i++) {
		const struct wg_udp_train train = wg_udp_train(i);

		if (probe->takes[which][i].made)
			wg_udp_train_judge(&train, &probe->takes[which][i], finding);
	}
	if (finding->verdict == WG_OFFLOAD_GOOD && !probe->ended[which])
		finding->verdict = WG_OFFLOAD_UNPROBED;
}

void wg_udp_probe_judge(const struct wg_udp_probe *probe,
			struct wg_offload_finding findings[static WG_UDP_N_OFFLOADS])
{
	memset(findings, 0, WG_UDP_N_OFFLOADS * sizeof(*findings));
	judge(probe, WG_UDP_GSO, &findings[WG_UDP_GSO]);
	if (findings[WG_UDP_GSO].verdict == WG_OFFLOAD_GOOD)
		judge(probe, WG_UDP_GRO, &findings[WG_UDP_GRO]);
}
