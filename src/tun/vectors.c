/* Moving packets. A read brings one packet, or one super-packet that is split. Each is behind a vnet header (struct wg_vnet), for which
 * every packet has headroom. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tun/handle.h"

/* One readv; the number of bytes, 0 when there is nothing to read now, or -errno. */
static ssize_t read_into(const struct wg_tun *tun, const struct iovec *iov, int n)
{
	ssize_t len;

	do
		len = readv(tun->fd, iov, n);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == EAGAIN || errno == EIO ? 0 : -errno;
	return len;
}

/* Reads one packet away while there is no memory for it: left in the device it would
 * wake the loop for ever. */
static ssize_t discard(struct wg_tun *tun)
{
	ssize_t len = read_into(tun, &(struct iovec){tun->overflow, sizeof(tun->overflow)}, 1);

	tun->stats.dropped_no_memory += len > 0;
	return len;
}

/* Splits what was read, of which len bytes are the packet's, and counts. */
static void split(struct wg_tun *tun, struct wg_packet *packet, size_t len, struct wg_pool *pool,
		  struct wg_batch *batch)
{
	size_t before = batch->n;
	size_t rest_len = len > WG_TUN_SLOT_READ ? len - WG_TUN_SLOT_READ : 0;

	packet->len = (uint32_t)(len - rest_len);
	if (!tun->vnet_len)
		wg_vnet_store(packet->data, &(struct wg_vnet){0});
	switch (wg_offload_split(packet, tun->overflow, rest_len, pool, batch)) {
	case -EINVAL:
		tun->stats.dropped_malformed++;
		break;
	case -ENOMEM:
		tun->stats.dropped_no_memory++;
		break;
	}
	tun->stats.read_packets += batch->n - before;
}

/* Adds what one read gives to the batch. Positive when something was read, 0 when there
 * is nothing, or -errno. */
static ssize_t read_some(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch)
{
	struct wg_packet *packet = wg_pool_get(pool, WG_SLOT_ROOM);
	ssize_t len;

	if (!packet)
		return discard(tun);
	len = read_into(
		tun,
		(struct iovec[]){{packet->data - tun->vnet_len, tun->vnet_len + WG_TUN_SLOT_READ},
				 {tun->overflow, sizeof(tun->overflow)}},
		2);
	if (len <= (ssize_t)tun->vnet_len) {
		wg_packet_put(packet);
		return len;
	}
	tun->stats.read_calls++;
	split(tun, packet, (size_t)len - tun->vnet_len, pool, batch);
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

static bool is_gone(int err)
{
	return err == -EBADFD || err == -ENODEV;
}

/* Puts a vnet header that asks for nothing before the packet, and writes both. */
static int write_packet(struct wg_tun *tun, const struct wg_packet *packet)
{
	ssize_t n;

	if (tun->vnet_len)
		wg_vnet_store(packet->data, &(struct wg_vnet){0});
	tun->stats.write_calls++;
	do
		n = write(tun->fd, packet->data - tun->vnet_len, tun->vnet_len + packet->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		tun->stats.dropped_write++;
	else
		tun->stats.written_packets++;
	return n < 0 ? -errno : 0;
}

int wg_tun_write(struct wg_tun *tun, struct wg_batch *batch)
{
	struct wg_packet *packet;
	int err = 0;

	while (!is_gone(err) && (packet = wg_batch_pop(batch))) {
		err = write_packet(tun, packet);
		wg_packet_put(packet);
	}
	tun->stats.dropped_write += batch->n;
	wg_batch_drop(batch);
	return is_gone(err) ? err : 0;
}
