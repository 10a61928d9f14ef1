#include "core/drops.h"

const char *wg_drop_name(enum wg_drop reason)
{
	static const char *const names[WG_DROP_COUNT] = {
#define WG_DROP_NAME(suffix, name) [WG_DROP_##suffix] = (name),
		WG_DROPS(WG_DROP_NAME)
#undef WG_DROP_NAME
	};

	return names[reason];
}
