#include "core/silence.h"

void wg_silence_note(struct wg_silence *silence, uint64_t handle, uint32_t initiations)
{
	if (!initiations || initiations % WG_SILENT_AFTER || silence->n == WG_MAX_SILENT)
		return;
	silence->handles[(silence->first + silence->n) % WG_MAX_SILENT] = handle;
	silence->n++;
}

bool wg_silence_next(struct wg_silence *silence, uint64_t *handle)
{
	if (!silence->n)
		return false;
	*handle = silence->handles[silence->first];
	silence->first = (silence->first + 1) % WG_MAX_SILENT;
	silence->n--;
	return true;
}
