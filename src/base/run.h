/* A run: datagrams of one path and one DS field, in order. It is what UDP receives
 * and sends at a time, so the expensive questions are asked once for all of it. */
#ifndef WG_BASE_RUN_H
#define WG_BASE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/packet.h"

struct wg_run {
	struct wg_path path;
	uint8_t ds; /* DSCP and ECN of every datagram in it */
	struct wg_batch batch;

	/* Sending: whose datagrams these are (the engine's own number, see core/device.h),
	 * and the outcome, which wg_udp_send writes. */
	uint64_t owner;
	int error;            /* 0, or the -errno of the last datagram that was refused */
	size_t failed;        /* how many were */
	size_t full;          /* how many found a full queue on the way out, which is no error */
	bool source_rejected; /* path.local could not be sent from; sent without it */
};

#endif
