#include "sim/net.h"

#include <stdlib.h>
#include <string.h>

static bool chance(struct wg_sim_net *net, unsigned int per_mille)
{
	return per_mille && wg_test_below(&net->random, 1000) < per_mille;
}

static void enqueue(struct wg_sim_net *net, struct wg_sim_datagram *datagram)
{
	struct wg_sim_datagram **place = &net->in_flight;

	while (*place && (*place)->at <= datagram->at)
		place = &(*place)->next;
	datagram->next = *place;
	*place = datagram;
	net->n_in_flight++;
}

static wg_time travel(struct wg_sim_net *net)
{
	if (!net->spread)
		return net->delay;
	return net->delay + (wg_time)wg_test_below(&net->random, (size_t)net->spread);
}

void wg_sim_net_init(struct wg_sim_net *net, uint64_t seed)
{
	*net = (struct wg_sim_net){.random = {seed}, .delay = 10 * WG_MILLISECOND};
}

void wg_sim_net_deinit(struct wg_sim_net *net)
{
	while (net->in_flight)
		free(wg_sim_net_take(net));
}

struct wg_sim_datagram *wg_sim_datagram_new(const void *bytes, size_t len)
{
	struct wg_sim_datagram *datagram = calloc(1, sizeof(*datagram) + len);

	if (!datagram)
		abort();
	memcpy(datagram->bytes, bytes, len);
	datagram->len = (uint32_t)len;
	datagram->kind = wg_wire_classify(bytes, len);
	datagram->from = -1;
	return datagram;
}

struct wg_sim_datagram *wg_sim_datagram_copy(const struct wg_sim_datagram *datagram)
{
	struct wg_sim_datagram *copy = wg_sim_datagram_new(datagram->bytes, datagram->len);

	memcpy(copy, datagram, sizeof(*copy));
	copy->next = NULL;
	return copy;
}

void wg_sim_net_send(struct wg_sim_net *net, struct wg_sim_datagram *datagram)
{
	if ((net->filter && !net->filter(net->ctx, datagram)) || chance(net, net->loss)) {
		free(datagram);
		return;
	}
	if (net->mark_ecn && datagram->ds & 3)
		datagram->ds = (uint8_t)((datagram->ds & ~3) | net->mark_ecn);
	while (chance(net, net->duplicates)) {
		struct wg_sim_datagram *copy = wg_sim_datagram_copy(datagram);

		copy->at += travel(net);
		enqueue(net, copy);
	}
	datagram->at += travel(net);
	enqueue(net, datagram);
}

wg_time wg_sim_net_due(const struct wg_sim_net *net)
{
	return net->in_flight ? net->in_flight->at : WG_NEVER;
}

struct wg_sim_datagram *wg_sim_net_take(struct wg_sim_net *net)
{
	struct wg_sim_datagram *datagram = net->in_flight;

	if (!datagram)
		return NULL;
	net->in_flight = datagram->next;
	net->n_in_flight--;
	datagram->next = NULL;
	return datagram;
}

struct wg_endpoint wg_sim_nat_out(struct wg_sim_nat *nat, const struct wg_endpoint *destination,
				  wg_time now)
{
	bool known = false;

	if (nat->n_peers && now - nat->used > nat->timeout)
		wg_sim_nat_rebind(nat);
	nat->used = now;
	for (size_t i = 0; i < nat->n_peers; i++)
		known |= wg_endpoint_equal(&nat->peers[i], destination);
	if (known)
		return nat->outside;
	if (nat->n_peers == WG_SIM_NAT_PEERS) {
		memmove(nat->peers, nat->peers + 1, sizeof(nat->peers) - sizeof(nat->peers[0]));
		nat->n_peers--;
	}
	nat->peers[nat->n_peers++] = *destination;
	return nat->outside;
}

bool wg_sim_nat_in(const struct wg_sim_nat *nat, const struct wg_sim_datagram *datagram,
		   wg_time now)
{
	if (now - nat->used > nat->timeout)
		return false;
	if (!wg_endpoint_equal(&nat->outside, &datagram->destination))
		return false;
	for (size_t i = 0; i < nat->n_peers; i++)
		if (wg_endpoint_equal(&nat->peers[i], &datagram->source))
			return true;
	return false;
}

void wg_sim_nat_rebind(struct wg_sim_nat *nat)
{
	nat->n_peers = 0;
	nat->outside.port++;
}
