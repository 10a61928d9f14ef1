#include "core/out.h"

#include <assert.h>

#include "base/bytes.h"

/* Jobs that wait in one wg_out before it is flushed. */
#define OUT_JOBS 64u

void wg_out_drop(struct wg_device *device, struct wg_packet *packet, enum wg_drop reason)
{
	wg_device_count_drops(device, reason, 1);
	wg_packet_put(packet);
}

void wg_out_drop_batch(struct wg_device *device, struct wg_batch *batch, enum wg_drop reason)
{
	wg_device_count_drops(device, reason, batch->n);
	wg_batch_drop(batch);
}

struct wg_run *wg_out_run(struct wg_out *out, const struct wg_path *path, uint8_t ds,
			  uint64_t owner)
{
	struct wg_run *run;

	if (out->n_runs == WG_OUT_RUNS)
		out->flush(out);
	assert(out->n_runs < WG_OUT_RUNS);
	run = &out->runs[out->n_runs++];
	*run = (struct wg_run){.path = *path, .ds = ds, .owner = owner};
	return run;
}

struct wg_job *wg_out_job(struct wg_device *device, struct wg_out *out, enum wg_job_kind kind)
{
	struct wg_job *job = out->jobs.n < OUT_JOBS ? wg_job_new(&device->jobs, kind) : NULL;

	if (job)
		return job;
	out->flush(out);
	return wg_job_new(&device->jobs, kind);
}

/* Takes the packet. False: there was no memory for one. */
static bool put_message(struct wg_device *device, struct wg_run *run, struct wg_packet *packet,
			const void *message, size_t len)
{
	if (!packet) {
		wg_device_count_drops(device, WG_DROP_OUT_NO_MEMORY, 1);
		return false;
	}
	memcpy(packet->data, message, len);
	packet->len = (uint32_t)len;
	wg_batch_push(&run->batch, packet);
	return true;
}

bool wg_out_message(struct wg_device *device, struct wg_out *out, const struct wg_path *path,
		    uint8_t ds, uint64_t owner, const void *message, size_t len)
{
	return put_message(device, wg_out_run(out, path, ds, owner), wg_pool_get(device->pool, len),
			   message, len);
}

bool wg_out_handshake(struct wg_device *device, struct wg_out *out, const struct wg_peer *peer,
		      uint8_t ds, const void *message, size_t len)
{
	/* Making room for a run sends those before it, and gives their memory back. */
	struct wg_run *run = wg_out_run(out, &peer->path, ds, peer->handle);

	return put_message(device, run, wg_pool_get(device->handshake_pool, len), message, len);
}
