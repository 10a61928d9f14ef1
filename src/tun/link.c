/* A TUN descriptor stays good while its link is moved to another network namespace,
 * where ioctls on a socket of ours do not see it. rtnetlink answers for another
 * namespace when it is named by its number there (IFLA_TARGET_NETNSID), for which
 * CAP_NET_ADMIN is enough: no thread has to enter it. The descriptor that leads to
 * the number is closed at once, because it would keep the namespace alive.
 *
 * Without that capability only the own namespace is asked, by name. */
#include "tun/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)
#endif

#define DROPPED_AT offsetof(struct rtnl_link_stats64, tx_dropped)

/* Room for a request and then for its answer. A TUN link's attributes take about 1 KiB. */
struct message {
	alignas(struct nlmsghdr) uint8_t bytes[16384];
};

static struct nlmsghdr *header(struct message *message)
{
	return (struct nlmsghdr *)(void *)message->bytes;
}

static void *begin(struct message *message, uint16_t type, size_t body_len)
{
	memset(message->bytes, 0, NLMSG_SPACE(body_len));
	header(message)->nlmsg_len = (uint32_t)NLMSG_LENGTH(body_len);
	header(message)->nlmsg_type = type;
	header(message)->nlmsg_flags = NLM_F_REQUEST;
	return NLMSG_DATA(header(message));
}

static void put(struct message *message, uint16_t type, const void *value, size_t len)
{
	size_t at = NLMSG_ALIGN(header(message)->nlmsg_len);
	struct rtattr attr = {.rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type};

	memset(message->bytes + at, 0, RTA_SPACE(len));
	memcpy(message->bytes + at, &attr, sizeof(attr));
	memcpy(message->bytes + at + RTA_LENGTH(0), value, len);
	header(message)->nlmsg_len = (uint32_t)(at + RTA_LENGTH(len));
}

/* The value of an attribute of the answer if it has at least that length, or NULL. */
static const void *find(struct message *message, size_t body_len, uint16_t type, size_t len)
{
	size_t at = NLMSG_SPACE(body_len);
	struct rtattr attr;

	while (at + sizeof(attr) <= header(message)->nlmsg_len) {
		memcpy(&attr, message->bytes + at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > header(message)->nlmsg_len - at)
			return NULL;
		if ((attr.rta_type & NLA_TYPE_MASK) == type && attr.rta_len >= RTA_LENGTH(len))
			return message->bytes + at + RTA_LENGTH(0);
		at += RTA_ALIGN(attr.rta_len);
	}
	return NULL;
}

/* Sends the message and reads the answer of that type, or just an acknowledgement
 * where answer is NLMSG_ERROR, in its place. */
static int ask(int fd, struct message *message, uint16_t answer, size_t body_len)
{
	const struct nlmsgerr *error = NLMSG_DATA(header(message));
	ssize_t n;

	if (answer == NLMSG_ERROR)
		header(message)->nlmsg_flags |= NLM_F_ACK;
	do
		n = send(fd, message->bytes, header(message)->nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	do
		n = recv(fd, message->bytes, sizeof(message->bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(header(message), (size_t)n))
		return -EPROTO;
	if (header(message)->nlmsg_type == NLMSG_ERROR &&
	    header(message)->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)))
		return error->error || answer == NLMSG_ERROR ? error->error : -EPROTO;
	if (header(message)->nlmsg_type != answer ||
	    header(message)->nlmsg_len < NLMSG_LENGTH(body_len))
		return -EPROTO;
	return 0;
}

static bool is_own(int ns)
{
	struct stat own;
	struct stat other;

	return stat("/proc/thread-self/ns/net", &own) == 0 && fstat(ns, &other) == 0 &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static int get_number(int fd, int ns, int32_t *number)
{
	struct message message;
	const void *value;
	int err;

	begin(&message, RTM_GETNSID, sizeof(struct rtgenmsg));
	put(&message, NETNSA_FD, &ns, sizeof(ns));
	err = ask(fd, &message, RTM_NEWNSID, sizeof(struct rtgenmsg));
	if (err)
		return err;
	value = find(&message, sizeof(struct rtgenmsg), NETNSA_NSID, sizeof(*number));
	if (!value)
		return -EPROTO;
	memcpy(number, value, sizeof(*number));
	return 0;
}

static int give_number(int fd, int ns)
{
	static const int32_t any = -1;
	struct message message;

	begin(&message, RTM_NEWNSID, sizeof(struct rtgenmsg));
	put(&message, NETNSA_FD, &ns, sizeof(ns));
	put(&message, NETNSA_NSID, &any, sizeof(any));
	return ask(fd, &message, NLMSG_ERROR, 0);
}

/* The namespace's number as seen from here. Moving a link gives it one; where we
 * moved instead there may be none yet. */
static int number_of(int fd, int ns, int32_t *number)
{
	int err = get_number(fd, ns, number);

	if (err || *number != NETNSA_NSID_NOT_ASSIGNED)
		return err;
	err = give_number(fd, ns);
	if (err && err != -EEXIST)
		return err;
	err = get_number(fd, ns, number);
	return !err && *number == NETNSA_NSID_NOT_ASSIGNED ? -ENOENT : err;
}

static int query(int fd, const char *name, int32_t number, struct wg_tun_link *link)
{
	struct message message;
	struct ifinfomsg info;
	const uint8_t *stats;
	const void *mtu;
	int err;

	begin(&message, RTM_GETLINK, sizeof(info));
	put(&message, IFLA_IFNAME, name, strlen(name) + 1);
	if (number != WG_TUN_LINK_OWN)
		put(&message, IFLA_TARGET_NETNSID, &number, sizeof(number));
	err = ask(fd, &message, RTM_NEWLINK, sizeof(info));
	if (err)
		return err;
	mtu = find(&message, sizeof(info), IFLA_MTU, sizeof(link->mtu));
	if (!mtu)
		return -EPROTO;
	memcpy(&link->mtu, mtu, sizeof(link->mtu));
	link->dropped = 0;
	stats = find(&message, sizeof(info), IFLA_STATS64, DROPPED_AT + sizeof(link->dropped));
	if (stats)
		memcpy(&link->dropped, stats + DROPPED_AT, sizeof(link->dropped));
	memcpy(&info, NLMSG_DATA(header(&message)), sizeof(info));
	link->index = (uint32_t)info.ifi_index;
	link->nsid = number;
	link->up = info.ifi_flags & IFF_UP;
	return 0;
}

int wg_tun_link_get(int tun_fd, struct wg_tun_link *link)
{
	struct ifreq ifr = {0};
	int32_t number = WG_TUN_LINK_OWN;
	int err = 0;
	int ns;
	int fd;

	if (ioctl(tun_fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	ns = ioctl(tun_fd, TUNGETDEVNETNS);
	if (ns >= 0 && !is_own(ns))
		err = number_of(fd, ns, &number);
	if (!err)
		err = query(fd, ifr.ifr_name, number, link);
	/* We may ask by name only, and the link is not here: it was moved to a namespace
	 * where we may not look. */
	if (err == -ENODEV && ns < 0)
		err = -EPERM;
	if (ns >= 0)
		close(ns);
	close(fd);
	return err;
}
