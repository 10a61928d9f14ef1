#include "keeper/linkwatch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "os/poller.h"

/* A link's message takes about 1 KiB; those with virtual functions take more and are
 * cut, but they are not ours. */
#define MESSAGE_LEN 16384

/* Messages of one turn. */
#define BUDGET 64

struct wg_linkwatch {
	struct mnl_socket *socket;
	struct wg_poller *poller;
	const struct wg_tun *tun;
	struct wg_linkwatch_handler handler;
	struct wg_tun_link link; /* as last seen */
	char name[WG_TUN_NAME_LEN];
	bool hears_all; /* messages of other namespaces too */
	bool blind;     /* no message comes of where the link is */
	bool question;  /* messages were lost, or the link moved: to be asked */
};

static bool is_writable(const struct wg_tun *tun)
{
	struct pollfd pollfd = {.fd = wg_tun_fd(tun), .events = POLLOUT};

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLOUT);
}

static bool is_away(const struct wg_linkwatch *watch)
{
	return watch->link.nsid != WG_TUN_LINK_OWN || watch->blind;
}

static void note_name(struct wg_linkwatch *watch, const char *name)
{
	if (watch->name[0] && strcmp(watch->name, name) != 0)
		wg_log(WG_LOG_NOTICE,
		       "the link is now called %s; the control socket keeps its name", name);
	strncpy(watch->name, name, sizeof(watch->name) - 1);
}

static void tell(struct wg_linkwatch *watch)
{
	watch->handler.state(watch->handler.ctx, &watch->link);
	watch->handler.want_writable(watch->handler.ctx, watch->blind && !watch->link.up);
}

static void hear_all(struct wg_linkwatch *watch)
{
	int on = 1;

	watch->hears_all =
		mnl_socket_setsockopt(watch->socket, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) == 0;
}

/* Asks, instead of being told. */
static void examine(struct wg_linkwatch *watch)
{
	struct wg_tun_link link = watch->link;
	int error = wg_tun_link_get(wg_tun_fd(watch->tun), &link);

	if (!error && link.nsid != WG_TUN_LINK_OWN && !watch->hears_all) {
		hear_all(watch);
		error = wg_tun_link_get(wg_tun_fd(watch->tun), &link);
	}
	if (error && error != -EPERM)
		return; /* gone: the descriptor says so to who polls it */
	watch->blind = error || (link.nsid != WG_TUN_LINK_OWN && !watch->hears_all);
	if (error)
		link.up = is_writable(watch->tun);
	watch->link = link;
	tell(watch);
}

static int learn_attribute(const struct nlattr *attr, void *data)
{
	struct wg_linkwatch *watch = data;

	if (mnl_attr_get_type(attr) == IFLA_MTU && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		watch->link.mtu = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		note_name(watch, mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* Takes over what the message says of our link. */
static void learn(struct wg_linkwatch *watch, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	watch->link.up = info->ifi_flags & IFF_UP;
	mnl_attr_parse(message, sizeof(*info), learn_attribute, watch);
	tell(watch);
}

/* Whether the message leaves a question. */
static bool hear(struct wg_linkwatch *watch, const struct nlmsghdr *message, int32_t nsid)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return false;
	if (nsid != watch->link.nsid || info->ifi_index != (int)watch->link.index)
		return message->nlmsg_type == RTM_NEWLINK && is_away(watch) &&
		       nsid == WG_TUN_LINK_OWN; /* it may have come home */
	if (message->nlmsg_type == RTM_NEWLINK)
		learn(watch, message);
	return message->nlmsg_type == RTM_DELLINK; /* moved, or gone */
}

/* Which namespace a message came from; our own is not named. */
static int32_t namespace_of(struct msghdr *header)
{
	int32_t nsid = WG_TUN_LINK_OWN;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg))
		if (cmsg->cmsg_level == SOL_NETLINK && cmsg->cmsg_type == NETLINK_LISTEN_ALL_NSID)
			memcpy(&nsid, CMSG_DATA(cmsg), sizeof(nsid));
	return nsid;
}

/* Whether there is one more message. libmnl takes lengths from 2^31 on for negative. */
static bool is_whole(const struct nlmsghdr *message, int left)
{
	return mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (uint32_t)left;
}

/* One datagram. 1, 0 when there is none, or -errno when something was lost. */
static int receive(struct wg_linkwatch *watch)
{
	alignas(struct nlmsghdr) char bytes[MESSAGE_LEN];
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int32_t))];
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(mnl_socket_get_fd(watch->socket), &header, MSG_DONTWAIT);
	int left = (int)n;

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (header.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	for (const struct nlmsghdr *message = (void *)bytes; is_whole(message, left);
	     message = mnl_nlmsg_next(message, &left))
		watch->question |= hear(watch, message, namespace_of(&header));
	return left > 0 ? -EBADMSG : 1;
}

/* Asking waits until all is read: what is older than the answer must not follow it. */
static void on_ready(void *ctx, int events)
{
	struct wg_linkwatch *watch = ctx;
	int result = 1;

	(void)events;
	for (int i = 0; i < BUDGET && result; i++) {
		result = receive(watch);
		watch->question |= result < 0;
	}
	if (result || !watch->question)
		return;
	watch->question = false;
	examine(watch);
}

/* Overrun. Taking the error is reading it. */
static bool on_error(void *ctx)
{
	on_ready(ctx, 0);
	return true;
}

static int subscribe(struct wg_linkwatch *watch)
{
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket)
		return -errno;
	return mnl_socket_bind(watch->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

int wg_linkwatch_open(struct wg_linkwatch **out, uv_loop_t *loop, const struct wg_tun *tun,
		      const struct wg_linkwatch_handler *handler)
{
	struct wg_linkwatch *watch = calloc(1, sizeof(*watch));
	const struct wg_poller_handler poller = {on_ready, on_error, watch};
	int error;

	if (!watch)
		return -ENOMEM;
	watch->tun = tun;
	watch->handler = *handler;
	watch->link.nsid = WG_TUN_LINK_OWN;
	error = wg_tun_name(tun, watch->name);
	if (!error)
		error = subscribe(watch);
	if (!error)
		error = wg_poller_open(&watch->poller, loop, mnl_socket_get_fd(watch->socket),
				       UV_READABLE, &poller);
	if (error) {
		wg_linkwatch_close(watch);
		return error;
	}
	*out = watch;
	examine(watch);
	return 0;
}

void wg_linkwatch_close(struct wg_linkwatch *watch)
{
	if (!watch)
		return;
	wg_poller_close(watch->poller);
	if (watch->socket)
		mnl_socket_close(watch->socket);
	free(watch);
}

void wg_linkwatch_look(struct wg_linkwatch *watch)
{
	if (watch->blind)
		examine(watch);
}
