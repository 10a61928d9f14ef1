/* Moving packets. A read brings one packet, or one super-packet that is split; packets that
 * may be joined are written as one. Each is behind a vnet header (struct wg_vnet), for
 * which every packet has headroom.
 *
 * Packets are read into one buffer and copied to where they stay. A readv into a slot
 * and into something behind it would save the copy of what fits the slot, but costs the
 * kernel more than that (bench_tun: a packet of 92 bytes 900 ns instead of 785, one of
 * 1400 bytes 1022 instead of 950). */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tun/handle.h"

static bool is_gone(int err)
{
	return err == -EBADFD || err == -ENODEV || err == -EBADF;
}

/* One read; the number of bytes, 0 when there is nothing to read now, or -errno. */
static ssize_t read_one(struct wg_tun *tun)
{
	ssize_t len;

	do
		len = read(tun->fd, tun->buffer, sizeof(tun->buffer));
	while (len < 0 && errno == EINTR);
	if (len >= 0)
		return len;
	if (is_gone(-errno))
		return -errno;
	/* EIO is what a link that is down says. */
	if (errno != EAGAIN && errno != EIO) {
		tun->stats.failed_reads++;
		tun->stats.read_error = -errno;
	}
	return 0;
}

/* Copies what is in the buffer, len bytes behind its vnet header, to packets. */
static int copy(struct wg_tun *tun, size_t len, struct wg_pool *pool, struct wg_batch *batch)
{
	const uint8_t *data = tun->buffer + tun->vnet_len;
	size_t first = len < WG_TUN_SLOT_READ ? len : WG_TUN_SLOT_READ;
	struct wg_packet *packet = wg_pool_get(pool, WG_SLOT_ROOM);

	if (!packet)
		return -ENOMEM;
	if (tun->vnet_len)
		memcpy(packet->data - tun->vnet_len, tun->buffer, tun->vnet_len);
	else
		wg_vnet_store(packet->data, &(struct wg_vnet){0});
	memcpy(packet->data, data, first);
	packet->len = (uint32_t)first;
	return wg_offload_split(packet, data + first, len - first, pool, batch);
}

/* Adds the result of one read to the batch. Positive when something was read, 0 when there
 * is nothing, or -errno. A packet for which there is no memory is read, too: left in the
 * device it would wake the loop for ever. */
static ssize_t read_some(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch)
{
	size_t before = batch->n;
	ssize_t len = read_one(tun);

	if (len <= (ssize_t)tun->vnet_len)
		return len;
	tun->stats.read_calls++;
	switch (copy(tun, (size_t)len - tun->vnet_len, pool, batch)) {
	case -EINVAL:
		tun->stats.dropped_malformed++;
		break;
	case -ENOMEM:
		tun->stats.dropped_no_memory++;
		break;
	}
	tun->stats.read_packets += batch->n - before;
	return len;
}

int wg_tun_read(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch, size_t max)
{
	size_t before = batch->n;
	ssize_t len = 1;

	for (size_t i = 0; i < max && batch->n - before < max && len > 0; i++)
		len = read_some(tun, pool, batch);
	return len < 0 && batch->n == before ? (int)len : (int)(batch->n - before);
}

/* One writev of that many bytes; 0 or -errno. A packet that was written only in part is an
 * error. */
static int write_from(struct wg_tun *tun, const struct iovec *iov, int n, size_t total)
{
	ssize_t len;
	int err;

	tun->stats.write_calls++;
	do
		len = writev(tun->fd, iov, n);
	while (len < 0 && errno == EINTR);
	err = len < 0 ? -errno : (size_t)len < total ? -EIO : 0;
	if (err)
		tun->stats.write_error = err;
	return err;
}

/* Writes a packet with the vnet header that stands before it. */
static int write_packet(struct wg_tun *tun, const struct wg_packet *packet)
{
	const struct iovec iov = {packet->data - tun->vnet_len, tun->vnet_len + packet->len};
	int err = write_from(tun, &iov, 1, iov.iov_len);

	if (err)
		tun->stats.dropped_write++;
	else
		tun->stats.written_packets++;
	return err;
}

static int write_singly(struct wg_tun *tun, const struct wg_batch *packets)
{
	const struct wg_packet *packet;
	int err = 0;

	wg_batch_for_each (packet, packets)
		err = write_packet(tun, packet);
	return err;
}

/* Writes several packets as one: the first, and the others without their headers. */
static int write_joined(struct wg_tun *tun, const struct wg_offload_group *group)
{
	struct iovec iov[WG_OFFLOAD_MAX_GROUP];
	const struct wg_packet *packet;
	size_t total = tun->vnet_len;
	int n = 0;

	wg_batch_for_each (packet, &group->packets) {
		size_t skip = n ? group->header_len : 0;

		iov[n++] = (struct iovec){packet->data + skip, packet->len - skip};
		total += packet->len - skip;
	}
	iov[0].iov_base = group->packets.head->data - tun->vnet_len;
	iov[0].iov_len += tun->vnet_len;
	return write_from(tun, iov, n, total);
}

/* Some kernels refuse an offload that they claim to have (Linux 6.1 and 6.6 did). */
static void give_up(struct wg_tun *tun, struct wg_offload_group *group)
{
	uint8_t type = wg_vnet_load(group->packets.head->data).gso_type;

	tun->offloads[type == WG_VNET_GSO_UDP ? WG_TUN_UDP_GRO : WG_TUN_TCP_GRO] =
		WG_OFFLOAD_FAILED;
	wg_offload_ungroup(group);
}

static int write_group(struct wg_tun *tun, struct wg_offload_group *group)
{
	int err;

	if (group->packets.n == 1)
		return write_packet(tun, group->packets.head);
	err = write_joined(tun, group);
	if (err == -EINVAL) {
		give_up(tun, group);
		return write_singly(tun, &group->packets);
	}
	if (err)
		tun->stats.dropped_write += group->packets.n;
	else
		tun->stats.written_packets += group->packets.n;
	return err;
}

/* Writes the packets of one set of groups. */
static int write_some(struct wg_tun *tun, struct wg_batch *batch)
{
	struct wg_offload_groups *groups = &tun->groups;
	int err = 0;

	groups->tcp = tun->offloads[WG_TUN_TCP_GRO] == WG_OFFLOAD_IN_USE;
	groups->udp = tun->offloads[WG_TUN_UDP_GRO] == WG_OFFLOAD_IN_USE;
	wg_offload_coalesce(groups, batch);
	for (size_t i = 0; i < groups->n; i++) {
		struct wg_offload_group *group = &groups->group[i];

		if (is_gone(err))
			tun->stats.dropped_write += group->packets.n;
		else
			err = write_group(tun, group);
		wg_batch_drop(&group->packets);
	}
	return err;
}

int wg_tun_write(struct wg_tun *tun, struct wg_batch *batch)
{
	int err = 0;

	while (!wg_batch_empty(batch) && !is_gone(err))
		err = write_some(tun, batch);
	tun->stats.dropped_write += batch->n;
	wg_batch_drop(batch);
	return is_gone(err) ? err : 0;
}
