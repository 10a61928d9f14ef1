/* rtnetlink's facts about the link behind a TUN descriptor, wherever it is. Only the keeper
 * includes it. */
#ifndef WG_TUN_LINK_H
#define WG_TUN_LINK_H

#include <stdbool.h>
#include <stdint.h>

/* In place of a namespace's number: our own, which messages without a number are of. */
#define WG_TUN_LINK_OWN (-1)

struct wg_tun_link {
	uint32_t index;
	int32_t nsid; /* of its namespace, as numbered in ours, or WG_TUN_LINK_OWN */
	uint32_t mtu;
	bool up;          /* administratively */
	uint64_t dropped; /* packets from this host, which nobody read in time */
};

/* 0; -EBADFD or -ENODEV when the link is gone, -EPERM when it is in a network
 * namespace that may not be asked, or another -errno. */
int wg_tun_link_get(int tun_fd, struct wg_tun_link *link);

#endif
