#include "route/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "route/message.h"

#define REQUEST_LEN 1024
#define ANSWER_LEN  32768

/* How often a dump that was interrupted, or an answer that was lost, is asked for again. On
 * a router that is told of changes all the time no dump is ever of one moment; then the
 * last one has to do. It may lack, or have twice, only entries that were changing. */
#define TRIES 8

/* The kernel answers before the request's system call returns; so a longer wait would be
 * one for ever. */
#define ANSWER_SECONDS 10

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

struct wg_netlink {
	struct mnl_socket *socket;
	bool stale; /* an answer was not read to its end: of no more use */
	uint32_t seq;
	char error[256];
	_Alignas(struct nlmsghdr) char request[REQUEST_LEN];
	_Alignas(struct nlmsghdr) char answer[ANSWER_LEN];
};

/* Where the answer to a request goes. */
struct sink {
	wg_message_reader *read;
	const void *ctx;
	size_t size; /* of an item */
	char *items;
	size_t n;
	size_t capacity;
	bool single;      /* room for one item, which is the caller's */
	bool interrupted; /* the dump is not of one moment */
};

static int grow(struct sink *sink)
{
	size_t capacity = sink->capacity ? 2 * sink->capacity : 16;
	char *items;

	if (sink->n < sink->capacity)
		return 0;
	if (sink->single)
		return -EMSGSIZE;
	items = reallocarray(sink->items, capacity, sink->size);
	if (!items)
		return -ENOMEM;
	sink->items = items;
	sink->capacity = capacity;
	return 0;
}

static int take(struct sink *sink, const struct nlmsghdr *nlh)
{
	int r;

	if (!sink || (sink->single && sink->n))
		return 0;
	r = grow(sink);
	if (r)
		return r;
	memset(sink->items + sink->n * sink->size, 0, sink->size);
	sink->n += sink->read(nlh, sink->items + sink->n * sink->size, sink->ctx);
	return 0;
}

/* Keeps the kernel's explanation of an error (Documentation/userspace-api/netlink). */
static int verdict(struct wg_netlink *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	struct wg_message msg;
	size_t skip = sizeof(*err);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err) || err->error > 0)
		return -EBADMSG;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || err->msg.nlmsg_len < sizeof(err->msg))
		return err->error;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	if (skip > mnl_nlmsg_get_payload_len(nlh))
		return err->error;
	wg_message_parse(&msg, nlh, skip);
	if (err->error && msg.attrs[NLMSGERR_ATTR_MSG] &&
	    mnl_attr_validate(msg.attrs[NLMSGERR_ATTR_MSG], MNL_TYPE_NUL_STRING) >= 0)
		snprintf(nl->error, sizeof(nl->error), "%s",
			 mnl_attr_get_str(msg.attrs[NLMSGERR_ATTR_MSG]));
	return err->error;
}

/* The end of a dump: its error, where it has one. */
static int done(const struct nlmsghdr *nlh)
{
	int32_t error;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(error))
		return 0;
	memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));
	return error < 0 ? error : 0;
}

/* Whether there is one more message. libmnl takes lengths from 2^31 on for negative. */
static bool is_whole(const struct nlmsghdr *nlh, int left)
{
	return mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (uint32_t)left;
}

/* One datagram of an answer. 1: more is to come; 0 or -errno: that was all. */
static int digest(struct wg_netlink *nl, size_t len, struct sink *sink)
{
	const struct nlmsghdr *nlh = (const void *)nl->answer;
	int left = (int)len;
	int failed = 0;

	for (; is_whole(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != nl->seq)
			continue;
		if (sink && nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			sink->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return failed ? failed : verdict(nl, nlh);
		if (nlh->nlmsg_type == NLMSG_DONE)
			return failed ? failed : done(nlh);
		if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && !failed)
			failed = take(sink, nlh);
	}
	/* The rest is no message, or claims to be longer than the datagram. */
	if (left > 0)
		return -EBADMSG;
	return failed ? failed : 1;
}

static void set_option(struct wg_netlink *nl, int option)
{
	int on = 1;

	/* Older kernels lack some of these options; then errors are terse and dumps larger. */
	(void)mnl_socket_setsockopt(nl->socket, option, &on, sizeof(on));
}

static void close_socket(struct wg_netlink *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

static int open_socket(struct wg_netlink *nl)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};

	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		close_socket(nl);
		return err;
	}
	set_option(nl, NETLINK_EXT_ACK);
	set_option(nl, NETLINK_CAP_ACK);
	set_option(nl, NETLINK_GET_STRICT_CHK);
	(void)setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	return 0;
}

static int send_request(struct wg_netlink *nl)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const struct nlmsghdr *nlh = (const void *)nl->request;
	ssize_t len = sendto(mnl_socket_get_fd(nl->socket), nlh, nlh->nlmsg_len, 0,
			     (const void *)&kernel, sizeof(kernel));

	return len < 0 ? -errno : 0;
}

/* One datagram of the kernel's: its length, or -errno. */
static ssize_t receive(struct wg_netlink *nl)
{
	for (;;) {
		struct sockaddr_nl from = {0};
		struct iovec iov = {nl->answer, sizeof(nl->answer)};
		struct msghdr header = {.msg_name = &from,
					.msg_namelen = sizeof(from),
					.msg_iov = &iov,
					.msg_iovlen = 1};
		ssize_t len = recvmsg(mnl_socket_get_fd(nl->socket), &header, 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		/* Programs with CAP_NET_ADMIN could send something, too. */
		if (from.nl_pid)
			continue;
		return header.msg_flags & MSG_TRUNC ? -EMSGSIZE : len;
	}
}

/* Says what went wrong on the way, where the kernel cannot have said it. */
static void explain(struct wg_netlink *nl, int r)
{
	const char *why = r == -ENOBUFS     ? "the kernel's answer was lost for want of memory"
			  : r == -ETIMEDOUT ? "the kernel gives no answer"
			  : r == -EMSGSIZE  ? "the kernel's answer is too long"
			  : r == -EBADMSG   ? "the kernel's answer cannot be understood"
					    : NULL;

	if (why && !nl->error[0])
		snprintf(nl->error, sizeof(nl->error), "%s", why);
}

/* Reads the answer to its end. Otherwise its rest would be in the way of the next answer,
 * and a dump that has not ended in the way of the next dump. */
static int read_answer(struct wg_netlink *nl, struct sink *sink)
{
	ssize_t len;
	int r;

	do {
		len = receive(nl);
		r = len < 0 ? (int)len : digest(nl, (size_t)len, sink);
	} while (r == 1);
	nl->stale = len < 0 || r == -EBADMSG;
	explain(nl, r);
	return r;
}

static int exchange(struct wg_netlink *nl, struct sink *sink)
{
	struct nlmsghdr *nlh = (void *)nl->request;
	int r = 0;

	nlh->nlmsg_seq = ++nl->seq;
	nl->error[0] = '\0';
	if (nl->stale) {
		close_socket(nl);
		nl->stale = false;
	}
	if (!nl->socket)
		r = open_socket(nl);
	if (!r)
		r = send_request(nl);
	if (r)
		return r;
	return read_answer(nl, sink);
}

/* A question changes nothing, and can be asked again. */
static int ask(struct wg_netlink *nl, struct sink *sink)
{
	int r = -ENOBUFS;

	for (int tries = 0; tries < TRIES; tries++) {
		sink->n = 0;
		sink->interrupted = false;
		r = exchange(nl, sink);
		if (r != -ENOBUFS && (r || !sink->interrupted))
			break;
	}
	return r;
}

struct nlmsghdr *wg_message_begin(struct wg_netlink *nl, int type, int flags, const void *header,
				  size_t len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);

	nlh->nlmsg_type = (uint16_t)type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), header, len);
	return nlh;
}

int wg_message_do(struct wg_netlink *nl)
{
	struct nlmsghdr *nlh = (void *)nl->request;

	nlh->nlmsg_flags |= NLM_F_ACK;
	return exchange(nl, NULL);
}

int wg_message_get(struct wg_netlink *nl, wg_message_reader *read, size_t size, void *item)
{
	struct sink sink = {
		.read = read, .size = size, .items = item, .capacity = 1, .single = true};
	struct nlmsghdr *nlh = (void *)nl->request;
	int r;

	nlh->nlmsg_flags |= NLM_F_ACK;
	r = ask(nl, &sink);
	if (r)
		return r;
	return sink.n ? 0 : -ENOENT;
}

int wg_message_list(struct wg_netlink *nl, wg_message_reader *read, const void *ctx, size_t size,
		    void **items, size_t *n)
{
	struct sink sink = {.read = read, .ctx = ctx, .size = size};
	struct nlmsghdr *nlh = (void *)nl->request;
	int r;

	*items = NULL;
	*n = 0;
	nlh->nlmsg_flags |= NLM_F_DUMP;
	r = ask(nl, &sink);
	if (r) {
		free(sink.items);
		return r;
	}
	*items = sink.items;
	*n = sink.n;
	return 0;
}

int wg_netlink_open(struct wg_netlink **out)
{
	struct wg_netlink *nl = calloc(1, sizeof(*nl));
	int r;

	if (!nl)
		return -ENOMEM;
	r = open_socket(nl);
	if (r) {
		wg_netlink_close(nl);
		return r;
	}
	*out = nl;
	return 0;
}

void wg_netlink_close(struct wg_netlink *nl)
{
	if (!nl)
		return;
	close_socket(nl);
	free(nl);
}

const char *wg_netlink_error(const struct wg_netlink *nl)
{
	return nl->error;
}

/* Before Linux 5.14 there is no cookie; the namespace's inode is as unique among
 * the namespaces that live at one time. */
static int namespace_inode(uint64_t *cookie)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st))
		return -errno;
	*cookie = st.st_ino;
	return 0;
}

int wg_netlink_namespace(uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	r = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &len);
	close(fd);
	return r ? namespace_inode(cookie) : 0;
}
