/* What stands in for the engine: a process with the engine's descriptors and some layers of its
 * confinement, that tries one way out. */
#ifndef WG_BREAKOUT_ENGINE_H
#define WG_BREAKOUT_ENGINE_H

#include "ways.h"

enum wg_breakout_layers {
	WG_BREAKOUT_NOTHING,
	WG_BREAKOUT_NAMESPACES, /* with the user and the empty root */
	WG_BREAKOUT_CAPABILITIES,
	WG_BREAKOUT_LANDLOCK,
	WG_BREAKOUT_LIMITS,
	WG_BREAKOUT_SECCOMP,
	WG_BREAKOUT_ALL, /* as the engine does it */
	WG_BREAKOUT_N_COLUMNS
};

/* What came of it, as the starter is told over the pair. */
struct wg_breakout_word {
	int32_t error;   /* errno; 0: it got out */
	int32_t trapped; /* whether the filter's handler ran instead; the call's number + 1 */
};

/* Its exit status when it could not be confined as it was to. */
#define WG_BREAKOUT_EXIT_UNCONFINED 99

/* Confines itself and tries. Does not return. */
_Noreturn void wg_breakout_engine(enum wg_breakout_layers layers, const struct wg_way *way,
				  const struct wg_breakout *target);

#endif
