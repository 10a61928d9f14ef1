#include "core/caller.h"

#include <string.h>

void wg_caller_note(struct wg_caller *caller, const struct wg_endpoint *source,
		    const uint8_t *claimed, wg_time now)
{
	if (now - caller->last > WG_CALLER_PAUSE)
		caller->calls = 0;
	caller->calls++;
	caller->last = now;
	caller->source = *source;
	if (claimed)
		memcpy(caller->public_key, claimed, WG_KEY_LEN);
}

void wg_caller_describe(const struct wg_caller *caller, struct wg_config_caller *described,
			wg_time now)
{
	wg_time age = (now - caller->last) / WG_SECOND;

	described->calls = caller->calls;
	described->age_sec = age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
	described->source = caller->source;
	memcpy(described->public_key, caller->public_key, WG_KEY_LEN);
}
