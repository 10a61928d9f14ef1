/* Packets that were lost around the engine: in queues that were full, for want of memory.
 * Some are lost in every burst, and nobody is helped by being told to worry; what is more
 * than one in a thousand of all that the peers carried is felt. */
#include <inttypes.h>

#include "doctor/diagnosis.h"

#define FELT_FROM_ONE_IN 1000u
/* As large as nearly all of them are where they are lost. */
#define PACKET_LEN       1400u

/* Packets that all peers were sent, or that came from them, as far as bytes tell. */
static uint64_t count_packets(const struct wg_config *config, bool received)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < config->n_peers; i++)
		bytes += received ? config->peers[i].rx_bytes : config->peers[i].tx_bytes;
	return bytes / PACKET_LEN;
}

/* Adds a finding, unless nothing was lost. */
static bool add(struct wg_check *check, const struct wg_facts *facts, enum wg_loss loss,
		const char *code, const char *what)
{
	bool received = loss == WG_LOSS_SOCKET_QUEUE || loss == WG_LOSS_SOCKET_MEMORY;
	uint64_t lost = facts->status.losses[loss];
	bool felt = lost > count_packets(&facts->status.config, received) / FELT_FROM_ONE_IN;

	if (!lost)
		return false;
	wg_check_add(check, felt ? WG_CHECK_WARNING : WG_CHECK_NOTE, code, 0, "%" PRIu64 " %s (%s)",
		     lost, what, wg_loss_name(loss));
	return true;
}

static void add_memory_remedy(struct wg_check *check)
{
	wg_check_remedy(check, "look whether memory is out, of the machine or of the service "
			       "(free -m; systemctl show -p MemoryMax); else packets came faster "
			       "than the processor handles them: try Workers = 2");
}

void wg_diagnosis_losses(struct wg_check *check, const struct wg_facts *facts)
{
	if (add(check, facts, WG_LOSS_LINK_QUEUE, "link-queue",
		"packets from this host were lost because the link's queue was full"))
		wg_check_remedy(check,
				"bursts fit into a longer queue: ip link set %s txqueuelen 2000; "
				"if it goes on, the processor is too slow for what is sent",
				facts->name);
	if (add(check, facts, WG_LOSS_SOCKET_QUEUE, "socket-queue",
		"datagrams were lost because the socket's queue was full"))
		wg_check_remedy(check,
				"without CAP_NET_ADMIN the queue is as long as this allows: sysctl "
				"-w net.core.rmem_max=7340032, then tuff down and up; else the "
				"processor is too slow for what comes");
	if (add(check, facts, WG_LOSS_LINK_MEMORY, "no-memory",
		"packets from this host were lost for want of memory"))
		add_memory_remedy(check);
	if (add(check, facts, WG_LOSS_SOCKET_MEMORY, "no-memory",
		"datagrams were lost for want of memory"))
		add_memory_remedy(check);
}
