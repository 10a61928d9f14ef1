/* What the files that carry out a plan share. Only host/apply*.c includes it. */
#ifndef WG_HOST_APPLY_PARTS_H
#define WG_HOST_APPLY_PARTS_H

#include "host/apply.h"

/* What a plan is carried out with. */
struct wg_applying {
	const struct wg_plan *plan;
	struct wg_netlink *nl;
	struct wg_undo *undo;
};

/* Carries out one operation; those of the firewall and the resolver are others'. */
int wg_apply_op(const struct wg_applying *applying, const struct wg_plan_op *op,
		struct wg_error *error);

/* Carries out all of one kind. */
int wg_apply_kind(const struct wg_applying *applying, enum wg_plan_kind kind,
		  struct wg_error *error);

/* Why there could not be a route. */
int wg_apply_refuse_route(const struct wg_applying *applying, const struct wg_plan_op *op, int err,
			  struct wg_error *error);

#endif
