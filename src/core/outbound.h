/* From the link to the peers: cryptokey routing, staging, sealing, sending. Only this
 * folder includes it. */
#ifndef WG_CORE_OUTBOUND_H
#define WG_CORE_OUTBOUND_H

#include "core/engine.h"

/* See wg_device_from_tun(). */
void wg_outbound_packets(struct wg_device *device, struct wg_batch *batch, struct wg_now now,
			 struct wg_out *out);

/* Whether a keypair (or none, NULL) can be sent with. */
bool wg_outbound_may_send(const struct wg_keypair *keypair, wg_time now);

/* Sends what waits for the peer, or asks for the session that it needs. */
void wg_outbound_waiting(struct wg_device *device, struct wg_peer *peer, struct wg_now now,
			 struct wg_out *out);

/* Sends an empty packet, unless something waits, which serves as well; without a session
 * it is only noted that one is wanted. */
void wg_outbound_keepalive(struct wg_device *device, struct wg_peer *peer, struct wg_now now,
			   struct wg_out *out);

/* A WG_JOB_SEAL came back. */
void wg_outbound_sealed(struct wg_device *device, struct wg_job *job, struct wg_out *out);

#endif
