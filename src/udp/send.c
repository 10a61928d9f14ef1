/* Sending. The runs' datagrams are gathered to messages, and up to 64 messages of one
 * socket leave in a sendmmsg. It stops at the first that fails and tells why only when
 * that is the first of a call; so each failing one is dealt with alone, and the next
 * call goes on behind it. */
#include <errno.h>
#include <string.h>

#include "udp/socket.h"

/* Errors by which the kernel refuses a source address: it is not ours (any more), or
 * there is no route from it. EINVAL is what Linux says for an address that is gone. */
static bool may_blame_source(int err)
{
	return err == EINVAL || err == EADDRNOTAVAIL || err == ENETUNREACH || err == EHOSTUNREACH ||
	       err == ENETDOWN || err == ENODEV;
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
	message->attributes.local = local;
	if (!err)
		message->run->source_rejected = true;
	return err;
}

/* Tries again what failed with err where that may help. */
static int send_again(struct wg_udp *udp, struct mmsghdr *header, struct wg_udp_message *message,
		      int err)
{
	/* Never about the datagram at hand: an ICMP error that waited on the socket. */
	if (err == ECONNREFUSED || err == EINTR)
		err = send_one(udp, header);
	if (err && message->attributes.local.family && may_blame_source(err)) {
		int other = send_from_any(udp, header, message);

		err = other ? err : 0;
	}
	return err;
}

/* A message has left (0) or never will (errno). */
static void finish(struct wg_udp *udp, struct wg_udp_message *message, int err)
{
	if (err) {
		message->run->error = -err;
		udp->stats.dropped_send += message->packets.n;
	} else {
		udp->stats.sent_datagrams += message->packets.n;
	}
	wg_batch_drop(&message->packets);
}

static void flush(struct wg_udp *udp)
{
	struct wg_udp_sender *s = &udp->sender;
	unsigned int i = 0;

	while (i < s->n) {
		int sent = sendmmsg(s->fd, &s->headers[i], s->n - i, 0);

		udp->stats.send_calls++;
		if (sent < 0) {
			finish(udp, &s->messages[i],
			       send_again(udp, &s->headers[i], &s->messages[i], errno));
			i++;
		}
		for (; sent > 0; sent--)
			finish(udp, &s->messages[i++], 0);
	}
	s->n = 0;
}

/* Makes the first datagrams of the run a message of the vector. */
static void add(struct wg_udp_sender *s, struct wg_run *run)
{
	struct wg_udp_message *message = &s->messages[s->n];
	struct mmsghdr *header = &s->headers[s->n];
	struct iovec *iov = &s->iovs[s->n];
	struct wg_packet *packet = wg_batch_pop(&run->batch);

	s->n++;
	wg_batch_init(&message->packets);
	wg_batch_push(&message->packets, packet);
	message->run = run;
	message->attributes = (struct wg_udp_attributes){.ds = run->ds};
	if (!run->source_rejected)
		message->attributes.local = run->path.local;
	*iov = (struct iovec){packet->data, packet->len};
	header->msg_hdr =
		(struct msghdr){.msg_name = &message->name,
				.msg_namelen = wg_udp_name_set(&message->name, &run->path.remote),
				.msg_iov = iov,
				.msg_iovlen = 1};
	set_control(header, message);
}

static int fd_for(const struct wg_udp *udp, const struct wg_run *run)
{
	return udp->fds[run->path.remote.ip.family == WG_FAMILY_IPV6];
}

static void drop_run(struct wg_udp *udp, struct wg_run *run)
{
	run->error = -EAFNOSUPPORT;
	udp->stats.dropped_send += run->batch.n;
	wg_batch_drop(&run->batch);
}

void wg_udp_send(struct wg_udp *udp, struct wg_run *runs, size_t n)
{
	struct wg_udp_sender *s = &udp->sender;

	for (size_t i = 0; i < n; i++) {
		struct wg_run *run = &runs[i];
		int fd = fd_for(udp, run);

		run->error = 0;
		run->source_rejected = false;
		if (fd < 0 || !run->path.remote.ip.family)
			drop_run(udp, run);
		if (s->fd != fd)
			flush(udp);
		s->fd = fd;
		while (!wg_batch_empty(&run->batch)) {
			add(s, run);
			if (s->n == WG_UDP_VECTOR)
				flush(udp);
		}
	}
	flush(udp);
}
