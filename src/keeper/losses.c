#include "keeper/losses.h"

void wg_losses_gather(uint64_t losses[static WG_LOSS_COUNT], const struct wg_engine_status *engine,
		      const struct wg_tun_link *link, uint64_t before)
{
	losses[WG_LOSS_LINK_QUEUE] = link->dropped > before ? link->dropped - before : 0;
	losses[WG_LOSS_LINK_MEMORY] = engine->link_no_memory;
	losses[WG_LOSS_LINK_MALFORMED] = engine->link_malformed;
	losses[WG_LOSS_LINK_REFUSED] = engine->link_refused;
	losses[WG_LOSS_LINK_FAILED] = engine->link_failed;
	losses[WG_LOSS_SOCKET_QUEUE] = engine->socket_queue;
	losses[WG_LOSS_SOCKET_MEMORY] = engine->socket_no_memory;
	losses[WG_LOSS_SOCKET_FAILED] = engine->socket_failed;
}
