/* The replay window: a sliding bitmap over the newest 8192 counters (RFC 6479). */
#ifndef WG_NOISE_REPLAY_H
#define WG_NOISE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define WG_REPLAY_BITS   8192u
/* One word is being cleared ahead of the newest counter. */
#define WG_REPLAY_WINDOW (WG_REPLAY_BITS - 64u)

struct wg_replay {
	uint64_t greatest; /* newest counter accepted, plus one; 0: none yet */
	uint64_t bitmap[WG_REPLAY_BITS / 64];
};

/* Whether counter is new and inside the window; if so it is marked as seen. Only
 * for messages that authenticated. */
bool wg_replay_accept(struct wg_replay *replay, uint64_t counter)
	__attribute__((warn_unused_result));

#endif
