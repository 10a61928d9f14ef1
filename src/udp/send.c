/* Sending. Datagrams of one run and size, of which only the last may be shorter, make
 * one message that the kernel cuts up again (UDP_SEGMENT), and up to 64 messages of one
 * socket leave in a sendmmsg. That stops at the first that fails and tells why only
 * when it is the first of a call; so each failing one is dealt with alone, and the next
 * call goes on behind it.
 *
 * A group that the kernel refuses is sent again as single datagrams, so grouping never
 * loses any. errno tells what was wrong:
 *
 *   EIO               the way out cannot checksum groups: no more grouping
 *   EINVAL, EMSGSIZE  the datagrams are larger than the path's MTU: those of their size
 *                     leave singly for a while, to that destination (struct wg_udp_limit)
 *
 * A link's queue counts packets, and a group is one of them: full of groups, it holds 64
 * times as much, and a slow link would take a quarter of a minute to send it, handshakes
 * included. So nothing is grouped while much waits to leave. That costs a fast link none
 * of its rate, since it is busy with what waits. */
#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "udp/socket.h"

/* The kernel's UDP_MAX_SEGMENTS where it is lowest, and what fits an IP packet. */
#define MAX_SEGMENTS 64
#define MAX_IPV4     65507u
#define MAX_IPV6     65487u

/* Up to this size it is cheaper to copy datagrams behind each other than to have the
 * kernel gather them (bench_udp). */
#define MAX_COPIED 1024u

/* How many messages a limit lasts: often enough to follow a route, and yet a failing
 * system call costs next to nothing. */
#define LIMIT_MESSAGES 4096

/* So many bytes that wait to leave, with the kernel's own bookkeeping, are much: 8 ms at
 * a gigabit a second. */
#define MUCH_QUEUED (1 << 20)

/* How often a message is sent again that failed for no reason of its own. */
#define MAX_RETRIES 2

/* Errors by which the kernel refuses a source address: it is not ours (any more), or
 * there is no route from it. EINVAL is what Linux says for an address that is gone. */
static bool may_blame_source(int err)
{
	return err == EINVAL || err == EADDRNOTAVAIL || err == ENETUNREACH || err == EHOSTUNREACH ||
	       err == ENETDOWN || err == ENODEV;
}

static bool may_blame_grouping(int err)
{
	return err == EIO || err == EINVAL || err == EMSGSIZE;
}

static int send_one(struct wg_udp *udp, const struct mmsghdr *header)
{
	udp->stats.send_calls++;
	return sendmsg(udp->sender.fd, &header->msg_hdr, 0) < 0 ? errno : 0;
}

static void set_control(struct mmsghdr *header, struct wg_udp_message *message)
{
	wg_udp_control_set(&header->msg_hdr, &message->control, message->run->path.remote.ip.family,
			   &message->attributes);
}

/* Sends the same message without its pinned source. */
static int send_from_any(struct wg_udp *udp, struct mmsghdr *header, struct wg_udp_message *message)
{
	struct wg_ip local = message->attributes.local;
	int err;

	message->attributes.local.family = WG_FAMILY_NONE;
	set_control(header, message);
	err = send_one(udp, header);
	if (err) {
		message->attributes.local = local;
		set_control(header, message);
	} else {
		message->run->source_rejected = true;
	}
	return err;
}

/* Whether a message fails with err though err is not about it. An error that the network
 * reported waits on the socket, and is told to whoever makes the next system call. */
static bool is_anothers(const struct wg_udp *udp, int err)
{
	switch (err) {
	case EINTR:
	case ECONNREFUSED:
		return true;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENONET:
	case EACCES:
	case EPROTO:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case EMSGSIZE:
		return udp->reports;
	default:
		return false;
	}
}

/* Tries again what failed with err where that may help. */
static int send_again(struct wg_udp *udp, struct mmsghdr *header, struct wg_udp_message *message,
		      int err)
{
	/* An error that is still there the last time is the message's own. */
	for (int i = 0; i < MAX_RETRIES && is_anothers(udp, err); i++)
		err = send_one(udp, header);
	if (err && message->attributes.local.family && may_blame_source(err)) {
		int other = send_from_any(udp, header, message);

		err = other ? err : 0;
	}
	return err;
}

/* Whether err says that a queue on the way out is full: the socket's own, or the link's,
 * of which Linux tells only while the network's reports are wanted. */
static bool is_full(int err)
{
	return err == EAGAIN || err == ENOBUFS;
}

/* A message has left (0) or never will (errno). */
static void finish(struct wg_udp *udp, struct wg_udp_message *message, int err)
{
	if (is_full(err)) {
		message->run->full += message->packets.n;
		udp->stats.dropped_full += message->packets.n;
	} else if (err) {
		message->run->error = -err;
		message->run->failed += message->packets.n;
		udp->stats.dropped_send += message->packets.n;
	} else {
		udp->stats.sent_datagrams += message->packets.n;
	}
	wg_batch_drop(&message->packets);
}

/* The entry for a destination; it may be another's, or free. */
static struct wg_udp_limit *limit_of(struct wg_udp_sender *s, const struct wg_endpoint *remote)
{
	unsigned int hash = remote->port;

	for (unsigned int i = 0; i < sizeof(remote->ip.bytes); i++)
		hash = hash * 31 + remote->ip.bytes[i];
	return &s->limits[hash % WG_UDP_LIMITS];
}

static void limit(struct wg_udp_sender *s, const struct wg_endpoint *remote, uint32_t failed_len)
{
	struct wg_udp_limit *entry = limit_of(s, remote);

	*entry = (struct wg_udp_limit){*remote, failed_len - 1, LIMIT_MESSAGES};
	s->has_limits = true;
}

/* Whether much waits to leave through the socket in use. Asked once a call. */
static bool is_queued(struct wg_udp_sender *s)
{
	int len = 0;

	if (s->asked != s->fd) {
		s->asked = s->fd;
		s->queued = ioctl(s->fd, SIOCOUTQ, &len) == 0 && len > MUCH_QUEUED;
	}
	return s->queued;
}

/* Whether datagrams of that size may leave grouped. */
static bool may_group(struct wg_udp *udp, const struct wg_endpoint *remote, uint32_t len)
{
	struct wg_udp_limit *entry;

	if (udp->offloads[WG_UDP_GSO] != WG_OFFLOAD_IN_USE || !len || is_queued(&udp->sender))
		return false;
	if (!udp->sender.has_limits)
		return true;
	entry = limit_of(&udp->sender, remote);
	if (!entry->left || !wg_endpoint_equal(&entry->remote, remote))
		return true;
	entry->left--;
	return len <= entry->max_len;
}

/* Sends a message's datagrams one by one. */
static void send_singly(struct wg_udp *udp, struct mmsghdr *header, struct wg_udp_message *message)
{
	struct wg_batch packets = message->packets;
	struct wg_packet *packet;
	struct iovec iov;

	message->attributes.segment_len = 0;
	set_control(header, message);
	header->msg_hdr.msg_iov = &iov;
	header->msg_hdr.msg_iovlen = 1;
	while ((packet = wg_batch_pop(&packets))) {
		int err;

		iov = (struct iovec){packet->data, packet->len};
		wg_batch_init(&message->packets);
		wg_batch_push(&message->packets, packet);
		err = send_one(udp, header);
		if (err)
			err = send_again(udp, header, message, err);
		finish(udp, message, err);
	}
}

/* A message failed with err as it is. */
static void recover(struct wg_udp *udp, struct mmsghdr *header, struct wg_udp_message *message,
		    int err)
{
	uint16_t segment_len = message->attributes.segment_len;
	uint64_t sent;

	err = send_again(udp, header, message, err);
	if (!err || !segment_len || !may_blame_grouping(err)) {
		finish(udp, message, err);
		return;
	}
	sent = udp->stats.sent_datagrams;
	send_singly(udp, header, message);
	if (err == EIO)
		udp->offloads[WG_UDP_GSO] = WG_OFFLOAD_FAILED;
	else if (udp->stats.sent_datagrams > sent)
		limit(&udp->sender, &message->run->path.remote, segment_len);
}

static void flush(struct wg_udp *udp)
{
	struct wg_udp_sender *s = &udp->sender;
	unsigned int i = 0;

	while (i < s->n) {
		int sent = sendmmsg(s->fd, &s->headers[i], s->n - i, 0);

		udp->stats.send_calls++;
		/* Not even one and no error: it would be the same for ever. */
		if (sent <= 0) {
			recover(udp, &s->headers[i], &s->messages[i], sent ? errno : EAGAIN);
			i++;
		}
		for (; sent > 0; sent--)
			finish(udp, &s->messages[i++], 0);
	}
	s->n = 0;
	s->n_iovs = 0;
	s->n_copied = 0;
}

/* Takes from the run what may leave as one message. */
static void take_group(struct wg_udp *udp, struct wg_run *run, struct wg_batch *group)
{
	uint32_t max = run->path.remote.ip.family == WG_FAMILY_IPV4 ? MAX_IPV4 : MAX_IPV6;
	uint32_t segment_len = run->batch.head->len;
	uint32_t len = segment_len;

	wg_batch_init(group);
	wg_batch_push(group, wg_batch_pop(&run->batch));
	if (!run->batch.head || !may_group(udp, &run->path.remote, segment_len))
		return;
	while (run->batch.head && group->n < MAX_SEGMENTS && group->tail->len == segment_len &&
	       run->batch.head->len <= segment_len && run->batch.head->len > 0 &&
	       len + run->batch.head->len <= max) {
		len += run->batch.head->len;
		wg_batch_push(group, wg_batch_pop(&run->batch));
	}
}

static size_t copy(struct wg_udp_sender *s, const struct wg_batch *packets, struct iovec *iov)
{
	struct wg_packet *packet;

	*iov = (struct iovec){s->copy + s->n_copied, 0};
	wg_batch_for_each (packet, packets) {
		memcpy(s->copy + s->n_copied, packet->data, packet->len);
		s->n_copied += packet->len;
		iov->iov_len += packet->len;
	}
	return 1;
}

static size_t gather(const struct wg_batch *packets, struct iovec *iovs)
{
	struct wg_packet *packet;
	size_t n = 0;

	wg_batch_for_each (packet, packets)
		iovs[n++] = (struct iovec){packet->data, packet->len};
	return n;
}

/* Makes a group a message of the vector. */
static void add(struct wg_udp *udp, struct wg_run *run, const struct wg_batch *group)
{
	struct wg_udp_sender *s = &udp->sender;
	uint32_t len = group->head->len;
	bool is_copied = group->n > 1 && len <= MAX_COPIED;
	struct wg_udp_message *message;
	struct msghdr *header;

	static_assert(sizeof(s->copy) >= (size_t)MAX_SEGMENTS * MAX_COPIED, "any group fits");
	if (s->n == WG_UDP_VECTOR || s->n_iovs + group->n > WG_UDP_IOVS ||
	    (is_copied && s->n_copied + group->n * len > sizeof(s->copy)))
		flush(udp);
	message = &s->messages[s->n];
	header = &s->headers[s->n].msg_hdr;
	message->run = run;
	message->packets = *group;
	message->attributes = (struct wg_udp_attributes){
		.ds = run->ds, .segment_len = group->n > 1 ? (uint16_t)len : 0};
	if (!run->source_rejected)
		message->attributes.local = run->path.local;
	*header = (struct msghdr){.msg_name = &message->name,
				  .msg_namelen = wg_udp_name_set(&message->name, &run->path.remote),
				  .msg_iov = &s->iovs[s->n_iovs]};
	header->msg_iovlen = is_copied ? copy(s, group, header->msg_iov)
				       : gather(group, header->msg_iov);
	s->n_iovs += header->msg_iovlen;
	set_control(&s->headers[s->n++], message);
}

static int fd_for(const struct wg_udp *udp, const struct wg_run *run)
{
	return udp->fds[run->path.remote.ip.family == WG_FAMILY_IPV6];
}

static void drop_run(struct wg_udp *udp, struct wg_run *run)
{
	run->error = -EAFNOSUPPORT;
	run->failed = run->batch.n;
	udp->stats.dropped_send += run->batch.n;
	wg_batch_drop(&run->batch);
}

void wg_udp_send(struct wg_udp *udp, struct wg_run *runs, size_t n)
{
	struct wg_udp_sender *s = &udp->sender;

	s->asked = -1;
	for (size_t i = 0; i < n; i++) {
		struct wg_run *run = &runs[i];
		int fd = fd_for(udp, run);

		run->error = 0;
		run->failed = 0;
		run->full = 0;
		run->source_rejected = false;
		if (fd < 0 || !run->path.remote.ip.family)
			drop_run(udp, run);
		if (s->fd != fd)
			flush(udp);
		s->fd = fd;
		while (!wg_batch_empty(&run->batch)) {
			struct wg_batch group;

			take_group(udp, run, &group);
			add(udp, run, &group);
		}
	}
	flush(udp);
}
