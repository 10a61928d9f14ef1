/* From UDP to the link: classifying, opening, and the checks on what was inside. Only this
 * folder includes it. */
#ifndef WG_CORE_INBOUND_H
#define WG_CORE_INBOUND_H

#include "core/engine.h"

/* See wg_device_from_udp(). */
void wg_inbound_run(struct wg_device *device, struct wg_run *run, struct wg_now now,
		    struct wg_out *out);

/* A WG_JOB_OPEN came back. */
void wg_inbound_opened(struct wg_device *device, struct wg_job *job, struct wg_now now,
		       struct wg_out *out);

#endif
