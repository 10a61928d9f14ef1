/* What must hold of the engines of a world, whatever happens to them. */
#ifndef WG_FUZZ_ENGINES_INVARIANTS_H
#define WG_FUZZ_ENGINES_INVARIANTS_H

#include "fuzz/engines/world.h"

/* Forgets the keys of the world before. */
void wg_invariants_begin(void);

/* A job that is to seal: what it seals may be sent under its session. */
void wg_invariants_seal(const struct wg_job *job);
/* A job that has opened: its session is young enough. */
void wg_invariants_opened(const struct wg_job *job);

/* The inner packet of a number, that from sends to to. */
void wg_invariants_make_inner(uint8_t packet[static INNER_LEN], const struct wg_side *from,
			      const struct wg_side *to, uint64_t id);
/* What came out of a side's link was sent by its peer, once, and is unchanged. */
void wg_invariants_delivered(const struct wg_side *side, const struct wg_packet *packet);

/* Between calls: indices, deadlines, what waits, what is left of who was removed. */
void wg_invariants_engine(const struct wg_side *side);

#endif
