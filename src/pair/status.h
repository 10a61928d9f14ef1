/* What the keeper asks of a running engine, as messages and as plain data: the interface,
 * and peers of which it has the public keys. */
#ifndef WG_PAIR_STATUS_H
#define WG_PAIR_STATUS_H

#include <stdbool.h>

#include "base/offload.h"
#include "pair/codec.h"

/* What only the engine knows of the interface; counts begin with the engine. */
struct wg_engine_status {
	uint64_t drops[WG_DROP_COUNT];
	uint64_t unmarked; /* see wg_device_unmarked() */

	uint64_t link_read; /* packets, after super-packets were split */
	uint64_t link_written;

	/* Losses around the engine, see ctl/losses.h. */
	uint64_t link_no_memory;
	uint64_t link_malformed;
	uint64_t link_refused;
	uint64_t link_failed;
	uint64_t socket_queue;
	uint64_t socket_no_memory;
	uint64_t socket_failed;

	uint64_t bytes_held; /* of packet buffers */
	struct wg_config_caller callers[WG_N_CALLERS];
	uint32_t mtu;
	uint32_t workers;
	enum wg_offload_state tun_offloads[WG_PAIR_TUN_OFFLOADS];
	enum wg_offload_state udp_offloads[WG_PAIR_UDP_OFFLOADS];
	char aead[WG_PAIR_AEAD_NAME_LEN];
};

/* INTERFACE, in answer to the question of that serial. False when there is no room. */
bool wg_pair_put_interface(struct wg_pair_datagram *datagram, uint64_t serial,
			   const struct wg_engine_status *status);
void wg_pair_get_interface(struct wg_engine_status *status,
			   const struct wg_pair_interface *interface);

/* A record of PEERS: the endpoint and what is "snapshot only" in struct wg_config_peer; all
 * else in it is neither read nor written. A record that nobody put says that there is no
 * such peer; getting it gives false, and changes nothing. */
void wg_pair_put_peer(struct wg_pair_peer *record, const struct wg_config_peer *peer);
bool wg_pair_get_peer(struct wg_config_peer *peer, const struct wg_pair_peer *record);

#endif
