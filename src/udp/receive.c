/* Receiving. Each message comes into a large buffer. A single datagram of usual size is
 * copied to a slot, where it may stay for long: that costs less than to give the kernel the
 * slot and the large buffer behind it, so that it need not be copied. A larger one stays
 * where it is, and trains of datagrams that the kernel has joined (UDP_GRO) become slices
 * of the buffer. */
#include <errno.h>
#include <string.h>

#include "udp/socket.h"

/* With GRO a message brings up to 64 KiB, and more of them than this would only push
 * each other out of the cache. */
#define GRO_VECTOR 8

/* Asynchronous errors that are skipped before the rest waits for another call. */
#define MAX_ERRORS 16

/* The datagrams that one wg_udp_receive gathers. */
struct arrivals {
	struct wg_run *runs;
	size_t max_runs;
	size_t n_runs;
	size_t n_datagrams;
	int error;
};

/* Takes memory for message i: a slot where there is no large buffer. False when the pool
 * is at its bound. */
static bool prepare(struct wg_udp_receiver *r, unsigned int i, struct wg_pool *pool)
{
	struct wg_packet *packet = wg_pool_get(pool, WG_LARGE_ROOM);

	if (!packet)
		packet = wg_pool_get(pool, WG_SLOT_ROOM);
	if (!packet)
		return false;
	r->packets[i] = packet;
	r->iovs[i] = (struct iovec){packet->data, packet->room};
	r->headers[i].msg_hdr = (struct msghdr){.msg_name = &r->names[i],
						.msg_namelen = sizeof(r->names[i]),
						.msg_iov = &r->iovs[i],
						.msg_iovlen = 1,
						.msg_control = r->controls[i].bytes,
						.msg_controllen = sizeof(r->controls[i].bytes)};
	return true;
}

static unsigned int prepare_all(struct wg_udp_receiver *r, struct wg_pool *pool, size_t max)
{
	unsigned int n = 0;

	while (n < max && n < r->want && prepare(r, n, pool))
		n++;
	return n;
}

static void release(struct wg_udp_receiver *r, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		wg_packet_put(r->packets[i]);
}

/* Whether an error is about a datagram sent earlier or about this moment, and not
 * about the socket. */
static bool is_passing(int err)
{
	return err != EBADF && err != ENOTSOCK && err != EFAULT && err != EINVAL;
}

/* An error that another call may mend, or that is only a report, is no failure worth a
 * word. */
static void note_failure(struct wg_udp *udp, int err)
{
	if (err == EINTR || udp->reports || err == ECONNREFUSED)
		return;
	udp->stats.failed_receives++;
	udp->stats.receive_error = -err;
}

/* How many messages there are now; 0 when dry; or -errno. */
static int receive(struct wg_udp *udp, int fd, unsigned int n)
{
	for (unsigned int i = 0; i < MAX_ERRORS; i++) {
		int got = recvmmsg(fd, udp->receiver.headers, n, 0, NULL);

		udp->stats.receive_calls++;
		if (got >= 0)
			return got;
		if (errno == EAGAIN)
			return 0;
		if (!is_passing(errno))
			return -errno;
		note_failure(udp, errno);
	}
	return 0;
}

/* Reads datagrams away while there is no memory for them: left in the socket they
 * would wake the loop for ever. */
static int discard(struct wg_udp *udp, int fd)
{
	uint8_t byte;

	for (unsigned int i = 0; i < WG_UDP_VECTOR; i++) {
		if (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0)
			return is_passing(errno) ? 0 : -errno;
		udp->stats.dropped_no_memory++;
	}
	return 0;
}

/* Moves a small datagram to a slot, if there is one. */
static struct wg_packet *shrink(struct wg_packet *packet, struct wg_pool *pool)
{
	struct wg_packet *slot;

	if (packet->len > WG_SLOT_ROOM || packet->room <= WG_SLOT_ROOM)
		return packet;
	slot = wg_pool_get(pool, WG_SLOT_ROOM);
	if (!slot)
		return packet;
	slot->len = packet->len;
	memcpy(slot->data, packet->data, packet->len);
	wg_packet_put(packet);
	return slot;
}

/* Cuts a train into its datagrams and adds them to the batch. Each has headroom before
 * it only as far as the one before has given up its tag, which opening in place does. */
static void split(struct wg_udp *udp, struct wg_packet *train, uint32_t segment_len,
		  struct wg_batch *batch)
{
	uint32_t left = train->len;
	uint32_t room = train->room;
	uint8_t *data = train->data;

	train->len = segment_len;
	train->room = segment_len;
	wg_batch_push(batch, train);
	while (left > segment_len) {
		struct wg_packet *packet;
		uint32_t len;

		left -= segment_len;
		room -= segment_len;
		data += segment_len;
		len = left < segment_len ? left : segment_len;
		packet = wg_packet_slice(train, data, len, left > segment_len ? len : room);
		if (packet)
			wg_batch_push(batch, packet);
		else
			udp->stats.dropped_no_memory++;
	}
}

/* The run that a message of that path and DS field belongs to: the last one, or one
 * more behind it. */
static struct wg_run *find_run(struct arrivals *into, const struct wg_path *path, uint8_t ds)
{
	struct wg_run *run = into->n_runs ? &into->runs[into->n_runs - 1] : NULL;

	if (run && run->ds == ds && wg_path_equal(&run->path, path))
		return run;
	run = &into->runs[into->n_runs++];
	*run = (struct wg_run){.path = *path, .ds = ds};
	return run;
}

/* Adds message i to the runs. */
static void arrive(struct wg_udp *udp, unsigned int i, struct wg_pool *pool, struct arrivals *into)
{
	struct wg_udp_receiver *r = &udp->receiver;
	struct msghdr *header = &r->headers[i].msg_hdr;
	struct wg_packet *packet = r->packets[i];
	struct wg_udp_attributes attributes;
	struct wg_batch *batch;
	struct wg_path path;
	bool is_train;
	size_t before;

	wg_udp_control_get(header, &attributes);
	packet->len = r->headers[i].msg_len;
	is_train = attributes.segment_len && packet->len > attributes.segment_len;
	/* A slot is too small for the one, and cannot be sliced for the other. */
	if (header->msg_flags & MSG_TRUNC || (is_train && packet->room <= WG_SLOT_ROOM)) {
		udp->stats.dropped_no_memory++;
		wg_packet_put(packet);
		return;
	}
	wg_udp_name_get(&r->names[i], &path.remote);
	path.local = attributes.local;
	batch = &find_run(into, &path, attributes.ds)->batch;
	before = batch->n;
	if (!is_train)
		packet = shrink(packet, pool);
	packet->ds = attributes.ds;
	if (is_train)
		split(udp, packet, attributes.segment_len, batch);
	else
		wg_batch_push(batch, packet);
	into->n_datagrams += batch->n - before;
	udp->stats.received_datagrams += batch->n - before;
}

/* Room for twice as many when all of it was used, otherwise for one more than came: a lone
 * datagram should not cost the preparation of a vector, nor another call that only says
 * that there are no more. */
static void adapt(struct wg_udp *udp, unsigned int had, unsigned int got)
{
	unsigned int most = udp->offloads[WG_UDP_GRO] == WG_OFFLOAD_IN_USE ? GRO_VECTOR
									   : WG_UDP_VECTOR;
	unsigned int want = got == had ? 2 * had : got + 1;

	udp->receiver.want = want < most ? want : most;
}

/* One recvmmsg. Returns whether there may be more; error is set when there is one. */
static bool receive_some(struct wg_udp *udp, int fd, struct wg_pool *pool, struct arrivals *into)
{
	struct wg_udp_receiver *r = &udp->receiver;
	unsigned int room = prepare_all(r, pool, into->max_runs - into->n_runs);
	int got;

	if (!room) {
		into->error = into->n_datagrams ? 0 : discard(udp, fd);
		return false;
	}
	got = receive(udp, fd, room);
	for (int i = 0; i < got; i++)
		arrive(udp, (unsigned int)i, pool, into);
	release(r, got > 0 ? (unsigned int)got : 0, room);
	if (got < 0) {
		into->error = got;
		return false;
	}
	adapt(udp, room, (unsigned int)got);
	return (unsigned int)got == room;
}

uint64_t wg_udp_failures(const struct wg_udp *udp, int *error)
{
	*error = udp->stats.receive_error;
	return udp->stats.failed_receives;
}

int wg_udp_receive(struct wg_udp *udp, unsigned int i, struct wg_pool *pool, struct wg_run *runs,
		   size_t max_runs)
{
	struct arrivals into = {.runs = runs, .max_runs = max_runs};

	while (udp->fds[i] >= 0 && into.n_runs < max_runs && into.n_datagrams < WG_UDP_VECTOR &&
	       receive_some(udp, udp->fds[i], pool, &into))
		;
	return into.error && !into.n_runs ? into.error : (int)into.n_runs;
}
