#include "keeper/losses.h"

#include <stddef.h>

void wg_losses_gather(uint64_t losses[static WG_LOSS_COUNT], const struct wg_tun *tun,
		      const struct wg_sockets *sockets, const struct wg_tun_link *link,
		      uint64_t before)
{
	const struct wg_tun_stats *stats = tun ? wg_tun_stats(tun) : NULL;
	struct wg_sockets_lost lost = wg_sockets_lost(sockets);

	losses[WG_LOSS_LINK_QUEUE] = link->dropped > before ? link->dropped - before : 0;
	losses[WG_LOSS_LINK_MEMORY] = stats ? stats->dropped_no_memory : 0;
	losses[WG_LOSS_LINK_MALFORMED] = stats ? stats->dropped_malformed : 0;
	losses[WG_LOSS_LINK_REFUSED] = stats ? stats->dropped_write : 0;
	losses[WG_LOSS_LINK_FAILED] = stats ? stats->failed_reads : 0;
	losses[WG_LOSS_SOCKET_QUEUE] = lost.queue;
	losses[WG_LOSS_SOCKET_MEMORY] = lost.memory;
	losses[WG_LOSS_SOCKET_FAILED] = lost.failures;
}
