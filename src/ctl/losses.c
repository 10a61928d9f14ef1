#include "ctl/losses.h"

const char *wg_loss_name(enum wg_loss loss)
{
	static const char *const names[WG_LOSS_COUNT] = {
#define WG_LOSS_NAME(suffix, name) [WG_LOSS_##suffix] = (name),
		WG_LOSSES(WG_LOSS_NAME)
#undef WG_LOSS_NAME
	};

	return names[loss];
}
