/* What is wrong with a running tunnel and the host around it. Pure: `tuff doctor`
 * gathers facts (facts.h), and these rules judge them, so that each of them can
 * be tested with facts that are made up. diagnosis.c looks at the tunnel itself,
 * diagnosis_peers.c at its peers, diagnosis_host.c at the host's network,
 * diagnosis_neigh.c at its neighbours. */
#ifndef WG_DOCTOR_DIAGNOSIS_H
#define WG_DOCTOR_DIAGNOSIS_H

#include <stddef.h>

#include "conf/check.h"
#include "ctl/status.h"
#include "doctor/facts.h"

/* Adds what is wrong to the findings of check. */
void wg_diagnosis_make(struct wg_check *check, const struct wg_facts *facts);

/* The part of it that looks at peers and at who calls; there is a private key. */
void wg_diagnosis_peers(struct wg_check *check, const struct wg_facts *facts);

/* The part of it that looks at the host; the tunnel runs, and its link is link. */
void wg_diagnosis_host(struct wg_check *check, const struct wg_facts *facts,
		       const struct wg_link *link);

/* The part of that about neighbours that ask for the peers' addresses. */
void wg_diagnosis_neighbours(struct wg_check *check, const struct wg_facts *facts);

/* Packets that were lost around the engine. */
void wg_diagnosis_losses(struct wg_check *check, const struct wg_facts *facts);

/* A peer's name, or else its public key. */
#define WG_DIAGNOSIS_LABEL_LEN 72
const char *wg_diagnosis_label(char label[static WG_DIAGNOSIS_LABEL_LEN],
			       const struct wg_status *status, size_t peer);

#endif
