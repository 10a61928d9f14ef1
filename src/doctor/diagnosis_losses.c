/* Packets that were lost around the engine or on their way out: in queues that were full,
 * for want of memory. Only those of the last minutes count, for what is over needs no
 * remedy. Some are lost in every burst, and nobody is helped by being told to worry; what
 * is more than one in a thousand of all that went through is felt. */
#include <inttypes.h>

#include "doctor/diagnosis.h"

#define FELT_FROM_ONE_IN 1000u

#define FROM_HOST  "packets from this host"
#define FROM_PEERS "datagrams that came"

/* Adds a finding, unless nothing was lost; of is how many packets went the same way. */
static bool add(struct wg_check *check, const struct wg_facts *facts, uint64_t lost, uint64_t of,
		const char *code, const char *what, const char *why)
{
	uint64_t minutes = (facts->status.lately_sec + 59) / 60;

	if (!lost || !minutes)
		return false;
	wg_check_add(check, lost > of / FELT_FROM_ONE_IN ? WG_CHECK_WARNING : WG_CHECK_NOTE, code,
		     0,
		     "%" PRIu64 " %s were lost in the last %" PRIu64 " minute%s, where %" PRIu64
		     " went: %s",
		     lost, what, minutes, minutes == 1 ? "" : "s", of, why);
	return true;
}

static void add_memory_remedy(struct wg_check *check)
{
	wg_check_remedy(check, "look whether memory is out, of the machine or of the service "
			       "(free -m; systemctl show -p MemoryMax); else packets came faster "
			       "than the processor handles them: try Workers = 2");
}

/* The link by which all peers are reached, as far as that is one. */
static const char *way_out(const struct wg_facts *facts)
{
	const struct wg_link *out = NULL;

	for (size_t i = 0; i < facts->status.config.n_peers; i++) {
		const struct wg_facts_way *way = &facts->ways[i];
		const struct wg_link *link;

		if (!facts->status.config.peers[i].has_endpoint || way->error)
			continue;
		link = wg_facts_link_at(facts, way->route.link);
		if (out && link != out)
			return NULL;
		out = link;
	}
	return out ? out->name : NULL;
}

static void add_way_out_remedy(struct wg_check *check, const struct wg_facts *facts)
{
	const char *link = way_out(facts);

	wg_check_remedy(check,
			"bursts fit into a longer queue: ip link set %s txqueuelen 2000; if it "
			"goes on, %s is slower than what is sent, and a queue that is fair keeps "
			"one flow from delaying the others: tc qdisc replace dev %s root fq_codel",
			link ? link : "LINK", link ? link : "one of the links to the peers",
			link ? link : "LINK");
}

void wg_diagnosis_losses(struct wg_check *check, const struct wg_facts *facts)
{
	const struct wg_tally *lately = &facts->status.lately;

	if (add(check, facts, lately->losses[WG_LOSS_LINK_QUEUE], lately->out, "link-queue",
		FROM_HOST, "the link's queue was full (link-queue-full)"))
		wg_check_remedy(check,
				"bursts fit into a longer queue: ip link set %s txqueuelen 2000; "
				"if it goes on, the processor is too slow for what is sent",
				facts->name);
	if (add(check, facts, lately->drops[WG_DROP_OUT_QUEUE_FULL], lately->out, "out-queue",
		"datagrams to peers", "a queue on their way out was full (out-queue-full)"))
		add_way_out_remedy(check, facts);
	if (add(check, facts, lately->losses[WG_LOSS_SOCKET_QUEUE], lately->in, "socket-queue",
		FROM_PEERS, "the socket's queue was full (socket-queue-full)"))
		wg_check_remedy(check,
				"without CAP_NET_ADMIN the queue is as long as this allows: sysctl "
				"-w net.core.rmem_max=7340032, then tuff down and up; else the "
				"processor is too slow for what comes");
	if (add(check, facts,
		lately->losses[WG_LOSS_LINK_MEMORY] + lately->drops[WG_DROP_OUT_NO_MEMORY],
		lately->out, "no-memory", FROM_HOST,
		"there was no memory for them (link-no-memory, out-no-memory)"))
		add_memory_remedy(check);
	if (add(check, facts,
		lately->losses[WG_LOSS_SOCKET_MEMORY] + lately->drops[WG_DROP_IN_NO_MEMORY],
		lately->in, "no-memory", FROM_PEERS,
		"there was no memory for them (socket-no-memory, in-no-memory)"))
		add_memory_remedy(check);
}
