/* How one engine is driven: its output is carried off, its jobs are run and finished.
 * For sim.c alone. */
#ifndef WG_SIM_DRIVE_H
#define WG_SIM_DRIVE_H

#include "sim/sim.h"

/* Carries off what a call into the engine left, and, without workers, all that
 * follows from it. After every such call. */
void wg_drive_settle(struct wg_sim_node *node);

/* wg_out's flush. */
void wg_drive_flush(struct wg_out *out);

/* When the node wants something: a deadline or a job that is done. */
wg_time wg_drive_due(const struct wg_sim_node *node);

/* Does what is due. */
void wg_drive_act(struct wg_sim_node *node);

/* Runs and finishes every job that is under way. */
void wg_drive_drain(struct wg_sim_node *node);

/* A datagram arrives at an endpoint. */
void wg_drive_arrive(struct wg_sim *sim, struct wg_sim_datagram *datagram);

#endif
