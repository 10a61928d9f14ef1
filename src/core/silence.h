/* Peers that do not answer, told to the shell: another address may be theirs by now. A peer
 * is noted each time that WG_SILENT_AFTER more initiations in a row have had no answer, in
 * a small ring that the shell empties. A peer that finds no room is noted after as many
 * again. The shell needs the numbers only. */
#ifndef WG_CORE_SILENCE_H
#define WG_CORE_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Initiations without an answer, 5 s apart. */
#define WG_SILENT_AFTER 3u

/* A shell that does not look loses only these. */
#define WG_MAX_SILENT 256u

/* All zero: nobody is silent. */
struct wg_silence {
	uint64_t handles[WG_MAX_SILENT];
	uint32_t first;
	uint32_t n;
};

/* Notes that the time to wait for an answer to a peer's last initiation is over; so many
 * initiations in a row have had none. */
void wg_silence_note(struct wg_silence *silence, uint64_t handle, uint32_t initiations);

/* The handle of the peer that was noted first; false when there is none. */
bool wg_silence_next(struct wg_silence *silence, uint64_t *handle);

#endif
