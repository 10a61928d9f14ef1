/* The inside of struct wg_tun, shared by opening and by moving packets. Only this folder
 * includes it. */
#ifndef WG_TUN_HANDLE_H
#define WG_TUN_HANDLE_H

#include "tun/offload.h"
#include "tun/tun.h"

/* The packet's part of a slot: the rest is for padding and tag. */
#define WG_TUN_SLOT_READ (WG_SLOT_ROOM - WG_OFFLOAD_TAILROOM)

struct wg_tun {
	int fd;
	size_t vnet_len; /* of struct wg_vnet, or 0 where the descriptor has no such header */
	enum wg_offload_state offloads[WG_TUN_N_OFFLOADS];
	struct wg_tun_stats stats;
	struct wg_offload_groups groups;                     /* of one wg_tun_write */
	uint8_t buffer[sizeof(struct wg_vnet) + UINT16_MAX]; /* of one read */
};

#endif
