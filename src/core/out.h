/* How packets leave the engine: dropped and counted, or put into a struct wg_out. Only
 * this folder includes it; core/device.h tells what a wg_out is and who empties it. */
#ifndef WG_CORE_OUT_H
#define WG_CORE_OUT_H

#include "core/engine.h"

/* Puts packets back and counts why. */
void wg_out_drop(struct wg_device *device, struct wg_packet *packet, enum wg_drop reason);
void wg_out_drop_batch(struct wg_device *device, struct wg_batch *batch, enum wg_drop reason);

/* A run at the end of out, flushed first if there is no room; its batch is empty. */
struct wg_run *wg_out_run(struct wg_out *out, const struct wg_path *path, uint8_t ds,
			  uint64_t owner);

/* A job of the kind, flushing out first if there is none left. NULL: no memory. */
struct wg_job *wg_out_job(struct wg_device *device, struct wg_out *out, enum wg_job_kind kind);

/* Sends len bytes as one datagram. False: no memory. */
bool wg_out_message(struct wg_device *device, struct wg_out *out, const struct wg_path *path,
		    uint8_t ds, uint64_t owner, const void *message, size_t len);

/* The same for an initiation or response of ours, from the handshakes' own memory. */
bool wg_out_handshake(struct wg_device *device, struct wg_out *out, const struct wg_peer *peer,
		      uint8_t ds, const void *message, size_t len);

#endif
