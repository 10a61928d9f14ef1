/* The descriptor of a TUN link. Each read and write carries one packet behind a
 * vnet header (struct virtio_net_hdr without num_buffers), for which every packet
 * has headroom. */
#include "tun/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tun/link.h"

#define VNET_LEN (sizeof(struct virtio_net_hdr))
_Static_assert(VNET_LEN == 10, "what TUNSETVNETHDRSZ is told");
_Static_assert(VNET_LEN <= WG_PACKET_HEADROOM, "it is read and written in the headroom");
_Static_assert(WG_TUN_NAME_LEN == IFNAMSIZ, "the kernel's limit");

/* Behind every packet: up to 15 bytes of padding and the tag. */
#define TAILROOM   32u
#define SLOT_READ  (WG_SLOT_ROOM - TAILROOM)
#define MAX_PACKET 65535u

struct wg_tun {
	int fd;
	size_t vnet_len; /* VNET_LEN, or 0 where the descriptor has no vnet header */
	struct wg_tun_stats stats;
	uint8_t overflow[MAX_PACKET - SLOT_READ]; /* what a read has beyond a slot */
};

static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	/* '%' would have the kernel pick a number, the rest it refuses itself. */
	return len > 0 && len < WG_TUN_NAME_LEN && !strpbrk(name, "%/: \t\n\v\f\r") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Why TUNSETIFF failed: a link of another kind gives EINVAL, like much else. */
static int attach_error(const char *name, int err)
{
	return err == EINVAL && if_nametoindex(name) ? -EBUSY : -err;
}

static int attach(int fd, const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	return ioctl(fd, TUNSETIFF, &ifr) < 0 ? attach_error(name, errno) : 0;
}

/* A persistent link keeps the header size and the offloads of the program that had
 * it last, so both are always set. */
static int set_up(struct wg_tun *tun)
{
	int len = VNET_LEN;

	if (tun->vnet_len && ioctl(tun->fd, TUNSETVNETHDRSZ, &len) < 0)
		return -errno;
	return ioctl(tun->fd, TUNSETOFFLOAD, 0) < 0 ? -errno : 0;
}

static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int wg_tun_adopt(struct wg_tun **out, int fd)
{
	struct ifreq ifr = {0};
	struct wg_tun *tun;
	int err;

	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	if (!(ifr.ifr_flags & IFF_TUN))
		return -EINVAL;
	tun = calloc(1, sizeof(*tun));
	if (!tun)
		return -ENOMEM;
	tun->fd = fd;
	tun->vnet_len = ifr.ifr_flags & IFF_VNET_HDR ? VNET_LEN : 0;
	err = set_flags(fd);
	if (!err)
		err = set_up(tun);
	if (err) {
		free(tun);
		return err;
	}
	*out = tun;
	return 0;
}

int wg_tun_open(struct wg_tun **out, const char *name)
{
	int err;
	int fd;

	if (!name_is_valid(name))
		return -EINVAL;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = attach(fd, name);
	if (!err)
		err = wg_tun_adopt(out, fd);
	if (err)
		close(fd);
	return err;
}

void wg_tun_close(struct wg_tun *tun)
{
	if (!tun)
		return;
	close(tun->fd);
	free(tun);
}

int wg_tun_fd(const struct wg_tun *tun)
{
	return tun->fd;
}

int wg_tun_name(const struct wg_tun *tun, char name[static WG_TUN_NAME_LEN])
{
	struct ifreq ifr = {0};

	if (ioctl(tun->fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	memcpy(name, ifr.ifr_name, WG_TUN_NAME_LEN);
	name[WG_TUN_NAME_LEN - 1] = '\0';
	return 0;
}

int wg_tun_mtu(const struct wg_tun *tun)
{
	struct wg_tun_link link;
	int err = wg_tun_link_get(tun->fd, &link);

	return err ? err : (int)link.mtu;
}

int wg_tun_is_up(const struct wg_tun *tun)
{
	struct wg_tun_link link;
	int err = wg_tun_link_get(tun->fd, &link);

	return err ? err : link.up;
}

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

/* Moves a packet that did not fit its slot to a large buffer. */
static struct wg_packet *enlarge(struct wg_tun *tun, struct wg_pool *pool, struct wg_packet *slot,
				 size_t len)
{
	struct wg_packet *large = wg_pool_get(pool, len + TAILROOM);

	if (large) {
		memcpy(large->data, slot->data, SLOT_READ);
		memcpy(large->data + SLOT_READ, tun->overflow, len - SLOT_READ);
	} else {
		tun->stats.dropped_no_memory++;
	}
	wg_packet_put(slot);
	return large;
}

/* Adds one packet to the batch. Positive when something was read, 0 when there is
 * nothing, or -errno. */
static ssize_t read_packet(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch)
{
	struct wg_packet *packet = wg_pool_get(pool, WG_SLOT_ROOM);
	ssize_t len;

	if (!packet)
		return discard(tun);
	len = read_into(tun,
			(struct iovec[]){{packet->data - tun->vnet_len, tun->vnet_len + SLOT_READ},
					 {tun->overflow, sizeof(tun->overflow)}},
			2);
	if (len <= (ssize_t)tun->vnet_len) {
		wg_packet_put(packet);
		return len;
	}
	tun->stats.read_calls++;
	len -= (ssize_t)tun->vnet_len;
	if (len > (ssize_t)SLOT_READ)
		packet = enlarge(tun, pool, packet, (size_t)len);
	if (packet) {
		packet->len = (uint32_t)len;
		wg_batch_push(batch, packet);
		tun->stats.read_packets++;
	}
	return len;
}

int wg_tun_read(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch, size_t max)
{
	size_t before = batch->n;
	ssize_t len = 1;

	for (size_t i = 0; i < max && batch->n - before < max && len > 0; i++)
		len = read_packet(tun, pool, batch);
	return len < 0 && batch->n == before ? (int)len : (int)(batch->n - before);
}

/* Puts a vnet header that asks for nothing before the packet, and writes both. */
static int write_packet(const struct wg_tun *tun, const struct wg_packet *packet)
{
	uint8_t *start = packet->data - tun->vnet_len;
	ssize_t n;

	memset(start, 0, tun->vnet_len);
	do
		n = write(tun->fd, start, tun->vnet_len + packet->len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int wg_tun_write(struct wg_tun *tun, struct wg_batch *batch)
{
	struct wg_packet *packet;
	int err = 0;

	while (err != -EBADFD && err != -ENODEV && (packet = wg_batch_pop(batch))) {
		err = write_packet(tun, packet);
		tun->stats.write_calls++;
		if (err)
			tun->stats.dropped_write++;
		else
			tun->stats.written_packets++;
		wg_packet_put(packet);
	}
	tun->stats.dropped_write += batch->n;
	wg_batch_drop(batch);
	return err == -EBADFD || err == -ENODEV ? err : 0;
}

const struct wg_tun_stats *wg_tun_stats(const struct wg_tun *tun)
{
	return &tun->stats;
}
