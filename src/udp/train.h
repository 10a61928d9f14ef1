/* The trains of datagrams that a probe sends, and whether they came as they were. Pure.
 * Only this folder includes it. */
#ifndef WG_UDP_TRAIN_H
#define WG_UDP_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/offload.h"

/* n datagrams of size bytes each, and a tail. */
struct wg_udp_train {
	bool is_ipv6;
	uint8_t n;
	uint16_t size;
	uint16_t tail; /* 0: there is none */
};

#define WG_UDP_TRAINS          8 /* of each family the first has a short tail */
#define WG_UDP_TRAIN_ROOM      4096u
#define WG_UDP_TRAIN_DATAGRAMS 6u

struct wg_udp_train wg_udp_train(size_t i);

/* The payload of all of its datagrams, one behind the other. Its length. */
size_t wg_udp_train_make(const struct wg_udp_train *train, uint8_t *bytes);

/* The datagrams that came back of one train. */
struct wg_udp_take {
	bool made; /* it was sent, or refused, and all was received */
	int error; /* why it was refused: -errno, or 0 */
	uint16_t n;
	uint16_t used; /* bytes */
	uint16_t lens[2 * WG_UDP_TRAIN_DATAGRAMS];
	uint8_t bytes[2 * WG_UDP_TRAIN_ROOM]; /* one behind the other */
};

/* Bad, and why, if a datagram is missing, too many, of another length or different;
 * otherwise good. */
void wg_udp_train_judge(const struct wg_udp_train *train, const struct wg_udp_take *take,
			struct wg_offload_finding *finding);

#endif
