#include "core/handshake_turn.h"

#include "base/bytes.h"
#include "core/admission.h"
#include "core/initiative.h"

/* Jobs per turn; some 150 us each. */
#define TURN_BUDGET 8u

/* A job with copies of what its exchange needs; peer may be NULL. The turn has looked
 * whether a job is left. */
static struct wg_job *plan(struct wg_device *device, const struct wg_peer *peer,
			   enum wg_job_kind kind)
{
	struct wg_job *job = wg_job_new(&device->jobs, kind);

	if (!job)
		return NULL;
	job->peer = peer ? peer->handle : WG_NO_HANDLE;
	job->exchange->identity_changes = device->identity_changes;
	job->exchange->identity = device->identity;
	if (peer)
		job->exchange->remote = peer->remote;
	if (peer && peer->attempt)
		job->exchange->handshake = peer->attempt->handshake;
	return job;
}

/* False: there is no job left for it. */
static bool plan_initiation(struct wg_device *device, struct wg_peer *peer, struct wg_now now,
			    struct wg_out *out)
{
	struct wg_attempt *attempt;
	struct wg_job *job;

	if (!wg_initiative_allowed(device, peer, now.boot))
		return true;
	job = plan(device, peer, WG_JOB_INITIATE);
	if (!job)
		return false;
	peer->handshake_sent = now.boot;
	attempt = wg_peer_begin_handshake(device, peer);
	if (!attempt) {
		/* As if it were lost: another is made in time. */
		wg_job_put(&device->jobs, job);
		wg_device_count_drops(device, WG_DROP_OUT_NO_MEMORY, 1);
		wg_timers_initiated(&peer->timers, now.boot, &device->random);
		wg_peer_timers_changed(device, peer);
		return true;
	}
	job->exchange->index = attempt->index.index;
	wg_tai64n_next(&device->timestamps, job->exchange->timestamp, now);
	wg_random_fill(&device->random, job->exchange->ephemeral, WG_KEY_LEN);
	wg_job_push(&out->jobs, job);
	return true;
}

static void plan_identify(struct wg_device *device, const struct wg_queued_handshake *queued,
			  struct wg_out *out)
{
	struct wg_job *job = plan(device, NULL, WG_JOB_IDENTIFY);

	if (!job) {
		wg_device_count_drops(device, WG_DROP_IN_NO_MEMORY, 1);
		return;
	}
	job->path = queued->path;
	memcpy(&job->exchange->message.initiation, queued->message,
	       sizeof(job->exchange->message.initiation));
	wg_job_push(&out->jobs, job);
}

static void plan_complete(struct wg_device *device, const struct wg_queued_handshake *queued,
			  struct wg_out *out)
{
	const struct wg_wire_response *response = (const void *)queued->message;
	struct wg_peer *peer = wg_admission_awaits(device, response);
	struct wg_job *job;

	if (!peer) {
		wg_device_count_drops(device, WG_DROP_IN_NO_HANDSHAKE, 1);
		return;
	}
	job = plan(device, peer, WG_JOB_COMPLETE);
	if (!job) {
		wg_device_count_drops(device, WG_DROP_IN_NO_MEMORY, 1);
		return;
	}
	job->path = queued->path;
	job->exchange->message.response = *response;
	wg_job_push(&out->jobs, job);
}

/* Plans the first message of one of the ways in; false when nothing waits there. */
static bool plan_waiting(struct wg_device *device, enum wg_lane lane, struct wg_now now,
			 struct wg_out *out)
{
	const struct wg_queued_handshake *queued = wg_admission_take(device, lane, now.boot);

	if (!queued)
		return false;
	if (queued->kind == WG_MESSAGE_INITIATION)
		plan_identify(device, queued, out);
	else
		plan_complete(device, queued, out);
	return true;
}

static bool plan_wanted(struct wg_device *device, struct wg_now now, struct wg_out *out)
{
	struct wg_peer *peer = wg_wishes_take(&device->wishes);

	if (!peer)
		return false;
	if (plan_initiation(device, peer, now, out))
		return true;
	wg_wishes_put_back(&device->wishes, peer);
	return false;
}

void wg_handshake_turn_plan(struct wg_device *device, struct wg_now now, struct wg_out *out)
{
	unsigned int budget = TURN_BUDGET;
	unsigned int in_vain = 0;

	wg_admission_answer(device, now.boot, out);
	/* One of each kind, then the next of each: a kind of which there are many starves
	 * no other, also when there is one exchange left at a time. */
	while (budget > 0 && device->jobs.n_exchanges > 0 && in_vain <= WG_LANE_COUNT) {
		unsigned int way = device->handshake_way++ % (WG_LANE_COUNT + 1);
		bool planned = way == WG_LANE_COUNT
				       ? plan_wanted(device, now, out)
				       : plan_waiting(device, (enum wg_lane)way, now, out);

		in_vain = planned ? 0 : in_vain + 1;
		budget -= planned;
	}
}

bool wg_handshake_turn_waiting(const struct wg_device *device)
{
	if (wg_admission_answers(device))
		return true;
	return wg_job_left(&device->jobs) && (!wg_wishes_empty(&device->wishes) ||
					      !wg_handshake_queue_empty(&device->handshakes));
}
