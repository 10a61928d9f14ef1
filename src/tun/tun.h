/* The TUN device: opening or adopting one, and moving batches of packets. The keeper opens
 * links, and the engine moves packets. */
#ifndef WG_TUN_TUN_H
#define WG_TUN_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/offload.h"
#include "base/packet.h"

#define WG_TUN_NAME_LEN 16 /* IFNAMSIZ, with its NUL */

struct wg_tun;

/* Counts; monotonic since opening. */
struct wg_tun_stats {
	uint64_t read_packets; /* after splitting */
	uint64_t read_calls;   /* packets or super-packets read from the device */
	uint64_t written_packets;
	uint64_t write_calls;
	uint64_t dropped_no_memory; /* the pool was at its bound */
	uint64_t dropped_malformed; /* a super-packet that could not be split */
	uint64_t dropped_write;     /* the device refused, or its link is down */
	int write_error;            /* -errno of the last that was refused */
	uint64_t failed_reads;      /* calls; nothing was read */
	int read_error;             /* -errno of the last of them */
};

/* Creates a link of that name, or attaches to a persistent one that exists and has
 * no other owner. Non-blocking, IFF_NO_PI, IFF_VNET_HDR where the link has none yet
 * or has it on. 0; -EBUSY when the name is taken by a link of another kind or by a
 * running program, -EPERM, -ENOENT (no /dev/net/tun), -EINVAL (name), or another -errno. */
int wg_tun_open(struct wg_tun **out, const char *name);

/* Takes over a descriptor that came from elsewhere (WG_TUN_FD), as it is: TUNGETIFF
 * tells its name and whether it has a vnet header. It must be IFF_NO_PI, which cannot
 * be asked (that bit reads as IFF_NOFILTER). -EINVAL when it is a TAP. On failure fd
 * stays the caller's. */
int wg_tun_adopt(struct wg_tun **out, int fd);

/* Closes the descriptor; a link that is not persistent goes with it. */
void wg_tun_close(struct wg_tun *tun);

/* The segmentation offloads that may be in use. */
enum wg_tun_offload {
	WG_TUN_TSO,     /* from the link: TCP packets up to 64 KiB, split here */
	WG_TUN_USO,     /* the same for UDP; Linux 6.2 */
	WG_TUN_TCP_GRO, /* into the link: TCP segments in a row are written as one */
	WG_TUN_UDP_GRO,
	WG_TUN_N_OFFLOADS
};

/* Chooses among them; after opening, all are wanted. One that the kernel does not have is
 * not used, without an error. */
void wg_tun_set_offloads(struct wg_tun *tun, const bool unwanted[static WG_TUN_N_OFFLOADS]);

/* Takes an offload out of use, or back into it, as a probe found. */
void wg_tun_decide(struct wg_tun *tun, enum wg_tun_offload which, enum wg_offload_state state);

/* Whether an offload is in use, and why not. */
enum wg_offload_state wg_tun_offload(const struct wg_tun *tun, enum wg_tun_offload which);

int wg_tun_fd(const struct wg_tun *tun);
/* The name now: a link may be renamed. -ENODEV or -EBADFD when it is gone. */
int wg_tun_name(const struct wg_tun *tun, char name[static WG_TUN_NAME_LEN]);
/* The link's MTU in bytes, or -errno. With CAP_NET_ADMIN this works from any network
 * namespace; without it, -EPERM when the link is not in our own. */
int wg_tun_mtu(const struct wg_tun *tun);
/* Whether the link is administratively up: 1, 0, or -errno as above. */
int wg_tun_is_up(const struct wg_tun *tun);

/* Reads packets, splitting super-packets, until max packets are in the batch (a
 * super-packet may pass it) or the device is dry. While the pool is at its bound,
 * packets are read away, dropped and counted. Every packet gets tailroom for padding
 * and tag. Returns the number added; 0 when dry, while the link is down, or when it failed
 * for now; -EBADFD or -ENODEV when the link is gone. */
int wg_tun_read(struct wg_tun *tun, struct wg_pool *pool, struct wg_batch *batch, size_t max);

/* Writes packets, coalescing those that may be, and puts all of them back. Never blocks: a
 * packet that the device will not take is dropped and counted. 0, or -EBADFD/-ENODEV when
 * the link is gone. */
int wg_tun_write(struct wg_tun *tun, struct wg_batch *batch);

const struct wg_tun_stats *wg_tun_stats(const struct wg_tun *tun);

#endif
