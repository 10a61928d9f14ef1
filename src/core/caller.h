/* Those who call in vain: for show and doctor, and for nothing else, since none of it is
 * proven. Only the last of each kind is kept, so it costs the same whoever calls. Only this
 * folder includes it. */
#ifndef WG_CORE_CALLER_H
#define WG_CORE_CALLER_H

#include "base/time.h"
#include "core/config.h"

/* Calls with longer pauses between them are not told as one series: a peer that wants to
 * shake hands tries again sooner (paper, section 6.4). */
#define WG_CALLER_PAUSE (180 * WG_SECOND)

struct wg_caller {
	uint64_t calls; /* of the present series; 0: nobody called */
	wg_time last;
	struct wg_endpoint source;
	uint8_t public_key[WG_KEY_LEN];
};

/* Notes an initiation that came to nothing. claimed is the key that it says it is from, or
 * NULL. */
void wg_caller_note(struct wg_caller *caller, const struct wg_endpoint *source,
		    const uint8_t *claimed, wg_time now);

void wg_caller_describe(const struct wg_caller *caller, struct wg_config_caller *described,
			wg_time now);

#endif
